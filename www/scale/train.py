"""Trains the soft prompt of this folder with PEFT and Accelerate: the rows, the batches, the start and the settings are
those of the page that wrote it.

    pip install -r requirements.txt
    accelerate launch train.py                       one GPU, several, or the CPU
    accelerate launch train.py --model OWNER/NAME    another model; of another size, the prompt starts as PEFT starts it

Writes adapter/ (after the last step), adapter-best/ (lowest held-out loss), losses.jsonl and answers.jsonl.
"""

import argparse
import json
import math
import re
from pathlib import Path

import torch
from accelerate import Accelerator
from peft import PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig, get_peft_model
from safetensors.torch import load_file
from tokenizers.pre_tokenizers import Metaspace
from transformers import AutoModelForCausalLM, AutoTokenizer, RepetitionPenaltyLogitsProcessor, get_scheduler

HERE = Path(__file__).resolve().parent
NOT_LEARNED = -100
STAND_IN = "\ue000content\ue000"
CHAT_ML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SCHEDULES = {"constant": "constant_with_warmup", "linear": "linear", "cosine": "cosine"}


def read_rows(name: str) -> list:
    path = HERE / "data" / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


class Prompts:
    """Rows as token ids, with the chat template of the model. Text that a person wrote never becomes a special token."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        tokenizer.chat_template = tokenizer.chat_template or CHAT_ML
        user = {"role": "user", "content": STAND_IN}
        self.before, self.after = self.render([user], True).split(STAND_IN)
        asked = {"role": "user", "content": "x"}
        answered = self.render([asked, {"role": "assistant", "content": STAND_IN}], False)
        opening, closing = answered.split(STAND_IN)[:2]
        # the space that some templates write between a prompt and the response, as Llama 2's does
        between = opening.removeprefix(self.render([asked], True))
        self.before_response = between if between.isspace() else ""
        ending = self.pieces(closing)
        # an answer ends with the first special token after it; nothing else of what the template writes is learned
        self.end = [tokenizer.convert_tokens_to_ids(ending[1]) if len(ending) > 1 else tokenizer.eos_token_id]

    def stop_ids(self, of_model: int | list[int] | None) -> list[int]:
        """What ends an answer: the end of a turn, and what the tokenizer and the model name as the end."""
        named = of_model if isinstance(of_model, list) else [of_model]
        return [i for i in dict.fromkeys([*self.end, self.tokenizer.eos_token_id, *named]) if i is not None]

    def render(self, turns: list[dict], open_answer: bool) -> str:
        return self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=open_answer)

    def pieces(self, text: str) -> list[str]:
        """Plain text at even places, special tokens at odd ones."""
        special = sorted((str(t) for t in self.tokenizer.added_tokens_decoder.values() if t.special), key=len, reverse=True)
        return re.split("(" + "|".join(map(re.escape, special)) + ")", text)

    def plain(self, text: str, first: bool) -> list[int]:
        """`first`: whether nothing stands before the text. Some tokenizers put a space in front of the first one only."""
        backend = self.tokenizer.backend_tokenizer
        steps = backend.pre_tokenizer
        if getattr(steps, "prepend_scheme", None) == "first" and not first:
            backend.pre_tokenizer = Metaspace(replacement=steps.replacement, prepend_scheme="never", split=steps.split)
        backend.encode_special_tokens = True
        try:
            return backend.encode(text, add_special_tokens=False).ids if text else []
        finally:
            backend.encode_special_tokens = False
            backend.pre_tokenizer = steps

    def ids(self, pieces: list[str]) -> list[int]:
        of = [self.plain(p, i == 0) if i % 2 == 0 else [self.tokenizer.convert_tokens_to_ids(p)] for i, p in enumerate(pieces)]
        return [i for ids in of for i in ids]

    def question_pieces(self, text: str) -> list[str]:
        before, after = self.pieces(self.before), self.pieces(self.after)
        return before[:-1] + [before[-1] + text + after[0]] + after[1:]

    def question(self, text: str) -> list[int]:
        return self.ids(self.question_pieces(text))

    def response(self, pieces: list[str], text: str) -> list[int]:
        """Encoded as one text with the end of its prompt, unless a token would reach over the border."""
        tail, first, text = pieces[-1], len(pieces) == 1, self.before_response + text
        asked, whole = self.plain(tail, first), self.plain(tail + text, first)
        return whole[len(asked) :] if whole[: len(asked)] == asked else self.plain(text, False)

    def example(self, row: dict) -> tuple[list[int], list[int]]:
        """(ids, labels) of an inquiry with its response."""
        pieces = self.question_pieces(row["input"])
        given, learned = self.ids(pieces), self.response(pieces, row["output"]) + self.end
        return given + learned, [NOT_LEARNED] * len(given) + learned


def collate(examples: list[tuple[list[int], list[int]]], device) -> dict:
    """Rows padded on the right."""
    longest = max(len(ids) for ids, _ in examples)

    def padded(rows: list[list[int]], padding: int) -> torch.Tensor:
        return torch.tensor([row + [padding] * (longest - len(row)) for row in rows], device=device)

    ids, labels = [ids for ids, _ in examples], [labels for _, labels in examples]
    mask = [[1] * len(row) for row in ids]
    return {"input_ids": padded(ids, 0), "labels": padded(labels, NOT_LEARNED), "attention_mask": padded(mask, 0)}


def batches_of(rows: int, description: dict) -> list[list[int]]:
    """The rows of each step's batch: the page's; of other rows than the page's new ones, each row once an epoch."""
    if rows == description["rows"]:
        return read_rows("batches")
    settings, random, waiting, batches = description["settings"], torch.Generator(), [], []
    random.manual_seed(settings["seed"])
    size = min(settings["batch_size"], rows)
    while len(batches) < settings["steps"]:
        if len(waiting) < size:
            waiting += torch.randperm(rows, generator=random).tolist()
        batches.append(waiting[:size])
        waiting = waiting[size:]
    return batches


