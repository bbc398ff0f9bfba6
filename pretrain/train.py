"""Pretraining: next-token loss on the shards, in as many sittings as it takes.

    python train.py NAME --minutes 80              goes on where work/runs/NAME stands (or starts it)
    python train.py NAME --start FOLDER            a new run from a trained model's weights, its tokens translated
    python train.py NAME --decay 6 --out FOLDER    cools the learning rate to 0 in 6 M tokens, from a copy, and exports

The learning rate is constant until a run is cooled (warm-up, stable, decay: Hu et al. 2024, arXiv:2404.06395), so a run
can be cooled, judged, and gone on with from before the cooling.
"""

import argparse
import json
import signal
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

import checkpoint
import device
from chat import END_OF_TEXT
from model import Config, Llama
from muon import Muon
from prepare import WORK

WARMUP = 60  # steps
STATE = "state.pt"  # a run that can go on


class Shards:
    """Sequences of T + 1 ids in the order of the shards, each shard once; each sequence starts at a document."""

    def __init__(self, folder: Path, positions: int, sequences: int, end_of_text: int):
        self.folder, self.t, self.b, self.end = folder, positions, sequences, end_of_text
        self.shard, self.at, self.starts = -1, 0, np.array([], dtype=np.int64)

    def open(self, shard: int) -> None:
        files = sorted(self.folder.glob("*.bin"))
        if not files:
            raise SystemExit("There are no shards: run `python prepare.py shards` first.")
        self.shard = shard
        self.ids = np.memmap(files[shard % len(files)], dtype=np.uint16, mode="r")
        beginnings = np.concatenate(([0], np.flatnonzero(self.ids == self.end) + 1))
        # a sequence takes up where the last one ended, moved back to the beginning of that document
        wanted = np.arange(0, len(self.ids) - self.t - 1, self.t)
        starts = beginnings[np.searchsorted(beginnings, wanted, side="right") - 1]
        self.starts = np.random.default_rng(shard).permutation(np.where(wanted - starts < self.t // 2, starts, wanted))

    def next(self) -> torch.Tensor:  # (B, T + 1)
        if self.shard < 0 or self.at + self.b > len(self.starts):
            self.open(self.shard + 1)
            self.at = 0
        rows = [self.ids[s : s + self.t + 1] for s in self.starts[self.at : self.at + self.b]]
        self.at += self.b
        return torch.from_numpy(np.stack(rows).astype(np.int64))

    def go_to(self, shard: int, at: int) -> None:
        if shard >= 0:
            self.open(shard)
        self.at = at


class Run:
    """Weights, both optimisers, and where the run stands in the data."""

    def __init__(self, config: Config, a: argparse.Namespace, tokenizer: Tokenizer, place: torch.device = torch.device("cpu")):
        torch.manual_seed(a.seed)
        self.model, self.tokenizer = Llama(config).to(place), tokenizer
        matrices = [p for n, p in self.model.named_parameters() if p.dim() == 2 and "embed" not in n]
        inside = {id(p) for p in matrices}
        others = [p for p in self.model.parameters() if id(p) not in inside]
        self.rates = [a.matrix_rate, a.rate]
        self.optimisers = [Muon(matrices, a.matrix_rate), torch.optim.AdamW(others, a.rate, betas=(0.9, 0.95), weight_decay=0.0)]
        self.shards = Shards(a.shards, a.positions, a.sequences, tokenizer.token_to_id(END_OF_TEXT))
        self.step, self.tokens = 0, 0
        self.beside: dict = {}  # what else is saved, as practice does with the soft prompts that are under way

    def set_rate(self, factor: float) -> None:
        for optimiser, rate in zip(self.optimisers, self.rates):
            optimiser.param_groups[0]["lr"] = rate * factor

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        state = {
            "config": asdict(self.model.config), "model": self.model.state_dict(), "optimisers": [o.state_dict() for o in self.optimisers],
            "step": self.step, "tokens": self.tokens, "shard": self.shards.shard, "at": self.shards.at, "positions": self.shards.t,
            "beside": self.beside,
        }  # fmt: skip
        temporary = (folder / STATE).with_suffix(".tmp")
        torch.save(state, temporary)
        temporary.rename(folder / STATE)

    def restore(self, state: dict) -> None:
        self.model.load_state_dict(state["model"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"]):
            optimiser.load_state_dict(saved)
        self.step, self.tokens, self.beside = state["step"], state["tokens"], state.get("beside", {})
        if state.get("positions", self.shards.t) == self.shards.t:
            self.shards.go_to(state["shard"], state["at"])
        else:  # the shard is cut into other sequences now: go on with the next one
            self.shards.go_to(state["shard"] + 1, 0)


def started(a: argparse.Namespace, tokenizer: Tokenizer, place: torch.device) -> Run:
    """A new run: from the weights of the model in `a.start`, or of the sizes `a.config`."""
    if not a.start:
        return Run(Config(vocab_size=tokenizer.get_vocab_size(), **json.loads(a.config)), a, tokenizer, place)
    model = checkpoint.load_for(a.start, tokenizer)
    run = Run(model.config, a, tokenizer, place)
    run.model.load_state_dict(model.state_dict())
    return run


def resumed(folder: Path, a: argparse.Namespace, tokenizer: Tokenizer, place: torch.device) -> Run:
    """The run that was saved in `folder`, with the sizes that it has."""
    if not (folder / STATE).exists():
        raise SystemExit(f"There is no run in {folder}: `python train.py {folder.name}` starts one.")
    state = torch.load(folder / STATE, weights_only=True, map_location=place)
    run = Run(Config(**state["config"]), a, tokenizer, place)
    run.restore(state)
    return run


@torch.no_grad()
def held_out_losses(model: Llama, positions: int = 256, most: int = 40) -> dict[str, float]:
    """Mean loss in nats a token of every held-out source; perplexity is its exponential."""
    out = {}
    for path in sorted((WORK / "held_out").glob("*.bin")):
        ids = torch.from_numpy(np.fromfile(path, dtype=np.uint16).astype(np.int64)).to(model.device)
        count = min(most, (len(ids) - 1) // positions)
        if count:
            rows = torch.stack([ids[i * positions : (i + 1) * positions + 1] for i in range(count)])
            out[path.stem] = sum(model.loss(part).item() * len(part) for part in rows.split(10)) / count
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--tokens", type=float, default=1e9, help="stop after this many tokens of the whole run")
    parser.add_argument("--decay", type=float, default=0, help="cool down over this many million tokens, then export")
    parser.add_argument("--out", type=Path, help="Hugging Face folder to export")
    parser.add_argument("--shards", type=Path, default=WORK / "shards", help="folder of the shards")
    parser.add_argument("--positions", type=int, default=256)
    parser.add_argument("--sequences", type=int, default=16)
    parser.add_argument("--rate", type=float, default=3e-3, help="AdamW: embedding and norms")
    parser.add_argument("--matrix-rate", type=float, default=0.02, help="Muon")
    parser.add_argument("--config", default="{}", help='sizes of a run from nothing, as JSON, for example {"hidden_size": 256, "heads": 4}')
    parser.add_argument("--start", type=Path, help="Hugging Face folder whose weights a new run starts from")
    parser.add_argument("--seed", type=int, default=0)
    a = parser.parse_args()
    place = device.choose()
    folder = WORK / "runs" / a.name
    tokenizer = Tokenizer.from_file(str(WORK / "tokenizer.json"))
    stands = (folder / STATE).exists()
    if stands and a.start:
        raise SystemExit(f"{folder} holds a run already, which --start would throw away: give another name, or leave --start out to go on with it.")
    run = resumed(folder, a, tokenizer, place) if stands else started(a, tokenizer, place)
    print(f"{run.model.parameter_count() / 1e6:.2f} M parameters, {run.tokens / 1e6:.2f} M tokens so far", flush=True)
    loss_of = torch.compile(run.model.loss)
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    began, saved, first, average = time.time(), time.time(), run.tokens, None
    decay = a.decay * 1e6
    last = run.tokens + decay if decay else a.tokens
    while run.tokens < last and not stop and (decay or time.time() - began < a.minutes * 60):
        factor = min(1, (run.step + 1) / WARMUP)
        if decay:
            factor = max(0.01, (last - run.tokens) / decay)
        run.set_rate(factor)
        ids = run.shards.next().to(place)
        with device.mixed(place):
            loss = loss_of(ids)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
        for optimiser in run.optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        if average is None:  # the clock starts when all is compiled
            began, first = time.time(), run.tokens
        run.step += 1
        run.tokens += ids.shape[0] * (ids.shape[1] - 1)
        average = loss.detach() if average is None else average.lerp(loss.detach(), 0.02)
        if run.step % 50 == 0:
            speed = (run.tokens - first) / (time.time() - began)
            left = min((last - run.tokens) / speed, 1e9 if decay else a.minutes * 60 - (time.time() - began))
            print(f"step {run.step}  loss {average:.3f}  {run.tokens / 1e6:.2f} M tokens  {speed:.0f} tokens/s  {left / 60:.1f} min left", flush=True)
        if not decay and time.time() - saved > 120:
            run.save(folder)
            saved = time.time()
    print("held-out loss", {k: round(v, 3) for k, v in held_out_losses(run.model).items()}, flush=True)
    if not decay:
        run.save(folder)
    if a.out:
        checkpoint.save(a.out, run.model, tokenizer)


if __name__ == "__main__":
    main()
