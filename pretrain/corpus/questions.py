"""How customers ask: frames around what they want, greetings before, thanks after, slips and bare keywords."""

import random

from . import grammar
from .content import Frame

HOW = """How do I {inf}?
How do I {inf}?
How do I {inf}?
How do I {inf}?
How can I {inf}?
How can I {inf}?
How can I {inf}?
What is the best way to {inf}?
I want to {inf}. How does it work?
I would like to {inf}.
Can you help me {inf}?
Can you tell me how to {inf}?
Please help me {inf}.
What do I need to do to {inf}?
I need help with {ger}.
What are the steps to {inf}?
Is it possible to {inf}?
Can I {inf}?
Can I {inf}?
I am trying to {inf}, but I do not know how.
Could you explain how to {inf}?
I need to {inf}. What should I do?
Is there a way to {inf}?
What should I do to {inf}?
I want to {inf}.
How to {inf}?
how to {inf}
What is the easiest way to {inf}?
I have never tried to {inf}. Can you guide me?
Do you have instructions for {ger}?
I cannot find out how to {inf}.
Can you walk me through {ger}?
How does {ger} work?
Tell me how to {inf}.
Is {ger} difficult?
{inf}
{ger}""".splitlines()

PROBLEM = """{Prob}. What should I do?
{Prob}. What should I do?
{Prob}. What should I do?
{Prob}. What can I do?
{Prob}. What can I do?
What should I do if {prob}?
What should I do if {prob}?
{Prob}. How can I fix this?
What can I do when {prob}?
{Prob}. Can you help?
Help, {prob}!
{Prob}.
{Prob}.
I have a problem: {prob}.
{Prob}. Any ideas?
{Prob}. How do I solve this?
Since yesterday {prob}. What now?
{Prob}, please help.
It seems that {prob}. What is wrong?
{Prob}, and I do not know why.
{Prob}. Why?
{Prob} again.
What is wrong when {prob}?
For two days now {prob}.
I tried everything, but {prob}.
What does it mean if {prob}?
{Prob}. How do I fix it?
I need help because {prob}.
Why is it that {prob}?
What could be the reason if {prob}?
{prob}
{Prob}! This is the second time.""".splitlines()

BEFORE = ["Hi, ", "Hello, ", "Hi! ", "Hello! ", "Hey, ", "Good morning, ", "Good evening. ", "Excuse me, ", "Hello {brand} team, ", "Hi {brand}, ", "Quick question: ", "I am new here. "]  # fmt: skip
AFTER = [" Thanks!", " Thank you.", " Please help.", " Thanks in advance.", " It is urgent.", " I hope you can help me.", " Please answer soon."]  # fmt: skip


def ask(rng: random.Random, frame: Frame, brand: str) -> str:
    """The customer's message."""
    question, wanted = frame.question, frame.wanted
    if not question:
        template = rng.choice(HOW if frame.kind == "do" else PROBLEM)
        question = template.format(
            inf=wanted, ger=grammar.gerund(wanted), prob=wanted, Prob=grammar.capital(wanted)
        )  # fmt: skip
    r = rng.random()
    if r < 0.08:
        before = rng.choice(BEFORE).format(brand=brand)
        question = before + (grammar.small(question) if before.endswith(", ") else grammar.capital(question))
    elif r < 0.13 and question[-1] in ".?!":
        question += rng.choice(AFTER)
    elif r < 0.17:
        question = grammar.keywords(question)
    elif r < 0.23:
        question = grammar.slip(rng, question)
    return question
