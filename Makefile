# Each target sets itself up: on a fresh machine it needs only make and Python 3.11 or newer.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
LOCKED := --quiet --disable-pip-version-check --no-input --require-hashes
SOURCES := $(wildcard models workorders streams desk tests bench examples)
# What the caller's shell has set for other projects must not leak into this one.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
export PIP_USER := 0

# A .venv that was copied from elsewhere, or whose Python has gone, is made anew.
ifneq ($(wildcard $(BIN)/python)|$(shell cat $(VENV)/home.txt 2>/dev/null),$(BIN)/python|$(CURDIR))
$(shell rm -f $(VENV)/home.txt $(VENV)/*.stamp)
endif

.PHONY: help setup demo test coverage faults check words format bench up down screenshots pins clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(VENV)/develop.stamp ## Make .venv with everything pinned; quick when nothing has changed
	@echo "Ready: $(BIN)/workorders"

demo: $(VENV)/run.stamp ## Play a night and a day on this machine: no Docker, no Java, no account
	@$(BIN)/workorders demo $(DEMO_ARGS)

test: $(VENV)/develop.stamp $(VENV)/client.stamp ## Run the tests (PYTEST_ARGS="-k night" to choose)
	@$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST_ARGS)

coverage: $(VENV)/develop.stamp $(VENV)/client.stamp ## Run the tests and show which lines none of them goes through
	@$(MAKE) --no-print-directory test PYTEST_ARGS="--cov --cov-report=term:skip-covered $(PYTEST_ARGS)"

faults: $(VENV)/develop.stamp ## Break it on purpose, again and again (FAULTS_ARGS="F1 F4 --trials 50")
	@$(BIN)/python -m tests.faults.run $(FAULTS_ARGS)

check: $(VENV)/develop.stamp ## Lint, format, types, import contracts, spelling, words: all must be clean
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(SOURCES)
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/codespell
	@$(BIN)/python -m desk.words check

words: $(VENV)/develop.stamp ## Bring the Welsh catalogue into step with what the code and pages say
	@$(BIN)/python -m desk.words

format: $(VENV)/develop.stamp ## Format the code and mend what the linter can mend safely
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench: $(VENV)/peers.stamp ## Measure throughput, latency and growth on this machine
	@$(BIN)/python -m bench $(BENCH_ARGS)

up: secrets/workorders_ledger ## Start Kafka, PostgreSQL and two workers with Docker
	@$(COMPOSE) up --build --detach

down: ## Stop what `make up` started (the data stays in its volumes)
	@$(COMPOSE) down

screenshots: $(VENV)/develop.stamp ## Take the pictures of the README anew (needs Chromium)
	@$(BIN)/python -m tests.pages.screenshots

pins: $(VENV)/develop.stamp ## Pin requirements/ anew from pyproject.toml (PINS_ARGS=--upgrade for newer versions)
	@$(BIN)/pip install $(LOCKED) -r requirements/pins.txt
	@$(PIN) pyproject.toml --all-extras -o requirements/develop.txt
	@$(PIN) pyproject.toml -c requirements/develop.txt -o requirements/run.txt
	@$(PIN) pyproject.toml -c requirements/develop.txt --extra postgres --extra notify -o requirements/server.txt
	@$(PIN) requirements/peers.in --override requirements/peers.overrides.in -c requirements/develop.txt \
	  -o requirements/peers.txt
	@echo 'openapi-python-client>=0.26' | $(PIN) - -o requirements/client.txt
	@echo 'uv>=0.5' | $(PIN) - -o requirements/pins.txt
	@sed -n 's/^requires = \["\(.*\)"\]$$/\1/p' pyproject.toml | $(PIN) - -o requirements/build.txt

clean: ## Remove caches, reports and build output (.venv stays)
	@rm -rf build dist *.egg-info .coverage .coverage.* htmlcov .pytest_cache .mypy_cache .ruff_cache \
	  .import_linter_cache .hypothesis
	@find $(SOURCES) -type d -name __pycache__ -prune -exec rm -rf {} +

# ------------------------------------------------------------------------------------ behind the scenes
COMPOSE = $$(docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose) \
  --project-name workorders

PIN = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-config \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make pins" $(PINS_ARGS)

$(VENV)/home.txt:
	@for python in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
	  if "$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making $(VENV) with $$("$$python" --version)."; \
	    "$$python" -m venv --clear $(VENV) && printf '%s\n' "$(CURDIR)" > $@ && exit 0; \
	  fi; \
	done; \
	echo "No usable Python was found. Install Python 3.11 or newer with its venv module" \
	  "(on Debian and Ubuntu: apt install python3-venv), or name one: make PYTHON=/path/to/python3." >&2; \
	exit 1

$(VENV)/run.stamp: requirements/run.txt requirements/build.txt pyproject.toml | $(VENV)/home.txt
	@echo "Installing what a worker needs into $(VENV); the first time this takes about a minute."
	@$(BIN)/python -m pip install $(LOCKED) -r requirements/build.txt -r requirements/run.txt || { \
	  echo "The pinned packages could not be installed; pip's reason is above. Nothing else was changed." >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/develop.stamp: requirements/develop.txt $(VENV)/run.stamp
	@echo "Installing what the tests and checks need into $(VENV)."
	@$(BIN)/python -m pip install $(LOCKED) -r requirements/develop.txt || { \
	  echo "The pinned packages could not be installed; pip's reason is above. Nothing else was changed." >&2; exit 1; }
	@touch $@

# What we are measured against lives apart: it must not decide which versions we run on.
$(VENV)/peers.stamp: requirements/peers.txt $(VENV)/develop.stamp
	@echo "Installing the peers that the measurements compare with into $(VENV)/peers."
	@rm -rf $(VENV)/peers
	@$(BIN)/python -m pip install $(LOCKED) --no-deps --target $(VENV)/peers -r requirements/peers.txt || { \
	  echo "The pinned packages could not be installed; pip's reason is above. Nothing else was changed." >&2; exit 1; }
	@touch $@

# The tool that makes a client of our API's description, for a test; apart for the same reason.
$(VENV)/client.stamp: requirements/client.txt $(VENV)/develop.stamp
	@echo "Installing the tool that makes API clients into $(VENV)/client."
	@rm -rf $(VENV)/client
	@$(BIN)/python -m pip install $(LOCKED) --no-deps --target $(VENV)/client -r requirements/client.txt || { \
	  echo "The pinned packages could not be installed; pip's reason is above. Nothing else was changed." >&2; exit 1; }
	@touch $@

# The folder is closed to others; the files in it must be readable by the containers' own user.
secrets/workorders_ledger:
	@mkdir -p secrets && chmod 700 secrets
	@od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > secrets/postgres_password
	@printf 'postgresql+psycopg://workorders:%s@postgres:5432/workorders' "$$(cat secrets/postgres_password)" > $@
	@chmod 644 secrets/postgres_password $@
