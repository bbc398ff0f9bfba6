"""The hand-written content: intents of many industries, and lists of phrases. Read once, checked as it is read.

Two forms of intent. `content/industries/*.txt` has one line an intent (customer's side = company's side); the choices
`{a|b}` on the left are repeated on the right as `{1}`, `{2}`. `content/devices/*.txt` has blocks for products with
attributes. Both end as an `Intent`, which makes a `Frame`: one question with all that an answer needs.
"""

import random
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from . import grammar

CONTENT = Path(__file__).parent.parent / "content"
GROUPS = {"hw": "smarthome net audio cam wear device print appl", "goods": "smarthome net audio cam wear device print appl shop",
          "apps": "smarthome net audio cam wear print appl"}  # fmt: skip


@dataclass
class Frame:
    """One inquiry and what is right to answer, before any voice. Phrases are in the company's view ("your")."""

    kind: str  # do: how to; fix: a problem; ask: a question of fact
    question: str  # a whole question in the customer's words; "" for do and fix where a frame is put around `wanted`
    wanted: str  # the want in the customer's view ("bleed my radiator")
    want: str  # do: "bleed your radiator"; fix: "your tap drips"; ask: ""
    topic: str  # "bleeding your radiator", "the dripping tap", "opening on Sundays"
    body: list[str]  # do, fix: imperative steps without a full stop; ask: full sentences
    tip: str = ""


@dataclass
class Intent:
    kind: str
    wants: list[str]  # customer's view, with slots
    topics: list[str]
    body: list[list[str]]  # alternatives of each step or sentence
    questions: list[str] = field(default_factory=list)  # whole questions, with slots
    tips: list[str] = field(default_factory=list)
    needs: str | None = None  # attribute a product must have
    key: list[bool] = field(default_factory=list)  # steps that are never left out
    weight: float = 1.0

    def frame(self, rng: random.Random, facts: dict, things: list[str]) -> Frame:
        """Fills every slot. `things`: what `{thing}` may be."""
        want = rng.choice(self.wants) if self.wants else ""
        topic = rng.choice(self.topics) if self.topics else ""
        # a special question is only asked where it goes with the want: one of its own, or the first form
        question = ""
        if self.questions and (self.kind == "ask" or rng.random() < 0.3):
            question = rng.choice(self.questions)
            if self.kind != "ask":
                want = closest(question, self.wants)
        left, chosen = choose(rng, question if self.kind == "ask" else want, things)
        body = [rng.choice(alternatives) for alternatives in self.body]
        keep = [k or rng.random() < 0.75 for k in self.key] or [True] * len(body)
        fill = lambda text, view: fill_slots(text, chosen, facts, view)  # noqa: E731
        wanted = fill(left, "my")
        company = "" if self.kind == "ask" else grammar.to_company(wanted)
        about = fill(topic, "your") if topic else grammar.gerund(company)
        return Frame(
            self.kind,
            wanted if self.kind == "ask" else fill(question, "my"),
            wanted,
            company,
            grammar.to_company(about),
            [grammar.capital(fill(b, "your")) for b, k in zip(body, keep) if k],
            fill(rng.choice(self.tips), "your") if self.tips else "",
        )


def closest(question: str, wants: list[str]) -> str:
    """The form that shares most word beginnings with the question; the first one if none does."""
    stems = lambda text: {w[:5] for w in re.findall(r"[a-z]+", text.lower()) if len(w) > 3}  # noqa: E731
    return max(wants, key=lambda w: len(stems(w) & stems(question)))


def choose(rng: random.Random, left: str, things: list[str]) -> tuple[str, list[str]]:
    """Draws each `{a|b}` and `{thing}`; the drawn words in order are what `{1}`, `{2}` repeat."""
    chosen: list[str] = []

    def draw(match: re.Match) -> str:
        if "|" not in match[1] and match[1] != "thing":
            return match[0]
        chosen.append(rng.choice(things if match[1] == "thing" else match[1].split("|")))
        return chosen[-1]

    return re.sub(r"\{([^}]*)\}", draw, left), chosen


def fill_slots(text: str, chosen: list[str], facts: dict, view: str) -> str:
    """Replaces every slot; whose view a phrase takes is `my` (customer) or `your` (company)."""
    own = {"my": ("my", "I", "me", "am"), "your": ("your", "you", "you", "are")}[view]
    pronouns = dict(zip(("P", "U", "M", "be"), own)) | {"D": f"{own[0]} {facts.get('N', '')}", "D^": f"{own[0].capitalize()} {facts.get('N', '')}"}

    def value(match: re.Match) -> str:
        name = match[1]
        if name.isdigit():
            word = chosen[int(name) - 1]
            return grammar.to_company(word) if view == "your" else word
        found = pronouns.get(name) or facts.get(name)
        if found is None:
            raise ValueError(f"the slot {{{name}}} of {text!r} is not known")
        return found

    return re.sub(r"\{([^}]*)\}", value, text)


