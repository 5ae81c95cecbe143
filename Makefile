# Everything here sets itself up: Python ≥ 3.11 and make are enough. `make` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

ENTRIES ?= 1000000

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench bench-meaning bench-audit spec vectors corpus corpus-renew verifier crash guess flips lock

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## make the environment from the hash-locked requirements

$(STAMP): locks/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("holdpoint needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: setup ## the main job on embedded PostgreSQL: a fictional lab, from log file to verified answer
	@$(BIN)/holdpoint demo

test: setup ## all tests
	$(BIN)/python -m pytest -n 2 -q

check: setup ## ruff, mypy --strict, import contracts, docs that are lists of the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -p no:randomly tests/house tests/api/test_problems.py

bench: setup ## measure; prints medians and ratios of one run, writes benchmarks/out/latest.json
	$(BIN)/python -m benchmarks

bench-meaning: setup ## a history of ENTRIES (1,000,000) entries, and what answers over it cost: about 15 minutes, 4 GB
	$(BIN)/python -m benchmarks.meaning --entries $(ENTRIES)

bench-audit: setup ## an audit of a log of ENTRIES (1,000,000) entries: rate and memory; about 2.6 kB of disk an entry, twice
	$(BIN)/python -m benchmarks.long_audit --entries $(ENTRIES)

spec: setup ## write spec/events and docs/reference from the code, and the OpenAPI snapshot
	$(BIN)/python -m spec.generate
	$(BIN)/python -m docs.reference.generate
	RENEW_SNAPSHOTS=1 $(BIN)/python -m pytest -q tests/api/test_openapi.py -k snapshot

vectors: setup ## write the golden bytes under tests/vectors; run again, it leaves no difference
	$(BIN)/python -m tests.vectors.generate

corpus: setup ## the negative corpus: make it, compare it with its table, ask every verifier but the browser
	$(BIN)/python -m tests.corpus.generate

corpus-renew: setup ## the same, writing the table anew
	$(BIN)/python -m tests.corpus.generate --renew

verifier: setup ## join disclosures/one_file into one program, disclosures/browser into one page; state the verifiers' digests in the docs
	$(BIN)/python -m spec.verifier

crash: setup ## 100 rounds of kill -9 under load (bounded: about 25 minutes)
	CRASH_ROUNDS=100 $(BIN)/python -m pytest -q -p no:randomly --timeout 3000 tests/faults/test_f01_killed_service.py

guess: setup ## guess a withheld value a million times: no digest is met (some ten seconds)
	HOLDPOINT_GUESSES=1000000 $(BIN)/python -m pytest -q -p no:cacheprovider tests/threats/test_t51_hiding_by_redaction.py -k guessing

flips: setup ## flip a bit of 5,000 bytes of a bundle, one at a time: each is noticed (some five minutes)
	HOLDPOINT_FLIPS=5000 $(BIN)/python -m pytest -q -p no:cacheprovider --timeout 3000 tests/auditor/test_bundle.py -k no_byte_is_free

lock: ## renew locks/dev.txt (needs uv)
	uv pip compile --universal --generate-hashes --python-version 3.11 --extra dev --no-header --no-annotate pyproject.toml -o locks/dev.txt
