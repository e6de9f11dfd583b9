# Nothing but Python 3.11 to 3.13 with venv, make and git is needed: each target sets up what it uses.
#
#   make demo              a small benchmark and its report, in about a quarter of an hour
#   make test              every check that CI runs
#   make setup             create .venv with exact versions (the other targets do so when needed)
#   make watch SUITE=demo  serve that report on this machine while the runs go on; PORT=N chooses a port
#   make report SUITE=demo a report on the finished runs of a suite, even if others are missing
#   make benchmark         the core suite, through DVC
#   make verify SUITE=demo evaluate a suite's published policies again, and compare with their scores
#   make site              the site: findings, reports of all published suites, documents, API
#   make publish           publish a suite: its policies, with which `make verify` works, and numbers
#   make extend            train the missing runs of a published suite, and write its report
#   make container-check   build the image and test it; as root, with mmdebstrap and buildah
#   make slurm-check       run a small suite on a Slurm of this machine; as root, with slurmctld
#   make remote-check      push and pull over a real SSH server; with openssh-server
#   make strict-check      compare strict digits on emulated processors; with qemu-user
#   make format            format the code
#   make lock              renew the exact versions in requirements*.txt
#   make clean             remove the environment and the caches; results stay

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := demo
.PHONY: demo test setup lint pytest browser report watch benchmark verify site publish extend \
  container-check slurm-check remote-check strict-check format lock clean

VENV := .venv
DOCS := .venv-docs
SUITE ?= demo
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export SNAKEMAKE_PROFILE ?= workflow/profiles/default

demo: override SUITE := demo
demo: $(VENV)/.runtime
	snakemake --configfile workflow/suites/demo.yaml || { $(write_report); \
	  echo "Some runs failed; the report names them: reports/demo/index.html" >&2; exit 1; }
	@echo "The report: $(CURDIR)/reports/demo/index.html"

setup: $(VENV)/.runtime

benchmark: $(VENV)/.runtime
	dvc repro

report: $(VENV)/.runtime
	$(write_report)
	@echo "The report: $(CURDIR)/reports/$(SUITE)/index.html"

watch: $(VENV)/.runtime
	@python workflow/scripts/watch.py --suite $(SUITE) $(if $(PORT),--port $(PORT))

