#!/usr/bin/env bash
# Prints "PASSED FAILED": the sum over a log of cargo test, wasm-bindgen-test-runner and node --test.
# Each reports once per run: `test result: ok. 3 passed; 0 failed; ...` or `# pass 3`, `# fail 0`, `# cancelled 0`.
sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
  /^ *test result: / { passed += $4; failed += $6 }
  /^(ℹ|#) pass [0-9]+$/ { passed += $3 }
  /^(ℹ|#) (fail|cancelled) [0-9]+$/ { failed += $3 }
  END { print passed + 0, failed + 0 }'
