"""Prompt tuning by PyTorch + PEFT on one thread, for `make bench`: the same rows, the same start, the same batch as ours.

    python benches/peft.py --model www/models/bundled --case tests/fixtures/smarthome.json --steps 10
    python benches/peft.py --model target/models/smollm2.gguf --case tests/fixtures/smarthome.json

A full batch of the case's examples, padded on the right under an attention mask; f32; AdamW. The virtual tokens start
from the case's objective. Prints one line of JSON: `median_ms`, `step_ms` of every timed step, `first_loss` (nats,
before any update), `threads`, and what was run. Exit code 3: torch, transformers or peft is not installed.
"""

import os

# Before torch is imported: its libraries read them once.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ.update(TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

# This file has the package's name: its folder must not be searched. The fixtures' scripts make the same rows.
HERE = Path(__file__).resolve().parent
sys.path = [folder for folder in sys.path if Path(folder or ".").resolve() != HERE]
sys.path.append(str(HERE.parent / "tests" / "fixtures" / "make"))

NOT_INSTALLED = 3
# Models from this number of parameters on get one warm-up step, smaller ones three.
LARGE = 50_000_000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True, help="a Hugging Face folder or a GGUF file")
    parser.add_argument("--case", type=Path, required=True, help='JSON: {"objective", "examples": [{"input", "output"}]}')
    parser.add_argument("--steps", type=int, default=10, help="timed steps (default 10)")
    parser.add_argument("--warm-up", type=int, help="steps before the clock starts (default 3; 1 for large models)")
    parser.add_argument("--virtual-tokens", type=int, default=20)
    parser.add_argument("--learning-rate", type=float, default=0.05)
    return parser.parse_args()


def load(path: Path) -> tuple:
    """(model in f32, tokenizer)."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if path.is_dir():
        return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32), AutoTokenizer.from_pretrained(path)
    source = {"pretrained_model_name_or_path": str(path.resolve().parent), "gguf_file": path.name}
    model, tokenizer = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32), AutoTokenizer.from_pretrained(**source)
    if splits_digits(path):
        from tokenizers import pre_tokenizers

        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=True)])
    return model, tokenizer


def splits_digits(path: Path) -> bool:
    """The file asks for SmolLM2's splitting into words, which transformers' reader ignores."""
    from gguf import GGUFReader

    return GGUFReader(path).get_field("tokenizer.ggml.pre").contents() == "smollm"


def encode(tokenizer, example: dict) -> dict:
    """{"ids", "labels"}: chat template, input, response, end of turn; label -100 where nothing is learned."""
    special = [text for text in tokenizer.all_special_tokens if text in example["input"]]
    assert not special, f"an input that holds {special} can't go through the template"
    turn = [{"role": "user", "content": example["input"]}]
    prompt = tokenizer.encode(tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True), add_special_tokens=False)
    response = plain_ids(tokenizer, example["output"]) + [tokenizer.eos_token_id]
    return {"ids": prompt + response, "labels": [-100] * len(prompt) + response}


def prompt_tuning(base, start_ids: list[int]):
    """`base` under PEFT's prompt tuning. The start is set here as PEFT's TEXT does it, whose own way to the tokenizer
    does not lead into a GGUF file."""
    from peft import PromptTuningConfig, PromptTuningInit, TaskType, get_peft_model

    start = base.get_input_embeddings().weight[start_ids].detach().clone()
    config = PromptTuningConfig(task_type=TaskType.CAUSAL_LM, prompt_tuning_init=PromptTuningInit.RANDOM, num_virtual_tokens=len(start_ids))
    model = get_peft_model(base, config)
    prompt = model.prompt_encoder.default.embedding.weight
    with torch.no_grad():
        prompt.copy_(start)
    assert [p for p in model.parameters() if p.requires_grad] == [prompt]
    return model.train(), prompt


def timed_steps(model, prompt, batch: dict, count: int, learning_rate: float) -> tuple[list[float], list[float]]:
    """(milliseconds, losses) of `count` full steps: forward, backward, update."""
    optimizer = torch.optim.AdamW([prompt], lr=learning_rate, weight_decay=0.0)
    times, losses = [], []
    for _ in range(count):
        start = time.perf_counter()
        optimizer.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        times.append(1000 * (time.perf_counter() - start))
    return times, losses


def main() -> None:
    options = arguments()
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    base, tokenizer = load(options.model)
    case = json.loads(options.case.read_text())
    rows = [encode(tokenizer, example) for example in case["examples"]]
    text = plain_ids(tokenizer, case["objective"])
    model, prompt = prompt_tuning(base, [text[i % len(text)] for i in range(options.virtual_tokens)])
    batch = batch_of(rows, tokenizer.pad_token_id)
    parameters = sum(p.numel() for p in base.parameters())
    warm_up = options.warm_up if options.warm_up is not None else (1 if parameters >= LARGE else 3)
    times, losses = timed_steps(model, prompt, batch, warm_up + options.steps, options.learning_rate)
    print(json.dumps({
        "median_ms": statistics.median(times[warm_up:]),
        "step_ms": [round(milliseconds, 2) for milliseconds in times[warm_up:]],
        "first_loss": losses[0],
        "last_loss": losses[-1],
        "threads": torch.get_num_threads(),
        "warm_up": warm_up,
        "model": str(options.model),
        "parameters": parameters,
        "examples": len(rows),
        "virtual_tokens": options.virtual_tokens,
        "text_tokens": int(batch["attention_mask"].sum()),
        "padded_rows": len(rows) * (options.virtual_tokens + batch["input_ids"].shape[1]),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "peft": peft.__version__,
    }))


if __name__ == "__main__":
    try:
        import peft
        import torch
        import transformers
        from common import batch_of, plain_ids
    except ImportError as error:
        print(
            f"PyTorch + PEFT was not run, since this Python has no {error.name}: install it with "
            "`pip install -r tests/fixtures/make/requirements.txt` in a virtual environment and set PYTHON to its python.",
            file=sys.stderr,
        )
        sys.exit(NOT_INSTALLED)
    main()
