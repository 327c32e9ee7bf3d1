# Everything a person does with this project. `make` alone explains itself.
#
# Needs GNU make and Python 3.11 or 3.12; everything else is installed into .venv from the locks.

UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
PARSER := .venv-parser
PARSER_READY := $(PARSER)/.installed

# How many tests run at a time.
WORKERS ?= 2

# What `make run` listens on, all on this machine only; most follow PORT unless they are set.
# RUN_HOME=folder keeps its data elsewhere than in .local/run.
PORT ?= 8080
export PORT SMTP_PORT MAIL_PORT PORTAL_PORT WORKER_LOG_PORT TRIGGER_LOG_PORT TASKS_PORT

export PYTHONPATH := $(CURDIR)
# Airflow starts a process for every task: what is compiled once must not be compiled each time.
unexport PYTHONDONTWRITEBYTECODE
export AIRFLOW_HOME := $(CURDIR)/.local/tools

.DEFAULT_GOAL := help
.PHONY: help run test check format lock docs bench demo-launch demo venv clean

help: ## Print this help
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(READY) ## Start everything on this machine and print where it is (PORT=8090 moves it)
	@$(BIN)/python -m include.mobile_plans.simulation.run $(if $(RUN_HOME),--home $(RUN_HOME))

# In the order of the files, which has the longest first; tests/conftest.py says what stays together.
test: $(READY) $(PARSER_READY) ## Run every test (ARGS="-k mail" passes options to pytest)
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(READY) ## Format, lint, types, and that generated docs say what the code says
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m include.mobile_plans policy check --allow-loopback-portals
	@$(BIN)/python -m include.mobile_plans.orchestration.dag_docs --check
	@$(BIN)/python -m include.mobile_plans xdr contract --check

format: $(READY) ## Format the code and repair what the linter can repair
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(READY) ## Write docs/DAGs.md and the feed contract again from the code
	@$(BIN)/python -m include.mobile_plans.orchestration.dag_docs --write
	@$(BIN)/python -m include.mobile_plans xdr contract --write

bench: $(READY) ## Measure, and write build/benchmarks.json (ONLY=name runs one)
	@$(BIN)/python -m tests.benchmarks $(if $(ONLY),--only $(ONLY))

demo-launch: $(READY) ## Launch one mobile operator from request to go-live, beside `make run`
	@$(BIN)/python -m include.mobile_plans.simulation.demo_launch

demo: demo-launch ## Show the product working without a person

lock: $(READY) ## Compile the locks again from requirements*.in (UPGRADE=1 takes newer releases)
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --python-version 3.11 \
		$(if $(UPGRADE),--upgrade) requirements.in --output-file requirements.txt
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --python-version 3.11 \
		$(if $(UPGRADE),--upgrade) requirements-dev.in --output-file requirements-dev.txt
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --python-version 3.11 \
		$(if $(UPGRADE),--upgrade) requirements-parser.in --output-file requirements-parser.txt
	@$(BIN)/uv pip compile --quiet --python-version 3.12 --no-header requirements.txt \
		requirements-dev.txt --output-file $(VENV)/lock-3.12.txt
	@echo "requirements.txt and requirements-dev.txt are compiled for 3.11 and resolve for 3.12."

venv: $(READY) ## Only install

clean: ## Remove what tools leave behind; keeps .venv and the data in .local
	@rm -rf build .pytest_cache .ruff_cache .mypy_cache .hypothesis

# Redone only when a lock changes. PYTHON=/path/to/python3.11 names the interpreter to build with.
$(READY): requirements.txt requirements-dev.txt .ci/build-venv
	@PYTHON="$(PYTHON)" UV_VERSION=$(UV_VERSION) sh .ci/build-venv $(VENV) requirements.txt requirements-dev.txt
	@touch $@

# Another implementation that reads our calendar files; apart, because it needs an old icalendar.
$(PARSER_READY): requirements-parser.txt .ci/build-venv
	@PYTHON="$(PYTHON)" UV_VERSION=$(UV_VERSION) sh .ci/build-venv $(PARSER) requirements-parser.txt
	@touch $@
