"""Evaluation of a model on the companies of `companies/`: base, tuned with the page's settings, few-shot, fine-tuned.

    python evaluate.py MODEL_FOLDER [--split dev] [--answers answers.json] [--json results.json]
"""

import argparse
import copy
import json
import time
from dataclasses import asdict, replace

import torch
from rouge_score import rouge_scorer

import checkpoint
import companies as written
import device
import prompt_tuning
from chat import Chat, Example, Rows
from companies import Company, mean
from generation import answers as greedy
from model import Llama
from prompt_tuning import Settings

ROUGE = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)


def score(company: Company, texts: list[str]) -> dict:
    """What the answers to a company's ten unseen questions are worth."""
    topics = [(u["topic"], t) for u, t in zip(company.unseen, texts) if u["topic"]]
    return {
        "checks": written.share_of_checks(company, texts),
        "guards": mean([written.satisfies(c, t) for t in texts for c in company.checks if c.get("guard")]),
        "topic": mean([written.on_topic(groups, t) for groups, t in topics]),
        "topic_words": mean([any(w in t.lower() for w in g) for groups, t in topics for g in groups]),
        "rouge_l": mean([ROUGE.score(u["output"], t)["rougeL"].fmeasure for u, t in zip(company.unseen, texts)]),
        "distinct_words": written.distinct_words(texts),
        "loops": mean([written.loops(t) for t in texts]),
    }


class Evaluation:
    """One model on a list of companies. The last two examples are held out, and choose the prompt, as on the page."""

    def __init__(self, model: Llama, tokenizer, listed: list[Company], held_out: int = 2, penalty: float = 1.1, last_step: bool = False):
        self.model, self.chat, self.companies, self.penalty, self.last_step = model.eval(), Chat(tokenizer), listed, penalty, last_step
        for p in model.parameters():
            p.requires_grad_(False)
        self.examples = [self.prepare(c.examples[: len(c.examples) - held_out]) for c in listed]
        self.held_out = [self.prepare(c.examples[len(c.examples) - held_out :]) for c in listed]
        self.unseen = [self.prepare(c.unseen) for c in listed]

    def prepare(self, pairs: list[dict]) -> list[Example]:
        return [self.chat.example(p["input"], p["output"]) for p in pairs]

    def start(self, settings: Settings) -> torch.Tensor:
        ids = [prompt_tuning.init_ids(self.chat, c.objective, e, settings) for c, e in zip(self.companies, self.examples)]
        return prompt_tuning.first_prompts(self.model, ids, settings.num_virtual_tokens)

    @torch.no_grad()
    def losses(self, prompts: torch.Tensor, examples: list[list[Example]], model: Llama | None = None) -> list[float]:
        rows = Rows.of([e for es in examples for e in es], [i for i, es in enumerate(examples) for _ in es])
        return prompt_tuning.company_losses(model or self.model, prompts, rows, len(examples)).tolist()

    def answer(self, prompts: list, questions: list[list[list[int]]], model: Llama | None = None) -> list[list[str]]:
        flat = [(p, q) for p, qs in zip(prompts, questions) for q in qs]
        # a long context for a few hundred questions at once would need gigabytes
        parts = [flat[i : i + 100] for i in range(0, len(flat), 100)]
        ids = [i for part in parts for i in self.greedy_part(part, model)]
        texts = iter([self.chat.text(i) for i in ids])
        return [[next(texts) for _ in qs] for qs in questions]

    def greedy_part(self, flat: list, model: Llama | None) -> list[list[int]]:
        return greedy(model or self.model, [p for p, _ in flat], [q for _, q in flat], self.chat.end, self.penalty)

    def questions(self) -> list[list[list[int]]]:
        return [[self.chat.question(u["input"]) for u in c.unseen] for c in self.companies]

    def base(self) -> tuple[list[dict], list[list[str]]]:
        none = torch.zeros(len(self.companies), 0, self.model.config.hidden_size, device=self.model.device)
        texts = self.answer([None] * len(self.companies), self.questions())
        losses = self.losses(none, self.unseen)
        return [score(c, t) | {"unseen_loss": l} for c, t, l in zip(self.companies, texts, losses)], texts

    def tuned(self, settings: Settings) -> tuple[list[dict], list[list[str]]]:
        first = self.start(settings)
        kept = prompt_tuning.KeptPrompt(self.model, self.held_out, settings, first)
        prompts = prompt_tuning.tune(self.model, first, self.examples, settings, kept)
        last = self.losses(prompts, self.unseen)
        prompts = prompts if self.last_step else kept.prompts
        texts = self.answer(list(prompts), self.questions())
        train, unseen = self.losses(prompts, self.examples), self.losses(prompts, self.unseen)
        return [
            score(c, t) | {"train_loss": a, "unseen_loss": b, "last_loss": l, "best_step": int(s), "averaged": int(n)}
            for c, t, a, b, l, s, n in zip(self.companies, texts, train, unseen, last, kept.steps, kept.counts)
        ], texts

    def few_shot(self) -> tuple[list[dict], list[list[str]]]:
        """The examples as earlier turns of the conversation, no training."""
        questions = []
        for c, examples in zip(self.companies, self.examples):
            context = [i for e in examples for i in e.ids + self.chat.plain("\n")]
            questions.append([context + self.chat.question(u["input"]) for u in c.unseen])
        texts = self.answer([None] * len(questions), questions)
        return [score(c, t) for c, t in zip(self.companies, texts)], texts

    def fine_tuned(self, steps: int = 60, learning_rate: float = 1e-3) -> tuple[list[dict], list[list[str]]]:
        """Every weight trained on the examples, one company after the other: the upper reference."""
        scores, all_texts = [], []
        for c, examples, unseen in zip(self.companies, self.examples, self.unseen):
            model = copy.deepcopy(self.model).requires_grad_(True)
            optimiser = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.0)
            rows = Rows.of(examples, [0] * len(examples))
            none = torch.zeros(1, 0, model.config.hidden_size, device=model.device)
            for step in range(steps):
                optimiser.param_groups[0]["lr"] = learning_rate * min(1, (step + 1) / 5) * (1 - step / steps)
                optimiser.zero_grad()
                prompt_tuning.company_losses(model, none, rows, 1).sum().backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimiser.step()
            model.requires_grad_(False)
            texts = self.answer([None], [[self.chat.question(u["input"]) for u in c.unseen]], model)[0]
            scores.append(score(c, texts) | {"unseen_loss": self.losses(none, [unseen], model)[0]})
            all_texts.append(texts)
        return scores, all_texts


