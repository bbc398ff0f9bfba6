"""Companies written one by one, `content/companies/*.txt`: an objective and 12 to 40 questions with ideal answers each.

A large language model wrote them for this project. They have what the grammar can't make: natural words, and voices whose
parts depend on the question. They are for training; the companies that judge the model are others (`companies/`).
"""

import random
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from .content import CONTENT
from .crossing import another_noun, exchange

CROSSED = 0.4  # of the pairs, each time that one is drawn


@dataclass
class Written:
    name: str
    objective: str
    pairs: list[tuple[str, str]]

    @cached_property
    def fixed(self) -> str:
        """Its name, and the lines and sentences that several of its answers share: no word of them is exchanged."""
        said = Counter(unit for _, answer in self.pairs for unit in set(re.split(r"\n|(?<=[.!?]) ", answer)))
        return "\n".join([self.name] + [unit for unit, times in said.items() if times > 2])


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
def companies(files: str = "*.txt") -> list[Written]:
    return [company for path in sorted((CONTENT / "companies").glob(files)) for company in read(path)]


def crossed_pair(rng: random.Random, question: str, answer: str, fixed: str = "") -> tuple[str, str]:
    """The pair with another noun in question and answer; as it is where no noun stands in both, or only one of `fixed`."""
    exchanged = another_noun(rng, question, answer, fixed)
    if exchanged is None:
        return question, answer
    return exchange(question, *exchanged), exchange(answer, *exchanged)


def varied(rng: random.Random, pair: tuple[str, str], fixed: str) -> tuple[str, str]:
    """The pair as it is drawn for training: sometimes crossed. fixed: what the company always says."""
    return crossed_pair(rng, *pair, fixed) if rng.random() < CROSSED else pair
