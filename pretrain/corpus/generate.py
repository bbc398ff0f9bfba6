"""Documents: one company, one voice, some inquiries and their answers.

    python -m corpus.generate --documents 10 --seed 1        prints documents to look at
"""

import argparse
import random
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from . import grammar, questions, real, written
from .company import Company, make_company
from .content import Frame, names, phrases
from .crossing import crossed
from .voice import Voice, answer, between_fixed, combine, draw_voice, fill, finish, lay_out, objective, plain_voice

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "lm" / "corpus"
VOICED = 0.68  # of the companies have a voice of their own
CROSSED_SHARES = [0.0, 0.0, 0.3, 1.0]  # of a company's inquiries; one of these for each company


@dataclass
class Material:
    """What the generator draws from beside its content: real pairs and their sentences. May be empty."""

    pairs: list[tuple[str, str]]
    sayings: list[str]

    @staticmethod
    @cache
    def read(folder: Path = CORPUS) -> "Material":
        found = []
        for source in real.PAIR_SOURCES:
            listed = real.pairs(real.split(real.read(folder, source), held_out=False))
            found += random.Random(source).sample(listed, min(len(listed), 4000))
        return Material(found, real.fixed_sentences(found))


@dataclass
class Setting:
    """A company with its voice: makes any number of inquiries with answers."""

    company: Company
    voice: Voice
    material: Material
    real_share: float  # of the inquiries that come from real dialogue
    tag: str = ""
    crossed_share: float = 0.0  # of the other inquiries whose words are exchanged

    @staticmethod
    def draw(rng: random.Random, material: Material, voiced: float = VOICED) -> "Setting":
        company = make_company(rng)
        plain = rng.random() > voiced
        voice = plain_voice(rng) if plain else draw_voice(rng, company, material.sayings)
        share = rng.choice([0.5, 1.0]) if not plain and material.pairs and rng.random() < 0.14 else 0.0
        tag = f"[{rng.choice(names('tags'))}] " if rng.random() < 0.04 else ""
        return Setting(company, voice, material, share, tag, rng.choice(CROSSED_SHARES))

    def pair(self, rng: random.Random) -> tuple[str, str]:
        """One question and its answer."""
        if self.real_share and rng.random() < self.real_share:
            question, reply = rng.choice(self.material.pairs)
            return self.tag + question, self.real_answer(question, reply)
        frame = self.company.frame(rng, rng.choices(self.company.intents, [i.weight for i in self.company.intents])[0])
        if rng.random() < self.crossed_share:
            frame = crossed(rng, frame, self.company.facts)
        return self.tag + questions.ask(rng, frame, self.company.brand), answer(self.voice, rng, self.company, frame)

    def real_answer(self, question: str, reply: str) -> str:
        """A real reply in this voice: its sentences, with what is fixed around them."""
        kept = grammar.sentences(reply.replace("\n", " "))[: max(2, self.voice.most)]
        frame = Frame("ask", question, "", "", "your question about " + grammar.keywords(question), kept)
        if self.voice.whole:
            return answer(self.voice, random.Random(question), self.company, frame)
        return between_fixed(self.voice, self.company, finish(self.voice, lay_out(self.voice, frame, kept)))

    def small_talk(self, rng: random.Random) -> tuple[str, str]:
        said, reply = rng.choice(phrases("smalltalk")).split("\t")
        facts = self.company.facts
        said, text = fill(said, facts), fill(reply, facts)
        if self.voice.whole is None:
            text = combine(" ", [self.voice.opening, finish(self.voice, text), self.voice.closing])
        else:
            topic = grammar.small(said.rstrip(".!?"))
            text = answer(self.voice, rng, self.company, Frame("ask", said, "", "", topic, grammar.sentences(text)))
        return self.tag + said, text


def document(rng: random.Random, material: Material, system_share: float = 0.3, written_share: float = 0.0, voiced: float = VOICED) -> list[dict]:
    """The turns of one conversation. `written_share`: of those with a company that was written one by one."""
    if rng.random() < written_share:
        return written_document(rng, system_share)
    setting = Setting.draw(rng, material, voiced)
    turns = []
    if rng.random() < system_share:
        turns.append({"role": "system", "text": objective(setting.voice, rng, setting.company)})
    for _ in range(rng.choice((1, 2, 3, 3, 4, 4, 5, 6))):
        talk = rng.random() < 0.06
        question, reply = setting.small_talk(rng) if talk else setting.pair(rng)
        turns += [{"role": "user", "text": question}, {"role": "assistant", "text": reply}]
    return turns


def written_document(rng: random.Random, system_share: float) -> list[dict]:
    company = rng.choice(written.companies())
    turns = [{"role": "system", "text": company.objective}] if rng.random() < system_share else []
    for pair in rng.sample(company.pairs, rng.randint(2, 6)):
        question, reply = written.varied(rng, pair, company.fixed)
        turns += [{"role": "user", "text": question}, {"role": "assistant", "text": reply}]
    return turns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="folder of the real sources")
    arguments = parser.parse_args()
    rng, material = random.Random(arguments.seed), Material([], [])
    if arguments.corpus.exists():
        material = Material.read(arguments.corpus)
    else:
        print(f"No real dialogue in these documents: there is no folder {arguments.corpus} (--corpus).", file=sys.stderr)
    for _ in range(arguments.documents):
        for turn in document(rng, material):
            print(f"{turn['role']:>9}: " + turn["text"].replace("\n", "\n" + " " * 11))
        print("-" * 20)


if __name__ == "__main__":
    main()
