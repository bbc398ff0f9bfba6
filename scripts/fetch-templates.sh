#!/usr/bin/env bash
# Fetches published chat templates out of the PyPI package axolotl (2 MB) into target/templates/, for the test that
# compares how they are rendered with transformers. It says so and checks nothing where they could not be fetched.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=target/templates
[ -s "$folder/llama3.jinja" ] && exit 0
python=$(command -v python3) || { echo "fetch-templates: python3 with pip is missing, so published chat templates are not checked." >&2; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "setup: fetching axolotl 0.19.0 from PyPI (2 MB, once)"
if ! "$python" -m pip download --quiet --no-deps --dest "$work" axolotl==0.19.0; then
  echo "fetch-templates: pip could not download axolotl, so published chat templates are not checked." >&2
  exit 0
fi
mkdir -p "$folder"
"$python" - "$work" "$folder" <<'PYTHON'
import glob, pathlib, sys, zipfile
wheel = zipfile.ZipFile(glob.glob(f"{sys.argv[1]}/*.whl")[0])
for name in wheel.namelist():
    if name.endswith(".jinja"):
        (pathlib.Path(sys.argv[2]) / pathlib.Path(name).name).write_bytes(wheel.read(name))
PYTHON
