"""The checked configuration, the names of files, and the functions that the rules use."""

import os
import re
import sys
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path += [str(ROOT), str(ROOT / "workflow" / "scripts")]

from envs.simulation.make import foreign_packages
from p2e.algorithms import is_import_path
from program.foreign_code import with_foreign_code
from program.import_graph import module_file, program_files
from program.provenance import code_hash
from program.repository import ENVIRONMENT_FILES, NATIVE_FILES
from program.stale_lock import clear_stale_lock
from progress.reporter import report_progress
from runs.files import (
    EVALUATIONS,
    FILM,
    FILM_FACTS,
    FINAL_SCORES,
    MANIFEST,
    REPORT_PARTS,
    RUNS_TABLE,
    STILL,
    SUMMARY_TABLES,
    TRAINING_FILES,
)
from suites.entries import compact, suite_entries
from suites.group_size import group_sizes, trains_on_gpu
from suites.parameter_errors import ParameterError
from suites.parameters import check, read_source
from suites.variants import base_algorithm, of_suite

try:
    check(
        config,
        [read_source(str(name)) for name in ["params.yaml", *workflow.overwrite_configfiles]],
    )
except ParameterError as error:
    # A WorkflowError would say the same in three lines.
    sys.exit(f"error: {error}")

# Jobs run the Python that runs Snakemake. Its path must not be in `params` or in a command: Snakemake
# would then run everything again where Python is installed in another place.
os.environ.update(
    PATH=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
)

# After any interruption, even kill -9 of Snakemake, the same command resumes without `--unlock`. The
# Snakemake processes inside cluster jobs do not touch the lock.
if workflow.is_main_process:
    ALIVE = clear_stale_lock(Path(".snakemake"))

SUITE = config["suite"]
RESULTS = f"results/{SUITE}"
REPORTS = f"reports/{SUITE}"

RUN_FOLDER = "{environment}/{algorithm}/{seeds}"
TRAINED = [*TRAINING_FILES, MANIFEST]
TRAINED_FILES = [f"{RESULTS}/runs/{RUN_FOLDER}/{name}" for name in TRAINED]
SUITE_FILE = f"{RESULTS}/summary/suite.json"
# The tables that `snakemake --report` includes; the others have many megabytes.
REPORTED_TABLES = {RUNS_TABLE, EVALUATIONS, FINAL_SCORES}
SUMMARY_FILES = [f"{RESULTS}/summary/{name}" for name in SUMMARY_TABLES]
SUMMARY_DIGEST = f"{RESULTS}/summary/SHA256SUMS"
VERIFICATION_FILE = f"{RESULTS}/summary/verification.json"
FIGURES = f"{REPORTS}/figures"
FIGURES_DIGEST = f"{REPORTS}/figures.sha256"
FILM_FOLDER = f"{REPORTS}/films/{{environment}}/{{algorithm}}"
FILM_FILES = [FILM, STILL, FILM_FACTS]
REPORT_FILES = [f"{REPORTS}/{name}" for name in REPORT_PARTS]

RUNS = {run.key: run for run in suite_entries(config)}
# The id of an environment by the name of its folder.
ENVIRONMENTS = {key[0]: run.environment for key, run in RUNS.items()}


def run_of(wildcards):
    """The run that a job's wildcards stand for."""
    return RUNS[wildcards.environment, wildcards.algorithm, wildcards.seeds]


def film_files(*names):
    """These files of the film of every task and algorithm."""
    cases = dict.fromkeys((environment, algorithm) for environment, algorithm, _ in RUNS)
    return [f"{REPORTS}/films/{'/'.join(case)}/{name}" for case in cases for name in names]


def final_scores_of_case(wildcards):
    """The final scores of all runs of a task and algorithm: a film is chosen by them."""
    case = (wildcards.environment, wildcards.algorithm)
    return [f"{RESULTS}/runs/{'/'.join(key)}/{FINAL_SCORES}" for key in RUNS if key[:2] == case]


def run_files(*names):
    """These files of every run of the suite."""
    return [f"{RESULTS}/runs/{'/'.join(key)}/{name}" for key in RUNS for name in names]


def program_hash(*programs, data=(), foreign=()):
    """A hash of the contents of programs, all they import, files that match `data`, and modules
    of other packages."""
    return with_foreign_code(code_hash(*program_files(*programs), *data), foreign)


def algorithm_hash(program):
    """A function of a job's wildcards: the hash of what a program that runs an algorithm uses.

    The algorithm and the tasks are loaded by name, not imported, so they are listed here. The
    wildcard `algorithm` may be the name of a variant.
    """

    def of(wildcards):
        data, name = ENVIRONMENT_FILES + NATIVE_FILES, base_algorithm(wildcards.algorithm)
        foreign = foreign_packages(ENVIRONMENTS[wildcards.environment])
        if is_import_path(name):
            return program_hash(program, data=data, foreign=[name, *foreign])
        own = module_file(f"p2e.algorithms.{name}")
        return program_hash(program, own, data=data, foreign=foreign)

    return of


# How many GPUs a training job takes.
GPUS = int(trains_on_gpu(config))
if GPUS:
    # Without a global limit Snakemake ignores the resource; `--resources gpu=2` sets another limit.
    workflow.global_resources.setdefault("gpu", 1)


# What a scheduler is asked for; on one machine it limits nothing. Two to three times as much as was
# measured (docs/cluster.md); a job that needs more is submitted again with twice that, and goes on.
TRAINING_MEMORY_MB = 8000 if GPUS else 1200
EVALUATION_MEMORY_MB, EVALUATION_MINUTES = 1200, 60
SECONDS_A_STEP = 0.3


def training_minutes(wildcards, attempt):
    """The time of a training job: of each step of each seed, and half an hour."""
    run = run_of(wildcards)
    return attempt * (30 + round(run.steps * len(run.seeds) * SECONDS_A_STEP / 60))


def one_of(names):
    """A regular expression for these names. An import path has dots."""
    return "|".join(re.escape(name) for name in sorted(set(names)))


# Only runs of the suite can be requested.
wildcard_constraints:
    environment=one_of(environment for environment, _, _ in RUNS),
    algorithm=one_of(algorithm for _, algorithm, _ in RUNS),
    seeds=one_of(seeds for _, _, seeds in RUNS),
