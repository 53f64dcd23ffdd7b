# Needs Python 3.11 or newer, and make.
PYTHON ?= $(shell sh .ci/python python3 /usr/bin/python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Test processes: as many as there are cores, four at most.
WORKERS ?= auto

.DEFAULT_GOAL := help
.PHONY: help install run test check static style types contracts compose bench capture lock clean

help:  ## Say what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */\1\t/' | expand -t 10

install: $(VENV)/.installed  ## Make .venv with what running needs

run: install  ## Serve the API, the feeds and a start page, and crawl on schedule
	@exec $(BIN)/tokentape up

test: $(VENV)/.tested  ## Run all tests, on SQLite and on PostgreSQL
	@PYTHON=$(BIN)/python sh .ci/chromium
	@$(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 4 --dist loadscope

static: style types contracts compose  ## What can be checked without running it

style: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.tested
	$(BIN)/mypy

contracts: $(VENV)/.tested
	$(BIN)/lint-imports --no-logo

compose: $(VENV)/.tested
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

check: static test  ## Everything that must hold before a change goes in

bench: $(VENV)/.tested  ## Measure against the limit or a peer in the same run
	@$(BIN)/python -m bench

capture: $(VENV)/.tested  ## Keep a page as a fixture: make capture SPIDER=deepseek URL=https://…
	@test -n "$(SPIDER)" && test -n "$(URL)" || { echo 'usage: make capture SPIDER=name URL=https://…' >&2; exit 2; }
	@$(BIN)/python -m crawler.capture "$(SPIDER)" "$(URL)"

lock:  ## Resolve the dependencies anew into requirements.lock and requirements-dev.lock
	@PYTHON=$(PYTHON) sh .ci/lock

clean:  ## Remove the environment and what the tools have cached
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.tested: requirements-dev.lock $(VENV)/.installed
	$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@
