# Every command of Muster. Each makes the virtual environment it needs; the second call starts at once.
PYTHON ?= python3
VENV ?= .venv
ARGS ?=
DB ?=

BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
# The lock files are compiled by this one version, so that two people get the same file.
UV := uv==0.13.9
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check
COMPILE = $(VENV)/tools/bin/uv pip compile --quiet --universal --python-version 3.11 --custom-compile-command "make requirements"

.DEFAULT_GOAL := help
.PHONY: help run demo test check bench chaos screenshots requirements clean

help: ## List these commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: $(RUNTIME) ## Start Muster on PORT (default 8000): migrate, make the first admin and keys, serve
	$(BIN)/python manage.py up $(ARGS)

demo: $(RUNTIME) ## Carry an example plan through a running Muster with three agents, and watch it
	$(BIN)/python examples/demo/run.py $(ARGS)

test: $(DEV) ## Run every test on SQLite, PostgreSQL and Redis (ARGS="-k claim", DB=sqlite|postgres)
	$(BIN)/python -m tests $(if $(DB),--db $(DB)) $(ARGS)

check: $(DEV) ## Check style, types, imports, migrations, pins and vendored files
	$(BIN)/python -m scripts.check $(ARGS)

bench: $(DEV) ## Measure Muster next to raw SQL and procrastinate, and write bench/results.json
	$(BIN)/python -m bench $(ARGS)

chaos: $(DEV) ## Kill servers, agents and databases at random and prove that no task is lost
	$(BIN)/python -m tests --chaos $(if $(DB),--db $(DB)) $(ARGS)

screenshots: $(DEV) ## Picture the pages of a sample project into docs/screenshots (ARGS="--to DIR" for every page)
	$(BIN)/python -m scripts.screenshots $(ARGS)

requirements: $(VENV)/tools/bin/uv ## Compile requirements.txt and requirements-dev.txt (ARGS="--upgrade" for newer versions)
	$(COMPILE) $(ARGS) --output-file requirements.txt requirements.in
	$(COMPILE) $(ARGS) --constraint requirements.txt --output-file requirements-dev.txt requirements-dev.in

clean: ## Remove the virtual environment and every cache (never var/, where Muster keeps its data)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +

$(BIN)/python:
	@sh scripts/make_venv $(VENV) $(PYTHON)

# The environment's age says nothing about what is in it, so it is an order-only need of both.
$(RUNTIME): requirements.txt | $(BIN)/python
	@echo "Installing what Muster runs on into $(VENV)"
	@$(PIP_INSTALL) -r requirements.txt
	@touch $@

$(DEV): requirements.txt requirements-dev.txt | $(BIN)/python
	@echo "Installing what Muster runs on and is tested with into $(VENV)"
	@$(PIP_INSTALL) -r requirements-dev.txt
	@touch $(RUNTIME) $@

$(VENV)/tools/bin/uv: | $(BIN)/python
	@$(BIN)/python -m venv --clear $(VENV)/tools
	@$(VENV)/tools/bin/python -m pip install -qq --disable-pip-version-check $(UV)
