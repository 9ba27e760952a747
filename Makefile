# make run   the line and its simulated phones, on this machine
# make test  every test
# make check style, types, and who may import whom
# make bench how fast it is
# make docs  the documentation as a web site, in docs/_site

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TO_RUN := $(VENV)/.to_run
TO_TEST := $(VENV)/.to_test
TO_DOCUMENT := $(VENV)/.to_document
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable

.DELETE_ON_ERROR:  # an environment that is only half made is made again
.PHONY: run test check bench docs clean

run: $(TO_RUN)
	$(BIN)/ivr run

# The tests start some sixty processes: each module is compiled once, not in each of them.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(TO_TEST)
	$(BIN)/python -m pytest -n auto $(PYTEST_ARGS)

check: $(TO_TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(TO_TEST)
	$(BIN)/python -m pytest tests/bench -p no:randomly --benchmark-only --benchmark-columns=min,median,max,rounds

docs: $(TO_DOCUMENT)
	$(BIN)/python docs/generate.py --check
	$(BIN)/python -m sphinx -n -W --keep-going -q -b html docs docs/_site
	@echo "Open docs/_site/index.html"

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; say make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

# Running the line needs half of what testing it needs, so `make run` installs only that.
$(TO_RUN): pyproject.toml | $(BIN)/python
	$(INSTALL) '.[line]'
	touch $@

$(TO_TEST): pyproject.toml | $(BIN)/python
	$(INSTALL) '.[line,test]'
	touch $@ $(TO_RUN)

$(TO_DOCUMENT): pyproject.toml | $(BIN)/python
	$(INSTALL) '.[line,docs]'
	touch $@ $(TO_RUN)

clean:
	rm -rf $(VENV) docs/_site build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
