"""The protocol between the throughput benchmark and its workers.

A worker is one system in its own process and virtual environment. This file uses the standard
library only, because our packages are not in the peers' environments. The worker first writes one
JSON line that describes it. Then it reads numbers of environment steps, and for each writes one
JSON line with its measurements. All other output goes to standard error.
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
    """Measure until standard input ends.

    Args:
        describe: prepares the system (compilation, warm-up) and returns its description.
        measure: from a number of environment steps to {"environment_steps", "seconds", ...}.
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
