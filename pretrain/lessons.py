"""Which companies practise in a step, and with which questions: the data of `practise.py`, made on the processor.

A `School` has many companies whose soft prompts are under way (pupils); some of them have a lesson in each step. There
are many more than have a lesson, so that the few answers of one written company do not come so close after each other
that the model learns them by heart. Schools are cheap to make and independent, so several processes make lessons.
Letters: N companies of a lesson, M newcomers, P virtual tokens, S sequences, T positions.
"""

import difflib
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from chat import Chat, Example, Rows
from corpus import written
from corpus.generate import CORPUS, Material, Setting
from corpus.grammar import keywords, slip
from corpus.recast import Recast, sources
from corpus.voice import objective
from prompt_tuning import BatchOrder, Settings, init_ids, tiled

EXAMPLES = 8  # what the page trains on when ten are given and two held out
SLIPS = 0.1  # of a written company's questions are typed in a hurry
KNOWN_WEIGHT = 0.5  # of the examples' mean loss against that of the new questions (the prompts do not see it)


@dataclass
class Plan:
    """How a school is made up and what its lessons hold."""

    settings: Settings
    pupils: int = 200
    companies: int = 20  # that have a lesson in a step
    new_questions: int = 1  # of each company in each step
    batch_sizes: tuple[int, ...] = (2,)  # of a company's own examples in each step: drawn for each company
    positions: int = 128  # longer pairs are left out
    written_share: float = 0.75  # of the companies: written one by one
    recast_share: float = 0.0  # of the companies: written, in a voice of the generator; the others are the generator's
    most_asked: int = 16  # times at most, on average, that a new question of a written company is asked under one prompt
    fewest_pairs: int = 20  # of a written company that takes part
    written_files: str = "*.txt"  # of `content/companies` whose companies take part in their own voice
    corpus: Path = CORPUS  # folder of the real sources, whose sentences the generator's voices draw from
    parts: int = 4  # the sequences of a step, sorted by length, go through the model in so many parts, to pad them less


@dataclass
class Pupil:
    """One company while its soft prompt trains."""

    ask: Callable[[], tuple[str, str]]  # another question of it with the ideal answer
    examples: list[Example]
    order: BatchOrder
    first: list[int]  # token ids whose embeddings the prompt starts from
    life: int  # steps until another company takes its place
    age: int = 0


@dataclass
class Batch:
    rows: Rows  # owner: N + i where the row is a new question of company i
    weight: Tensor  # (S,) of each row's mean loss: new ones count alike and sum to 1, known ones to KNOWN_WEIGHT by their tokens
    known: Tensor  # (S,) bool: one of the examples


@dataclass
class Lesson:
    newcomers: Tensor  # (M,) pupils whose prompts begin before this lesson
    first: Tensor  # (M, P) token ids that their prompts start from
    chosen: Tensor  # (N,) pupils that have the lesson
    age: Tensor  # (N,) steps that each one's prompt has had
    rate: Tensor  # (N,) learning rate of each one's prompt
    batches: list[Batch]


