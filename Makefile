# Pushcart: `make demo` to try it, `make test` to check it, `make help` for the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(BIN)/uv: | prerequisites
	@$(PYTHON) -m venv "$(VENV)" && "$(BIN)/python" -m pip install -q uv

.PHONY: prerequisites
prerequisites:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Pushcart needs Python 3.11 or newer: set PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Missing: apt-get install python3-venv make libgomp1"; exit 1; }

$(VENV)/.installed: requirements.txt $(BIN)/uv
	@"$(BIN)/uv" pip install -q --python "$(BIN)/python" --require-hashes -r requirements.txt || "$(BIN)/python" -m pip install -q --no-compile --require-hashes -r requirements.txt
	@touch "$@"

$(VENV)/.installed-dev: requirements-dev.txt $(BIN)/uv
	@"$(BIN)/uv" pip install -q --python "$(BIN)/python" --require-hashes -r requirements-dev.txt || "$(BIN)/python" -m pip install -q --no-compile --require-hashes -r requirements-dev.txt
	@touch "$@" "$(VENV)/.installed"

.PHONY: lint
lint: $(VENV)/.installed-dev ## Style, formatting, types, import contracts, migrations
	@"$(BIN)/ruff" check .
	@"$(BIN)/ruff" format --check .
	@"$(BIN)/lint-imports"
	@DEBUG=1 "$(BIN)/mypy"
	@"$(BIN)/python" -m config.embedded --data "$$(mktemp -d)" --no-fsync run -- env DEBUG=1 "$(BIN)/python" manage.py makemigrations --check --dry-run

.PHONY: test
test: lint ## Everything that must hold: lint, then the tests on real servers
	@"$(BIN)/python" -m pytest -n 2 -m "not slow"

.PHONY: test-slow
test-slow: $(VENV)/.installed-dev ## The tests that take minutes
	@"$(BIN)/python" -m pytest -m slow

.PHONY: browser
browser: ## Chromium and fonts for the browser tests (Debian, as root)
	@command -v chromium >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk fonts-noto-color-emoji; }

.PHONY: lock
lock: $(BIN)/uv ## Compile requirements from pyproject.toml
	@"$(BIN)/uv" pip compile pyproject.toml --extra dev --generate-hashes --no-emit-index-url --python-version 3.11 --no-header -q -o requirements-dev.txt
	@"$(BIN)/uv" pip compile pyproject.toml -c requirements-dev.txt --generate-hashes --no-emit-index-url --python-version 3.11 --no-header -q -o requirements.txt
