# make run   the line and its simulated phones, on this machine
# make test  every test
# make check style, types, and who may import whom
# make bench how fast it is
# make docs  the documentation as a web site, in docs/_site

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: run test check bench docs clean

run: $(INSTALLED)
	$(BIN)/ivr run

test: $(INSTALLED)
	$(BIN)/python -m pytest -n auto $(PYTEST_ARGS)

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(INSTALLED)
	$(BIN)/python -m pytest tests/bench -p no:randomly --benchmark-only --benchmark-columns=min,median,max,rounds

docs: $(INSTALLED) $(VENV)/.docs
	$(BIN)/python docs/generate.py --check
	$(BIN)/python -m sphinx -n -W --keep-going -q -b html docs docs/_site
	@echo "Open docs/_site/index.html"

$(VENV)/.docs: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	touch $@

$(INSTALLED): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; say make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[line,test]'
	touch $@

clean:
	rm -rf $(VENV) docs/_site build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
