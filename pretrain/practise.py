"""The last phase of pretraining: the model practises being prompt-tuned.

    python practise.py NAME --minutes 25 --out FOLDER           goes on from work/runs/NAME, which is not changed
    python practise.py --start MODEL --minutes 25 --out FOLDER  goes on from a model's folder, its optimisers anew

The same command again goes on where an interrupted practice was last saved (every five minutes, in FOLDER).

Companies of the generator and companies written one by one (`lessons.py`) are prompt-tuned in the page's way, N at a
time, each on eight pairs of its own. While that happens, the language model learns to answer *other* questions of the
same companies under those half-trained soft prompts, so that a prompt that has seen a few answers sets the voice and does
not drown out the question. This is first-order meta-learning (Finn et al. 2017, arXiv:1703.03400, section 5.2) with the
soft prompt as the inner parameters; one pass serves both: the new questions' prompts are cut off from the gradient.
Letters: N companies, P virtual tokens, S sequences, T positions, D hidden size.
"""

import argparse
import copy
import time
from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

import checkpoint
import companies
import device
from evaluate import Evaluation
from lessons import KNOWN_WEIGHT, Lesson, Plan, lessons
from model import Llama
from prepare import WORK
from prompt_tuning import Settings, clip, row_losses
from train import STATE, WARMUP, Run, held_out_losses, resumed, started


class Prompts:
    """The soft prompts of all pupils (pupils, P, D) with Adam's moments, each with its own step count."""

    def __init__(self, model: Llama, pupils: int, settings: Settings):
        self.model, self.max_grad_norm = model, settings.max_grad_norm
        self.values = torch.zeros(pupils, settings.num_virtual_tokens, model.config.hidden_size, device=model.device)
        self.mean, self.square = torch.zeros_like(self.values), torch.zeros_like(self.values)

    @torch.no_grad()
    def begin(self, pupils: Tensor, first: Tensor) -> None:
        """Embeddings of the first tokens (M, P), as the model has them now."""
        self.values[pupils] = self.model.embed_tokens.weight[first]
        self.mean[pupils] = 0
        self.square[pupils] = 0

    def state(self) -> dict[str, Tensor]:
        return {"values": self.values, "mean": self.mean, "square": self.square}

    def restore(self, state: dict[str, Tensor]) -> None:
        self.values, self.mean, self.square = state["values"], state["mean"], state["square"]

    def step(self, lesson: Lesson, gradient: Tensor) -> None:
        """AdamW on the prompts that had a lesson."""
        chosen, age, rate = (t.to(gradient.device) for t in (lesson.chosen, lesson.age + 1, lesson.rate))
        age, rate, gradient = age[:, None, None], rate[:, None, None], clip(gradient, self.max_grad_norm)
        self.mean[chosen] = mean = self.mean[chosen].lerp(gradient, 0.1)
        self.square[chosen] = square = self.square[chosen].lerp(gradient.square(), 0.001)
        self.values[chosen] -= rate * (mean / (1 - 0.9**age)) / ((square / (1 - 0.999**age)).sqrt() + 1e-8)


def practise(model: Llama, prompts: Prompts, lesson: Lesson, hidden: Callable | None = None, word_weight: float = 1.0) -> dict[str, Tensor]:
    """A step of N prompts; adds the mean gradient of a company to the model's. Returns the mean losses."""
    if len(lesson.newcomers):
        prompts.begin(lesson.newcomers, lesson.first)
    values = prompts.values[lesson.chosen].requires_grad_(True)  # (N, P, D)
    seen: dict[str, list[Tensor]] = {"known": [], "new": []}
    for batch in lesson.batches:
        with device.mixed(model.device):
            sums, counts = row_losses(model, torch.cat((values, values.detach())), batch.rows, hidden, word_weight)
        each = sums / counts.clamp(min=1)
        known = batch.known.to(each.device)
        (each * batch.weight.to(each.device)).sum().backward()
        for kind, mask in (("known", known), ("new", ~known)):
            seen[kind].append(torch.stack(((each.detach() * mask).sum(), mask.sum())))
    for p in model.parameters():
        p.grad /= (1 + KNOWN_WEIGHT) * len(lesson.chosen)
    prompts.step(lesson, values.grad / KNOWN_WEIGHT)  # their loss is the page's: that of their examples alone
    totals = {k: torch.stack(v).sum(0) for k, v in seen.items()}
    return {k: total / count.clamp(min=1) for k, (total, count) in totals.items()}


