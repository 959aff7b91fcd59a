# `make up` starts OET, `make test` tests it. Needs Python 3.11 or later on Linux; everything else is installed into .venv.

PYTHON ?= python3
BIN := .venv/bin
# Three workers suit two cores, for many tests wait for processes.
JOBS ?= 3
# Tests that share something dear stay together, and in their order: those of the browser come last (tests/conftest.py).
DIST := --dist loadgroup --no-loadscope-reorder
# Checks read the settings, which make a home; not the one with real data in it.
SCRATCH := OET_HOME=.venv/scratch DATABASE_URL=

.DEFAULT_GOAL := help
.PHONY: help up test lint format bench chaos images clean
.DELETE_ON_ERROR:

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

up: .venv/runtime.stamp ## Start OET on this machine (OET_PORT, OET_HOME and others: docs/configuration.md)
	@exec $(BIN)/python manage.py up

test: .venv/develop.stamp ## Run every test, on SQLite and on PostgreSQL; installs what the tests need
	$(BIN)/python -m tests.needs
	$(BIN)/python -m pytest -n $(JOBS) $(DIST)
	$(BIN)/python -m tests.postgres -n $(JOBS) $(DIST)
	@set -- $$(find tests/js -name '*.test.*js' 2>/dev/null); test $$# -eq 0 || { set -x; node --test "$$@"; }

lint: .venv/develop.stamp ## Check form, types, layers, templates, JavaScript, migrations and the API's description
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/oxlint --quiet static/js tests/js
	$(SCRATCH) $(BIN)/python manage.py makemigrations --check --dry-run
	$(SCRATCH) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null

format: .venv/develop.stamp ## Bring the code into form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/develop.stamp ## Measure: latencies, throughput, memory
	$(BIN)/python -m benchmarks

# A run that broke a promise is repeated with its seed: make chaos SEED=… ROUNDS=…
ROUNDS ?= 300
SEED ?=

chaos: .venv/develop.stamp ## Kill everything, again and again, and check every promise (ROUNDS=300, SEED=…; minutes)
	$(BIN)/python -m tests.chaos --rounds $(ROUNDS) --seed "$(SEED)"

images: .venv/develop.stamp ## Take the pictures in docs/images anew: the real product, in Chromium (a minute)
	$(BIN)/python -m tests.needs
	$(BIN)/python -m tests.pictures docs/images

clean: ## Remove what the other targets made, except the data in var/
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage* test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || \
		{ echo "OET needs Python 3.11 or later; there is no $(PYTHON). Name another: make PYTHON=/path/to/python3 …" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "OET needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version 2>&1). Choose another: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; echo "$(PYTHON) cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }

# The stamps are older than pyproject.toml as soon as its lists of packages have changed.
.venv/runtime.stamp: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/develop.stamp: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint,bench]'
	@touch $@ .venv/runtime.stamp