# Pulled from the remote in this repository: without a network.
PUBLISHED_RUNS = $(wildcard published/*/runs.dvc)

# The default suite is core here, and demo for `make report`.
verify publish extend: override SUITE := $(if $(filter file,$(origin SUITE)),core,$(SUITE))
verify: $(VENV)/.runtime
	dvc pull --quiet published/$(SUITE)/runs.dvc
	python workflow/scripts/verify_policies.py published/$(SUITE)

site: $(VENV)/.runtime $(DOCS)/.ready
	dvc pull --quiet $(PUBLISHED_RUNS)
	python workflow/scripts/publishing/build_site.py --published published --output site
	$(DOCS)/bin/python workflow/scripts/publishing/build_docs.py --output site
	@echo "The site: $(CURDIR)/site/index.html"

publish: $(VENV)/.runtime
	python workflow/scripts/publishing/publish.py --suite $(SUITE)
	$(if $(filter core,$(SUITE)),python workflow/scripts/publishing/readme.py \
	  --statistics published/core/statistics.json --readme README.md)

# Snakemake gets the list of missing files: without it, it would train restored runs again that were
# published without their policies.
extend: $(VENV)/.runtime
	dvc pull --quiet $(PUBLISHED_RUNS)
	$(describe_suite)
	python workflow/scripts/publishing/restore.py $(of_suite) --reports reports/$(SUITE) --published published
	files=$$(python workflow/scripts/publishing/unfinished.py $(of_suite) --reports reports/$(SUITE)) \
	  && { [ -z "$$files" ] \
	    || snakemake $(addprefix --configfile ,$(LAID_OVER)) --cores all -- $$files; }
	$(write_report)

of_suite = --results results/$(SUITE) --config results/$(SUITE)/summary/suite.json
# The core suite is params.yaml itself; the files of the other suites override it.
LAID_OVER = $(if $(filter core,$(SUITE)),,workflow/suites/$(SUITE).yaml)
describe_suite = python workflow/scripts/suite.py $(LAID_OVER) \
  --output results/$(SUITE)/summary/suite.json

# Without Snakemake, which writes no report while a run is missing; this report names the missing runs.
# It removes the digest, so that Snakemake does not accept this report as its own output.
write_report = rm -f results/$(SUITE)/summary/SHA256SUMS \
  && $(describe_suite) \
  && python workflow/scripts/aggregate.py $(of_suite) \
  && python workflow/scripts/verify.py --summary results/$(SUITE)/summary \
    --published published/$(SUITE) \
  && python workflow/scripts/figures.py --summary results/$(SUITE)/summary \
    --output reports/$(SUITE)/figures \
  && python workflow/scripts/report.py --summary results/$(SUITE)/summary \
    --figures reports/$(SUITE)/figures --films reports/$(SUITE)/films --output reports/$(SUITE)

test: lint pytest

lint: $(VENV)/.dev
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile workflow/rules
	snakemake --lint

pytest: $(VENV)/.dev $(DOCS)/.ready browser
	OMP_NUM_THREADS=1 pytest -n 2 --dist loadfile $(TESTS)

# What pip cannot install: a browser for the tests of the report, and rendering without a screen for
# the films. Without the right to install packages these tests are skipped, with a message.
browser:
	@command -v chromium chromium-browser google-chrome > /dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null \
	    && apt-get update -qq \
	    && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends \
	      chromium libegl1 libgl1 libgl1-mesa-dri > /dev/null; } \
	  || echo "No Chromium here, and no right to install it: the tests in a browser are skipped" >&2

container-check:
	TESTS="$(TESTS)" BUILD_OPTIONS="$(BUILD_OPTIONS)" tests/acceptance/container_check

# In a separate environment: requirements-slurm.txt says why.
slurm-check: $(VENV)/bin/python
	python -m venv .venv-slurm
	.venv-slurm/bin/pip install --quiet --requirement requirements-slurm.txt
	.venv-slurm/bin/python tests/acceptance/slurm_check.py

# In a separate environment, so that DVC's plugin is in no other.
remote-check: $(VENV)/.runtime
	python -m venv .venv-remote
	.venv-remote/bin/pip install --quiet --constraint requirements.txt \
	  --requirement requirements-remote.txt
	python tests/acceptance/remote_check.py

strict-check: $(VENV)/.runtime
	python tests/acceptance/strict_check.py

format: $(VENV)/.dev
	ruff check --fix .
	ruff format .
	snakefmt Snakefile workflow/rules

# From the direct dependencies in pyproject.toml, for every Python that it allows. A version that still
# fits stays; `make lock LOCK_OPTIONS=--upgrade` takes the newest. Torch's CUDA libraries are left out:
# it asks for them itself, and they exist for one kind of machine only.
lock: $(VENV)/bin/python
	rm -rf .venv-lock
	python -m venv .venv-lock
	.venv-lock/bin/pip install --quiet uv==0.13.9
	cp requirements.txt requirements-dev.txt requirements-docs.txt .venv-lock
	$(RESOLVE) pyproject.toml --output-file .venv-lock/requirements.txt
	$(RESOLVE) pyproject.toml --extra dev --constraint .venv-lock/requirements.txt \
	  --output-file .venv-lock/requirements-dev.txt
	{ echo "# What the benchmark runs with, everything included. Written by \`make lock\`."; \
	  grep -vE "^(nvidia|cuda|triton)" .venv-lock/requirements.txt; } > requirements.txt
	{ echo "# What the checks need beside that. Written by \`make lock\`."; echo "-r requirements.txt"; \
	  grep -vxFf .venv-lock/requirements.txt .venv-lock/requirements-dev.txt; } > requirements-dev.txt
	$(RESOLVE) --group docs --constraint requirements.txt --constraint requirements-dev.txt \
	  --output-file .venv-lock/requirements-docs.txt
	{ echo "# Only for \`make site\`: what makes the pages from documents and docstrings. In an environment"; \
	  echo "# of its own, because nothing else of the benchmark needs it. Written by \`make lock\`."; \
	  cat .venv-lock/requirements-docs.txt; } > requirements-docs.txt
	rm -rf .venv-lock

RESOLVE = .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 \
  --no-annotate --no-header --no-emit-index-url --no-emit-find-links $(LOCK_OPTIONS)

clean:
	rm -rf $(VENV) $(DOCS) .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.runtime: requirements.txt $(VENV)/bin/python
	@echo "Installing $< into $(VENV): minutes the first time"
	python -m pip install --quiet --requirement $<
	touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt $(VENV)/bin/python
	@echo "Installing $< into $(VENV): minutes the first time"
	python -m pip install --quiet --requirement $<
	touch $@

# In a separate environment: requirements-docs.txt says why.
$(DOCS)/.ready: requirements-docs.txt $(VENV)/bin/python
	python -m venv $(DOCS)
	$(DOCS)/bin/pip install --quiet --requirement $<
	touch $@

# Override: make PYTHON=python3.12 setup
PYTHON ?= python3.13 python3.12 python3.11 python3

# The first of these that answers, is one of the versions that we support, and can make an environment:
# a shim may answer to a name without anything behind it, and Debian keeps ensurepip in python3-venv.
$(VENV)/bin/python:
	@for python in $(PYTHON); do \
	  if "$$python" -c '$(SUITABLE)' 2> /dev/null; then exec "$$python" -m venv $(VENV); fi; \
	done; \
	echo "error: no Python 3.11 to 3.13 with its venv module among: $(PYTHON)" >&2; exit 1

SUITABLE = import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
