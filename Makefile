# Everything starts from Python 3.11 or newer with venv, and make. `make demo` and `make test` install what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests start hundreds of processes: what is compiled is kept.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check bench bench-peers crash scenarios docs lock clean

help:  ## Say what there is to make
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Shoptide needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python venv is missing (on Debian: apt install python3-venv)"; exit 1; }
	@echo "Installing locked requirements into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)  ## Pull a simulated store into DuckDB and push changes back
	@$(BIN)/shoptide demo

check: $(READY)  ## Style, types, import directions, dead code, dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --verbose
	$(BIN)/vulture
	$(BIN)/deptry src

test: check  ## The checks and all tests
	@rm -f build/crash.json
	$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder

bench: $(READY)  ## Measure; figures go to build/bench.json
	@$(BIN)/python bench/run.py

bench-serve: $(READY)  ## Measure serve: freshness, load, attack; figures go to build/serve.json (about 8 minutes)
	@$(BIN)/python bench/serve.py

bench-peers: $(READY)  ## The same file through other connectors, each in an environment of its own
	@$(BIN)/python bench/peers/run.py

bench-fleet: $(READY)  ## Workers killed at random on many shops; figures go to build/serve.json
	@$(BIN)/python bench/serve_fleet.py

crash: $(READY)  ## Kill pulls and pushes at many points, play many histories; figures go to build/crash.json
	@rm -f build/crash.json
	SHOPTIDE_KILL_POINTS=320 $(BIN)/python -m pytest -q tests/crash/test_pull_kills.py
	SHOPTIDE_KILL_POINTS=60 $(BIN)/python -m pytest -q tests/crash/test_pull_window_kills.py
	SHOPTIDE_KILL_POINTS=60 $(BIN)/python -m pytest -q tests/crash/test_pull_kills_postgres.py
	SHOPTIDE_KILL_POINTS=60 $(BIN)/python -m pytest -q tests/crash/test_push_kills.py
	SHOPTIDE_HISTORIES=40 $(BIN)/python -m pytest -q tests/crash/test_pull_histories.py
	SHOPTIDE_HISTORIES=20 $(BIN)/python -m pytest -q tests/crash/test_pull_rough_histories.py
	@cat build/crash.json

scenarios: $(READY)  ## Replay recorded conversations against the simulator, where they are at hand
	@$(BIN)/python tests/contract/scenarios.py

docs: $(READY)  ## Write the generated reference pages; the table of warehouses is what their tests say (minutes)
	@$(BIN)/python scripts/build_reference.py
	@SHOPTIDE_KIT_ROWS=5000 $(BIN)/python scripts/build_warehouses.py

PIN := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-annotate
lock: $(READY)  ## Pin the requirements anew, with hashes
	$(PIN) pyproject.toml requirements/dev.in --extra simulate --extra serve --extra postgres --extra dlt --extra lake \
		-o requirements/dev.txt
	$(PIN) pyproject.toml requirements/container.in --extra serve --extra postgres -o requirements/container.txt

clean:  ## Remove what was made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache shoptide-demo

OMNATA := .venv-omnata
# Omnata's procedures run on Python 3.10: the tests do too where it is at hand, or as OMNATA_PYTHON says.
OMNATA_PYTHON ?= $(shell python3.10 -c 'import sys; print(sys.executable)' 2>/dev/null || echo $(PYTHON))
$(OMNATA)/ready: requirements/omnata.txt
	@test -x $(OMNATA)/bin/python || $(OMNATA_PYTHON) -m venv $(OMNATA)
	@echo "Installing Omnata's runtime into $(OMNATA) (once, 440 MB)"
	@$(OMNATA)/bin/python -m pip install --quiet --require-hashes -r requirements/omnata.txt
	@touch $@

.PHONY: test-omnata
test-omnata: $(READY) $(OMNATA)/ready  ## The plugin for Omnata, packaged and run by Omnata's own runtime
	$(OMNATA)/bin/python -m pytest -q -c tests/hosts/omnata/pytest.ini --confcutdir=tests/hosts/omnata tests/hosts/omnata

DBT := .venv-dbt
$(DBT)/ready: requirements/dbt.txt
	@test -x $(DBT)/bin/python || $(PYTHON) -m venv $(DBT)
	@echo "Installing dbt with its adapter for DuckDB into $(DBT) (once, 200 MB)"
	@$(DBT)/bin/python -m pip install --quiet --require-hashes -r requirements/dbt.txt
	@touch $@

.PHONY: dbt lock-dbt
dbt: $(READY) $(DBT)/ready  ## Build dbt models on a pulled store
	@DBT=$(CURDIR)/$(DBT)/bin/dbt $(BIN)/python -m pytest -q tests/acceptance/test_dbt.py

lock-dbt: $(READY)  ## Pin dbt anew; an extra that a package asks for is part of its pin
	$(PIN) --no-strip-extras requirements/dbt.in -o requirements/dbt.txt

FAKESNOW := .venv-fakesnow
$(FAKESNOW)/ready: requirements/fakesnow.txt requirements/snowflake.txt
	@test -x $(FAKESNOW)/bin/python || $(PYTHON) -m venv $(FAKESNOW)
	@echo "Installing a stand-in for Snowflake and its driver into $(FAKESNOW) (once, 300 MB)"
	@$(FAKESNOW)/bin/python -m pip install --quiet --require-hashes -r requirements/fakesnow.txt
	@$(FAKESNOW)/bin/python -m pip install --quiet --require-hashes --upgrade --target $(FAKESNOW)/driver -r requirements/snowflake.txt
	@touch $@

.PHONY: test-snowflake lock-snowflake
test-snowflake: $(READY) $(FAKESNOW)/ready  ## Snowflake as a warehouse, against fakesnow and with the real driver
	AWS_EC2_METADATA_DISABLED=true SHOPTIDE_KIT_ROWS=2000 SHOPTIDE_FAKESNOW=$(FAKESNOW)/bin/python PYTHONPATH=$(FAKESNOW)/driver $(BIN)/python -m pytest -q \
		tests/warehouses tests/fakesnow -k "Snowflake or snowflake"

lock-snowflake: $(READY)  ## Pin the stand-in and the driver anew
	$(PIN) requirements/fakesnow.in -o requirements/fakesnow.txt
	$(PIN) requirements/snowflake.in -o requirements/snowflake.txt
