# Pushcart: `make demo` to try it, `make test` to check it, `make help` for the rest.
SHELL := /bin/bash
COMMA := ,
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := "$(BIN)/python"
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Steps say what they do and how long it took.
BEGIN = began=$$(date +%s%N); echo "  $(1) ..."
END = echo "  $(1): $$(( ($$(date +%s%N) - began) / 100000000 ))" | sed -E 's/([0-9]+)([0-9])$$/\1.\2 s/; s/: ([0-9])$$/: 0.\1 s/'

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: demo
demo: $(VENV)/.installed ## Start the demo shop; Ctrl-C stops it (PORT=8000, SIMULATE=0 for no simulated shoppers)
	@exec $(PY) -m config.demo up $(if $(HOUSEHOLDS),--households $(HOUSEHOLDS))

.PHONY: stop
stop: ## Stop the demo from elsewhere
	@if [ -e "$(VENV)/.installed" ]; then exec $(PY) -m config.demo stop; else echo "Nothing was running."; fi

.PHONY: reset
reset: ## Remove the demo's data (asks first; YES=1 does not)
	@if [ -e "$(VENV)/.installed" ]; then exec $(PY) -m config.demo reset $(if $(YES),--yes); else echo "Nothing to remove."; fi

# Said before anything is made. What Debian calls them; SAY prints the line to type and ends.
PACKAGES := python3-venv make libgomp1
SAY = { echo "$(1)"; exit 1; }
INSTALL_LINE = sudo apt-get install $(PACKAGES)
.PHONY: prerequisites
prerequisites:
	@command -v "$(PYTHON)" >/dev/null || $(call SAY,Pushcart needs Python 3.11 or newer and there is no $(PYTHON). Type: $(INSTALL_LINE))
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || $(call SAY,Pushcart needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" -c 'import platform; print(platform.python_version())'). Install a newer one and name it: make demo PYTHON=python3.11)
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || $(call SAY,Python has no venv here. Type: $(INSTALL_LINE))
	@"$(PYTHON)" -c 'import ctypes, sys; sys.platform == "linux" and ctypes.CDLL("libgomp.so.1")' 2>/dev/null || $(call SAY,The library libgomp is missing. Type: $(INSTALL_LINE))
	@[ -e "$(VENV)/.installed" ] || [ "$$(df -Pk . | awk 'NR==2 {print $$4}')" -gt 3000000 ] || $(call SAY,This disk has $$(df -Pk . | awk 'NR==2 {printf "%.1f"$(COMMA) $$4/1e6}') GB free and the demo needs 3 GB: make room or clone onto another disk)

$(BIN)/uv: | prerequisites
	@$(call BEGIN,virtual environment) && "$(PYTHON)" -m venv "$(VENV)" && $(PY) -m pip install -q uv && $(call END,virtual environment)

# pip where uv fails: slower, and found everywhere.
INSTALL = { $(PY) -m uv pip install $(if $(CI),-q) --python "$(BIN)/python" --require-hashes -r $(1) || $(PY) -m pip install -q --no-compile --require-hashes -r $(1); }

$(VENV)/.installed: requirements.txt | $(BIN)/uv
	@$(call BEGIN,dependencies) && $(call INSTALL,requirements.txt) && touch "$@" && $(call END,dependencies)

$(VENV)/.installed-dev: requirements-dev.txt | $(BIN)/uv
	@$(call BEGIN,dependencies) && $(call INSTALL,requirements-dev.txt) && touch "$@" "$(VENV)/.installed" && $(call END,dependencies)

# An environment of its own would be cleaner and take a minute more; nothing of it is imported by Pushcart.
$(VENV)/.installed-docs: requirements-docs.txt | $(VENV)/.installed
	@$(call BEGIN,documentation tools) && $(call INSTALL,requirements-docs.txt) && touch "$@" && $(call END,documentation tools)

.PHONY: lint
lint: $(VENV)/.installed-dev ## Style, formatting, types, import contracts, migrations
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@"$(BIN)/lint-imports"
	@DEBUG=1 $(PY) -m mypy
	@data="$$(mktemp -d)"; $(PY) -m config.embedded --data "$$data" --no-fsync run -- env DEBUG=1 $(PY) manage.py makemigrations --check --dry-run; status=$$?; rm -rf "$$data"; exit $$status

.PHONY: test
test: lint ## Everything that must hold: lint, then the tests on real servers
	@$(PY) -m pytest -n 2 -m "not slow"

.PHONY: test-slow
test-slow: $(VENV)/.installed-dev ## The tests that take minutes
	@$(PY) -m pytest -m slow

.PHONY: browser
browser: ## Chromium and fonts for the browser tests (Debian, as root)
	@command -v chromium >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk fonts-noto-color-emoji; }

.PHONY: bench
bench: $(VENV)/.installed ## The benchmarks, one JSON line a figure (docs/benchmarks.md)
	@$(PY) -m benchmarks

.PHONY: messages
messages: ## Compile the translations
	@$(PY) -m config.translations

.PHONY: docs
docs: $(VENV)/.installed-docs ## The documentation as pages: docs/_build/index.html
	@"$(BIN)/sphinx-build" -q -W --keep-going -b html docs docs/_build && echo "docs/_build/index.html"

.PHONY: lock
lock: $(BIN)/uv ## Compile requirements from pyproject.toml
	@"$(BIN)/uv" pip compile pyproject.toml --extra dev --generate-hashes --no-emit-index-url --python-version 3.11 --no-header -q -o requirements-dev.txt
	@"$(BIN)/uv" pip compile pyproject.toml -c requirements-dev.txt --generate-hashes --no-emit-index-url --python-version 3.11 --no-header -q -o requirements.txt
	@"$(BIN)/uv" pip compile --group docs -c requirements-dev.txt --generate-hashes --no-emit-index-url --python-version 3.11 --no-header -q -o requirements-docs.txt
