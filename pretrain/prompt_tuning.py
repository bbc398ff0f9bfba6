"""Prompt tuning of many companies at once, with the page's recipe (`src/settings.rs`, `src/tuner.rs`).

Lester et al. 2021 (arXiv:2104.08691): P virtual tokens in front of the input, the language model frozen. Each of the
N companies has its own soft prompt; the sequences of all of them share one batch, which is what makes an evaluation of
dozens of companies quick. Letters: N companies, P virtual tokens, S sequences, T positions, D hidden size.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from chat import Chat, Example, Rows
from model import Llama


@dataclass
class Settings:
    """The page's defaults; names as in `src/settings.rs`."""

    num_virtual_tokens: int = 64
    init: str = "text"  # text: the objective; examples: the first tokens of the examples themselves
    learning_rate: float = 0.05
    batch_size: int = 5
    steps: int = 100
    warmup_ratio: float = 0.05
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    seed: int = 0
    eval_every: int = 5

    def learning_rate_at(self, step: int) -> float:
        """`transformers`' linear schedule with warm-up. step is 0-based."""
        warmup = math.ceil(self.warmup_ratio * self.steps)
        if step < warmup:
            return self.learning_rate * step / warmup
        return self.learning_rate * max(0.0, 1 - (step - warmup) / max(1, self.steps - warmup))


def row_losses(model: Llama, prompts: Tensor, rows: Rows, hidden=None, word_weight: float = 1.0) -> tuple[Tensor, Tensor]:
    """Summed cross-entropy (S,) of each sequence's learned tokens and their number (S,). prompts (N, P, D).

    word_weight: how often a token counts that takes up a word of the question.
    """
    p, rows = prompts.shape[1], rows.to(prompts.device)
    row, at = rows.learned.unbind(1)  # (L,) each
    x = torch.cat((prompts[rows.owner], model.embed_tokens(rows.ids)), 1)  # (S, P + T, D)
    h = (hidden or model.hidden)(x)
    losses = F.cross_entropy(model.logits(h[row, p + at - 1]).float(), rows.ids[row, at], reduction="none")
    weights = 1 + (word_weight - 1) * rows.taken_up.to(losses.dtype)  # (L,)
    none = losses.new_zeros(len(rows.ids))
    return none.index_add(0, row, weights * losses), none.index_add(0, row, weights)


def company_losses(model: Llama, prompts: Tensor, rows: Rows, companies: int, hidden=None) -> Tensor:
    """Mean loss a learned token of each company (N,)."""
    sums, counts = row_losses(model, prompts, rows, hidden)
    owner, none = rows.owner.to(sums.device), sums.new_zeros(companies)
    return none.index_add(0, owner, sums) / none.index_add(0, owner, counts).clamp(min=1)


def first_prompts(model: Llama, ids: list[list[int]], virtual_tokens: int) -> Tensor:
    """Embeddings of each company's text, trimmed or repeated to P virtual tokens (as PEFT does): (N, P, D)."""
    filled = torch.tensor([tiled(text, virtual_tokens) for text in ids])
    return model.embed_tokens.weight[filled].detach().clone()


