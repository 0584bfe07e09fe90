# `make help` lists what there is to make.
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
# The copy of the lock that the environment was made from; it differs when the lock has moved.
INSTALLED := $(VENV)/requirements.installed
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

# What the command `groundwork` was installed from.
LAUNCHER := pyproject.toml groundwork_launcher.py

COMPILE := uv pip compile --quiet --generate-hashes --universal --no-emit-index-url --no-header --python-version 3.11

.PHONY: help env install launcher repository run review test lint dag reference bench data-docs figures lock

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: ## Make .venv from requirements.txt, with the command groundwork, when it is missing or outdated.
	@cmp -s requirements.txt $(INSTALLED) || $(MAKE) --no-print-directory install
	@cat $(LAUNCHER) | cmp -s - $(VENV)/launcher.installed || $(MAKE) --no-print-directory launcher

install:
	@command -v $(PYTHON) >/dev/null || { echo "ERROR $(PYTHON) is not on PATH; Groundwork needs Python 3.11 or later | fix: install it, or name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "ERROR $(PYTHON) is $$($(PYTHON) --version); Groundwork needs Python 3.11 or later | fix: install it, or name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Making $(VENV) from requirements.txt (about 6 GB on Linux, most of it CUDA for torch) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	@cp requirements.txt $(INSTALLED)

launcher:
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-index --no-build-isolation --force-reinstall .
	@cat $(LAUNCHER) > $(VENV)/launcher.installed

repository:
	@git rev-parse HEAD >/dev/null 2>&1 || { echo "ERROR there is no git repository with a commit here, as in a ZIP of the files | fix: git clone it; or git init && git add . && git commit -m start"; exit 1; }

run: repository env ## Run the pipeline on the dataset that params.yaml names.
	@groundwork repair --quiet
	@dvc repro
	@dvc metrics show reports/metrics.json

review: env ## Decide about doubtful labels on a local page; ARGS="--reviewer ana" names you.
	@groundwork review $(ARGS)

test: env ## Run the test suite (about 8 minutes on two cores); ARGS="-k name" picks tests.
	@python -m pytest --numprocesses 2 $(ARGS)

lint: env ## Check style (ruff) and types (mypy).
	@ruff check .
	@ruff format --check .
	@mypy

dag: env ## Write into dvc.yaml which code each stage runs, after imports have changed.
	@python -m pipeline.commands.dag

reference: env ## Write docs/reference.md, every command and key, from the code.
	@python -m pipeline.commands.reference

bench: env ## Measure beside peers (hours); what lacks its data is skipped. ARGS="--list" shows which.
	@uv pip install --quiet --constraint requirements.txt ".[bench]"
	@python benchmarks/all.py $(ARGS); status=$$?; python benchmarks/figures.py; exit $$status

data-docs: env ## Make Great Expectations' own pages about the data, below .groundwork/data_docs.
	@python -m pipeline.commands.data_docs

figures: env ## Write benchmarks/README.md from what the benchmarks left in benchmarks/results.
	@python benchmarks/figures.py

lock: ## Pin every transitive version of what pyproject.toml names, with hashes.
	@test -x $(VENV)/bin/uv || $(MAKE) --no-print-directory install
	@$(COMPILE) --upgrade --group dev --output-file requirements.txt pyproject.toml
	@$(COMPILE) --constraint requirements.txt --group report --output-file .github/requirements.txt
	@$(COMPILE) --constraint requirements.txt --group serve --output-file requirements-serve.txt
