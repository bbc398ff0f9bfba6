"""The tokenizer, and training text as packed token ids.

    python prepare.py tokenizer --vocabulary 4096      trains work/tokenizer.json and says how it compresses
    python prepare.py shards --first 0 --count 8       writes work/shards/000.bin ... (16-bit ids), the same for a seed
    python prepare.py held-out                         writes work/held_out/<source>.bin

A shard is a mix of synthetic documents and of the real sources, shuffled; training reads each shard once. Another mix,
for an ablation: `shards --real-share 0 --to work/shards_no_real`.
"""

import argparse
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from chat import END_OF_TEXT, SPECIAL_TOKENS, document
from corpus import real
from corpus.generate import CORPUS, VOICED, Material
from corpus.generate import document as synthetic

WORK = Path(__file__).parent / "work"
SHARD_DOCUMENTS = 20_000  # synthetic ones, about 5 M tokens


@dataclass(frozen=True)
class Mix:
    """What a shard is made of."""

    real_share: float = 0.2  # of the characters
    written_share: float = 0.08  # of the synthetic documents: companies written one by one
    voiced: float = VOICED  # of the generator's companies: with a voice; the others answer in plain words


def text_of(d: dict) -> str:
    return document(d["turns"]) if "turns" in d else d["text"].strip() + END_OF_TEXT


def real_documents(rng: random.Random, folder: Path) -> list[str]:
    """Every source as often as its weight says, held-out documents left out."""
    out = []
    for source, weight in real.WEIGHTS.items():
        out += [text_of(d) for d in real.weighted(rng, real.split(real.read(folder, source), held_out=False), weight)]
    rng.shuffle(out)
    return out


def synthetic_documents(seed: str, count: int, material: Material, mix: Mix = Mix(written_share=0.0)) -> list[str]:
    rng = random.Random(seed)
    return [document(synthetic(rng, material, written_share=mix.written_share, voiced=mix.voiced)) for _ in range(count)]


def train_tokenizer(folder: Path, vocabulary: int) -> Tokenizer:
    """Byte-level BPE as SmolLM2's: digits split, ChatML special tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    rng = random.Random(0)
    texts = synthetic_documents("tokenizer", 12_000, Material.read(folder)) + real_documents(rng, folder)[:12_000]
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def characters_a_token(tokenizer: Tokenizer, texts: list[str]) -> float:
    return sum(map(len, texts)) / sum(len(e.ids) for e in tokenizer.encode_batch(texts))


def write_ids(tokenizer: Tokenizer, texts: list[str], path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    ids = [np.array(e.ids, dtype=np.uint16) for i in range(0, len(texts), 2000) for e in tokenizer.encode_batch(texts[i : i + 2000])]
    np.concatenate(ids).tofile(path.with_suffix(".tmp"))
    path.with_suffix(".tmp").rename(path)
    return sum(map(len, ids))


def write_shard(tokenizer: Tokenizer, folder: Path, material: Material, mix: Mix, number: int, to: Path) -> int:
    texts = synthetic_documents(f"shard {number}", SHARD_DOCUMENTS, material, mix)
    rng = random.Random(f"real {number}")
    wanted = sum(map(len, texts)) * mix.real_share / (1 - mix.real_share)
    for text in real_documents(rng, folder):
        if wanted <= 0:
            break
        texts.append(text)
        wanted -= len(text)
    rng.shuffle(texts)
    return write_ids(tokenizer, texts, to / f"{number:03d}.bin")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["tokenizer", "shards", "held-out"])
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="folder of the real sources")
    parser.add_argument("--vocabulary", type=int, default=4096)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--every", type=int, default=1, help="number this one and each further one so many higher: for several processes")
    parser.add_argument("--to", type=Path, default=WORK / "shards", help="folder of the shards")
    parser.add_argument("--real-share", type=float, default=Mix.real_share, help="of a shard's characters: the real sources")
    parser.add_argument("--written-share", type=float, default=Mix.written_share, help="of the synthetic documents: companies written one by one")
    parser.add_argument("--voiced", type=float, default=Mix.voiced, help="of the generator's companies: with a voice")
    a = parser.parse_args()
    path = WORK / "tokenizer.json"
    if a.what == "tokenizer":
        tokenizer = train_tokenizer(a.corpus, a.vocabulary)
        WORK.mkdir(exist_ok=True)
        tokenizer.save(str(path))
        held_out = [text_of(d) for s in real.WEIGHTS for d in real.split(real.read(a.corpus, s), held_out=True)]
        fresh = synthetic_documents("tokenizer test", 1000, Material.read(a.corpus))
        print(f"{tokenizer.get_vocab_size()} tokens; characters a token: synthetic {characters_a_token(tokenizer, fresh):.3f}, real {characters_a_token(tokenizer, held_out):.3f}")
        return
    tokenizer = Tokenizer.from_file(str(path))
    if a.what == "held-out":
        for source in real.WEIGHTS:
            texts = [text_of(d) for d in real.split(real.read(a.corpus, source), held_out=True)]
            print(source, write_ids(tokenizer, texts, WORK / "held_out" / f"{source}.bin"), "tokens")
        texts = synthetic_documents("held-out", 400, Material.read(a.corpus))
        print("synthetic", write_ids(tokenizer, texts, WORK / "held_out" / "synthetic.bin"), "tokens")
        return
    material, mix, began = Material.read(a.corpus), Mix(a.real_share, a.written_share, a.voiced), time.time()
    for i in range(a.count):
        n = a.first + i * a.every
        tokens = write_shard(tokenizer, a.corpus, material, mix, n, a.to)
        left = (time.time() - began) / (i + 1) * (a.count - i - 1)
        print(f"shard {n}: {tokens / 1e6:.2f} M tokens, {left:.0f} s left", flush=True)


if __name__ == "__main__":
    main()
