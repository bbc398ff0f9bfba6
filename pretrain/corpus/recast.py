"""Written companies in another voice: their questions and what their answers say, in a voice that the generator draws.

A written company shows one voice with natural content. Most of its answers are some sentences or steps between what is
fixed, so they can be taken apart and laid out in as many voices as one likes.
"""

import random
import re
from dataclasses import dataclass, field, replace
from functools import cache

from . import grammar
from .content import Frame
from .forms import Json
from .generate import Material, Setting
from .voice import answer, between_fixed, combine, finish, lay_out
from .written import Written, companies, varied

FEWEST = 16  # pairs of a company that can be taken apart
# A list's mark in front of a line: - * + > # ~ = o -> [ ] 1. 2) (3) a) Step 1: #1
MARK = re.compile(r"^(?:[-*+>#~=o]+>?|\[ ?\]|\(?(?:\d|[A-Da-d])[.):]+|[Ss]tep (?:\d|\w+)[.:)]?|#\d)\s+")
# what only a form of its own has: brackets, pipes, labels at the beginning of a line
PECULIAR = re.compile(r"[{}|\[\]<>=_^~]|^[A-Za-z ]{1,24}:\s", re.MULTILINE)


@dataclass
class Said:
    """A question and what is answered: sentences, then steps (often none)."""

    question: str
    sentences: list[str]
    steps: list[str]


def common(rows: list[list[str]]) -> int:
    """How many units all rows begin with."""
    count = 0
    while all(len(r) > count + 1 and r[count] == rows[0][count] for r in rows):
        count += 1
    return count


def units(text: str) -> list[str]:
    """Lines of a list whole, other lines cut after their sentences."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return [u for line in lines for u in ([line] if MARK.match(line) else grammar.sentences(line))]


def take_apart(company: Written) -> list[Said]:
    """The pairs without what is fixed; [] where the company's answers have a form of their own."""
    rows = [units(a) for _, a in company.pairs]
    first = common(rows)
    rows = [r[first:] for r in rows]
    last = common([r[::-1] for r in rows])
    rows = [r[: len(r) - last] for r in rows]
    found = []
    for (question, _), row in zip(company.pairs, rows):
        steps = [MARK.sub("", u) for u in row if MARK.match(u)]
        sentences = [u for u in row if not MARK.match(u)]
        told = " ".join(sentences + steps)
        plain = row and not PECULIAR.search("\n".join(sentences + steps)) and all(u[0].isupper() for u in sentences + steps)
        if plain and 4 <= len(told.split()) <= 60 and len(steps) != 1 and not told.isupper():
            found.append(Said(question, sentences, steps))
    return found if len(found) >= FEWEST else []


@cache
def sources() -> list[tuple[Written, list[Said]]]:
    """The companies that can be taken apart."""
    return [(c, said) for c in companies() if (said := take_apart(c))]


@dataclass
class Recast(Setting):
    """A setting whose inquiries are those of a written company."""

    said: list[Said] = field(default_factory=list)

    @staticmethod
    def of(rng: random.Random, material: Material, source: tuple[Written, list[Said]]) -> "Recast":
        drawn = Setting.draw(rng, material, voiced=1.0)
        industry = replace(drawn.company.industry, name="all that we offer")
        company = replace(drawn.company, brand=source[0].name, industry=industry)
        return Recast(company, drawn.voice, material, 0.0, drawn.tag, 0.0, rng.sample(source[1], len(source[1])))

    def retold(self, rng: random.Random, said: Said) -> tuple[str, str]:
        fixed = "\n".join([self.company.brand, self.voice.opening, self.voice.closing])
        question, text = varied(rng, (said.question, self.in_voice(said)), fixed)
        return self.tag + question, text

    def in_voice(self, said: Said) -> str:
        """The same for the same question whenever it is asked: what is picked depends on the question alone."""
        voice, steps, topic = self.voice, said.steps, grammar.keywords(said.question)
        kept = said.sentences[: max(2, voice.most)]
        if voice.whole is not None:
            topic = topic if isinstance(voice.whole, Json) else "your question about " + topic
            frame = Frame("ask", said.question, "", "", topic, kept + [grammar.sentence(s) for s in steps])
            return answer(voice, random.Random(said.question), self.company, frame)
        body = lay_out(voice, Frame("ask", said.question, "", "", topic, kept), kept) if kept else ""
        listed = voice.body.render([grammar.capital(s) for s in steps]) if steps else ""
        gap = "\n" if "\n" in listed else " "
        return between_fixed(voice, self.company, finish(voice, combine(gap, [body, listed])))