def judge(model: Llama, tokenizer: Tokenizer) -> str:
    """The development companies, tuned as the page does it."""
    began, split = time.time(), companies.load("dev")
    scores, _ = Evaluation(copy.deepcopy(model), tokenizer, split).tuned(Settings())
    shown = "  ".join(f"{k} {companies.mean([s[k] for s in scores]):.3f}" for k in ("checks", "topic", "loops", "unseen_loss", "last_loss"))
    return f"dev companies: {shown}  ({time.time() - began:.0f} s)"


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", help="of the run under work/runs that it goes on from")
    parser.add_argument("--start", type=Path, help="instead of a run: Hugging Face folder whose weights it starts from")
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pupils", type=int, default=Plan.pupils, help="companies of each worker whose prompts are under way")
    parser.add_argument("--companies", type=int, default=Plan.companies, help="of them that have a lesson in a step")
    parser.add_argument("--new-questions", type=int, default=Plan.new_questions, help="of each company in each step")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=Plan.batch_sizes, help="of the prompts' training, drawn for each company")
    parser.add_argument("--word-weight", type=float, default=1, help="how often a token of a new answer counts that takes up a word of the question")
    parser.add_argument("--virtual-tokens", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=0.05, help="of the soft prompts")
    parser.add_argument("--pair-positions", type=int, default=Plan.positions, help="longer pairs are left out")
    parser.add_argument("--written-share", type=float, default=Plan.written_share, help="of the companies: written one by one")
    parser.add_argument("--recast-share", type=float, default=Plan.recast_share, help="of the companies: written, in another voice")
    parser.add_argument("--most-asked", type=int, default=Plan.most_asked, help="times at most that a written company's new question comes under one prompt")
    parser.add_argument("--fewest-pairs", type=int, default=Plan.fewest_pairs, help="of a written company that takes part")
    parser.add_argument("--written-files", default=Plan.written_files, metavar="PATTERN", help="of content/companies: only these written companies take part in their own voice")
    parser.add_argument("--parts", type=int, default=Plan.parts, help="that a step is cut into, by length")
    parser.add_argument("--workers", type=int, default=0, help="processes that make lessons; 0: this one")
    parser.add_argument("--corpus", type=Path, default=Plan.corpus, help="folder of the real sources")
    parser.add_argument("--shards", type=Path, default=WORK / "shards", help="folder of the shards")
    parser.add_argument("--sequences", type=int, default=6, help="ordinary sequences of the shards in each step")
    parser.add_argument("--positions", type=int, default=256, help="of an ordinary sequence")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--matrix-rate", type=float, default=0.02)
    parser.add_argument("--strength", type=float, default=0.4, help="learning rate at the start, of the run's own")
    parser.add_argument("--judge-every", type=float, default=0, metavar="MINUTES", help="evaluate the development companies")
    parser.add_argument("--seed", type=int, default=0)
    a = parser.parse_args(given)
    if (a.name is None) == (a.start is None):
        parser.error("give either the name of a run or --start FOLDER")
    return a


