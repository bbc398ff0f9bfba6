"""Measures answers to the companies' unseen questions that were written elsewhere: `python score_answers.py FILE...`.

A file is `{company: [{"input", "answer"}]}`, as benches/techniques.mjs writes it. Needs what evaluate.py needs.
"""

import json
import sys
from pathlib import Path

import companies as written
from companies import mean
from evaluate import score

SHOWN = ["checks", "topic", "loops", "rouge_l"]


def main() -> None:
    listed = {c.id: c for c in written.load()}
    for path in map(Path, sys.argv[1:]):
        answers = json.loads(path.read_text())
        scores = {id: score(listed[id], [a["answer"] for a in given]) for id, given in answers.items()}
        means = ", ".join(f"{k} {mean([s[k] for s in scores.values()]):.3f}" for k in SHOWN)
        print(f"{path.stem}: {means}; checks " + ", ".join(f"{id} {s['checks']:.2f}" for id, s in scores.items()))


if __name__ == "__main__":
    main()
