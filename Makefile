# make demo        everything, from nothing to a champion in MLflow and two UIs to look at
# make test        lint, types, layers and the whole test suite
PYTHON ?= python3
BIN := .venv/bin
EXIT ?=
SERVERS := tests/airflow tests/deployment

.PHONY: help venv demo demo-reset secrets browser pictures test lint format prove bench constraints clean

help:  ## Say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

venv: .venv/.ready  ## Build .venv from the pinned constraints

.venv/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; try: make PYTHON=python3.11 venv")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: venv  ## Run the demo; EXIT=1 stops everything at the end
	$(BIN)/python -m demo $(if $(EXIT),--exit)

demo-reset:  ## Forget everything the demo did
	rm -rf .demo

secrets:  ## Passwords and keys for docker-compose.yaml, into .env
	@$(PYTHON) deploy/make_secrets.py

lint: venv  ## Format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: venv  ## Put the code into the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

browser: venv  ## A Chromium for the tests of the page, where the system has none
	@$(BIN)/python -m demo.browser || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
		&& apt-get update -qq && apt-get install -qq -y chromium >/dev/null; } || $(BIN)/playwright install --with-deps chromium

test: lint browser  ## The whole test suite, under 30 minutes on two cores
	@# Those that start a whole Airflow mostly wait for it: they run beside all others, and are shown after them.
	@$(BIN)/python -m pytest -m "not prove" $(SERVERS) >.servers.log 2>&1 & servers=$$!; \
	$(BIN)/python -m pytest -m "not prove" $(SERVERS:%=--ignore=%); others=$$?; \
	wait $$servers; ended=$$?; cat .servers.log; rm .servers.log; exit $$((others | ended))

prove: venv  ## The long proofs
	$(BIN)/python -m pytest -m prove

pictures: browser  ## Take the README's pictures from the demo, in a headless Chromium
	$(BIN)/python -m demo --pictures docs

bench: venv  ## Measure; writes the tables and pictures of the README
	$(BIN)/python -m benchmarks

constraints: venv  ## Pin every dependency anew
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header \
		--output-file constraints.txt pyproject.toml

clean: demo-reset  ## Remove everything that was made
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
