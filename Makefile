# Each target makes .venv and installs what it needs, pinned by constraints.txt. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: help run test test-faults fuzz paper notebooks check format bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "ARGS='...' hands further arguments over: make run ARGS='search_space=toy benchmark=none'"

run: $(VENV)/.run ## the main job: all of NAS-Bench-201
	$(BIN)/python run.py $(ARGS)

test: $(VENV)/.dev ## every test, as CI runs it
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

test-faults: $(VENV)/.dev ## kills, full disks, broken files: a quarter of an hour
	$(BIN)/python -m pytest tests/faults -m faults -n 2 $(ARGS)

# Guided by coverage where atheris is installed.
fuzz: $(VENV)/.dev ## hostile input for every reader: eleven minutes
	$(BIN)/python -m tests.fuzz $(ARGS)

paper: $(VENV)/.run ## every study of the paper, on one page
	$(BIN)/python -m experiments.paper $(ARGS)

notebooks: $(VENV)/.dev ## runs the notebooks and stores what they print
	$(BIN)/python notebooks/build.py $(ARGS)

check: $(VENV)/.dev ## format, lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(VENV)/.dev ## repairs format and lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## how fast scoring is
	$(BIN)/python -m experiments.bench $(ARGS)

clean: ## removes .venv
	rm -rf $(VENV)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'Python 3.11 or newer is needed, got' "$$($(PYTHON) --version)": pass PYTHON=/path/to/python3.11; \
		exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@
