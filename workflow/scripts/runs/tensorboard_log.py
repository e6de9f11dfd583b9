"""The rows of a run as TensorBoard event files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from p2e.config import ConfigError
from p2e.loop.live_tables import LIVE
from p2e.loop.recorder import Row

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

# The end of our files' names: the only files in the folder that are ever deleted.
SUFFIX = ".plan2explore-benchmark"
NO_QUANTITIES = ("seed", "step", "episode")
# A point is in its file after this time at the latest.
SECONDS = 5
MISSING = (
    "'--tensorboard' needs the package tensorboard, expected it installed: "
    "pip install plan2explore-benchmark[tensorboard], or in a clone "
    "pip install -r requirements-tensorboard.txt"
)


class TensorBoardLog:
    """Follows a recorder: each number of a row is a scalar of its seed, at the row's step.

    `folder/seed-<n>/` is one of TensorBoard's runs, so that seeds share their plots. The tags are
    `<table>/<column>`: `evaluation/return`, `losses/critic_loss`. The episodes of an evaluation
    are one point, their mean.

    A run that is resumed writes its files again from the rows of its saved state, so that nothing
    is there twice.

    Raises:
        ConfigError: in one line, when TensorBoard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ConfigError(MISSING) from error
        self._folder, self._writer_class = folder, SummaryWriter
        self._writers: dict[int, SummaryWriter] = {}
        self._episodes: list[Row] = []

    def begin(self, tables: Mapping[str, Sequence[Row]]) -> None:
        """Write the rows recorded so far, in place of the files of an earlier run or attempt."""
        for file in self._folder.glob(f"seed-*/events.out.tfevents.*{SUFFIX}"):
            file.unlink()
        for table in LIVE:
            for row in tables[table]:
                self._add(table, row)
        self._end_evaluation()

    def added(self, table: str, rows: Sequence[Row]) -> None:
        """Write the last of a table's rows."""
        self._add(table, rows[-1])

    def close(self) -> None:
        """Write what is left, and close the files."""
        self._end_evaluation()
        for writer in self._writers.values():
            writer.close()

    def _add(self, table: str, row: Row) -> None:
        here = (row["seed"], row["step"])
        if table == "evaluation":
            if self._episodes and (self._episodes[0]["seed"], self._episodes[0]["step"]) != here:
                self._end_evaluation()
            self._episodes.append(row)
            return
        self._end_evaluation()
        if table in LIVE:
            self._write(table, row)

    def _end_evaluation(self) -> None:
        """Whatever comes after the episodes of an evaluation shows that it has ended."""
        if self._episodes:
            columns = self._episodes[0]
            means = {name: fmean(row[name] for row in self._episodes) for name in columns}
            self._write("evaluation", means)
            self._episodes = []

    def _write(self, table: str, row: Row) -> None:
        writer = self._writer(int(row["seed"]))
        for name, value in row.items():
            if name not in NO_QUANTITIES:
                writer.add_scalar(f"{table}/{name}", value, int(row["step"]))

    def _writer(self, seed: int) -> "SummaryWriter":
        if seed not in self._writers:
            self._writers[seed] = self._writer_class(
                str(self._folder / f"seed-{seed}"), filename_suffix=SUFFIX, flush_secs=SECONDS
            )
        return self._writers[seed]
