# Two commands for a newcomer: `make demo` and `make test`. Each installs what it needs into .venv first.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test lint format schemas faults captures simulate bench lock clean

setup: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup
	$(BIN)/instasent-connector demo

test: setup lint
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The JSON schemas that editors use; a test keeps them in step with the models.
schemas: setup
	$(BIN)/python -m connector.settings.schemas

# Which fault of the catalogue is named by which test.
faults: setup
	$(BIN)/python -m tests.faults

# A world from every seed: `SEEDS=20000` many of them, `SEED=17 TRACE=1` what happens in one.
simulate: setup
	$(BIN)/python -m tests.simulation

# Records of a real Debezium that the tests decode; needs what the stack tests need.
captures: setup
	$(BIN)/python -m tests.stack.capture

bench: setup
	$(BIN)/python -m tests.bench

# Needs `uv` on the PATH; everything else only needs what it locks.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes \
	    --no-header --output-file requirements.lock pyproject.toml

clean:
	rm -rf .venv .cache
