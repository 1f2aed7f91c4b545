# Everything that is done often. `make help` lists it.

MAKEFLAGS += --no-print-directory
VENV := .venv
PY := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help run test lint types bench e2e faults clean lock pictures env-run env-dev

help: ## list what can be made
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | \
		while IFS="$$(printf '\t')" read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

run: env-run ## install what is needed, then start everything on http://localhost:8000 (PORT, DATA_DIR)
	@$(PY) manage.py runall --prepare

test: env-dev ## the whole suite, on SQLite and, where it is found, PostgreSQL
	@$(PY) -m tests

e2e: env-dev ## only the journeys through a browser
	@$(PY) -m tests e2e

faults: env-dev ## only the tests that kill, freeze and start real processes
	@$(PY) -m tests faults

bench: env-dev ## measure speed
	@$(PY) -m tests bench

pictures: env-dev ## take the pictures of the documentation anew
	@$(PY) -m tests.pictures

lint: env-dev ## style, templates, import contracts, missing migrations
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@find templates -name '*.html' -print 2>/dev/null | xargs -r $(VENV)/bin/djade --check --target-version 5.2
	@$(VENV)/bin/lint-imports
	@DJANGO_SETTINGS_MODULE=config.settings.test $(PY) manage.py makemigrations --check --dry-run

types: env-dev ## mypy, strictly
	@$(VENV)/bin/mypy

lock: env-dev ## write requirements/*.txt anew from pyproject.toml (needs uv)
	@uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--quiet pyproject.toml --output-file requirements/run.txt
	@uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--quiet --constraint requirements/run.txt --extra dev pyproject.toml \
		--output-file requirements/dev.txt

clean: ## remove everything that can be made again; the data stays
	@rm -rf $(VENV) staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis \
		htmlcov .coverage .coverage.* test-results
	@find . -name __pycache__ -type d -not -path './data/*' -prune -exec rm -rf {} +

env-run:
	@sh requirements/install.sh run

env-dev:
	@sh requirements/install.sh dev
