"""Openly licensed dialogue and support text: what is read, how much of it, and pairs that really answer.

The files are not part of the project; `README.md` says where each one comes from. One document a line:
{"source", "turns": [{"role", "text"}]} or {"source", "text"}.
"""

import gzip
import json
import random
import re
from functools import cache
from pathlib import Path

from .grammar import SMALL_WORDS, sentences

# Times each source is read: small good ones more than once, long chat less than once.
WEIGHTS = {
    "cucom_ecommerce": 1.0, "star": 1.0, "office_support_qa": 2.0, "office_support": 0.6, "multiwoz_valtest": 1.0,
    "dstc9_faq": 0.5, "tau_bench": 1.0, "taskmaster4": 1.0, "ms_telecom_calls": 3.0, "home_llm_smart_home": 0.6,
    "ms_it_helpdesk": 3.0, "wled_docs_qa": 1.0, "mycroft_docs_qa": 2.0, "fun_dialogues": 2.0,
    "home_assistant_intents": 0.5, "ms_personality_chat": 2.0, "synthetic_ecommerce_faq": 3.0, "oasst_sample": 1.0,
    "self_dialogue": 0.5,
}  # fmt: skip
HELD_OUT = 0.02  # of the documents of every source, for its perplexity
PAIR_SOURCES = ["office_support_qa", "dstc9_faq", "cucom_ecommerce", "multiwoz_valtest", "star", "fun_dialogues", "synthetic_ecommerce_faq", "oasst_sample", "mycroft_docs_qa", "self_dialogue", "tau_bench", "ms_telecom_calls"]  # fmt: skip


@cache
def read(folder: Path, source: str) -> list[dict]:
    """The documents of a source, read once."""
    path = folder / f"{source}.jsonl.gz"
    if not path.exists():
        raise SystemExit(f"{path} is missing: --corpus names the folder of the real sources (README.md, the real sources).")
    with gzip.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]


def split(documents: list[dict], held_out: bool) -> list[dict]:
    """The held-out part of a source, or the rest: every 50th document."""
    every = round(1 / HELD_OUT)
    return [d for i, d in enumerate(documents) if (i % every == 0) == held_out]


def weighted(rng: random.Random, documents: list[dict], weight: float) -> list[dict]:
    rng.shuffle(documents)
    return documents * int(weight) + documents[: int(len(documents) * (weight % 1))]


def content_words(text: str) -> set[str]:
    return {w[:6] for w in re.findall(r"[a-z]{3,}", text.lower())} - {w[:6] for w in SMALL_WORDS}


def pairs(documents: list[dict]) -> list[tuple[str, str]]:
    """Question and answer pairs in which the answer takes up a word of the question."""
    found = []
    for d in documents:
        turns = d.get("turns") or []
        for a, b in zip(turns, turns[1:]):
            question, answer = a["text"].strip(), b["text"].strip()
            fits = 10 < len(question) < 160 and 10 < len(answer) < 320 and answer.isascii() and "{" not in answer
            if a["role"] == "user" and b["role"] == "assistant" and fits and content_words(question) & content_words(answer):
                found.append((question, answer))
    return found


def fixed_sentences(all_pairs: list[tuple[str, str]]) -> list[str]:
    """Short whole sentences of real answers: what a voice may say as its opening or closing."""
    found = {s for _, answer in all_pairs for s in sentences(answer) if 2 <= len(s.split()) <= 14 and s[-1] in ".!?" and s[0].isupper()}
    return sorted(found)