class Practice:
    """A run with the soft prompts that are under way and the lessons that come: a new one, or one that was interrupted."""

    def __init__(self, a: argparse.Namespace, tokenizer: Tokenizer, place: torch.device, compiled: Callable = lambda f, **_: f):
        self.a, self.place, going_on = a, place, (a.out / STATE).exists()
        settings = Settings(num_virtual_tokens=a.virtual_tokens, learning_rate=a.learning_rate)
        plan = Plan(
            settings, pupils=a.pupils, companies=a.companies, new_questions=a.new_questions, batch_sizes=tuple(a.batch_sizes),
            positions=a.pair_positions, written_share=a.written_share, recast_share=a.recast_share, most_asked=a.most_asked,
            fewest_pairs=a.fewest_pairs, written_files=a.written_files, parts=a.parts, corpus=a.corpus,
        )  # fmt: skip
        if going_on:
            self.run = resumed(a.out, a, tokenizer, place)
        else:
            self.run = started(a, tokenizer, place) if a.start else resumed(WORK / "runs" / a.name, a, tokenizer, place)
        self.prompts = Prompts(self.run.model, a.pupils * max(1, a.workers), settings)
        self.lessons, self.seconds, self.tokens = 0, 0.0, 0
        if going_on:
            self.lessons, self.seconds = self.run.beside["lessons"], self.run.beside["seconds"]
            self.prompts.restore(self.run.beside["prompts"])
        self.coming = lessons(tokenizer, plan, a.workers, a.seed)
        for _ in range(self.lessons):  # those that it had: a seed gives the same ones again
            next(self.coming)
        self.loss, self.hidden = compiled(self.run.model.loss), compiled(self.run.model.hidden, dynamic=True)

    def step(self, done: float) -> dict[str, Tensor]:
        """A lesson and some ordinary sequences. done: the share of the time that is over. Returns the mean losses."""
        a, run, lesson = self.a, self.run, next(self.coming)
        run.set_rate(a.strength * min((self.lessons + 1) / WARMUP, max(0.01, 1 - done)))
        now = practise(run.model, self.prompts, lesson, self.hidden, a.word_weight)
        if a.sequences:
            with device.mixed(self.place):
                ordinary = self.loss(run.shards.next().to(self.place))
            ordinary.backward()
            now["shards"] = ordinary.detach()
        torch.nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
        for optimiser in run.optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        run.step += 1
        self.lessons += 1
        self.tokens += sum(b.rows.ids.numel() for b in lesson.batches) + a.sequences * a.positions
        return now

    def save(self, seconds: float) -> None:
        self.run.beside = {"lessons": self.lessons, "seconds": seconds, "prompts": self.prompts.state()}
        self.run.save(self.a.out)


def main() -> None:
    a, place = arguments(), device.choose()
    tokenizer = Tokenizer.from_file(str(WORK / "tokenizer.json"))
    practice = Practice(a, tokenizer, place, torch.compile)
    model, averages = practice.run.model, {}
    done, began = practice.seconds / (a.minutes * 60), None
    while done < 1:
        now = practice.step(done)
        averages = {k: v if k not in averages else averages[k].lerp(v, 0.03) for k, v in now.items()}
        if began is None:  # the clock starts when all is compiled
            began, practice.tokens = time.time() - practice.seconds, 0
            saved = judged = shown_at = time.time()
        done = (time.time() - began) / (a.minutes * 60)
        if practice.run.step % 25 == 0:
            shown, speed = "  ".join(f"{k} {v:.3f}" for k, v in averages.items()), practice.tokens / (time.time() - shown_at)
            print(f"step {practice.run.step}  loss {shown}  {speed:.0f} tokens/s  {a.minutes * (1 - done):.1f} min left", flush=True)
            practice.tokens, shown_at = 0, time.time()
        if a.judge_every and time.time() - judged > a.judge_every * 60:
            judged = time.time()
            print(judge(model, tokenizer), flush=True)
        if time.time() - saved > 300:
            practice.save(time.time() - began)
            saved = time.time()
    (a.out / STATE).unlink(missing_ok=True)
    checkpoint.save(a.out, model, tokenizer)
    print("held-out loss", {k: round(v, 3) for k, v in held_out_losses(model).items()}, flush=True)


if __name__ == "__main__":
    main()
