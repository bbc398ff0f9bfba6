"""Eight bits a weight, so that the page downloads half as much: the model that ships is rounded to what eight bits can hold.

    python eight_bits.py MODEL_FOLDER --out FOLDER

Writes a Hugging Face folder whose `model.safetensors` (f16) is for PEFT and `transformers`, and beside it
`model.q8.safetensors`, the same weights in half the bytes, which the page reads (`src/weights.rs`): every matrix (rows,
columns) as whole numbers from -127 to 127 (I8), and `<name>.scale` (rows), the factor (F32) of each row. Vectors stay F16.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

LARGEST = 127


def eight_bits(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Whole numbers (rows, columns) and the factor of each row (rows,) whose products are nearest to the matrix.

    The largest weight of a row is the largest number (symmetric, one scale for each output: Jacob et al. 2018,
    arXiv:1712.05877, section 2 with a zero point of 0).
    """
    matrix = matrix.float()
    scale = matrix.abs().amax(1) / LARGEST
    scale[scale == 0] = 1.0
    numbers = (matrix / scale[:, None]).round().clamp(-LARGEST, LARGEST)
    return numbers.to(torch.int8), scale


def expanded(numbers: Tensor, scale: Tensor) -> Tensor:
    """The weights in f16: each product rounded once."""
    return (numbers.float() * scale[:, None]).half()


def rounded(weights: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The tensors of `model.safetensors` and those of `model.q8.safetensors`."""
    whole, stored = {}, {}
    for name, weight in weights.items():
        if weight.dim() == 2:
            numbers, scale = eight_bits(weight)
            whole[name] = expanded(numbers, scale)
            stored |= {name: numbers, f"{name}.scale": scale}
        else:
            whole[name] = stored[name] = weight.half()
    return whole, stored


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    whole, stored = rounded(load_file(arguments.model / "model.safetensors"))
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(arguments.model / name, arguments.out / name)
    config = json.loads((arguments.model / "config.json").read_text()) | {"dtype": "float16"}
    (arguments.out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    for name, tensors in (("model.safetensors", whole), ("model.q8.safetensors", stored)):
        save_file(tensors, arguments.out / name, metadata={"format": "pt"})


if __name__ == "__main__":
    main()