@dataclass
class Industry:
    id: str
    name: str
    brands: list[str]  # invented names; empty: made from `endings`
    things: list[str]
    intents: list[Intent]
    endings: list[str] = field(default_factory=list)
    products: list[tuple[str, list[str], frozenset]] = field(default_factory=list)  # noun, names, attributes
    noun: str = "device"


def read_industry(path: Path) -> Industry:
    head, intents = {}, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip():
            continue
        key, _, value = line.partition(": ")
        if key in ("industry", "brands", "things"):
            head[key] = value.split(" | ")
            continue
        left, equals, right = value.partition(" = ")
        if key not in ("do", "fix", "ask") or not equals:
            raise ValueError(f"{path.name}, line {number}: a line is `do: ... = ...`, `fix:` or `ask:`; this one is {line!r}")
        left, _, topic = left.partition(" ~ ")
        intents.append(
            Intent(
                key,
                [] if key == "ask" else [left],
                [topic] if topic else [],
                [[step] for step in right.split(" | ")],
                [left] if key == "ask" else [],
            )
        )
    return Industry(path.stem, head["industry"][0], head["brands"], head["things"], intents)


def read_devices(folder: Path) -> list[Industry]:
    industries: dict[str, Industry] = {}
    for block in (folder / "products.txt").read_text().strip().split("\n\n"):
        for line in block.splitlines():
            key, _, value = line.partition(": ")
            if key == "industry":
                id, name, noun = value.split(" | ")
                industry = industries[id] = Industry(id, name, [], [], [], noun=noun)
            elif key == "endings":
                industry.endings = value.split()
            else:
                noun, names, attributes = value.split(" | ")
                industry.products.append((noun, names.split("/"), frozenset(attributes.split())))
    for path in sorted(folder.glob("*.txt")):
        if path.name != "products.txt":
            for block in re.split(r"\n(?=## )", path.read_text().strip()):
                for ids, intent in read_block(block, path.name):
                    for id in ids:
                        industries[id].intents.append(intent)
    return list(industries.values())


def read_block(block: str, file: str) -> list[tuple[list[str], Intent]]:
    """One block of the device files: as many intents as it has kinds (how-to, problem, fact)."""
    header, *lines = block.splitlines()
    name, ids, attribute, weight = (part.strip() for part in header.removeprefix("## ").split("|"))
    every = "smarthome net audio cam wear device print soft media shop telco appl food travel"
    listed = " ".join(every if id == "*" else GROUPS.get(id, id) for id in ids.split()).split()
    parts: dict[str, list] = {k: [] for k in ("a", "p", "t", "tq", "q", "s", "r", "n")}
    key = []
    for line in lines:
        kind, _, value = line.partition(": ")
        short = kind.rstrip("*")
        if short not in parts:
            raise ValueError(f"{file}, block {name}: the line {line!r} begins with no known key")
        if short in ("s", "r"):
            parts[short].append(value.split("|"))
            key.append(kind.endswith("*"))
        elif short == "q":
            parts["q"].append(value)
        else:
            parts[short] += value.split("|")
    common = {"tips": parts["n"], "needs": None if attribute == "-" else attribute, "key": key, "weight": float(weight)}
    if parts["r"]:
        return [(listed, Intent("ask", [], parts["t"], parts["r"], parts["q"], **common))]
    problem = re.compile(r"^(Why|My |I lost|I did not|I do not get|I cannot|I got|There is|The app)|not |error|stuck|broke|blink")
    out = []
    if parts["a"]:
        out.append((listed, Intent("do", parts["a"], [], parts["s"], [q for q in parts["q"] if not problem.search(q)], **common)))
    if parts["p"]:
        asked = [q for q in parts["q"] if problem.search(q)]
        out.append((listed, Intent("fix", parts["p"], parts["t"] or ["this problem"], parts["s"], asked, **common)))
    return out


@cache
def industries() -> list[Industry]:
    written = [read_industry(p) for p in sorted((CONTENT / "industries").glob("*.txt"))]
    return written + read_devices(CONTENT / "devices")


@cache
def phrases(name: str) -> list[str]:
    """The lines of `content/phrases/<name>.txt`."""
    return [line for line in (CONTENT / "phrases" / f"{name}.txt").read_text().splitlines() if line.strip()]


@cache
def names(key: str) -> list[str]:
    for line in (CONTENT / "names.txt").read_text().splitlines():
        name, _, words = line.partition(": ")
        if name == key:
            return words.split()
    raise KeyError(key)
