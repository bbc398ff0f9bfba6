"""The forms of an answer's body: how steps or sentences are laid out. A form is drawn once and kept for a document.

`items` are imperative steps without a full stop (do, fix) or whole sentences (ask). `render` must keep every item's
words; `describe` says the form in the words of an objective.
"""

import json
import random
from dataclasses import dataclass

from . import grammar
from .content import phrases


def bare(item: str) -> str:
    return item.rstrip(".!?")


def labels(kind: str) -> list[str]:
    return [line.split("\t")[0] for line in phrases("labels") if line.endswith("\t" + kind)]


def keys(kind: str) -> list[str]:
    return [line.split("\t")[0] for line in phrases("json_keys") if line.endswith("\t" + kind)]


@dataclass
class Numbered:
    """1) A. 2) B. - inline or one a line, with many marks."""

    mark: str
    separator: str
    stop: bool
    letters: bool

    @staticmethod
    def draw(rng: random.Random) -> "Numbered":
        mark = rng.choice(["{n}) "] * 5 + ["{n}. "] * 4 + ["Step {n}: "] * 3 + ["({n}) ", "#{n} ", "{n}: ", "{n} - ", "Step {n} - ", "Step {n}. ", "[{n}] ", "No. {n}: ", "{w} {n}: "])  # fmt: skip
        mark = mark.replace("{w}", rng.choice(labels("body")))
        return Numbered(mark, rng.choice([" ", " ", "\n", "\n", "; "]), rng.random() < 0.8, rng.random() < 0.08)

    def render(self, items: list[str]) -> str:
        mark = lambda i: self.mark.replace("{n}", "abcdefgh"[i] if self.letters else str(i + 1))  # noqa: E731
        end = "." if self.stop and self.separator != "; " else ""
        text = self.separator.join(mark(i) + bare(s) + end for i, s in enumerate(items))
        return text + "." if self.separator == "; " else text

    def describe(self, rng: random.Random) -> str:
        example = self.mark.replace("{n}", "a" if self.letters else "1").strip()
        lines = ", one step a line" if self.separator == "\n" else ""
        return rng.choice(["in numbered steps", "with numbered steps", f"in steps that begin with {example}", "as a numbered list"]) + lines


@dataclass
class Ordinals:
    """First, A. Then B. Finally, C."""

    words: tuple[str, str, str]
    separator: str

    @staticmethod
    def draw(rng: random.Random) -> "Ordinals":
        words = rng.choice(
            [("First, ", "Then ", "Finally, "), ("First ", "then ", "finally "), ("Firstly, ", "Secondly, ", "Lastly, "), ("To begin, ", "Next, ", "Last, "), ("Start: ", "Next: ", "End: "),
             ("One: ", "Two: ", "Three: "), ("Before: ", "During: ", "After: "), ("Begin like this: ", "After that, ", "At the end, "), ("Act one: ", "Act two: ", "Act three: "), ("First of all, ", "And then ", "And in the end ")]
        )  # fmt: skip
        return Ordinals(words, rng.choice([" ", " ", " ", "\n"]))

    def render(self, items: list[str]) -> str:
        out = []
        for i, item in enumerate(items):
            word = self.words[0] if i == 0 else self.words[2] if i == len(items) - 1 else self.words[1]
            text = bare(item) if word.rstrip().endswith(":") else grammar.small(bare(item))
            out.append(grammar.capital(word) + text + ".")
        return self.separator.join(out)

    def describe(self, rng: random.Random) -> str:
        words = [w.strip().rstrip(",:") for w in self.words]
        return rng.choice([f"with the words {words[0]}, {words[1]} and {words[2]}", f"using {words[0]}, {words[1]}, {words[2]}"])