def tiled(ids: list[int], count: int) -> list[int]:
    """Trimmed or repeated to `count`."""
    return (ids * -(-count // len(ids)))[:count]


def init_ids(chat: Chat, objective: str, examples: list[Example], settings: Settings) -> list[int]:
    if settings.init == "text":
        return chat.plain(objective)
    each = -(-settings.num_virtual_tokens // len(examples))
    return [i for e in examples for i in e.ids[e.start : e.start + each]]


def clip(gradient: Tensor, norm: float) -> Tensor:
    """Each company's gradient no longer than `norm`, as `torch.nn.utils.clip_grad_norm_` for one. (N, P, D)."""
    length = gradient.flatten(1).norm(dim=1)
    return gradient * (norm / (length + 1e-6)).clamp(max=1)[:, None, None]


def tune(model: Llama, prompts: Tensor, examples: list[list[Example]], settings: Settings, report=None) -> Tensor:
    """Trains prompts (N, P, D) on each company's examples; returns the trained prompts. The model is not changed."""
    prompts = prompts.clone().requires_grad_(True)
    optimiser = torch.optim.AdamW([prompts], lr=settings.learning_rate, weight_decay=settings.weight_decay)
    order = [BatchOrder(len(e), settings.batch_size, settings.seed) for e in examples]
    for step in range(settings.steps):
        chosen = [(company, i) for company, o in enumerate(order) for i in o.next()]
        rows = Rows.of([examples[c][i] for c, i in chosen], [c for c, _ in chosen])
        losses = company_losses(model, prompts, rows, len(examples))
        (gradient,) = torch.autograd.grad(losses.sum(), prompts)
        prompts.grad = clip(gradient, settings.max_grad_norm)
        optimiser.param_groups[0]["lr"] = settings.learning_rate_at(step)
        optimiser.step()
        if report:
            report(step, losses.detach(), prompts.detach())
    return prompts.detach()


NEAR_LOWEST = 0.03  # as in `src/kept_prompt.rs`


class KeptPrompt:
    """Each company's prompt that the page keeps and answers with: the mean of its prompts from the lowest held-out loss
    on, of those whose loss lies within `NEAR_LOWEST` of it, as that of the mean with them does (`src/kept_prompt.rs`).

    held_out: rows of N companies that are not trained on. An instance is the `report` of `tune`.
    """

    def __init__(self, model: Llama, held_out: list[list[Example]], settings: Settings, first: Tensor):
        self.model, self.settings, self.companies = model, settings, len(held_out)
        self.rows = Rows.of([e for es in held_out for e in es], [i for i, es in enumerate(held_out) for _ in es])
        self.lowest, self.sums = self.evaluate(first), first.double()  # (N,), (N, P, D)
        self.steps = torch.zeros(self.companies, dtype=torch.long, device=first.device)  # of the lowest
        self.counts = torch.ones(self.companies, dtype=torch.long, device=first.device)

    @property
    def prompts(self) -> Tensor:  # (N, P, D)
        return (self.sums / self.counts[:, None, None]).float()

    @torch.no_grad()
    def evaluate(self, prompts: Tensor) -> Tensor:  # (N, P, D) -> (N,)
        return company_losses(self.model, prompts, self.rows, self.companies)

    def __call__(self, step: int, _: Tensor, prompts: Tensor) -> None:
        done = step + 1
        if done % self.settings.eval_every and done != self.settings.steps:
            return
        losses = self.evaluate(prompts)
        lower = losses < self.lowest
        self.lowest, self.steps[lower] = torch.where(lower, losses, self.lowest), done
        self.sums[lower], self.counts[lower] = prompts[lower].double(), 1
        near = ~lower & self.is_near(losses)
        if near.any():
            with_them = (self.sums + prompts) / (self.counts + 1)[:, None, None]
            taken = near & self.is_near(self.evaluate(with_them.float()))
            self.sums[taken] += prompts[taken].double()
            self.counts[taken] += 1

    def is_near(self, losses: Tensor) -> Tensor:  # (N,) -> (N,) bool
        return losses <= self.lowest * (1 + NEAR_LOWEST)


class BatchOrder:
    """Every example once an epoch, in a new order each time, always full batches (`src/batches.rs`)."""

    def __init__(self, examples: int, batch_size: int, seed: int):
        self.examples, self.size = examples, min(batch_size, examples)
        self.random = torch.Generator().manual_seed(seed)
        self.waiting: list[int] = []

    def next(self) -> list[int]:
        while len(self.waiting) < self.size:
            self.waiting += torch.randperm(self.examples, generator=self.random).tolist()
        batch, self.waiting = self.waiting[: self.size], self.waiting[self.size :]
        return batch
