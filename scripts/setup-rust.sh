#!/usr/bin/env bash
# Sets up what builds and tests the wasm library, and nothing that is there already:
#   1. the target wasm32-unknown-unknown of the active Rust toolchain (the one thing outside this folder);
#   2. wasm-pack and wasm-bindgen-cli, compiled by cargo into TOOLS_DIR/bin (default: .tools in this project).
# wasm-bindgen-cli must be exactly the version that Cargo.lock pins, so a wasm-bindgen on PATH counts only then.
set -euo pipefail
cd "$(dirname "$0")/.."

wasm_pack_version=0.15.1
wasm_bindgen_version=$(awk '$1 == "name" && $3 == "\"wasm-bindgen\"" { getline; gsub(/"/, "", $3); print $3 }' Cargo.lock)
tools=${TOOLS_DIR:-$PWD/.tools}
export PATH="$tools/bin:$PATH"

command -v cargo >/dev/null || {
  echo "Rust is missing: install it from https://rustup.rs, then run this again." >&2
  exit 1
}

# has PROGRAM VERSION: is exactly this version there, in TOOLS_DIR or on PATH?
has() { [ "$("$1" --version 2>/dev/null)" = "$1 $2" ]; }

# install CRATE VERSION: without optimisations, since compiling them takes longer than they run in many builds. One folder
# for both, so that the dependencies which they share are compiled once.
install() {
  echo "setup: compiling $1 $2 into $tools (once; a few minutes)"
  CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    cargo install --quiet --root "$tools" --target-dir "$tools/build" --version "=$2" "$1"
}

scripts/install-wasm-target
has wasm-pack "$wasm_pack_version" || install wasm-pack "$wasm_pack_version"
{ has wasm-bindgen "$wasm_bindgen_version" && has wasm-bindgen-test-runner "$wasm_bindgen_version"; } ||
  install wasm-bindgen-cli "$wasm_bindgen_version"
rm -rf "$tools/build"
