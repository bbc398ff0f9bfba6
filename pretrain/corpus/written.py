"""Companies written by hand, `content/companies/*.txt`: an objective and twelve questions with ideal answers each.

What the grammar can't make: natural words, and voices whose parts depend on the question. They are for practising
(`practise.py`); the companies that judge the model are others, by other writers (`companies/`).
"""

import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from . import grammar
from .content import CONTENT
from .crossing import NOUN, exchange, other_noun


@dataclass
class Written:
    name: str
    objective: str
    pairs: list[tuple[str, str]]


def read(path: Path) -> list[Written]:
    found = []
    for block in re.split(r"^company: ", path.read_text(), flags=re.MULTILINE)[1:]:
        head, *asked = re.split(r"^Q: ", block, flags=re.MULTILINE)
        name, _, objective = head.strip().partition("\nobjective: ")
        if not objective or not asked:
            raise ValueError(f"{path.name}: the company {name!r} needs a line `objective: ...` and questions `Q: ...`")
        pairs = []
        for text in asked:
            question, answered, answer = text.partition("\nA: ")
            if not answered or "\n" in question.strip():
                raise ValueError(f"{path.name}, {name}: the line after the question {question[:60]!r} must begin with `A: `")
            pairs.append((question.strip(), answer.strip()))
        found.append(Written(name.strip(), objective.strip(), pairs))
    return found


@cache
def companies() -> list[Written]:
    return [company for path in sorted((CONTENT / "companies").glob("*.txt")) for company in read(path)]


def crossed_pair(rng: random.Random, question: str, answer: str) -> tuple[str, str]:
    """The pair with another noun in question and answer; as it is where no noun stands in both."""
    found = [n for n in dict.fromkeys(NOUN.findall(question)) if n not in grammar.SMALL_WORDS and exchange(answer, n, "") != answer]
    if not found:
        return question, answer
    old = rng.choice(found)
    new = other_noun(rng, old)
    return exchange(question, old, new), exchange(answer, old, new)
