#!/usr/bin/env bash
# Builds pkg/: the library for 128-bit SIMD (.cargo/config.toml), and beside it the same library with relaxed SIMD,
# whose fused multiply-add makes training faster. The JavaScript around the two is the same, and this script checks it;
# the worker chooses the file that the browser can run (www/worker/simd.js).
set -euo pipefail
cd "$(dirname "$0")/.."
relaxed=target/relaxed

# At the same time: each ends with one crate in one unit of code, which keeps one core busy for a minute.
RUSTFLAGS='-C target-feature=+simd128,+relaxed-simd' \
  cargo build --release --lib --target wasm32-unknown-unknown --target-dir "$relaxed" &
building=$!
trap 'kill $building 2>/dev/null || true' EXIT
wasm-pack build --mode no-install --release --target web --out-dir pkg
wait $building
trap - EXIT
wasm-bindgen --target web --out-dir "$relaxed/pkg" "$relaxed/wasm32-unknown-unknown/release/prompt_playground.wasm"
cmp "$relaxed/pkg/prompt_playground.js" pkg/prompt_playground.js || {
  echo "build-wasm: the two builds need different JavaScript, so they can't share it." >&2
  exit 1
}
cp "$relaxed/pkg/prompt_playground_bg.wasm" pkg/prompt_playground_relaxed_bg.wasm

# The package: its own README, and the second build among its files.
cp docs/library.md pkg/README.md
sed -i 's/^    "prompt_playground_bg.wasm",$/&\n    "prompt_playground_relaxed_bg.wasm",/' pkg/package.json
