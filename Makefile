# make run   the line and its simulated phones, on this machine
# make test  every test
# make check style, types, and who may import whom
# make bench how fast it is
# make docs  the documentation as a web site, in docs/_site
# make audit known vulnerabilities of what a release installs, as far as the advisories can be had
# make lock  requirements.lock anew: what a release installs, by version and hash
# make sbom  what a release consists of (CycloneDX), in dist/

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TO_RUN := $(VENV)/.to_run
TO_TEST := $(VENV)/.to_test
TO_DOCUMENT := $(VENV)/.to_document
TO_RELEASE := $(VENV)/.to_release
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable

.DELETE_ON_ERROR:  # an environment that is only half made is made again
.PHONY: run test check bench docs audit lock sbom clean

run: $(TO_RUN)
	$(BIN)/ivr run

# The tests start some sixty processes: each module is compiled once, not in each of them. A file's
# tests stay together, since they share a browser or a server; the order is that of tests/conftest.py.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(TO_TEST)
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

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

audit: $(TO_RELEASE)
	$(BIN)/python .ci/audit.py

# It names no index, so that it can be installed from any that has the same files.
lock: $(TO_RELEASE)
	$(BIN)/uv pip compile pyproject.toml --extra line --extra otel --universal --python-version 3.11 \
		--upgrade --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		--quiet --output-file requirements.lock

# From an environment of what the lock installs and nothing else, with licenses and dependencies.
sbom: $(TO_RELEASE)
	rm -rf build/release && $(PYTHON) -m venv build/release && mkdir -p dist
	build/release/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	build/release/bin/python -m pip install --quiet --disable-pip-version-check --no-deps .
	$(BIN)/cyclonedx-py environment build/release/bin/python --pyproject pyproject.toml \
		--output-reproducible --output-format JSON --output-file dist/ivr-simulator.cdx.json
	@echo "Wrote dist/ivr-simulator.cdx.json"

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

$(TO_RELEASE): pyproject.toml | $(BIN)/python
	$(INSTALL) '.[release]'
	touch $@

clean:
	rm -rf $(VENV) docs/_site build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
