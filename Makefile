# Each command sets up what it needs in a virtual environment of its own, $(VENV).
PYTHON ?= python3
VENV ?= .venv
# The one of the extras `tensorflow` and `tensorflow-cpu` that is there, for both can't be.
TENSORFLOW ?= $(if $(wildcard $(VENV)/lib/python*/site-packages/tensorflow_cpu-*),tensorflow-cpu,tensorflow)
BIN := $(VENV)/bin
export TF_CPP_MIN_LOG_LEVEL ?= 3
export NO_MKDOCS_2_WARNING ?= 1

.PHONY: demo test fast-test lint docs docs-build check clean

demo: $(VENV)/with-figures  ## Train on the sunspots, beside SimpleRNN
	$(BIN)/rnn-explained demo

test: $(VENV)/with-test  ## All tests
	$(BIN)/python -m pytest -n auto

fast-test: $(VENV)/with-test  ## All but the slow ones
	$(BIN)/python -m pytest -n auto -m "not slow"

lint: $(VENV)/with-lint  ## ruff (lint and format) and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/with-docs  ## Serve the documentation
	$(BIN)/mkdocs serve

docs-build: $(VENV)/with-docs  ## Build the documentation into site/, strictly
	$(BIN)/mkdocs build --strict

check: lint docs-build test  ## Everything that continuous integration runs

clean:
	rm -rf $(VENV) site build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/with-%: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Setting up $(VENV) for $*, which takes a minute or so"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$*,$(TENSORFLOW)]'
	touch $@
