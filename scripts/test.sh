#!/usr/bin/env bash
# Runs every check and every test that needs no PyTorch, goes on after a failure, and ends with a summary and the sum of
# all runners as `N passed, N failed`. A check that fails without a count of its own (a compile error, a lint) counts as
# one failure. The logs stay in target/test-logs/, the sum in target/test-logs/sum. `scripts/test.sh PATTERN` runs the
# steps whose name matches.
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="${TOOLS_DIR:-$PWD/.tools}/bin:$PATH"
export WASM_BINDGEN_TEST_TIMEOUT=600
only=${1:-}
logs=target/test-logs
rm -rf "$logs" && mkdir -p "$logs"
passed=0 failed=0 summary=

# step NAME COMMAND...: runs the command, shows and keeps its output, counts its tests
step() {
  local name=$1 log counts seconds=$SECONDS verdict=ok
  shift
  [[ $name =~ $only ]] || return 0
  log="$logs/${name//[^a-z0-9]/-}.log"
  printf '\n=== %s: %s\n' "$name" "$*"
  "$@" 2>&1 | tee "$log" || verdict=FAILED
  read -r step_passed step_failed <<<"$(scripts/count-tests.sh "$log")"
  [ $verdict = ok ] && [ "$step_failed" = 0 ] || { verdict=FAILED; [ "$step_failed" -gt 0 ] || step_failed=1; }
  passed=$((passed + step_passed)) failed=$((failed + step_failed))
  counts=$([ $((step_passed + step_failed)) = 0 ] || echo "$step_passed passed, $step_failed failed")
  summary+=$(printf '%-26s %-6s %4ds  %s' "$name" $verdict $((SECONDS - seconds)) "$counts")$'\n'
}

# The tools are compiled while the rest is fetched.
setup() {
  local tools
  scripts/setup-rust.sh & tools=$!
  scripts/setup-browser.sh && scripts/fetch-smollm2.sh && scripts/fetch-templates.sh && make --no-print-directory node-modules
  local fetched=$?
  wait "$tools" && [ $fetched = 0 ]
}
step 'setup'           setup
step 'formatting'      cargo fmt --check
step 'clippy native'   cargo clippy --quiet --all-targets -- -D warnings
step 'clippy wasm32'   cargo clippy --quiet --all-targets --target wasm32-unknown-unknown -- -D warnings
step 'native tests'    cargo test
step 'corpus tests'    python3 -m unittest discover -s pretrain/tests -p 'test_corpus.py'
step 'wasm library'    make --no-print-directory pkg
step 'types of www'    make --no-print-directory check-types
step 'wasm tests'      wasm-pack test --mode no-install --headless --chrome
# With the release build that scripts/build-wasm.sh has just made. By cargo, since wasm-pack compiles every test.
step 'wasm tests relaxed' env CARGO_TARGET_DIR=target/relaxed RUSTFLAGS='-C target-feature=+simd128,+relaxed-simd' \
  CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner \
  cargo test --release --target wasm32-unknown-unknown --test kernels --test gradient --test web
step 'static site'     make --no-print-directory site
step 'library in Node' node --test --test-reporter=spec tests/library/*.test.mjs
# Files that test limits of time run alone, the others two at a time. A file that hangs for 20 minutes has failed.
alone=(tests/page/{team,workers_start,controls,bad_data}.test.mjs)
others=()
for file in tests/page/*.test.mjs; do [[ " ${alone[*]} " == *" $file "* ]] || others+=("$file"); done
step 'page tests'      node --test --test-timeout=1200000 --test-reporter=spec --test-concurrency=2 "${others[@]}"
step 'page tests alone' node --test --test-timeout=1200000 --test-reporter=spec --test-concurrency=1 "${alone[@]}"

printf '\n%s' "$summary"
echo "$passed passed, $failed failed" | tee "$logs/sum"
[ $failed = 0 ]
