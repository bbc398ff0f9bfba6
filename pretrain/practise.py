"""The last phase of pretraining: the model practises being prompt-tuned.

    python practise.py NAME --minutes 25 --out FOLDER      goes on from work/runs/NAME, which is not changed

Companies of the generator are prompt-tuned in the page's way, N at a time, each on ten pairs of its own. While that
happens, the language model learns to answer *other* questions of the same companies under those half-trained soft
prompts, so that a prompt that has seen ten answers sets the voice and does not drown out the question. This is
first-order meta-learning (Finn et al. 2017, arXiv:1703.03400, section 5.2) with the soft prompt as the inner
parameters; one pass serves both: the new questions' prompts are cut off from the gradient.
Letters: N companies, P virtual tokens, S sequences, T positions, D hidden size.
"""

import argparse
import json
import random
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

import checkpoint
from chat import Chat, Example
from corpus.generate import Material, Setting
from corpus.voice import objective
from model import Config
from prepare import WORK
from prompt_tuning import BatchOrder, Settings, clip, first_prompts, init_ids
from train import Run, held_out_losses

EXAMPLES = 10
NOT_LEARNED = -100


@dataclass
class Pupil:
    """One company while its soft prompt trains."""

    setting: Setting
    rng: random.Random
    examples: list[Example]
    order: BatchOrder
    first: list[int]  # token ids whose embeddings the prompt starts from
    life: int  # steps until another company takes its place
    age: int = 0


