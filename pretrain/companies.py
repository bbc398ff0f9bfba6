"""The companies of `companies/` that judge the model and what is measured on an answer.

A check with `"guard": true` is one that most answers of any company satisfy (a limit of words, for example). It is
reported, but not part of a company's share of checks, since it says nothing about the voice.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "companies"


@dataclass
class Company:
    id: str
    name: str
    industry: str
    split: str  # test: judges the model; dev: chooses between models and settings; chapter: SmartHome
    prefix: str
    objective: str
    examples: list[dict]  # ten {input, output}
    unseen: list[dict]  # ten {input, output, topic}
    checks: list[dict]


def load(split: str | None = None) -> list[Company]:
    companies = [Company(id=p.stem, **json.loads(p.read_text())) for p in sorted(FOLDER.glob("*.json"))]
    return [c for c in companies if split in (None, c.split)]


def satisfies(check: dict, answer: str) -> bool:
    """Whether a whole answer satisfies one written check."""
    answer, kind, value = answer.strip(), check["kind"], check["value"]
    match kind:
        case "starts_with":
            return answer.startswith(value)
        case "ends_with":
            return answer.endswith(value)
        case "contains":
            return value in answer
        case "not_contains":
            return value not in answer
        case "regex":
            return re.search(value, answer, re.MULTILINE) is not None
        case "max_words":
            return len(answer.split()) <= value
        case "min_words":
            return len(answer.split()) >= value
        case "json_keys":
            try:
                parsed = json.loads(answer)
            except ValueError:
                return False
            return isinstance(parsed, dict) and sorted(parsed) == sorted(value)
        case "lower_case":
            return answer == answer.lower()
    raise ValueError(f"check {check['name']!r} has the unknown kind {kind!r}")


def share_of_checks(company: Company, answers: list[str]) -> float:
    """Share of (answer, check) pairs that are satisfied, guards left out."""
    checks = [c for c in company.checks if not c.get("guard")]
    return mean([satisfies(c, a) for a in answers for c in checks])


def on_topic(topic: list[list[str]], answer: str) -> bool:
    """Whether the product and the action asked about are both in the answer: one word or stem of every group."""
    text = " " + answer.lower()
    return all(any(word in text for word in group) for group in topic)


def loops(answer: str) -> bool:
    """Whether one 4-gram of words stands in the answer three times or more."""
    words = answer.split()
    grams = Counter(tuple(words[i : i + 4]) for i in range(len(words) - 3))
    return max(grams.values(), default=0) >= 3


def distinct_words(answers: list[str]) -> float:
    """Different words as a share of all words of a company's answers."""
    words = [w for a in answers for w in re.findall(r"\w+", a.lower())]
    return len(set(words)) / max(1, len(words))


def mean(values: list) -> float:
    return sum(values) / len(values) if values else float("nan")
