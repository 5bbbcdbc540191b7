# make demo       install into .venv if need be, then the demo: every table, figure, claim and the report from generated films
# make demo-full  the same with more films, wider encoders and three seeds (60-90 minutes on 2 cores)
# make plan       jobs, core-hours, time and disk of a run before it is started, for instance:
#                 make plan SCALE=paper    make plan CONFIG="config.yaml mine.yaml" TARGETS=all_hear PLAN="--cores 16"
# make test       install if need be, then all tests, or TESTS=tests/plan    (make test-fast leaves the slow ones out)
# make hooks      once: what `make check` asks is asked of each commit
# make check      formatters, linters and the type checker
# make bench-media  ingest and reading of shards, measured beside FFmpeg and PyAV
# make bench-separation  speech removal by batch size, beside Demucs's own function; memory for a two-hour film
# make bench-pretrain  training steps and whole training beside stock models, on a GPU if there is one; the roofline
# make bench-probe  HEAR's probes beside a sequential implementation; embedding beside bare forward passes; memory
# make bench-statistics  how often intervals and verdicts are wrong where the truth is known, and what they find
# make schema     workflow/schemas/config.schema.json, for editors, from the classes that check the configuration
# make rulegraph  the README's picture of the rules, docs/rulegraph.svg, from Snakemake's own graph
# make ui         MLflow's pages on http://127.0.0.1:5000; the address of the list of runs is said first
# make lock       requirements.lock from pyproject.toml

PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
BIN := .venv/bin
# The rules call `dubaug` and `torchrun` by name.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: install demo demo-full plan test test-fast check hooks format bench-media bench-separation bench-pretrain bench-probe bench-statistics schema rulegraph ui lock clean

install: .venv/.installed

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' || \
	  { echo "dubaug needs Python 3.11 or 3.12, $(PYTHON) is $$($(PYTHON) --version): make PYTHON=python3.11 ..."; exit 1; }
	@case "$$(pwd)" in *[\"\$$\`\\]*) echo "pip's scripts would execute what stands in this folder's name: rename $$(pwd)"; exit 1;; esac
	@echo "Installing into .venv (once; some minutes and 7 GB, most of it PyTorch) ..."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: install
	@snakemake --cores $(CORES)

demo-full: install
	@snakemake --cores $(CORES) --configfile workflow/config/demo_full.yaml

CONFIG ?= config.yaml
TARGETS ?= all

plan: install
	@dubaug plan --config $(CONFIG) --workflow workflow --snakefile Snakefile --paper workflow/resources/paper \
	  --rates benchmarks/results/plan_*.json $(if $(SCALE),--scale $(SCALE)) $(PLAN) -- $(TARGETS)

test: install
	pytest $(TESTS)

test-fast: install
	pytest -m "not slow"

check: install
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	mypy
	snakemake --lint

hooks: install
	pre-commit install

format: install
	ruff check --fix .
	ruff format .
	snakefmt Snakefile workflow

bench-media: install
	python benchmarks/bench_media.py

bench-separation: install
	python benchmarks/bench_separation.py

bench-pretrain: install
	python benchmarks/bench_pretrain.py

bench-probe: install
	python benchmarks/bench_probe.py

bench-statistics: install
	python benchmarks/bench_statistics.py

schema: install
	python -m dubaug.config.schema > workflow/schemas/config.schema.json

rulegraph: install
	python tools/rulegraph/draw.py

ui: install
	@if [ -f results/config.yaml ]; then dubaug mlflow-sync --best-effort --config results/config.yaml --results-dir results; fi
	MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false mlflow ui --workers 1 --backend-store-uri sqlite:///mlflow.db --host 127.0.0.1

lock:
	$(PYTHON) -m venv .venv/lock && .venv/lock/bin/pip install --quiet uv
	{ printf '%s\n' '# The exact versions this project is run and tested with (Linux x86-64, macOS arm64; Python 3.11, 3.12).' \
	    '# Made from pyproject.toml by: make lock'; \
	  .venv/lock/bin/uv pip compile --quiet --no-header --universal --python-version 3.11 --extra dev pyproject.toml; } \
	  > requirements.lock.new && mv requirements.lock.new requirements.lock

clean:
	rm -rf results data/demo .snakemake