COLUMNS = ["checks", "guards", "topic", "topic_words", "rouge_l", "distinct_words", "loops", "train_loss", "unseen_loss", "last_loss", "best_step", "averaged"]


def table(listed: list[Company], scores: list[dict]) -> str:
    lines = [f"{'company':16s}" + "".join(f"{c[:11]:>12s}" for c in COLUMNS)]
    for c, s in zip(listed, scores):
        lines.append(f"{c.id:16s}" + "".join(f"{s[k]:12.3f}" if k in s else " " * 12 for k in COLUMNS))
    means = {k: mean([s[k] for s in scores if k in s and s[k] == s[k]]) for k in COLUMNS}
    return "\n".join(lines + [f"{'mean':16s}" + "".join(f"{means[k]:12.3f}" for k in COLUMNS)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--split", default="test", choices=["test", "dev", "chapter"])
    parser.add_argument("--ways", default="base,tuned", help="of base, tuned, few_shot, fine_tuned")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of prompt tuning")
    parser.add_argument("--repetition-penalty", type=float, default=1.1, help="of the answers' own tokens; 1: none")
    parser.add_argument("--last-step", action="store_true", help="answer with the last step instead of the prompt that the page keeps")
    parser.add_argument("--answers", help="file for all answers")
    parser.add_argument("--json", help="file for all numbers")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    settings = Settings()
    for name, value in (s.split("=") for s in arguments.set):
        settings = replace(settings, **{name: type(getattr(settings, name))(value)})
    listed = written.load(arguments.split)
    model, tokenizer = checkpoint.load(arguments.model)
    evaluation = Evaluation(model.to(device.choose()), tokenizer, listed, penalty=arguments.repetition_penalty, last_step=arguments.last_step)
    results, texts = {"settings": asdict(settings)}, {}
    for way in arguments.ways.split(","):
        began = time.time()
        scores, answers = getattr(evaluation, way)(*([settings] if way == "tuned" else []))
        print(f"\n{way} ({time.time() - began:.0f} s)\n" + table(listed, scores), flush=True)
        results[way] = {c.id: s for c, s in zip(listed, scores)}
        texts[way] = {c.id: [{"input": u["input"], "answer": t} for u, t in zip(c.unseen, a)] for c, a in zip(listed, answers)}
    for path, data in ((arguments.answers, texts), (arguments.json, results)):
        if path:
            with open(path, "w") as file:
                json.dump(data, file, indent=1)


if __name__ == "__main__":
    main()
