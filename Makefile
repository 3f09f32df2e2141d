# Everything a newcomer or CI needs; `make` alone lists it. Nothing here needs root.

PYTHON ?= python3
PYTEST_FLAGS ?=
DEMO_FLAGS ?=
MINUTES ?= 60
PICTURES_FLAGS ?=

BIN := .venv/bin
COMPONENTS := $(PYTHON) -m tools.components
# What the package promises, without what plays a world for minutes, builds something or needs a real component.
FAST := $(addprefix --ignore=tests/,demo deploy end_to_end languages setup)
LINT = failed=0; for check in "ruff check ." "ruff format --check ." mypy; do \
	echo "== $$check"; $(1)/$$check || failed=1; done; exit $$failed

.DEFAULT_GOAL := help
.PHONY: help siege soak demo test lint format generate bench pictures tools constraints oldest newest clean python

help: ## list these commands
	@echo "usage: make COMMAND"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

demo: .venv/.installed ## run everything against built-in simulators, on :10117 and :9090; Ctrl-C ends it
	@flags=$$($(COMPONENTS) --flags prometheus promtool) && \
		eval "exec $(BIN)/status-exporter demo $$flags $(DEMO_FLAGS)"

test: .venv/.installed-dev ## run all tests, with real Consul, Prometheus and Alertmanager where they can be had
	@$(COMPONENTS)
	@$(BIN)/python -m pytest $(PYTEST_FLAGS)

lint: .venv/.installed-dev ## check style and types
	@$(call LINT,$(BIN))

format: .venv/.installed-dev ## bring the code into its style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

generate: .venv/.installed-dev ## write anew what is generated: dashboards, templates, tables in the docs, hashes for the image
	@$(BIN)/python -m tools.generate

bench: .venv/.installed-dev ## run the benchmarks; each prints its figures
	@$(COMPONENTS)
	@for file in benchmarks/[a-z]*.py; do echo "== $$file"; PYTHONPATH=. $(BIN)/python "$$file" || exit 1; done

pictures: .venv/.installed-dev ## draw all dashboards into .pictures with Grafana's components, and say what is wrong on them
	@$(BIN)/python -m pictures $(PICTURES_FLAGS)

siege: .venv/.installed-dev ## try every fault on the running exporter: upstreams, clients, machines; print how many were survived
	@$(BIN)/python -m tests.siege

soak: .venv/.installed-dev ## let it run with intervals of a second for MINUTES, and print the slopes of memory, descriptors and tasks
	@$(BIN)/python -m tests.siege.soak --minutes $(MINUTES)

tools: | python ## fetch the real components into .tools, and fail when one can't be had
	@$(COMPONENTS) --require

constraints: | python ## write constraints.txt and what follows from it anew, with the newest versions
	@$(PYTHON) -m tools.environment --dev --versions newest --folder .venv-newest
	@{ head -n 1 constraints.txt; .venv-newest/bin/python -m pip freeze --all --exclude-editable; } > constraints.new
	@mv constraints.new constraints.txt
	@$(MAKE) --no-print-directory generate

oldest: | python ## check and run the fast tests on the oldest versions that pyproject.toml allows
newest: | python ## check and run the fast tests on the newest versions that pyproject.toml allows
oldest newest:
	@$(PYTHON) -m tools.environment --dev --versions $@ --folder .venv-$@
	@failed=0; ($(call LINT,.venv-$@/bin)) || failed=1; \
		WITHOUT_REAL_COMPONENTS=1 .venv-$@/bin/python -m pytest -p no:cacheprovider $(FAST) $(PYTEST_FLAGS) || failed=1; \
		exit $$failed

clean: ## remove all that these commands have made
	rm -rf .venv .venv-oldest .venv-newest .tools .demo .pictures pictures/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/.installed: pyproject.toml constraints.txt | python
	@$(PYTHON) -m tools.environment
	@touch $@

.venv/.installed-dev: pyproject.toml constraints.txt | python
	@$(PYTHON) -m tools.environment --dev
	@touch $@ .venv/.installed

python:
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not there; install Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "error: $$($(PYTHON) --version) is too old; install 3.11 or newer, or name one: make PYTHON=python3.11" >&2; exit 1; }
