"""Chat turns as token ids: the ChatML template of the bundled model's `tokenizer_config.json`."""

import re
from dataclasses import dataclass

import torch
from tokenizers import Encoding, Tokenizer
from torch import Tensor

END_OF_TEXT, IM_START, IM_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
SPECIAL_TOKENS = [END_OF_TEXT, IM_START, IM_END]

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def turn(role: str, text: str) -> str:
    return f"{IM_START}{role}\n{text.strip()}{IM_END}\n"


def document(turns: list[dict]) -> str:
    """A whole conversation as training text, with the token that ends a document."""
    return "".join(turn(t["role"], t["text"]) for t in turns) + END_OF_TEXT


@dataclass
class Example:
    """One prepared prompt. The first `start` tokens are given, the others (response, end of turn) are learned."""

    ids: list[int]
    start: int
    taken_up: tuple[int, ...] = ()  # positions of learned tokens that take up the question's words; where it matters

    @property
    def learned(self) -> int:
        return len(self.ids) - self.start


class Chat:
    """Prepares questions and answers as the page does: a person's text never becomes a special token."""

    def __init__(self, tokenizer: Tokenizer):
        self.tokenizer = tokenizer
        self.end = tokenizer.token_to_id(IM_END)
        # A person's text alone is encoded as plain text; the template around it is encoded with its special tokens.
        self.before_user = tokenizer.encode(f"{IM_START}user\n", add_special_tokens=False).ids
        self.before_answer = tokenizer.encode(f"{IM_END}\n{IM_START}assistant\n", add_special_tokens=False).ids

    def encoded(self, text: str) -> Encoding:
        self.tokenizer.encode_special_tokens = True
        try:
            return self.tokenizer.encode(text, add_special_tokens=False)
        finally:
            self.tokenizer.encode_special_tokens = False

    def plain(self, text: str) -> list[int]:
        return self.encoded(text).ids

    def question(self, text: str) -> list[int]:
        return self.before_user + self.plain(text) + self.before_answer

    def example(self, question: str, answer: str) -> Example:
        given = self.question(question)
        return Example(given + self.plain(answer) + [self.end], len(given))

    def example_with_words(self, question: str, answer: str, words: list[str]) -> Example:
        """The same, and which of the answer's tokens belong to one of the words or to a word that begins with it."""
        given, encoded = self.question(question), self.encoded(answer)
        spans = [m.span() for w in words for m in re.finditer(r"\b" + re.escape(w) + r"\w*", answer, re.IGNORECASE)]
        hit = (i for i, (a, b) in enumerate(encoded.offsets) if any(a < end and start < b for start, end in spans))
        return Example(given + encoded.ids + [self.end], len(given), tuple(len(given) + i for i in hit))

    def text(self, ids: list[int]) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=True)


@dataclass
class Rows:
    """Examples padded on the right. S sequences, T positions, L learned tokens: those that are predicted."""

    ids: Tensor  # (S, T)
    learned: Tensor  # (L, 2) sequence and position of every token that counts in the loss
    owner: Tensor  # (S,) index of the soft prompt in front of the sequence
    taken_up: Tensor  # (L,) bool: the token takes up a word of the question

    @staticmethod
    def of(examples: list[Example], owner: list[int], multiple: int = 16) -> "Rows":
        """Pads to a multiple of `multiple`, so that few different shapes occur."""
        longest = max(len(e.ids) for e in examples)
        t = -(-longest // multiple) * multiple
        ids = torch.tensor([e.ids + [0] * (t - len(e.ids)) for e in examples])
        learned = [(row, at) for row, e in enumerate(examples) for at in range(e.start, len(e.ids))]
        taken_up = [at in e.taken_up for e in examples for at in range(e.start, len(e.ids))]
        return Rows(ids, torch.tensor(learned), torch.tensor(owner), torch.tensor(taken_up))

    def to(self, device: torch.device) -> "Rows":
        return Rows(*(t.to(device, non_blocking=True) for t in (self.ids, self.learned, self.owner, self.taken_up)))
