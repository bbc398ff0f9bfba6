#!/usr/bin/env bash
# Makes sure that Chromium and ChromeDriver are there for the browser tests. What is missing is installed with
# apt-get where that is possible (Debian, as root); otherwise a sentence says what to do.
set -euo pipefail

has_any() { for program in "$@"; do command -v "$program" >/dev/null && return; done; return 1; }
ready() { has_any chromium chromium-browser google-chrome && has_any chromedriver; }

if ! ready && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "setup: installing Debian's packages chromium and chromium-driver"
  apt-get update -qq && apt-get install -y -qq chromium chromium-driver >/dev/null
fi
ready || {
  echo "The browser tests need Chromium (or Chrome) and a ChromeDriver of the same version on PATH;" \
    "on Debian: sudo apt-get install chromium chromium-driver" >&2
  exit 1
}
