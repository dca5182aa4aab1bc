# Everything a newcomer needs: `make demo` and `make test`. All else: `make help`.
# Needs a Python of at least 3.11 and make; choose another one with `make test PYTHON=python3.13`.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
export PIP_DISABLE_PIP_VERSION_CHECK := 1

OLD_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))'
ifndef PYTHON
PYTHON := $(shell for name in python3 python3.13 python3.12 python3.11 python3.14; do \
            $$name $(OLD_ENOUGH) 2>/dev/null && { echo $$name; break; }; done)
endif

VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
WORKERS ?= auto
ARGS ?=
# With ARGS such as `-k sse` one of the lanes may hold no test at all, which pytest ends with 5.
NONE_CHOSEN = $(if $(ARGS),|| [ $$? = 5 ])

.PHONY: help env demo test test-quick test-truth test-313 check lint types laws docs docs-write sample sample-check screenshots wheel integration fuzz bench constraints format clean

help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## */\1\t/' | expand -t 16

$(STAMP): pyproject.toml constraints/dev.txt
	@test -n "$(PYTHON)" && $(PYTHON) $(OLD_ENOUGH) 2>/dev/null || \
	  { echo "No Python of at least 3.11 was found. Name one: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@echo "environment: $(VENV), made by $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module failed; on Debian and Ubuntu: apt install python3-venv" >&2; exit 2; }
	@$(BIN)/python -m pip install -qq -r constraints/dev.txt
	@$(BIN)/python -m pip install -qq --no-deps --no-index --no-build-isolation -e .
	@touch $@

env: $(STAMP)  ## make the environment

demo: $(STAMP)  ## run the harness on the embedded reference provider and say where the report is
	@rm -rf reports/demo
	@$(BIN)/conformance demo --out reports/demo $(ARGS)

test: test-quick test-truth  ## the tests, the quick ones first (all but the wheel, which `make check` proves)

test-quick: $(STAMP)  ## laws, unit tests and commands
	@$(BIN)/python -m pytest tests -m "not wheel" --ignore=tests/truth --ignore=tests/page -n $(WORKERS) $(ARGS) $(NONE_CHOSEN)

test-truth: $(STAMP)  ## no false alarm, no blind check, no blind spot; and the pages in a browser
	@$(BIN)/python -m pytest tests/truth tests/page -n $(WORKERS) $(ARGS) $(NONE_CHOSEN)

test-313: PYTHON313 = $(shell tools/find-python 3.13)
test-313:  ## the tests on Python 3.13, where one can be found
	@if [ -z "$(PYTHON313)" ]; then echo "skipped: no Python 3.13 on this machine"; \
	 else $(MAKE) --no-print-directory test-quick PYTHON="$(PYTHON313)" VENV=.venv-3.13; fi

check: lint types laws docs sample-check wheel  ## lint, types, import laws, docs and sample drift, wheel

lint: $(STAMP)  ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMP)  ## mypy, strict
	@$(BIN)/mypy

laws: $(STAMP)  ## import laws, size limits, annotations
	@$(BIN)/python -m pytest tests/test_laws.py tests/test_habits.py tests/test_names.py -q

docs: $(STAMP)  ## generated pages agree with their sources
	@$(BIN)/python tools/generate_docs.py --check

docs-write: $(STAMP)  ## write the generated pages anew
	@$(BIN)/python tools/generate_docs.py

sample: $(STAMP)  ## make the reports in reports/sample anew
	@$(BIN)/python tools/sample.py

sample-check: $(STAMP)  ## reports/sample is what `make sample` writes
	@$(BIN)/python tools/sample.py --check

screenshots: $(STAMP)  ## draw docs/images from reports/sample; needs Chromium
	@$(BIN)/python tools/screenshots.py

wheel: $(STAMP)  ## build the wheel, install it elsewhere, run it
	@$(BIN)/python -m pytest tests/commands/test_wheel.py -q -m wheel

integration: $(STAMP)  ## run the harness against LiteLLM's proxy, in an environment of its own
	@$(BIN)/python tools/integration.py

FUZZ := .venv-fuzz
SECONDS ?= 60
fuzz: $(STAMP)  ## fuzz the readers of untrusted bytes for SECONDS, with atheris in an environment of its own
	@test -x $(FUZZ)/bin/python || $(BIN)/python -m venv $(FUZZ)
	@mkdir -p .work
	@$(FUZZ)/bin/python -c 'import atheris' 2>/dev/null || $(FUZZ)/bin/python -m pip install -qq --only-binary :all: atheris 2>/dev/null || \
	  { echo "skipped: no wheel of atheris for $$($(BIN)/python --version)"; rm -rf $(FUZZ); exit 0; }; \
	 if [ -x $(FUZZ)/bin/python ]; then \
	   PYTHONPATH=$$PWD:$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
	   $(FUZZ)/bin/python fuzz/fuzz.py -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=2048 -artifact_prefix=.work/; fi

bench: $(STAMP)  ## wall time by phase, requests, tokens, and the ratio to the ideal
	@$(BIN)/python benchmarks/bench.py $(ARGS)

format: $(STAMP)  ## let ruff fix what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

constraints:  ## resolve constraints/dev.txt anew
	@rm -rf .work/freeze && $(PYTHON) -m venv .work/freeze
	@.work/freeze/bin/python -m pip install -qq --upgrade pip
	@.work/freeze/bin/python -m pip install -qq --group dev .
	@{ head -1 constraints/dev.txt; \
	   .work/freeze/bin/python -m pip freeze --exclude conformance-harness | sort -f; } > .work/dev.txt
	@mv .work/dev.txt constraints/dev.txt

clean:  ## remove environments, caches and reports that can be made again
	@rm -rf .venv .venv-* .work .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist reports/demo reports/litellm
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
