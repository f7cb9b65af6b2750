# make final   create .venv, install, render renders/final.wav
# make test    create .venv, install, run all tests
# make lint    ruff, mypy --strict, import-linter, deptry
# make format  ruff: format, and what it can mend
# make docs    the documentation site, in site/
# make bench   speed and memory against peers

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: final test lint format docs bench pictures screenshots clean

final: $(INSTALLED)
	$(BIN)/render-ending --preset final

test: $(INSTALLED)
	$(BIN)/python -m pytest -n auto -rs

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry audio_pipeline
	$(BIN)/deptry tests --ignore DEP002,DEP004 # tests may use what only they need

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(INSTALLED)
	$(BIN)/mkdocs build --strict

bench: $(INSTALLED)
	$(BIN)/python benchmarks/run.py --write

pictures: $(INSTALLED)
	$(BIN)/python docs/pictures.py

screenshots: $(INSTALLED)
	$(BIN)/python docs/screenshots.py

$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,formats]'
	touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
