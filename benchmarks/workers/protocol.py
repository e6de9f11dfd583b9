"""What the throughput benchmark and its workers say to each other.

A worker is one system in a process, and a virtual environment, of its own. This file uses the
standard library only, because the peers' environments know nothing of ours. The worker writes one
JSON line that says what it is; then, for every number of environment steps that it reads, one JSON
line with what it measured. Everything else that is printed goes to standard error.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any


def serve(
    describe: Callable[[], dict[str, Any]], measure: Callable[[int], dict[str, float]]
) -> None:
    """Answer until standard input ends.

    Args:
        describe: gets the system ready (compilation, warm-up) and says what it is.
        measure: environment steps to make, to {"environment_steps", "seconds", ...}.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print to standard output
    print(json.dumps(describe()), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(measure(int(line))), file=answers, flush=True)


def timed(action: Callable[[], Any]) -> float:
    """Seconds that the action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