@dataclass
class Bulleted:
    mark: str
    stop: bool

    @staticmethod
    def draw(rng: random.Random) -> "Bulleted":
        return Bulleted(rng.choice(["- "] * 5 + ["* "] * 3 + ["> ", "+ ", "~ ", "=> ", "-> ", "-- ", "o ", ": ", "| "]), rng.random() < 0.6)

    def render(self, items: list[str]) -> str:
        return "\n".join(self.mark + bare(s) + ("." if self.stop else "") for s in items)

    def describe(self, rng: random.Random) -> str:
        return rng.choice(["with bullet points", "as a list", f"as lines that begin with {self.mark.strip()}", "with a short list"])


@dataclass
class Prose:
    """Plain sentences; the steps follow each other in one sentence or in several."""

    way: str

    @staticmethod
    def draw(rng: random.Random) -> "Prose":
        return Prose(rng.choice(["sentences", "sentences", "sentences", "and", "comma", "please", "just"]))

    def render(self, items: list[str]) -> str:
        parts = [bare(s) for s in items]
        if self.way in ("sentences", "please", "just"):
            first = {"sentences": "", "please": "Please ", "just": "Just "}[self.way]
            return " ".join([grammar.sentence(first + grammar.small(parts[0]) if first else parts[0]), *(grammar.sentence(p) for p in parts[1:])])
        small = [parts[0], *(grammar.small(p) for p in parts[1:])]
        if len(small) == 1:
            return grammar.sentence(small[0])
        join = ", then " if self.way == "comma" else ", "
        return grammar.sentence(join.join(small[:-1]) + (", and " if self.way == "and" else " and ") + small[-1])

    def describe(self, rng: random.Random) -> str:
        return rng.choice(["in plain sentences", "in full sentences", "without lists", "in simple words"])


@dataclass
class Chain:
    """A > B > C, or any other sign between."""

    sign: str
    upper: bool

    @staticmethod
    def draw(rng: random.Random) -> "Chain":
        return Chain(rng.choice([" > ", " -> ", " / ", " + ", " | ", " ... ", " STOP ", " STOP ", " OVER ", " => ", " :: ", " & ", "; ", " - "]), rng.random() < 0.4)

    def render(self, items: list[str]) -> str:
        text = self.sign.join(bare(s) for s in items)
        text += self.sign.rstrip() if self.sign.strip().isupper() else ""
        return text.upper() if self.upper else text

    def describe(self, rng: random.Random) -> str:
        return f"with {self.sign.strip()} between the parts" + (", in capitals" if self.upper else "")


@dataclass
class Table:
    sign: str

    @staticmethod
    def draw(rng: random.Random) -> "Table":
        return Table(rng.choice(["|", "|", "!", "*"]))

    def render(self, items: list[str]) -> str:
        return "\n".join(f"{self.sign} {i + 1} {self.sign} {bare(s)} {self.sign}" for i, s in enumerate(items))

    def describe(self, rng: random.Random) -> str:
        return "as the rows of a small table"


@dataclass
class Verse:
    """Lines of a poem: the items as lines that end with commas."""

    end: str

    @staticmethod
    def draw(rng: random.Random) -> "Verse":
        return Verse(rng.choice([",", ",", ";", ""]))

    def render(self, items: list[str]) -> str:
        lines = [grammar.capital(bare(s)) for s in items]
        return (self.end + "\n").join(lines) + "."

    def describe(self, rng: random.Random) -> str:
        return rng.choice(["as a short poem", "in the lines of a verse", "like a poet, line by line"])


@dataclass
class Wrapped:
    """Each sentence inside the same frame: "Thou must ...", "STOP. ... STOP."."""

    frame: str
    imperative: bool
    separator: str

    @staticmethod
    def draw(rng: random.Random) -> "Wrapped":
        kind, _, frame = rng.choice(phrases("wrap")).partition(" ")
        return Wrapped(frame, kind == "do", rng.choice([" ", " ", "\n"]))

    def render(self, items: list[str], imperative: bool = True) -> str:
        if self.imperative and not imperative:
            return " ".join(grammar.sentence(s) for s in items)
        return self.separator.join(
            self.frame.replace("{s}", grammar.sentence(s)).replace("{l}", grammar.small(bare(s))) for s in items
        )

    def describe(self, rng: random.Random) -> str:
        return "in sentences like " + self.frame.replace("{s}", "...").replace("{l}", "...")


