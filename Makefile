# Each command sets up what it needs in a virtual environment of its own, $(VENV).
PYTHON ?= python3
VENV ?= .venv
# The one of the extras `tensorflow` and `tensorflow-cpu` that is there, for both can't be.
TENSORFLOW ?= $(if $(wildcard $(VENV)/lib/python*/site-packages/tensorflow_cpu-*),tensorflow-cpu,tensorflow)
BIN := $(VENV)/bin
export TF_CPP_MIN_LOG_LEVEL ?= 3
export NO_MKDOCS_2_WARNING ?= 1

LOWEST := $(VENV)/lowest
.PHONY: demo test fast-test test-lowest test-backends coverage mutants lint docs docs-build check clean

demo: $(VENV)/with-figures  ## Train on the sunspots, beside SimpleRNN
	$(BIN)/rnn-explained demo

test: $(VENV)/with-test  ## All tests
	$(BIN)/python -m pytest -n auto

fast-test: $(VENV)/with-test  ## All but the slow ones
	$(BIN)/python -m pytest -n auto -m "not slow"

test-lowest: $(LOWEST)/installed  ## Some tests on the lowest supported versions, and on tensorflow-cpu
	$(LOWEST)/bin/python -m pytest -n auto -m "not slow" \
		tests/test_installation.py tests/test_equations.py tests/test_simple_rnn_weights.py
	$(LOWEST)/bin/rnn-explained verify --cases 25

test-backends: test-on-jax test-on-torch  ## The tests that are for each backend, on JAX and torch

test-on-%: $(VENV)/with-test
	KERAS_BACKEND=$* $(BIN)/python -m pytest -n auto -m "not slow" tests/test_backends_$*.py \
		tests/test_bptt.py tests/test_convert.py tests/test_equations.py tests/test_layer.py \
		tests/test_layer_in_models.py tests/test_on_each_backend.py tests/test_unfolding.py

coverage: $(VENV)/with-test  ## Which branches the tests take, in a random order, on all backends together
	$(BIN)/coverage erase
	$(BIN)/python -m pytest -n auto --random-order --cov --cov-report= --cov-fail-under=0
	$(MAKE) test-backends PYTEST_ADDOPTS="--cov --cov-append --cov-report= --cov-fail-under=0"
	$(BIN)/coverage report

mutants: $(VENV)/with-mutants  ## Whether the tests notice each small change of what computes
	rm -rf mutants
	$(BIN)/python tests/mutants.py

lint: $(VENV)/with-lint  ## ruff (lint and format), mypy and bandit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --recursive keras_rnn_explained

docs: $(VENV)/with-docs  ## Serve the documentation
	$(BIN)/mkdocs serve

docs-build: $(VENV)/with-docs  ## Build the documentation into site/, strictly
	$(BIN)/mkdocs build --strict

check: lint docs-build test test-backends test-lowest  ## Everything that continuous integration runs

clean:
	rm -rf $(VENV) site build dist mutants .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/with-%: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Setting up $(VENV) for $*, which takes a minute or so"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$*,$(TENSORFLOW)]'
	touch $@

# TensorFlow and all else come first: the package then has to take what is there.
$(LOWEST)/installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Setting up $(LOWEST) with the lowest supported versions, which takes a minute or so"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(LOWEST)
	$(BIN)/uv pip compile --quiet pyproject.toml --resolution lowest-direct \
		--extra tensorflow-cpu --extra figures -o $(LOWEST)/versions.txt
	$(BIN)/uv pip install --quiet --python $(LOWEST) -r $(LOWEST)/versions.txt \
		absl-py filelock hypothesis pytest pytest-xdist
	$(BIN)/uv pip install --quiet --python $(LOWEST) -e .
	touch $@
