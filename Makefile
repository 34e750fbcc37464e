# Each target makes .venv and installs what it needs, pinned by constraints.txt. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: help run test test-faults test-wheel fuzz paper leaderboard notebooks docs check format hashes bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "ARGS='...' hands further arguments over: make run ARGS='search_space=toy benchmark=none'"

run: $(VENV)/.run ## the main job: all of NAS-Bench-201
	$(BIN)/python run.py $(ARGS)

# A file's tests stay in one process, so that what they share is made once.
test: $(VENV)/.dev ## every test, as CI runs it
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

test-faults: $(VENV)/.dev ## kills, full disks, broken files: a quarter of an hour
	$(BIN)/python -m pytest tests/faults -m faults -n 2 $(ARGS)

test-wheel: $(VENV)/.dev ## builds the wheel, installs it into a clean environment, tries it
	$(BIN)/python -m pytest tests/launch/test_wheel.py -m wheel $(ARGS)

# Guided by coverage where atheris is installed.
fuzz: $(VENV)/.dev ## hostile input for every reader: eleven minutes
	$(BIN)/python -m tests.fuzz $(ARGS)

# Some studies use accuracies that only an extra installs.
paper: $(VENV)/.dev ## every study of the paper, on one page
	$(BIN)/python -m experiments.paper $(ARGS)

leaderboard: $(VENV)/.dev ## every metric on every space and task: about an hour
	$(BIN)/python -m experiments.leaderboard $(ARGS)

notebooks: $(VENV)/.dev ## runs the notebooks and stores what they print
	$(BIN)/python notebooks/build.py $(ARGS)

# Material asks for a look at its successor at every build.
docs: $(VENV)/.docs ## the manual, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --config-file docs/manual/mkdocs.yml $(ARGS)

check: $(VENV)/.dev ## format, lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(VENV)/.dev ## repairs format and lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# constraints.txt has no hashes, since pip takes no editable install beside them.
hashes: ## rewrites requirements-hashed.txt: five minutes
	$(PYTHON) -m venv --clear $(VENV)/hashes
	$(VENV)/hashes/bin/python -m pip install --quiet pip-tools
	$(VENV)/hashes/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate \
		--constraint constraints.txt --output-file $(VENV)/hashed.txt pyproject.toml
	sed '/^$$/q' requirements-hashed.txt | cat - $(VENV)/hashed.txt > $(VENV)/with-head.txt
	mv $(VENV)/with-head.txt requirements-hashed.txt

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

$(VENV)/.docs: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@
