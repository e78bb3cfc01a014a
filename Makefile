# Two commands are all one needs: `make tour` to see it, `make test` to check it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install tour test lint types clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed  ## create .venv and install everything (again only when the pins change)

# pip learned about dependency groups in 25.1; the one that comes with Python may be older.
$(VENV)/.installed: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing groundup into $(VENV) (about a minute) ..."
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all]' --group dev
	@touch $@

tour: install  ## a minute's walk along the whole road; writes runs/tour/report.html
	@$(BIN)/groundup tour

test: lint types  ## everything that CI checks
	$(BIN)/python -m pytest -n auto

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/pyright

clean:  ## remove .venv, caches and runs
	rm -rf $(VENV) runs .pytest_cache .ruff_cache .hypothesis build src/*.egg-info
