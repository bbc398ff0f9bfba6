# Two commands are enough: `make serve` and `make test`. Each installs what it lacks and says what it does.
.DEFAULT_GOAL := help
.PHONY: help serve test test-peft test-browsers fuzz bench site pkg check-types node-modules clean

PORT ?= 8080
# Where wasm-pack and wasm-bindgen-cli are compiled to, if they are not on PATH in the version that is needed.
export TOOLS_DIR ?= $(CURDIR)/.tools
export PATH := $(TOOLS_DIR)/bin:$(PATH)

# The second of the two builds (scripts/build-wasm.sh), so it stands for both.
WASM := pkg/prompt_playground_relaxed_bg.wasm
RUST_SOURCES := $(shell find src -name '*.rs' -o -name '*.d.ts') Cargo.toml Cargo.lock .cargo/config.toml scripts/build-wasm.sh
NODE_MODULES := tests/page/node_modules/.package-lock.json
# What `make bench` builds besides: our kernels alone, plain candle autograd, wllama, and the random model.
BENCH_KERNEL := target/bench/kernel/relaxed-simd/kernel_bench_bg.wasm
BENCH_CANDLE := target/bench/candle-autograd/pkg/candle_autograd_bg.wasm
BENCH_MODEL := target/bench/random-5.7m/model.safetensors
BENCH_MODULES := benches/node_modules/.package-lock.json

help:
	@echo "make serve   build what changed and serve the page on 127.0.0.1 (PORT=$(PORT))"
	@echo "make test    every check and test that needs no PyTorch, in Chromium too"
	@echo "make test-peft  adapters against the real PEFT and transformers, installed into .venv (minutes)"
	@echo "make test-browsers  the exercise in Firefox and WebKit as well, where they are installed (Debian: firefox-esr webkit2gtk-driver xvfb)"
	@echo "make fuzz    random bytes for whatever reads a person's files, guided by coverage (SECONDS_EACH=60; needs cargo-fuzz)"
	@echo "make bench   measure speed, memory and size, one table (ONLY=regex for some rows, QUICK=1 for fewer steps)"
	@echo "make site    write the static site to site/, ready for any web server and any sub-path"
	@echo "make pkg     build only the wasm library, pkg/"
	@echo "make clean   remove pkg/, site/, target/ and the tools in .tools/"

serve: pkg
	@if command -v node >/dev/null; then exec node scripts/serve.mjs www --port $(PORT); \
	else echo "Serving the playground at http://127.0.0.1:$(PORT)/ (Ctrl+C stops it)"; \
	exec python3 -m http.server $(PORT) --bind 127.0.0.1 --directory www; fi

test:
	@scripts/test.sh

# PYTHON=path/to/python with the packages of tests/fixtures/make/requirements.txt skips the installation.
PEFT_PYTHON := $(or $(PYTHON),.venv/bin/python)
test-peft: pkg $(if $(PYTHON),,.venv/.installed)
	$(PEFT_PYTHON) tests/peft/adapters.py
	$(PEFT_PYTHON) tests/peft/scale.py

# Other engines than Chromium's; one that is not installed is skipped.
test-browsers: site $(NODE_MODULES)
	npm --prefix tests/browsers ci --no-audit --no-fund --ignore-scripts
	node --test --test-reporter=spec tests/browsers/walk.test.mjs

.venv/.installed: tests/fixtures/make/requirements.txt
	python3 -m venv .venv
	.venv/bin/pip install --quiet --extra-index-url https://download.pytorch.org/whl/cpu -r $<
	@touch $@

fuzz:
	@scripts/fuzz.sh $(or $(SECONDS_EACH),60)

# What each row means, and what is compared with what: benches/README.md.
bench: pkg $(NODE_MODULES) $(BENCH_MODULES) $(BENCH_KERNEL) $(BENCH_CANDLE) $(BENCH_MODEL)
	@scripts/setup-browser.sh
	@scripts/fetch-smollm2.sh
	@node benches/run.mjs

$(BENCH_KERNEL): $(RUST_SOURCES) $(wildcard benches/kernel/src/* benches/kernel/Cargo.* benches/kernel/build.sh) | $(WASM)
	benches/kernel/build.sh

$(BENCH_CANDLE): tests/common/candle_llama.rs .cargo/config.toml $(wildcard benches/candle-autograd/src/* benches/candle-autograd/Cargo.*) | $(WASM)
	CARGO_TARGET_DIR=$(CURDIR)/target/bench/candle-autograd/build wasm-pack build --mode no-install --release \
	  --target web --out-name candle_autograd --out-dir $(CURDIR)/$(@D) benches/candle-autograd

$(BENCH_MODEL): benches/random_model.mjs
	node benches/random_model.mjs

$(BENCH_MODULES): benches/package-lock.json
	npm --prefix benches ci --no-audit --no-fund --ignore-scripts
	@touch $@

# www/pkg is a link to ../pkg, so the page's relative addresses are the same here, in `make serve` and on a web server.
site: pkg
	rm -rf site
	cp -rL www site
	rm -f site/pkg/.gitignore
	touch site/.nojekyll
	scripts/list-kept-files.sh site
	@echo "Wrote site/ ($$(du -sh site | cut -f1)): copy it to any web server."

pkg: $(WASM)

$(WASM): $(RUST_SOURCES) docs/library.md
	scripts/setup-rust.sh
	scripts/build-wasm.sh

check-types: pkg $(NODE_MODULES)
	tests/page/node_modules/.bin/tsc --project tsconfig.json
	tests/page/node_modules/.bin/tsc --project tsconfig.service_worker.json

# TypeScript (as a checker), Playwright and axe-core: for the checks only, the page itself needs none of them.
node-modules: $(NODE_MODULES)

$(NODE_MODULES): tests/page/package-lock.json
	@command -v npm >/dev/null || { echo "The checks need Node.js 20 or later: https://nodejs.org" >&2; exit 1; }
	npm --prefix tests/page ci --no-audit --no-fund
	@touch $@

clean:
	rm -rf pkg site target .tools
