"""Serve the report of a suite on this machine while its runs go on, rewritten as they finish.

watch.py --suite demo

It writes into a temporary folder, and only reads what Snakemake and DVC own. The published report
has none of it.
"""

import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from p2e.config import ConfigError, suggestion
from program.command_line import OneLineParser, run_program
from reporting.watch.server import ReportServer
from reporting.watch.watched_report import WatchedReport
from suites.description import BASE, describe, read
from suites.parameter_errors import ParameterError
from suites.requested_runs import SuiteError

# Seconds between two looks for runs that have finished.
INTERVAL = 5.0
SUITES = Path("workflow/suites")


def suite_files(name: str) -> list[str]:
    """The files of parameters of the suite with this name.

    Raises:
        ConfigError: when there is none.
    """
    known = ["core", *(path.stem for path in SUITES.glob("*.yaml"))]
    if name not in known:
        raise ConfigError(f"unknown suite '{name}': {suggestion(name, known)}")
    return [BASE] if name == "core" else [BASE, str(SUITES / f"{name}.yaml")]


def keep_fresh(report: WatchedReport, end: threading.Event) -> None:
    """Rewrite the report whenever runs have finished."""
    while not end.wait(INTERVAL):
        try:
            if report.refresh():
                print("watch.py: rewritten", file=sys.stderr)
        except (OSError, ValueError, SuiteError) as error:  # a run's files are just being replaced
            print(f"watch.py: not rewritten: {error}", file=sys.stderr)


def main(arguments: list[str] | None = None) -> None:
    """Write the report, and serve it until interrupted."""
    parser = OneLineParser(prog="watch.py", description=__doc__.splitlines()[0])
    parser.add_argument("--suite", required=True, help="such as demo, or core")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    options = parser.parse_args(arguments)
    suite = describe(read(suite_files(options.suite)))
    name = suite["suite"]
    results, reports = Path("results") / name, Path("reports") / name
    os.nice(10)  # the runs come first
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with tempfile.TemporaryDirectory(prefix="watch-") as folder:
        home = f"/reports/{name}/"
        report = WatchedReport(suite, results, reports / "films", Path(folder))
        folders = {
            f"/results/{name}/summary/": Path(folder) / "summary",
            f"/results/{name}/runs/": results / "runs",
            f"{home}films/": reports / "films",
            home: Path(folder),
        }
        end = threading.Event()
        threading.Thread(target=keep_fresh, args=(report, end), daemon=True).start()
        with ReportServer(options.port, report, home, folders) as server:
            print(f"watch.py: {server.url} (Ctrl-C ends it)", flush=True)
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                pass
            finally:
                end.set()


if __name__ == "__main__":
    run_program("watch.py", main, ConfigError, ParameterError, SuiteError, ValueError)
