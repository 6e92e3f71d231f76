# Two commands for a newcomer: `make demo` and `make test`. Each installs what it needs into .venv first.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test test-fast test-pythons lint format schemas formats proof captures simulate chaos soak fuzz bench lock clean

setup: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup
	$(BIN)/instasent-connector demo

# Many tests wait for servers, so one worker more than two cores; `tests/conftest.py` says what shares a worker.
WORKERS ?= 3

test: setup lint
	$(BIN)/python -m pytest -q -n $(WORKERS)

# What starts neither the service nor a broker: for the inner loop.
test-fast: setup
	$(BIN)/python -m pytest -q -n auto -m "not slow"

# The same tests on every Python from 3.11 on that is on the PATH or in pyenv, each in an environment under .cache.
test-pythons: setup
	$(BIN)/python -m tests.pythons -q -n auto

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The JSON schemas that editors use; a test keeps them in step with the models.
schemas: setup
	$(BIN)/python -m connector.settings.editor_schemas

# The tables of docs/formats.md, out of the matrix of the tests; a test keeps them in step.
formats: setup
	$(BIN)/python -m tests.translate.matrix

# docs/proof.md, out of the tests and the figures in tests/proof; a test keeps it in step.
proof: setup
	$(BIN)/python -m tests.proof

# A world from every seed: `SEEDS=20000` many of them, `SEED=17 TRACE=1` what happens in one, `COMPILED=1` for long runs.
simulate: setup
	$(BIN)/python -m tests.simulation

# Real brokers and instances under fire; `MINUTES=30 SEED=7` for longer and for the same faults again.
chaos: setup
	$(BIN)/python -m tests.chaos

# How much memory the service takes: `MINUTES=60` of work, `OUTAGE=60` without the API, records of `LARGE=95` megabytes.
soak: setup
	$(BIN)/python -m tests.soak

# Records of a real Debezium that the tests decode; needs what the stack tests need.
captures: setup
	$(BIN)/python -m tests.stack.capture

# Hostile records through the translator, in child processes; `make fuzz RUNS=5000000 SEED=7` for more and others.
RUNS ?= 1000000
SEED ?= 0
fuzz: setup
	$(BIN)/python -m tests.fuzz --runs $(RUNS) --seed $(SEED)

bench: setup
	$(BIN)/python -m tests.bench

# Needs `uv` on the PATH; everything else only needs what it locks.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes \
	    --no-header --output-file requirements.lock pyproject.toml

clean:
	rm -rf .venv .cache
