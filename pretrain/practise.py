"""The last phase of pretraining: the model practises being prompt-tuned.

    python practise.py NAME --minutes 25 --out FOLDER           goes on from work/runs/NAME, which is not changed
    python practise.py --start MODEL --minutes 25 --out FOLDER  goes on from a model's folder, its optimisers anew

Companies of the generator and companies written one by one (`corpus/written.py`) are prompt-tuned in the page's way, N at a time, each on eight
pairs of its own. While that happens, the language model learns to answer *other* questions of the same companies under
those half-trained soft prompts, so that a prompt that has seen a few answers sets the voice and does not drown out the
question. This is first-order meta-learning (Finn et al. 2017, arXiv:1703.03400, section 5.2) with the soft prompt as the
inner parameters; one pass serves both: the new questions' prompts are cut off from the gradient.
Letters: N companies, P virtual tokens, S sequences, T positions, D hidden size.
"""

import argparse
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

import checkpoint
from chat import Chat, Example, Rows
from corpus import written
from corpus.generate import Material, Setting
from corpus.voice import objective
from model import Config, Llama
from prepare import WORK
from prompt_tuning import BatchOrder, Settings, clip, first_prompts, init_ids, row_losses
from train import WARMUP, Run, held_out_losses

EXAMPLES = 8  # what the page trains on when ten are given and two held out
KNOWN = 2  # of them in each step
ASKED = 8  # times at most, on average, that a new question of a written company is asked under one prompt
KNOWN_WEIGHT = 0.5  # of their mean loss against that of the new questions (the prompts' Adam does not see it)
PARTS = 4  # the sequences of a step, sorted by length, go through the model in so many parts, to pad them less


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
    weight: Tensor  # (S,) so that a company's new rows sum to their mean, its known ones to KNOWN_WEIGHT times theirs
    known: Tensor  # (S,) bool: one of the examples


