"""Train one algorithm in one environment for a group of seeds, and write the run's files.

After a kill, the same command resumes from the last saved state, with bit-identical results; after
the end it reports that the run is complete.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from envs import InvalidEnvironmentError
from p2e.algorithms import algorithm_names
from p2e.config import ConfigError
from p2e.metrics import DivergenceError
from p2e.nn.native.library import CompilerError
from p2e.storage.checkpoint import CheckpointError
from program.command_line import OneLineParser, choose_device, run_program
from program.process import choose_compiled, prepare_process
from program.strict import compute_strictly
from runs.parts import require_buildable, try_environment
from runs.settings.assignments import with_assignments
from runs.settings.run_settings import require_strict_possible, resolve_settings, sections_of
from runs.training_run import TrainingRun

EPILOG = """\
All settings with their meaning: docs/settings.md. An example:

  python workflow/scripts/train.py --algorithm plan2explore --environment p2e/PointMaze-v0 \\
    --seeds 0-4 --steps 8000 --output results/mine/maze \\
    --set plan2explore.horizon=20 --set plan2explore.agent.learning_rate=1e-3
"""


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line, not yet checked against algorithms and environments."""
    parser = OneLineParser(
        prog="train.py",
        description=__doc__.splitlines()[0],
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--algorithm",
        required=True,
        help=f"{', '.join(algorithm_names())}, or the import path of your own, package.module",
    )
    parser.add_argument("--environment", required=True, help="id such as p2e/PointMaze-v0")
    parser.add_argument("--seeds", required=True, help="such as 3, 0-9 or 0,2,5-7")
    parser.add_argument("--steps", required=True, type=int, help="environment steps a seed")
    parser.add_argument("--output", required=True, type=Path, help="the run's folder")
    parser.add_argument(
        "--state",
        type=Path,
        help="resumable state (default: OUTPUT.state); the rows so far of training.csv, "
        "evaluation.csv and losses.csv are in STATE/live/ while the run goes on",
    )
    parser.add_argument(
        "--state-interval",
        type=float,
        default=60.0,
        help="seconds between saved states; changes no number of the run",
    )
    parser.add_argument(
        "--settings",
        default="{}",
        help="JSON object, or @file with one: sections 'training' and the algorithm's; what is "
        "left out has the default of p2e/, not the value in params.yaml",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="one setting, laid over --settings; may be given several times",
    )
    parser.add_argument(
        "--tensorboard",
        type=Path,
        metavar="DIR",
        help="also write the rows as TensorBoard event files, DIR/seed-<n>/ for each seed "
        "(pip install -r requirements-tensorboard.txt)",
    )
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--threads", default=1, type=int, help="CPU threads of this process")
    parser.add_argument(
        "--deterministic",
        default="machine",
        choices=("machine", "strict"),
        help="where the digits are the same: on this kind of machine, or on all x86-64 processors",
    )
    return parser.parse_args(arguments)


def read_settings(text: str) -> dict[str, Any]:
    """The --settings argument as a mapping."""
    try:
        values = json.loads(Path(text[1:]).read_text() if text.startswith("@") else text)
    except (OSError, ValueError) as error:
        raise ConfigError(f"'--settings' is {text!r}, expected a JSON object: {error}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"'--settings' is {text!r}, expected a JSON object")
    return values


def main() -> None:
    """Parse, check, train."""
    options = parse_arguments()
    settings = resolve_settings(
        options.algorithm,
        options.environment,
        options.seeds,
        options.steps,
        with_assignments(
            read_settings(options.settings), options.set, sections_of(options.algorithm)
        ),
    )
    if options.threads < 1:
        raise ConfigError(f"'--threads' is {options.threads}, expected 1 or more")
    prepare_process(settings.training.precision, options.threads)
    device, strict = choose_device(options.device), options.deterministic == "strict"
    if strict:
        require_strict_possible(settings, device, options.threads)
        compute_strictly()
    choose_compiled(settings.training.compiled, device, strict)
    require_buildable(settings)
    started = time.monotonic()
    try_environment(settings.task)
    TrainingRun(settings, options).execute()
    print(f"train.py: {options.output} in {time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    run_program(
        "train.py",
        main,
        ConfigError,
        InvalidEnvironmentError,
        CheckpointError,
        DivergenceError,
        CompilerError,
    )
