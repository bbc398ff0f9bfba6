#!/usr/bin/env bash
# Builds the kernels alone for wasm, simd128 and relaxed-simd, into target/bench/kernel/{simd128,relaxed-simd}/.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$PWD/target/bench/kernel
for build in simd128 relaxed-simd; do
  features=+simd128
  [ $build = simd128 ] || features+=,+relaxed-simd
  RUSTFLAGS="-C target-feature=$features" cargo build --quiet --release --manifest-path benches/kernel/Cargo.toml \
    --target wasm32-unknown-unknown --target-dir "$out/build-$build"
  wasm-bindgen --target web --out-dir "$out/$build" "$out/build-$build/wasm32-unknown-unknown/release/kernel_bench.wasm"
done
