# The two commands: `make run` and `make test`. All others are for those who work on Orderflow.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
DEMO ?= 1
BIN := .venv/bin
export PYTHONUTF8 := 1
# Every part would compile the whole of Orderflow again at each start: most of the time that it takes to be back.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test check bench bench-board bench-canvas olist chaos lock format clean python ready ready-test

help: ## Show the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ready ## Start Orderflow with its demo shop (DEMO=0: empty, for real orders)
	@ORDERFLOW_DEMO=$(DEMO) exec $(BIN)/orderflow up

test: ready-test ## Set up what the tests need and run them (ARGS="-k name" for a part)
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder $(ARGS)

check: ready-test ## Format, lint, types, rooms, translations, front end, docs
	@$(BIN)/python -m tests.check

bench: ready-test ## Measure orders a second and CPU seconds per 1,000 orders
	@$(BIN)/python -m tests.bench $(ARGS)

bench-board: ready-test ## Measure the board with 5,000 open orders: answers and scrolling
	@$(BIN)/python -m tests.bench.board $(ARGS)

bench-canvas: ready-test ## Measure how fast flows of 500 and 1,000 steps open and move in a browser
	@$(BIN)/python -m tests.bench.canvas $(ARGS)

olist: ready-test ## Feed a whole year of real orders through the API and compare (DATA=folder)
	@$(BIN)/python -m tests.olist $(ARGS)

chaos: ready-test ## Kill parts at random under real orders and judge (ARGS="SEED=1 SECONDS=90 KILLS=25 AWAY=60 ON=sqlite,postgresql")
	@$(BIN)/python -m tests.chaos $(ARGS)

lock: python ## Resolve the dependencies anew into requirements.lock
	@$(PYTHON) bootstrap.py lock

format: ready-test ## Put the code into its form
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix . && npm run --silent format

clean: ## Remove what was built; never the data under var/
	@rm -rf .venv node_modules static/dist build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	@find builder runtime nodes tests -name __pycache__ -type d -prune -exec rm -rf {} +

ready: python
	@$(PYTHON) bootstrap.py run

ready-test: python
	@$(PYTHON) bootstrap.py test

python:
	@test -n "$(PYTHON)" || { echo "Orderflow needs Python 3.11 or newer on PATH (or: make run PYTHON=/path/to/python3)."; exit 1; }
