"""Write suite.json: what a suite consists of, and the command that reproduces each of its runs.

`python workflow/scripts/suite.py workflow/suites/demo.yaml --output FILE`: the given files override
params.yaml. The aggregation reads suite.json to know which runs to look for.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from program.command_line import OneLineParser, run_program
from suites.description import BASE, describe, read
from suites.parameter_errors import COMMAND_LINE, ParameterError, Source
from suites.parameters import check


def main() -> None:
    """Write suite.json."""
    parser = OneLineParser(prog="suite.py", description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="laid over params.yaml, in this order")
    parser.add_argument("--parameters", help="all parameters as JSON, in place of files")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    if options.parameters is None:
        parameters = read([BASE, *options.files])
    else:
        parameters = json.loads(options.parameters)
        check(parameters, [Source(COMMAND_LINE, parameters)])
    options.output.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(describe(parameters), indent=2, sort_keys=True) + "\n"
    options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run_program("suite.py", main, ParameterError)