class School:
    """Many companies with their soft prompts (pupils, P, D) and Adam's moments; N of them have a lesson in each step.

    There are many more than have a lesson, so that the few answers of one written company do not come so close
    after each other that the model learns them by heart.
    """

    def __init__(
        self, chat: Chat, settings: Settings, pupils: int, positions: int, written_share: float, seed: int, fewest_pairs: int = 0
    ):
        self.chat, self.settings, self.positions, self.written_share = chat, settings, positions, written_share
        self.listed = [c for c in written.companies() if len(c.pairs) >= fewest_pairs]
        self.rng, self.material, self.deck = random.Random(seed), Material.read(), []
        self.pupils = [self.enrol() for _ in range(pupils)]
        for p in self.pupils:
            p.life = self.rng.randint(1, settings.steps)  # not all leave at once

    def enrol(self) -> Pupil:
        while True:
            rng = random.Random(self.rng.random())
            draw = self.written if rng.random() < self.written_share else self.generated
            text, known, new_questions, ask = draw(rng)
            examples = [e for e in (self.chat.example(*pair) for pair in known) if len(e.ids) <= self.positions][:EXAMPLES]
            if len(examples) == EXAMPLES:
                order = BatchOrder(EXAMPLES, KNOWN, self.rng.randrange(1 << 30))
                longest = min(self.settings.steps, ASKED * new_questions)
                life = self.rng.randint(longest // 2, longest)
                return Pupil(ask, examples, order, init_ids(self.chat, text, examples, self.settings), life)

    def generated(self, rng: random.Random) -> tuple[str, list[tuple[str, str]], int, Callable]:
        """Objective, pairs, how many others there are, and how to get one: a company of the generator."""
        setting = Setting.draw(rng, self.material, voiced=0.9)
        pairs = [setting.pair(rng) for _ in range(2 * EXAMPLES)]
        return objective(setting.voice, rng, setting.company), pairs, 1_000_000, lambda: setting.pair(rng)

    def written(self, rng: random.Random) -> tuple[str, list[tuple[str, str]], int, Callable]:
        """The same for a company that was written, all of them in turn: new questions are those that are left."""
        if not self.deck:
            self.deck = self.rng.sample(self.listed, len(self.listed))
        company = self.deck.pop()
        pairs = rng.sample(company.pairs, len(company.pairs))
        known, left = pairs[:EXAMPLES], pairs[EXAMPLES:]
        return company.objective, [written.varied(rng, p) for p in known], len(left), lambda: written.varied(rng, rng.choice(left))

    def start(self, model: Llama) -> None:
        self.prompts = first_prompts(model, [p.first for p in self.pupils], self.settings.num_virtual_tokens)
        self.mean, self.square = torch.zeros_like(self.prompts), torch.zeros_like(self.prompts)

    def batches(self, chosen: list[int], new_questions: int) -> list[Batch]:
        listed: list[tuple[Example, int, float, bool]] = []
        for i, p in enumerate(self.pupils[c] for c in chosen):
            listed += [(p.examples[j], i, KNOWN_WEIGHT / KNOWN, True) for j in p.order.next()]
            fresh = [e for e in (self.chat.example(*p.ask()) for _ in range(2 * new_questions)) if len(e.ids) <= self.positions]
            listed += [(e, len(chosen) + i, 1 / new_questions, False) for e in fresh[:new_questions]]
        listed.sort(key=lambda row: len(row[0].ids))
        size = -(-len(listed) // PARTS)
        return [self.batch(listed[i : i + size]) for i in range(0, len(listed), size)]

    @staticmethod
    def batch(listed: list[tuple[Example, int, float, bool]]) -> Batch:
        examples, owners, weights, known = zip(*listed)
        return Batch(Rows.of(list(examples), list(owners), multiple=8), torch.tensor(weights), torch.tensor(known))

    def lesson(self, model: Llama, companies: int, new_questions: int, hidden: Callable | None = None) -> dict[str, float]:
        """A step of N prompts; adds the mean gradient of a company to the model's. Returns the mean losses."""
        chosen = self.rng.sample(range(len(self.pupils)), companies)
        prompts = self.prompts[chosen].requires_grad_(True)  # (N, P, D)
        seen: dict[str, list[float]] = {"known": [], "new": []}
        for batch in self.batches(chosen, new_questions):
            sums, counts = row_losses(model, torch.cat((prompts, prompts.detach())), batch.rows, hidden)
            each = sums / counts.clamp(min=1)
            (each * batch.weight).sum().backward()
            seen["known"] += each[batch.known].tolist()
            seen["new"] += each[~batch.known].tolist()
        for p in model.parameters():
            p.grad /= (1 + KNOWN_WEIGHT) * companies
        self.update(chosen, prompts.grad, model)
        return {k: sum(v) / max(1, len(v)) for k, v in seen.items()}

    def update(self, chosen: list[int], gradient: Tensor, model: Llama) -> None:
        """AdamW on the chosen prompts, each with its own step count and learning rate; then the old ones leave."""
        gradient = clip(gradient, self.settings.max_grad_norm)
        pupils = [self.pupils[c] for c in chosen]
        self.mean[chosen] = mean = self.mean[chosen].lerp(gradient, 0.1)
        self.square[chosen] = square = self.square[chosen].lerp(gradient.square(), 0.001)
        age = torch.tensor([p.age + 1.0 for p in pupils])[:, None, None]
        rate = torch.tensor([self.settings.learning_rate_at(p.age) for p in pupils])[:, None, None]
        self.prompts[chosen] -= rate * (mean / (1 - 0.9**age)) / ((square / (1 - 0.999**age)).sqrt() + 1e-8)
        for c in chosen:
            self.pupils[c].age += 1
            if self.pupils[c].age >= self.pupils[c].life:
                self.pupils[c] = new = self.enrol()
                self.prompts[c] = first_prompts(model, [new.first], self.settings.num_virtual_tokens)[0]
                self.mean[c], self.square[c] = 0, 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", help="of the run under work/runs that it goes on from")
    parser.add_argument("--start", type=Path, help="instead of a run: Hugging Face folder whose weights it starts from")
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pupils", type=int, default=200, help="companies whose prompts are under way")
    parser.add_argument("--companies", type=int, default=20, help="of them that have a lesson in a step")
    parser.add_argument("--new-questions", type=int, default=1, help="of each company in each step")
    parser.add_argument("--virtual-tokens", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=0.05, help="of the soft prompts")
    parser.add_argument("--pair-positions", type=int, default=128, help="longer pairs are left out")
    parser.add_argument("--written-share", type=float, default=0.75, help="of the companies: written one by one")
    parser.add_argument("--fewest-pairs", type=int, default=20, help="of a written company that takes part")
    parser.add_argument("--sequences", type=int, default=6, help="ordinary sequences of the shards in each step")
    parser.add_argument("--positions", type=int, default=256, help="of an ordinary sequence")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--matrix-rate", type=float, default=0.02)
    parser.add_argument("--strength", type=float, default=0.4, help="learning rate at the start, of the run's own")
    parser.add_argument("--config", default="{}")
    parser.add_argument("--seed", type=int, default=0)
    a = parser.parse_args()
    if (a.name is None) == (a.start is None):
        parser.error("give either the name of a run or --start FOLDER")
    tokenizer = Tokenizer.from_file(str(WORK / "tokenizer.json"))
    run = Run(Config(vocab_size=tokenizer.get_vocab_size(), **json.loads(a.config)), a, tokenizer)
    if a.start:
        run.model.load_state_dict(checkpoint.load_for(a.start, tokenizer).state_dict())
    else:
        run.restore(WORK / "runs" / a.name)
    model = run.model
    settings = Settings(num_virtual_tokens=a.virtual_tokens, learning_rate=a.learning_rate)
    school = School(Chat(tokenizer), settings, a.pupils, a.pair_positions, a.written_share, a.seed, a.fewest_pairs)
    school.start(model)
    shard_loss, hidden = torch.compile(model.loss), torch.compile(model.hidden, dynamic=True)
    began, saved, done, lessons, averages = time.time(), time.time(), 0.0, 0, {}
    while done < 1:
        lessons += 1
        run.set_rate(a.strength * min(lessons / WARMUP, max(0.01, 1 - done)))
        now = school.lesson(model, a.companies, a.new_questions, hidden)
        if a.sequences:
            ordinary = shard_loss(run.shards.next())
            ordinary.backward()
            now["shards"] = ordinary.item()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in run.optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        run.step += 1
        done = (time.time() - began) / (a.minutes * 60)
        averages = {k: v if k not in averages else 0.97 * averages[k] + 0.03 * v for k, v in now.items()}
        if run.step % 25 == 0:
            shown = "  ".join(f"{k} {v:.3f}" for k, v in averages.items())
            print(f"step {run.step}  loss {shown}  {a.minutes * (1 - done):.1f} min left", flush=True)
        if time.time() - saved > 300:
            checkpoint.save(a.out, model, tokenizer)
            saved = time.time()
    print("held-out loss", {k: round(v, 3) for k, v in held_out_losses(model).items()}, flush=True)
    checkpoint.save(a.out, model, tokenizer)


if __name__ == "__main__":
    main()