class School:
    """N companies with their soft prompts (N, P, D) and Adam's moments."""

    def __init__(self, chat: Chat, settings: Settings, pupils: int, positions: int, seed: int):
        self.chat, self.settings, self.positions = chat, settings, positions
        self.rng, self.material = random.Random(seed), Material.read()
        self.pupils = [self.enrol() for _ in range(pupils)]
        for p in self.pupils:
            p.life = self.rng.randint(1, settings.steps)  # not all leave at once

    def enrol(self) -> Pupil:
        while True:
            setting = Setting.draw(self.rng, self.material, voiced=0.9)
            rng = random.Random(self.rng.random())
            examples = [e for e in (self.example(setting, rng) for _ in range(3 * EXAMPLES)) if e][:EXAMPLES]
            if len(examples) == EXAMPLES:
                order = BatchOrder(EXAMPLES, 3, self.rng.randrange(1 << 30))
                text = objective(setting.voice, rng, setting.company)
                life = self.rng.randint(self.settings.steps // 4, self.settings.steps)
                return Pupil(setting, rng, examples, order, init_ids(self.chat, text, examples, self.settings), life)

    def example(self, setting: Setting, rng: random.Random) -> Example | None:
        e = self.chat.example(*setting.pair(rng))
        return e if len(e.ids) <= self.positions else None

    def start(self, model) -> None:
        self.prompts = first_prompts(model, [p.first for p in self.pupils], self.settings.num_virtual_tokens)
        self.mean, self.square = torch.zeros_like(self.prompts), torch.zeros_like(self.prompts)

    def batch(self, new_questions: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """ids (S, T), targets (S, T), owner (S,), whether the row is one of the ten (S,)."""
        rows, owner, known = [], [], []
        for i, p in enumerate(self.pupils):
            seen = [p.examples[j] for j in p.order.next()]
            fresh = [e for e in (self.example(p.setting, p.rng) for _ in range(3 * new_questions)) if e][:new_questions]
            fresh += seen[: new_questions - len(fresh)]
            rows += seen + fresh
            owner += [i] * (len(seen) + new_questions)
            known += [True] * len(seen) + [False] * new_questions
        ids = torch.zeros(len(rows), self.positions, dtype=torch.long)
        targets = torch.full((len(rows), self.positions), NOT_LEARNED)
        for row, e in enumerate(rows):
            ids[row, : len(e.ids)] = torch.tensor(e.ids)
            targets[row, e.start : len(e.ids)] = ids[row, e.start : len(e.ids)]
        return ids, targets, torch.tensor(owner), torch.tensor(known)

    def step(self, gradient: Tensor, model) -> None:
        """AdamW on every company's prompt with its own step count and learning rate; then the old ones leave."""
        gradient = clip(gradient, self.settings.max_grad_norm)
        self.mean.lerp_(gradient, 0.1)
        self.square.lerp_(gradient.square(), 0.001)
        age = torch.tensor([p.age + 1.0 for p in self.pupils])[:, None, None]
        rate = torch.tensor([self.settings.learning_rate_at(p.age) for p in self.pupils])[:, None, None]
        self.prompts -= rate * (self.mean / (1 - 0.9**age)) / ((self.square / (1 - 0.999**age)).sqrt() + 1e-8)
        for i, p in enumerate(self.pupils):
            p.age += 1
            if p.age >= p.life:
                self.pupils[i] = new = self.enrol()
                self.prompts[i] = first_prompts(model, [new.first], self.settings.num_virtual_tokens)[0]
                self.mean[i], self.square[i] = 0, 0


def losses(model, prompts: Tensor, ids: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy (S,) of each row's learned tokens behind its prompt. prompts (S, P, D)."""
    h = model.hidden(torch.cat((prompts, model.embed_tokens(ids)), 1))[:, prompts.shape[1] - 1 : -1]  # (S, T, D)
    each = F.cross_entropy(model.logits(h).flatten(0, 1), targets.flatten(), reduction="none", ignore_index=NOT_LEARNED)
    return each.view(targets.shape).sum(1) / (targets != NOT_LEARNED).sum(1).clamp(min=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--companies", type=int, default=12)
    parser.add_argument("--new-questions", type=int, default=2, help="of each company in each step")
    parser.add_argument("--virtual-tokens", type=int, default=20)
    parser.add_argument("--pair-positions", type=int, default=112, help="longer pairs are left out")
    parser.add_argument("--sequences", type=int, default=8, help="ordinary sequences of the shards in each step")
    parser.add_argument("--positions", type=int, default=256, help="of an ordinary sequence")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--matrix-rate", type=float, default=0.02)
    parser.add_argument("--strength", type=float, default=0.5, help="learning rate at the start, of the run's own")
    parser.add_argument("--config", default="{}")
    parser.add_argument("--seed", type=int, default=0)
    a = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(WORK / "tokenizer.json"))
    run = Run(Config(vocab_size=tokenizer.get_vocab_size(), **json.loads(a.config)), a, tokenizer)
    run.restore(WORK / "runs" / a.name)
    model = run.model
    school = School(Chat(tokenizer), Settings(num_virtual_tokens=a.virtual_tokens), a.companies, a.pair_positions, a.seed)
    school.start(model)
    row_losses, shard_loss = torch.compile(losses), torch.compile(model.loss)
    began, done, averages = time.time(), 0.0, {}
    while done < 1:
        run.set_rate(a.strength * max(0.01, 1 - done))
        ids, targets, owner, known = school.batch(a.new_questions)
        prompts = school.prompts.clone().requires_grad_(True)
        mine = prompts[owner]
        each = row_losses(model, torch.where(known[:, None, None], mine, mine.detach()), ids, targets)
        # the sum over companies of their mean: the model's share is divided again below
        total = each[known].sum() / (known.sum() / a.companies) + each[~known].sum() / a.new_questions
        total.backward()
        for p in model.parameters():
            p.grad /= 2 * a.companies
        if a.sequences:
            ordinary = shard_loss(run.shards.next())
            ordinary.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in run.optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        school.step(prompts.grad, model)
        run.step += 1
        done = (time.time() - began) / (a.minutes * 60)
        now = {"known": each[known].mean().item(), "new": each[~known].mean().item(), "shards": ordinary.item() if a.sequences else 0}
        averages = {k: v if k not in averages else 0.97 * averages[k] + 0.03 * v for k, v in now.items()}
        if run.step % 25 == 0:
            shown = "  ".join(f"{k} {v:.3f}" for k, v in averages.items())
            print(f"step {run.step}  loss {shown}  {a.minutes * (1 - done):.1f} min left", flush=True)
    print("held-out loss", {k: round(v, 3) for k, v in held_out_losses(model).items()}, flush=True)
    checkpoint.save(a.out, model, tokenizer)


if __name__ == "__main__":
    main()