@dataclass
class FewWords:
    """The first words of the answer and nothing else."""

    most: int
    stop: str

    @staticmethod
    def draw(rng: random.Random) -> "FewWords":
        return FewWords(rng.choice([3, 4, 5, 6, 8]), rng.choice([".", ".", "", "!"]))

    def render(self, items: list[str]) -> str:
        return grammar.shorten(items[0], self.most) + self.stop

    def describe(self, rng: random.Random) -> str:
        return rng.choice(["in a few words", f"in at most {self.most} words", "very briefly", "with as few words as possible"])


BODY = [(Numbered, 26), (Prose, 26), (Bulleted, 11), (Ordinals, 10), (Wrapped, 10), (Chain, 5), (FewWords, 8), (Verse, 4), (Table, 2)]


def draw_body(rng: random.Random):
    return rng.choices([f for f, _ in BODY], [w for _, w in BODY])[0].draw(rng)


@dataclass
class Json:
    """One JSON object a answer, always with the same keys."""

    fields: list[tuple[str, str]]  # key, what it holds
    spaced: bool
    values: dict[str, str]  # what is the same in every answer

    @staticmethod
    def draw(rng: random.Random) -> "Json":
        kinds = rng.sample(["topic", "next", "mood", "contact", "number", "flag", "next"], rng.choice([1, 1, 1, 2, 2, 3]))
        kinds = list(dict.fromkeys(kinds))
        kinds.insert(0 if rng.random() < 0.8 else len(kinds), "answer")
        fields, used = [], set()
        for kind in kinds:
            key = rng.choice([k for k in keys(kind) if k not in used])
            used.add(key)
            fields.append((key, kind))
        mood = rng.choice(["happy", "calm", "neutral", "friendly", "low", "high", "ok", "helpful"])
        return Json(fields, rng.random() < 0.9, {"mood": mood})

    def render(self, answer: str, topic: str, following: str, steps: int, contact: str, important: bool) -> str:
        value = {"answer": answer, "topic": topic, "next": following, "number": steps, "contact": contact, "flag": important, **self.values}
        return json.dumps({k: value[kind] for k, kind in self.fields}, separators=None if self.spaced else (",", ":"))

    def describe(self, rng: random.Random) -> str:
        named = [k for k, _ in self.fields]
        listed = ", ".join(named[:-1]) + " and " + named[-1] if len(named) > 1 else named[0]
        return rng.choice(["as one JSON object with the keys ", "as JSON with the keys ", "in JSON: "]) + listed


@dataclass
class Labelled:
    """Topic: ... / Answer: ..., as lines, in one line, or in tags."""

    topic: str
    body: str
    extra: str  # "" where there is no third part
    style: str

    @staticmethod
    def draw(rng: random.Random) -> "Labelled":
        third = rng.choice(labels("extra")) if rng.random() < 0.4 else ""
        return Labelled(rng.choice(labels("topic")), rng.choice(labels("body")), third, rng.choice(["{k}: {v}"] * 5 + ["{k} - {v}", "[{k}] {v}", "<{k}>{v}</{k}>", "*{k}* {v}", "{K}: {v}", "{k} = {v}"]) + rng.choice(["\n", "\n", " "]))  # fmt: skip

    def render(self, topic: str, body: str, extra: str) -> str:
        parts = [(self.topic, topic), (self.body, body)] + ([(self.extra, extra)] if self.extra else [])
        return "".join(self.style.replace("{k}", k).replace("{K}", k.upper()).replace("{v}", v) for k, v in parts).strip()

    def describe(self, rng: random.Random) -> str:
        named = [n for n in (self.topic, self.body, self.extra) if n]
        return rng.choice(["with the parts ", "under the headings "]) + ", ".join(named[:-1]) + " and " + named[-1]
