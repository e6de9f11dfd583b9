"""How metrics that runs log change from the beginning to the end of training, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from reporting.text import MINUS, joined, number, short_name

# A curve that ends before this share of the steps is said to end there: the run diverged, or
# logged the metric no longer.
NEAR_THE_END = 0.9
MOST_NAMED = 4  # in one title; one with more is not read


@dataclass(frozen=True)
class MetricEnds:
    """The first and the last mean over seeds of one metric, as they are drawn.

    until: the step of the last, where it is not near the end of the training.
    """

    algorithm: str
    metric: str
    first: float
    last: float
    until: float | None

    @property
    def words(self) -> str:
        """`world loss (MBPO) falls from 2.31 to 0.12`."""
        name = f"{self.metric.replace('_', ' ')} ({short_name(self.algorithm)})"
        ended = "" if self.until is None else f" at step {self.until:,.0f}, where it ends"
        first, last = written(self.first), written(self.last)
        if first == last:
            return f"{name} ends at {last} as it began{ended}"
        return (
            f"{name} {'rises' if self.last > self.first else 'falls'} from {first} to {last}{ended}"
        )

    @property
    def factor(self) -> float | None:
        """How many times as large as the smaller end the larger is; None without such a number."""
        small, large = sorted((abs(self.first), abs(self.last)))
        return large / small if self.first * self.last > 0 and small > 0 else None


def written(value: float) -> str:
    """Below 1 with two significant digits: two decimals would hide how a small loss changes."""
    if not 0 < abs(value) < 1:
        return number(value)
    return f"{MINUS if value < 0 else ''}{abs(value):.2g}"


def metric_ends(data: pd.DataFrame, budget: int) -> list[MetricEnds]:
    """The ends of every curve in the data of a figure of metrics, in the order of the figure."""
    found = []
    for (metric, algorithm), rows in data.groupby(["metric", "algorithm"], sort=False):
        last = float(rows["step"].iloc[-1])
        until = last if last < NEAR_THE_END * budget else None
        ends = float(rows["mean"].iloc[0]), float(rows["mean"].iloc[-1])
        found.append(MetricEnds(str(algorithm), str(metric), *ends, until))
    return found


def largest_change(ends: Sequence[MetricEnds]) -> str:
    """The curve whose last value is the largest multiple, or the smallest part, of its first.

    Where no curve keeps its sign, the first one.
    """
    known = [end for end in ends if end.factor is not None]
    if known:
        most = max(known, key=lambda end: end.factor or 0.0)
        return f"largest relative change: {most.words}"
    return ends[0].words if ends else ""


def each_change(ends: Sequence[MetricEnds]) -> str:
    """Every curve; of many, where each metric ends at most and at least."""
    if len(ends) <= MOST_NAMED:
        return joined([end.words for end in ends])
    parts = []
    for metric in dict.fromkeys(end.metric for end in ends):
        mine = sorted((end for end in ends if end.metric == metric), key=lambda end: -end.last)
        shown = [f"{written(end.last)} ({short_name(end.algorithm)})" for end in mine]
        name = metric.replace("_", " ")
        if len(mine) == 1:
            parts.append(mine[0].words)
        else:
            parts.append(f"{name} ends at {shown[0]} at most and at {shown[-1]} at least")
    return "; ".join(parts)
