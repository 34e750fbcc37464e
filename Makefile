# make run, make test: each makes .venv and installs what it needs, pinned by constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: run test test-faults fuzz paper notebooks check format bench clean

run: $(VENV)/.run
	$(BIN)/python run.py $(ARGS)

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

# Kills, full disks, broken files: a quarter of an hour.
test-faults: $(VENV)/.dev
	$(BIN)/python -m pytest tests/faults -m faults -n 2 $(ARGS)

# Hostile input for every reader, eleven minutes; guided by coverage where atheris is installed.
fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.fuzz $(ARGS)

paper: $(VENV)/.run
	$(BIN)/python -m experiments.paper $(ARGS)

notebooks: $(VENV)/.dev
	$(BIN)/python notebooks/build.py $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev
	$(BIN)/python -m experiments.bench $(ARGS)

clean:
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
