#!/usr/bin/env bash
# Has the service worker of a site keep its files: writes their list with SHA-256 and names the service worker in index.html.
# Left out: itself, and what the page never loads (types, the bundled model as PEFT reads it).
set -euo pipefail
cd "$1"
sha256() { if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

if ! grep -q 'name="service-worker"' index.html; then
  awk '/<link rel="icon"/ { print "  <meta name=\"service-worker\" content=\"./service_worker.js\">" } { print }' index.html > index.html.new
  mv index.html.new index.html
  grep -q 'name="service-worker"' index.html
fi
{
  echo '// Written by scripts/list-kept-files.sh.'
  echo 'self.KEPT_FILES = {'
  find . -type f ! -name 'service_worker*.js' ! -name '.*' ! -name '*.d.ts' ! -name model.safetensors | LC_ALL=C sort | while read -r file; do
    printf "  '%s': '%s',\n" "${file#./}" "$(sha256 "$file" | cut -d' ' -f1)"
  done
  echo '};'
} > service_worker_files.js
