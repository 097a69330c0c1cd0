# Xinglin. Everything stands below this folder and every path here is relative, so that the folder may have any name.
# `PYTHON=…` chooses the Python, `PORT=…` the port of `make run`, `ARGS=…` goes to the program that is run.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

PY := .venv/bin/python
VENDOR := server/web/static/vendor
export PYTHON

# What one stamp needs another may be making.
.NOTPARALLEL:

# An environment whose Python has been removed or renewed is made again.
ifneq ($(shell $(PY) -c 'import pip' 2>/dev/null && echo sound),sound)
.venv/.run .venv/.dev: remake
endif

.PHONY: help run test check bench docs lock clean remake

help:
	@echo 'make run     the whole house for trying: PostgreSQL, Redis, web, worker, WeChat stand-in (PORT=8000)'
	@echo 'make test    all tests, on a real PostgreSQL and Redis (ARGS="-k calendar")'
	@echo 'make check   format, lint, types, floors, house rules'
	@echo 'make bench   speed, as ratios to floors measured in the same run'
	@echo 'make docs    write docs/openapi.json and docs/events.md anew'
	@echo 'make lock    name the newest fitting version of everything in the lock files (needs uv and npm)'
	@echo 'make clean   remove what was fetched and built; the data in var/ stays'

# `exec`, so that the house itself gets the signals that make passes on.
run: .venv/.run $(VENDOR)/.run
	@exec $(PY) -m server up $(ARGS)

test: .venv/.dev $(VENDOR)/.dev
	@exec $(PY) -m pytest -n auto $(ARGS)

check: .venv/.dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	$(PY) -m pytest tests/test_house.py

bench: .venv/.run $(VENDOR)/.run
	@exec $(PY) -m bench $(ARGS)

docs: .venv/.run
	$(PY) -m server openapi > docs/openapi.json.new
	@mv docs/openapi.json.new docs/openapi.json
	$(PY) -m server catalogue > docs/events.md.new
	@mv docs/events.md.new docs/events.md

lock:
	@sh deploy/pin.sh

clean:
	rm -rf .venv .venv-node node_modules build *.egg-info $(VENDOR) $(VENDOR).new
	rm -rf .ruff_cache .mypy_cache .import_linter_cache .hypothesis var/test
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are files within what they stand for, and `.dev` holds all that `.run` does.
.venv/.run: requirements.lock requirements-redis.lock deploy/venv.sh
	@sh deploy/venv.sh .venv requirements.lock
	@touch $@

.venv/.dev: requirements-dev.lock requirements.lock requirements-redis.lock deploy/venv.sh
	@sh deploy/venv.sh .venv requirements-dev.lock
	@touch .venv/.run $@

$(VENDOR)/.run: package-lock.json deploy/frontend.sh deploy/frontend.py deploy/icons.txt | .venv/.run
	@sh deploy/frontend.sh --omit=dev
	@touch $@

$(VENDOR)/.dev: package-lock.json deploy/frontend.sh deploy/frontend.py deploy/icons.txt | .venv/.dev
	@sh deploy/frontend.sh
	@touch $(VENDOR)/.run $@