def learned_tokens(examples: list) -> int:
    return sum(label != NOT_LEARNED for _, labels in examples for label in labels)


def peft_config(settings: dict, tokenizer):
    """PEFT's configuration of the technique that the page has used; the settings have PEFT's names."""
    of_all = {"task_type": "CAUSAL_LM", "num_virtual_tokens": settings["num_virtual_tokens"]}
    if settings["peft_type"] == "PREFIX_TUNING":
        return PrefixTuningConfig(prefix_projection=settings["prefix_projection"], encoder_hidden_size=settings["encoder_hidden_size"], **of_all)
    if settings["peft_type"] == "P_TUNING":
        encoder = ("encoder_reparameterization_type", "encoder_hidden_size", "encoder_num_layers")
        return PromptEncoderConfig(**{name: settings[name] for name in encoder}, **of_all)
    if settings["prompt_tuning_init"] == "TEXT":
        of_all |= {"prompt_tuning_init_text": settings["prompt_tuning_init_text"], "tokenizer_name_or_path": tokenizer.name_or_path}
        return PromptTuningConfig(prompt_tuning_init="TEXT", **of_all)
    known = settings["prompt_tuning_init"] == "SAMPLE_VOCAB"  # of the page's others PEFT has random numbers
    return PromptTuningConfig(prompt_tuning_init="SAMPLE_VOCAB" if known else "RANDOM", **of_all)


def start_values(settings: dict) -> tuple[list[torch.Tensor], torch.Tensor | None]:
    """What is trained, before the first step, in the order of PEFT's parameters: the soft prompt itself, or the encoder
    that makes it; and what the encoder's output is added to, where the page has started from words or another prompt."""
    projected = settings["peft_type"] == "PREFIX_TUNING" and settings["prefix_projection"]
    if settings["peft_type"] != "P_TUNING" and not projected:
        return [load_file(HERE / "start" / "adapter_model.safetensors")["prompt_embeddings"]], None
    tensors = load_file(HERE / "start" / "encoder.safetensors")
    fixed = tensors.pop("fixed", None)
    return [tensors[f"value.{i}"] for i in range(len(tensors))], fixed


def soft_prompt_on(model, settings: dict, tokenizer, is_the_pages: bool):
    """The model with the page's soft prompt in front; with a new one where another model is of another size."""
    model = get_peft_model(model, peft_config(settings, tokenizer))
    # PEFT does not train a prompt that was loaded as an adapter, so its numbers are copied
    encoder, (values, fixed) = model.prompt_encoder[model.active_adapter], start_values(settings)
    if [p.shape for p in encoder.parameters()] != [v.shape for v in values]:
        if is_the_pages:
            raise SystemExit("The files in start/ are not those of this model: unpack the whole folder anew, into an empty place.")
        print("This model is of another size than the page's, so the soft prompt starts as PEFT starts it.")
        return model
    for parameter, value in zip(encoder.parameters(), values, strict=True):
        parameter.data.copy_(value)
    if fixed is not None:  # PEFT saves what comes out of the encoder, this included
        encoder.register_forward_hook(lambda _encoder, _tokens, made: made + fixed.to(made))
    return model


@torch.no_grad()
def held_out_loss(model, examples: list, device) -> float:
    model.eval()
    losses = [model(**collate([e], device)).loss.item() * learned_tokens([e]) for e in examples]
    model.train()
    return sum(losses) / learned_tokens(examples)


