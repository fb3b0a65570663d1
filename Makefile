# demo and test each work on a fresh checkout with only Python 3.11+ and make.
PYTHON ?= python3
PORT ?= 8080
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo test lint bench torture storms simulate fuzz format

# A machine that forbids it would compile every module anew in each of the hundreds of processes that the tests start.
unexport PYTHONDONTWRITEBYTECODE

# Stamps say which extras are in; they are renewed when the list of dependencies changes.
$(VENV)/.base: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input -e .
	@touch $@

$(VENV)/.test: $(VENV)/.base
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input -e '.[test,lint]'
	@touch $@

setup: $(VENV)/.base

demo: $(VENV)/.base
	@$(BIN)/scrm-bot demo --port $(PORT)

test: $(VENV)/.test
	@$(BIN)/python -m pytest -n 4 -q

lint: $(VENV)/.test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.test
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

bench: $(VENV)/.test
	@$(BIN)/python -m benchmarks

torture: $(VENV)/.test
	@$(BIN)/python -m tests.torture

storms: $(VENV)/.test
	@$(BIN)/python -m tests.storms

SEEDS ?= 1 2 3 4 5 6 7 8 9 10
simulate: $(VENV)/.test
	@$(BIN)/python -m tests.torture.simulate $(SEEDS)

COUNT ?= 1000000
SEED ?= 1
fuzz: $(VENV)/.test
	@$(BIN)/python -m tests.fuzz --count $(COUNT) --seed $(SEED)
