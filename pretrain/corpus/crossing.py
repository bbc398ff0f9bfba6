"""Questions whose words no intent ever joined: "descale my library card". Only copying answers them.

Written intents can be learned by heart: after "bleed my" comes "radiator", whatever the customer wrote. In a crossed
frame the noun, and the verb of a how-to, are exchanged for those of other industries or for invented words, in the
question and in the answer alike, so that what the answer names can only come from the question. It is for topics what
arbitrary fixed sentences are for voices.
"""

import random
import re
from dataclasses import replace
from functools import cache

from . import grammar
from .content import Frame, industries, names

DETERMINERS = "my|your|the|a|an|our|this"
NOUN = re.compile(rf"\b(?:{DETERMINERS}) ((?:[a-z]+-)?[a-z]{{3,}})(?= |[.?!,]|$)")

# What can be said of anything: imperative steps without a full stop. {it}: the noun with its "your" or "the".
STEPS = """Open {site} and search for {noun}
Tell us everything about {topic}
Call {phone} and ask about {topic}
Write to {mail} and name {it}
Take a photo of {it}
Look for {noun} in the menu
Choose {noun} in the list
Keep {it} near you
Put {it} on a table
Check {it} first
Bring {it} to our desk
Ask our team for help with {it}
Wait for {time} and look at {it} again
Show {it} to one of us
Read the page about {topic}
Compare {it} with the picture
Move {it} a little
Leave {it} as it is
Note the number of {it}
Start again with {it}""".splitlines()

# and what can be told of anything, as sentences: one that names it, then any
NAMING_FACTS = """Yes, {topic} is part of our service.
{Topic} is free for all customers of {brand}.
{Topic} costs {price}.
We answer questions about {topic} within {time}.
Ask about {topic} at {phone}.
No, we do not offer {topic}.
{Topic} is possible {hours}.
You find all about {topic} on {site}.
Please write to {mail} about {topic}.""".splitlines()
FACTS = NAMING_FACTS + """It takes {time}.
The price is {price}.
We are here {hours}.""".splitlines()


@cache
def nouns() -> tuple[list[str], list[str]]:
    """What customers own or ask for in any industry: singular, plural."""
    found = {thing for i in industries() for thing in i.things} | {noun for i in industries() for noun, _, _ in i.products}
    for industry in industries():
        for intent in industry.intents:
            for text in intent.wants + intent.questions + [s for alternatives in intent.body for s in alternatives]:
                found |= set(NOUN.findall(text))
    listed = sorted(n for n in found if n.islower())
    plural = [n for n in listed if n.endswith("s") and not n.endswith("ss")]
    return sorted(set(listed) - set(plural)), plural


@cache
def verbs() -> list[str]:
    firsts = {w.split()[0] for i in industries() for intent in i.intents if intent.kind == "do" for w in intent.wants}
    return sorted(v for v in firsts if v.isalpha() and v.islower())


def other_noun(rng: random.Random, like: str) -> str:
    singular, plural = nouns()
    same_number = plural if like in plural else singular
    r = rng.random()
    if r < 0.2:  # a product's name
        return rng.choice(names("roots")) + grammar.capital(rng.choice([n for n in same_number if n.isalpha()]))
    if r < 0.4:  # an invented word
        word = "".join(rng.choice(names(f"syllables{i}")) for i in (1, 2, 3)[: rng.choice((2, 2, 3))]).lower()
        return word + ("s" if like.endswith("s") and not word.endswith("s") else "")
    return rng.choice(same_number)


def exchange(text: str, old: str, new: str) -> str:
    """Every `old` as a whole word, but no part of an address, becomes `new`; an article before it fits again."""

    def value(m: re.Match) -> str:
        word = grammar.capital(new) if m[2][0].isupper() else new
        if not m[1]:
            return word
        fitting = grammar.article(word)
        return grammar.capital(fitting) if m[1][0] == "A" else fitting

    return re.sub(rf"(?<![-\w@.])([Aa]n? )?({old}|{grammar.capital(old)})(?![-\w@]|\.\w)", value, text)


def another_noun(rng: random.Random, asked: str, told: str, fixed: str = "") -> tuple[str, str] | None:
    """A noun of the question that the answer takes up and that is not in `fixed`, and what comes in its place; None where
    there is no such noun."""
    nouns = [n for n in dict.fromkeys(NOUN.findall(asked)) if n not in grammar.SMALL_WORDS]
    found = [n for n in nouns if exchange(told, n, "") != told and exchange(fixed, n, "") == fixed]
    if not found:
        return None
    old = rng.choice(found)
    return old, other_noun(rng, old)


def crossed(rng: random.Random, frame: Frame, facts: dict[str, str]) -> Frame:
    """The frame with another noun, and where it is a how-to often another verb.

    A frame that names no noun which its answer could take up stays as it is.
    """
    exchanged = another_noun(rng, frame.question or frame.wanted, " ".join([frame.want, frame.topic, *frame.body]))
    if exchanged is None:
        return frame
    old, new = exchanged
    swap = lambda text: exchange(text, old, new)  # noqa: E731
    made = replace(
        frame, question=swap(frame.question), wanted=swap(frame.wanted), want=swap(frame.want), topic=swap(frame.topic),
        body=[swap(b) for b in frame.body], tip=swap(frame.tip),
    )  # fmt: skip
    if frame.kind == "do" and not frame.question and rng.random() < 0.6:
        verb = rng.choice(verbs())
        made.wanted, made.want = (verb + " " + text.partition(" ")[2] for text in (made.wanted, made.want))
        made.topic = grammar.gerund(made.want)
    if rng.random() < 0.5:
        made.body, made.tip = said_of_anything(rng, made, new, facts), ""
    return made


def said_of_anything(rng: random.Random, frame: Frame, noun: str, facts: dict[str, str]) -> list[str]:
    """Steps or sentences that name the question's own words and nothing that only this company knows."""
    owned = re.search(rf"\b(your|the) {re.escape(noun)}\b", f"{frame.want} {frame.topic}")
    it = owned[0] if owned else "the " + noun
    topic = frame.topic if noun in frame.topic else it
    words = facts | {"noun": noun, "it": it, "topic": topic, "Topic": grammar.capital(topic)}
    if frame.kind == "ask":
        lines = [rng.choice(NAMING_FACTS), rng.choice(FACTS)]
    else:
        lines = rng.sample(STEPS, rng.randint(3, 4))
    return [re.sub(r"\{(\w+)\}", lambda m: words[m[1]], line) for line in dict.fromkeys(lines)]
