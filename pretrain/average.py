"""The mean of trained models' weights (Wortsman et al. 2022, arXiv:2203.05482): python average.py FOLDER FOLDER --out FOLDER

The models must come from one run: one must be trained on from the other, or both from a third.
"""

import argparse
from pathlib import Path

import checkpoint


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    a = parser.parse_args(arguments)
    models = [checkpoint.load(folder) for folder in a.folders]
    (first, tokenizer), others = models[0], models[1:]
    if any(other.get_vocab() != tokenizer.get_vocab() or model.config != first.config for model, other in others):
        raise SystemExit("These models have different sizes or tokenizers: only models of one run can be averaged.")
    states = [model.state_dict() for model, _ in models]
    first.load_state_dict({name: sum(state[name] for state in states) / len(states) for name in states[0]})
    checkpoint.save(a.out, first, tokenizer)


if __name__ == "__main__":
    main()