class School(IterableDataset):
    """Lessons without end. Pupil numbers of the school of worker w begin at w * plan.pupils."""

    def __init__(self, tokenizer: Tokenizer, plan: Plan, seed: int):
        self.tokenizer, self.plan, self.seed = tokenizer, plan, seed

    def __iter__(self) -> Iterator[Lesson]:
        worker = get_worker_info().id if get_worker_info() else 0
        self.open(worker)
        while True:
            yield self.lesson()

    def open(self, worker: int = 0) -> None:
        plan = self.plan
        self.chat, self.offset = Chat(self.tokenizer), worker * plan.pupils
        self.listed = [c for c in written.companies(plan.written_files) if len(c.pairs) >= plan.fewest_pairs]
        if not self.listed:
            raise SystemExit(f"No file of content/companies that is called {plan.written_files!r} has a company with {plan.fewest_pairs} questions.")
        self.rng, self.material, self.decks = random.Random(f"{self.seed} {worker}"), Material.read(plan.corpus), {}
        self.pupils = [self.enrol() for _ in range(plan.pupils)]
        for p in self.pupils:
            p.life = self.rng.randint(1, plan.settings.steps)  # not all leave at once
        self.new = list(range(plan.pupils))

    def enrol(self) -> Pupil:
        plan = self.plan
        while True:
            rng = random.Random(self.rng.random())
            r = rng.random()
            draw = self.written if r < plan.written_share else self.recast if r < plan.written_share + plan.recast_share else self.generated
            text, known, new_questions, ask = draw(rng)
            examples = [e for e in (self.chat.example(*pair) for pair in known) if len(e.ids) <= plan.positions][:EXAMPLES]
            if len(examples) == EXAMPLES:
                order = BatchOrder(EXAMPLES, rng.choice(plan.batch_sizes), rng.randrange(1 << 30))
                longest = max(2, min(plan.settings.steps, plan.most_asked * new_questions // plan.new_questions))
                life = rng.randint(longest // 2, longest)
                return Pupil(ask, examples, order, init_ids(self.chat, text, examples, plan.settings), life)

    def generated(self, rng: random.Random) -> tuple[str, list[tuple[str, str]], int, Callable]:
        """Objective, pairs, how many others there are, and how to get one: a company of the generator."""
        setting = Setting.draw(rng, self.material, voiced=0.9)
        pairs = [setting.pair(rng) for _ in range(2 * EXAMPLES)]
        return objective(setting.voice, rng, setting.company), pairs, 1_000_000, lambda: setting.pair(rng)

    def written(self, rng: random.Random) -> tuple[str, list[tuple[str, str]], int, Callable]:
        """The same for a company that was written: new questions are those that are left."""
        company = self.next_of("written", self.listed)
        pairs = rng.sample(company.pairs, len(company.pairs))
        known, left = pairs[:EXAMPLES], pairs[EXAMPLES:]
        return company.objective, [varied(rng, p, company.fixed) for p in known], len(left), lambda: varied(rng, rng.choice(left), company.fixed)

    def recast(self, rng: random.Random) -> tuple[str, list[tuple[str, str]], int, Callable]:
        """The same for a written company in another voice."""
        setting = Recast.of(rng, self.material, self.next_of("recast", sources()))
        known, left = setting.said[: EXAMPLES + 2], setting.said[EXAMPLES + 2 :]
        text = objective(setting.voice, rng, setting.company)
        return text, [setting.retold(rng, s) for s in known], len(left), lambda: setting.retold(rng, rng.choice(left))

    def next_of(self, deck: str, listed: list):
        """All of them in turn, in a new order each time."""
        if not self.decks.get(deck):
            self.decks[deck] = self.rng.sample(listed, len(listed))
        return self.decks[deck].pop()

    def lesson(self) -> Lesson:
        plan = self.plan
        first = [tiled(self.pupils[i].first, plan.settings.num_virtual_tokens) for i in self.new]
        newcomers = torch.tensor(self.new, dtype=torch.long) + self.offset
        chosen = self.rng.sample(range(plan.pupils), plan.companies)
        ages = [self.pupils[i].age for i in chosen]
        lesson = Lesson(
            newcomers,
            torch.tensor(first, dtype=torch.long).reshape(len(first), plan.settings.num_virtual_tokens),
            torch.tensor(chosen) + self.offset,
            torch.tensor(ages, dtype=torch.float32),
            torch.tensor([plan.settings.learning_rate_at(a) for a in ages]),
            self.batches(chosen),
        )
        self.new = []
        for i in chosen:
            self.pupils[i].age += 1
            if self.pupils[i].age >= self.pupils[i].life:
                self.pupils[i] = self.enrol()
                self.new.append(i)
        return lesson

    def batches(self, chosen: list[int]) -> list[Batch]:
        listed: list[tuple[Example, int, float, bool]] = []
        new_questions = self.plan.new_questions
        for i, p in enumerate(self.pupils[c] for c in chosen):
            known = [p.examples[j] for j in p.order.next()]
            learned = sum(e.learned for e in known)  # the page's loss is a mean over tokens
            listed += [(e, i, KNOWN_WEIGHT * e.learned / learned, True) for e in known]
            fresh = [e for e in (self.new_example(*p.ask()) for _ in range(new_questions + 1)) if len(e.ids) <= self.plan.positions]
            listed += [(e, len(chosen) + i, 1 / new_questions, False) for e in fresh[:new_questions]]
        listed.sort(key=lambda row: len(row[0].ids))
        size = -(-len(listed) // self.plan.parts)
        return [self.batch(listed[i : i + size]) for i in range(0, len(listed), size)]

    def new_example(self, question: str, answer: str) -> Example:
        """A new question, with the tokens of the answer that take up its words: a stem of five letters is enough, and where
        the customer misspelled a word, its right spelling."""
        asked, said = [w for w in keywords(question).split() if len(w) > 2], sorted(set(re.findall(r"[a-z]{4,}", answer.lower())))
        mended = [m for w in asked if w not in said for m in difflib.get_close_matches(w, said, n=1, cutoff=0.8)]
        return self.chat.example_with_words(question, answer, [w[:5] for w in asked] + mended)

    @staticmethod
    def batch(listed: list[tuple[Example, int, float, bool]]) -> Batch:
        examples, owners, weights, known = zip(*listed)
        return Batch(Rows.of(list(examples), list(owners), multiple=8), torch.tensor(weights), torch.tensor(known))


def varied(rng: random.Random, pair: tuple[str, str], fixed: str) -> tuple[str, str]:
    question, answer = written.varied(rng, pair, fixed)
    return (slip(rng, question) if rng.random() < SLIPS else question), answer


def lessons(tokenizer: Tokenizer, plan: Plan, workers: int, seed: int) -> Iterator[Lesson]:
    """Lessons of several schools in turn, made in `workers` processes; 0: in this one."""
    school = School(tokenizer, plan, seed)
    return iter(DataLoader(school, batch_size=None, num_workers=workers, prefetch_factor=8 if workers else None))
