# Two commands do everything: `make demo` and `make test`; a third one, `make check`, takes a minute.
# PYTHON is any CPython from 3.11 on; the environment is made in .venv.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# Where a machine sets it, each worker of pytest would compile and rewrite all tests in each run.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check unit components dashboards lint oldest interpreters conformance suites stdlib soak simulation benchmark mutation clean

demo: $(VENV)/ready
	$(BIN)/enforcer demo

test: lint unit

# What to run before each commit: lint, and the unit tests that start no interpreter of their own
# (those that do have the marker `process`).
check: lint
	$(BIN)/python -m pytest --quiet --numprocesses auto --dist worksteal -m "not component and not long and not process" tests/unit

# All but the ways to start a program, which are many: those are tested by `make conformance`.
unit: $(VENV)/ready
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal --ignore tests/conformance/starting

# With the parts of others that tests really run: collector, Prometheus, ClickHouse engine, browser.
components: $(VENV)/ready-for-components
	ENFORCER_COMPONENTS=required $(BIN)/python -m pytest --numprocesses auto --dist loadfile -m "component and not long"

# Telemetry over the oldest OpenTelemetry that pyproject.toml allows; all else runs the newest.
oldest: $(VENV)/ready
	$(PYTHON) -m venv --clear .venvs/oldest
	.venvs/oldest/bin/pip install --quiet --editable . opentelemetry-sdk==1.39.0 \
		opentelemetry-exporter-otlp-proto-http==1.39.0 opentelemetry-instrumentation==0.60b0 \
		hypothesis pytest pytest-xdist
	.venvs/oldest/bin/python -m pytest --quiet --numprocesses auto \
		tests/unit/telemetry/test_sdk.py tests/unit/telemetry/test_delivery.py tests/unit/cli/test_telemetry_command.py

# Grafana's JSON, from Python.
dashboards: $(VENV)/ready-for-components
	$(BIN)/python -m dashboards.generate

lint: $(VENV)/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	MYPYPATH=enforcer/demo/app $(BIN)/mypy --config-file= --cache-dir .mypy_cache/demo --strict -p netra_backend -p test_framework
	$(BIN)/lint-imports --no-cache
	$(BIN)/codespell
	$(BIN)/python -m tests.lint.prose

# Other CPythons: Debian's 3.13 to 3.15 with their test suites, and 3.13t from its source. Root and
# Debian are needed, see docs/compatibility.md; elsewhere those of uv, pyenv and PATH are used.
interpreters: $(VENV)/ready
	$(BIN)/python -m tests.interpreters

# REQUIRED names versions that have to be there, such as REQUIRED="3.15 3.13t".
conformance: $(VENV)/ready
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal tests/conformance/starting
	$(BIN)/python -m tests.conformance.everywhere $(REQUIRED:%=--required %)

# Suites of others, many minutes each, in every way that pytest runs: not in CI.
suites: $(VENV)/ready
	$(BIN)/python -m pytest --numprocesses auto -m long
	LEAK_SCALE=1 $(BIN)/python -m pytest tests/conformance/test_leaks.py

# The standard library's own tests, with the enforcer and without, on every CPython, or on those
# that ON names, such as ON="own 3.15". Those of multiprocessing take minutes: they run on the own
# one and the newest.
stdlib: $(VENV)/ready
	$(BIN)/python -m tests.conformance.stdlib $(ON:%=--on %)

# A minute of 8 processes with 4 threads each; every use has to be in the store.
soak: $(VENV)/ready
	SOAK_SECONDS=60 $(BIN)/python -m pytest -rP tests/integration/test_soak.py

# Verdicts on simulated fleets, compared with what really happens in them; CI runs 30 of these.
SEEDS ?= 1000
simulation: $(VENV)/ready
	$(BIN)/python -m tests.simulation --seeds $(SEEDS) --jobs 2

# Small wrong changes of the packages that count, and whether tests notice; OPTIONS="store --size 200".
mutation: $(VENV)/ready
	$(BIN)/python -m tests.mutation $(OPTIONS)

benchmark: $(VENV)/ready
	$(BIN)/python -m tests.benchmarks

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group lint --group test
	touch $@

$(VENV)/ready-for-components: $(VENV)/ready
	command -v prometheus chromium >/dev/null || { apt-get update && apt-get install --yes prometheus chromium; }
	test -x /usr/sbin/apache2 -a -x /usr/bin/apxs || { apt-get update && apt-get install --yes --no-install-recommends apache2 apache2-dev; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group components
	touch $@

clean:
	rm -rf $(VENV) .venvs .mutation .mypy_cache .pytest_cache .ruff_cache build dist
