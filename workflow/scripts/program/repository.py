"""The repository's root, and which of its files determine the numbers of a run."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# envs/tools holds programs that no run uses.
ENVIRONMENT_FILES = ("envs/*.py", "envs/simulation/*.py", "envs/tasks/*.py", "envs/assets/*.xml")
# The C++ and header files that compiled networks are built from.
NATIVE_FILES = ("p2e/**/*pp",)
TRAINING_CODE = ("p2e/**/*.py", *NATIVE_FILES, *ENVIRONMENT_FILES)
