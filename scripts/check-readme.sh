#!/usr/bin/env bash
# Runs every command that README.md shows in a ```sh block, so that the README can't promise what doesn't work.
# `make test` itself is left out (this runs after it); a command that is not known here is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

# The page, the wasm (with its media type) and the model come from the address that `make serve` prints.
check_serve() {
  local log url
  log=$(mktemp)
  setsid make --no-print-directory serve PORT=0 >"$log" 2>&1 &
  server=$!
  trap 'kill -- -$server 2>/dev/null' EXIT
  until url=$(grep -o 'http://127.0.0.1:[0-9]*/' "$log"); do
    kill -0 "$server" 2>/dev/null || { cat "$log"; echo "make serve ended without an address" >&2; return 1; }
    sleep 0.5
  done
  curl -fsS "$url" | grep -i '<!doctype html>' >/dev/null
  for build in prompt_playground prompt_playground_relaxed; do
    curl -fsSI "${url}pkg/${build}_bg.wasm" | grep -i '^content-type: application/wasm' >/dev/null || return 1
  done
  for weights in model.q8.safetensors model.safetensors; do curl -fsS -o /dev/null "${url}models/bundled/$weights" || return 1; done
  [ "$(curl -s -o /dev/null -w '%{http_code}' --path-as-is "${url}../Cargo.toml")" = 404 ]
  echo "make serve: $url answers with the page, the library and the model"
}

check_site() {
  make --no-print-directory site
  test -s site/index.html -a -s site/pkg/prompt_playground_bg.wasm -a -s site/pkg/prompt_playground_relaxed_bg.wasm -a -s site/models/bundled/model.q8.safetensors -a -s site/models/bundled/model.safetensors
}

commands=$(awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside && NF { sub(/ *#.*/, ""); print }' README.md)
[ -n "$commands" ] || { echo "README.md shows no command" >&2; exit 1; }
while read -r command; do
  case $command in
    'make serve') check_serve ;;
    'make site') check_site ;;
    'make test') echo 'make test: ran before this' ;;
    *) echo "README.md shows a command that is not checked: $command" >&2; exit 1 ;;
  esac
done <<<"$commands"