@torch.no_grad()
def answers(model, prompts: Prompts, rows: list[dict], device, generation: dict) -> list[dict]:
    """Answers to the test rows by the base model and by the tuned one, decoded as the page does it."""
    sampling = {"do_sample": False}
    if generation["temperature"] > 0:
        sampling = {"do_sample": True, "temperature": float(generation["temperature"]), "top_p": generation["top_p"], "top_k": 0}
    torch.manual_seed(generation["seed"])
    penalty, stop = float(generation["repetition_penalty"]), prompts.stop_ids(model.generation_config.eos_token_id)

    def answer(question: str) -> str:
        ids = torch.tensor([prompts.question(question)], device=device)
        # tokens of the question are not penalised
        processor = RepetitionPenaltyLogitsProcessor(penalty, prompt_ignore_length=ids.shape[1])
        written = model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=generation["max_new_tokens"], **sampling,
            logits_processor=[processor], eos_token_id=stop, pad_token_id=prompts.end[-1])  # fmt: skip
        return prompts.tokenizer.decode(written[0, ids.shape[1] :], skip_special_tokens=True)

    model.eval()
    out = []
    for row in rows:
        with model.disable_adapter():
            base = answer(row["input"])
        out.append({"input": row["input"], "reference": row.get("output", ""), "base": base, "tuned": answer(row["input"])})
    return out


def write_lines(name: str, rows: list[dict]) -> None:
    (HERE / name).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def main() -> None:
    description = json.loads((HERE / "settings.json").read_text(encoding="utf-8"))
    settings = description["settings"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=description["model"], help="hub id or folder")
    parser.add_argument("--dtype", default="float32", help="of the frozen weights: float32 as on the page, bfloat16 or float16 to save memory, auto for the file's own")
    parser.add_argument("--max-new-tokens", type=int, default=description["generation"]["max_new_tokens"])
    a = parser.parse_args()

    accelerator = Accelerator()
    # the commit and the GGUF file that the page has used, where it is the page's model
    is_the_pages = a.model == description["model"]
    place = {k: description[k] for k in ("revision", "gguf_file") if k in description and is_the_pages}
    named = a.model  # in the adapter, where a path of this machine would be of no use
    if (HERE / a.model).is_dir():
        a.model = str(HERE / a.model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(a.model, **place)
    except (OSError, ValueError) as error:
        raise SystemExit(f"The model {a.model} can't be loaded. {description.get('model_note', '')}\n{error}") from None
    prompts = Prompts(tokenizer)
    base = AutoModelForCausalLM.from_pretrained(a.model, dtype=a.dtype, **place)
    model = soft_prompt_on(base, settings, tokenizer, is_the_pages)
    model.peft_config[model.active_adapter].base_model_name_or_path = named
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=settings["learning_rate"], weight_decay=settings["weight_decay"])
    steps = settings["steps"]
    # stepped by hand: Accelerate would step a prepared schedule once for every process
    schedule = get_scheduler(SCHEDULES[settings["lr_scheduler_type"]], optimizer, math.ceil(settings["warmup_ratio"] * steps), steps)
    model, optimizer = accelerator.prepare(model, optimizer)

    train = [prompts.example(row) for row in read_rows("train")]
    held_out = [prompts.example(row) for row in read_rows("held_out")]
    batches = batches_of(len(train), description)
    losses, best = [], math.inf
    plain_model = accelerator.unwrap_model(model)
    model.train()
    for step in range(steps):
        batch = [train[i] for i in batches[step % len(batches)]]
        mine = batch[accelerator.process_index :: accelerator.num_processes] or batch[:1]
        weight = learned_tokens(mine) / learned_tokens(batch) if accelerator.process_index < len(batch) else 0.0
        # the mean over the tokens of the whole batch; DDP divides the sum of the gradients by the processes
        share = model(**collate(mine, accelerator.device)).loss * weight
        accelerator.backward(share * accelerator.num_processes)
        if settings["max_grad_norm"] > 0:
            accelerator.clip_grad_norm_(trained, settings["max_grad_norm"])
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        entry = {"step": step + 1, "loss": accelerator.reduce(share.detach(), "sum").item()}
        if held_out and ((step + 1) % settings["eval_every"] == 0 or step + 1 == steps):
            entry["held_out_loss"] = held_out_loss(plain_model, held_out, accelerator.device)
            if entry["held_out_loss"] < best and accelerator.is_main_process:
                plain_model.save_pretrained(HERE / "adapter-best")
            best = min(best, entry["held_out_loss"])
        losses.append(entry)
        accelerator.print(json.dumps(entry), flush=True)
    if accelerator.is_main_process:
        plain_model.save_pretrained(HERE / "adapter")
        write_lines("losses.jsonl", losses)
        generation = description["generation"] | {"max_new_tokens": a.max_new_tokens}
        write_lines("answers.jsonl", answers(plain_model, prompts, read_rows("test"), accelerator.device, generation))
        print("Wrote adapter/, losses.jsonl and answers.jsonl.")
    accelerator.end_training()


if __name__ == "__main__":
    main()
