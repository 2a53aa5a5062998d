# Two commands: `make demo` and `make test`. Both set everything up by themselves.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
# A night, a build and a DAG are processes of their own: compiled once, imports cost half.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup
setup: $(STAMP)

$(STAMP): requirements/requirements.lock requirements/uv.txt pyproject.toml
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info < (3, 14); sys.exit(0 if ok else "python3 3.11, 3.12 or 3.13 is needed; this is " + sys.version.split()[0] + ". Name another with: make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes requirements/uv.txt requirements/requirements.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: demo
demo: setup  ## the whole nightly job on the bundled sample sites, by Airflow
	@$(BIN)/python -m ops.demo

.PHONY: evidence
evidence: setup  ## the evidence site over what is published, with dbt's documentation beside it
	@$(BIN)/python -m cli evidence --docs

.PHONY: lint lint-style lint-types lint-directions lint-sql
lint: setup  ## style, types, SQL, and the direction of dependencies
	@$(MAKE) --no-print-directory -j 2 --output-sync lint-types lint-style lint-sql lint-directions

lint-style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-types:
	$(BIN)/mypy

lint-directions:
	$(BIN)/lint-imports --no-cache

lint-sql:
	$(BIN)/sqlfluff lint -q dbt/models dbt/tests dbt/macros

# One more than two cores: a worker waits while the night, server or Airflow it started runs.
WORKERS ?= 3
.PHONY: test
test: lint  ## lint, then the tests but the long proofs
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not full"

.PHONY: test-full distributed
test-full: lint .venv-distributed/.ready .venv-bi/.ready  ## lint, then every test, with servers and a browser
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

distributed: .venv-distributed/.ready  ## the night on Celery workers, PostgreSQL, Redis and S3 alone, compared with one machine's
	$(BIN)/python -m pytest -rs tests/distributed

.venv-distributed/.ready: requirements/distributed.lock $(STAMP)
	@test -x .venv-distributed/bin/python || $(BIN)/uv venv -q --python $(BIN)/python .venv-distributed
	$(BIN)/uv pip sync -q --python .venv-distributed/bin/python --require-hashes requirements/distributed.lock
	$(BIN)/uv pip install -q --python .venv-distributed/bin/python --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: test-fast
test-fast: setup  ## the tests that say within a minute whether something broke
	@$(BIN)/python -m pytest -n 2 --no-header -q -m "not slow and not full and not airflow and not browser and not shared" \
	  $$(grep -v '^#' tests/fast.txt)

.PHONY: audit
audit: setup  ## the locked packages: versions, hashes, installed files, known vulnerabilities
	@$(BIN)/python -m ops.audit $(AUDIT)

.PHONY: hooks
hooks: setup  ## check style and directions before each commit
	@$(BIN)/pre-commit install

.PHONY: clean
clean:  ## forget the demo's data
	rm -rf data

PORT ?= 8080
.PHONY: up down
up: setup  ## Airflow's services on 127.0.0.1 over the same data; prints address and login
	@$(BIN)/python -m ops.services up --port $(PORT)

down: setup  ## end exactly what `make up` started
	@$(BIN)/python -m ops.services down

BI_PORT ?= 8088
.PHONY: bi bi-down
bi: .venv-bi/.ready  ## dashboards (Apache Superset) on 127.0.0.1 over the published copy
	@$(BIN)/python -m ops.bi up --port $(BI_PORT)

bi-down: setup  ## end exactly what `make bi` started
	@$(BIN)/python -m ops.bi down

.venv-bi/.ready: requirements/bi.lock $(STAMP)
	@test -x .venv-bi/bin/python || $(BIN)/uv venv -q --python $(BIN)/python .venv-bi
	$(BIN)/uv pip sync -q --python .venv-bi/bin/python --require-hashes requirements/bi.lock
	@touch $@

.PHONY: docs
docs: setup  ## write the generated pages of docs/ anew
	@$(BIN)/python -m ops.pages
	@$(BIN)/python -m expectations.catalogue.pages docs/identities

.PHONY: contract
contract: setup  ## write docs/contract.schema.json anew from parsers/document.py
	@$(BIN)/python -c 'import json; from parsers.document import ParsedDocument; print(json.dumps(ParsedDocument.model_json_schema(), ensure_ascii=False, indent=1))' > docs/contract.schema.json

.PHONY: fuzz bench score faults scale
faults: setup  ## 100 nights killed, starved or locked out, each run again and compared
	@$(BIN)/python -m benchmarks.faults

scale: setup  ## a season of 2,000 budgets through the whole night, with plots
	@$(BIN)/python -m benchmarks.scale --plots docs/images

fuzz: setup  ## 2,000 damaged and hostile PDFs through the isolated reader
	@$(BIN)/python -m benchmarks.fuzz

bench: setup  ## speed and power, as ratios against named baselines
	@$(BIN)/python -m benchmarks.parsing
	@$(BIN)/python -m benchmarks.misreadings
	@$(BIN)/python -m benchmarks.crawling --small
	@$(BIN)/python -m benchmarks.warehouse
	@$(BIN)/python -m benchmarks.scans --documents 4

score: setup  ## exactness against the measuring documents beside the project, where they are
	@$(BIN)/python -m benchmarks.score
