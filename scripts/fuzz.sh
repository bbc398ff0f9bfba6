#!/usr/bin/env bash
# Gives everything that reads a person's files random bytes, guided by coverage, for some time each:
#   scripts/fuzz.sh [SECONDS [TARGET ...]]     targets: the files in tests/fuzz/targets/
# What ended the program lies in target/fuzz/found/; the inputs found on the way, in target/fuzz/corpus/, are the start of
# the next time. Needs cargo-fuzz (`cargo install cargo-fuzz`) and a C++ compiler.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v cargo-fuzz >/dev/null || { echo "fuzz: cargo-fuzz is missing. Install it with: cargo install cargo-fuzz" >&2; exit 1; }
seconds=${1:-60}
shift || true
targets=${*:-dataset texts gguf model_file adapter run}
fixtures=tests/fixtures
corpus=target/fuzz/corpus

# The first inputs. A byte or two in front say what the rest is: tests/fuzz/targets/.
mkdir -p $corpus/{dataset,texts,gguf,model_file,adapter,run}
cp $fixtures/tiny/gguf_{f16,q4_0,q8_0}.gguf $corpus/gguf/
python3 - $fixtures $corpus <<'PYTHON'
import json, pathlib, sys
fixtures, corpus = map(pathlib.Path, sys.argv[1:])

def write(path: str, first: bytes, rest: bytes) -> None:
    (corpus / path).write_bytes(first + rest)

rows = json.loads((fixtures / "smarthome.json").read_text())["examples"][:3]
lines = "".join(json.dumps(row) + "\n" for row in rows)
table = "".join('"{input}";"{output}"\n'.format(**row) for row in rows)
chat = json.dumps([{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}])
for i, text in enumerate([lines, table, "Nr\tquestion\tanswer\n1\ta\tb\n", "input,output\na,b\n", chat]):
    for name in range(6):
        write(f"dataset/{i}-{name}", bytes([name]), text.encode())
for i, text in enumerate(["How do I reset it?\1reset", "^\\d+\\. .*$\1" + "1. a\n2. b", "3\1a b c"]):
    write(f"texts/{i}", b"", text.encode())
for folder in ["hf_f32", "hf_f16", "hf_head_dim"]:
    for i, name in enumerate(["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]):
        write(f"model_file/{folder}-{i}", bytes([i]), (fixtures / "tiny" / folder / name).read_bytes())
for folder in ["prompt_tuning", "prefix_tuning", "p_tuning"]:
    config = (fixtures / "adapters" / folder / "adapter_config.json").read_bytes()
    weights = (fixtures / "adapters" / folder / "adapter_model.safetensors").read_bytes()
    write(f"adapter/{folder}", len(config).to_bytes(2, "little"), config + weights)
for kind in ["PROMPT_TUNING", "PREFIX_TUNING", "P_TUNING"]:
    settings = {"peft_type": kind, "num_virtual_tokens": 4, "prompt_tuning_init": "RANDOM", "encoder_hidden_size": 8, "batch_size": 2}
    write(f"run/{kind}", b"", json.dumps(settings).encode())
    write(f"run/{kind}-damaged", b"", json.dumps(settings).encode() + b"\xff\x20\x00\x7f")
PYTHON

# cargo-fuzz asks for a nightly compiler only for the sanitizers, which safe Rust can do without.
export RUSTC_BOOTSTRAP=1
for target in $targets; do
  echo "== $target, $seconds s"
  mkdir -p target/fuzz/found/"$target"
  cargo fuzz run --fuzz-dir tests/fuzz --target-dir target/fuzz/build --sanitizer none -a "$target" $corpus/"$target" -- \
    -max_total_time="$seconds" -timeout=15 -rss_limit_mb=3000 -malloc_limit_mb=1500 -max_len=70000 -use_value_profile=1 \
    -artifact_prefix=target/fuzz/found/"$target"/ -verbosity=0 -print_final_stats=1
done
