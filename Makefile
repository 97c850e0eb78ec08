# Needs bash, make, Python 3.11 or newer and a package index; everything else is installed into .venv/.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
SECONDS ?= 60
# Where it is set, each of the interpreters that the tests start would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test kernel-test fuzz check format bench clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed / Python 3.11 以上が必要です" >&2; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

setup: .venv/installed ## makes .venv/ with .venv/bin/secaudit

demo: setup ## audits the sample municipality and prints the path of its report
	$(BIN)/secaudit demo

test: .venv/installed-dev ## runs all tests
	$(BIN)/python -m pytest -q -n auto --dist loadfile

kernel-test: .venv/installed-dev ## compares what we say of firewall rules with the Linux kernel (minutes; needs network namespaces)
	$(BIN)/python -m tests.kernel

fuzz: .venv/installed-dev ## any bytes to every reader: `make fuzz SECONDS=60` (a reader; two at a time)
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

check: .venv/installed-dev ## format, lint, types, direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/installed-dev ## formats the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/installed-dev ## prints measurements
	$(BIN)/python -m bench

clean: ## removes what these commands made
	rm -rf .venv fuzz-failures secaudit-demo secaudit-out dist build
