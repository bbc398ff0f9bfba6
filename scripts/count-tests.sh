#!/usr/bin/env bash
# Prints "PASSED FAILED": the sum over a log of cargo test, wasm-bindgen-test-runner, node --test
# and unittest. Each reports once per run: `test result: ok. 3 passed; 0 failed; ...`, `# pass 3`, `# fail 0`,
# `# cancelled 0`, or `Ran 3 tests in 1s` and `FAILED (failures=1, errors=1)`.
sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
  /^ *test result: / { passed += $4; failed += $6 }
  /^(ℹ|#) pass [0-9]+$/ { passed += $3 }
  /^(ℹ|#) (fail|cancelled) [0-9]+$/ { failed += $3 }
  /^Ran [0-9]+ tests? in / { passed += $2 }
  /^FAILED \(/ { for (i = 2; i <= NF; i++) if (split($i, part, /[=,)]/) > 1 && part[1] ~ /failures|errors/) { failed += part[2]; passed -= part[2] } }
  END { print passed + 0, failed + 0 }'
