"""How metrics that runs log change from the beginning to the end of training, in words."""

from collections.abc import Sequence

from reporting.per_task.logged_metrics import LoggedChange
from reporting.text import MINUS, joined, number, plain, short_name

MOST_NAMED = 4  # in one title; one with more is not read


def words_of(change: LoggedChange) -> str:
    """`world loss (MBPO) falls from 2.31 to 0.12`."""
    name = f"{_name(change)} ({short_name(change.algorithm)})"
    ended = "" if change.until is None else f" at step {change.until:,.0f}, where it ends"
    first, last = written(change.first), written(change.last)
    if first == last:
        return f"{name} ends at {last} as it began{ended}"
    moved = "rises" if change.last > change.first else "falls"
    return f"{name} {moved} from {first} to {last}{ended}"


def written(value: float) -> str:
    """Below 1 with two significant digits: two decimals would hide how a small loss changes."""
    if not 0 < abs(value) < 1:
        return number(value)
    return f"{MINUS if value < 0 else ''}{plain(abs(value), 2)}"


def largest_change(ends: Sequence[LoggedChange]) -> str:
    """The curve whose last value is the largest multiple, or the smallest part, of its first.

    Where no curve keeps its sign, the first one.
    """
    known = [end for end in ends if end.factor is not None]
    if known:
        most = max(known, key=lambda end: end.factor or 0.0)
        changed = written(most.first) != written(most.last)
        return f"{'largest relative change: ' * changed}{words_of(most)}"
    return words_of(ends[0]) if ends else ""


def each_change(ends: Sequence[LoggedChange]) -> str:
    """Every curve; of many, where each metric ends at most and at least."""
    if len(ends) <= MOST_NAMED:
        return joined([words_of(end) for end in ends])
    parts = []
    for metric in dict.fromkeys(end.metric for end in ends):
        mine = sorted((end for end in ends if end.metric == metric), key=lambda end: -end.last)
        if len(mine) == 1:
            parts.append(words_of(mine[0]))
        else:
            parts.append(f"{_name(mine[0])} ends at {_ends(mine)}")
    return "; ".join(parts)


def _ends(ordered: Sequence[LoggedChange]) -> str:
    """The highest and the lowest end, each with all curves that read the same."""
    ends = [(end.algorithm, written(end.last)) for end in ordered]
    most, least = ends[0][1], ends[-1][1]
    if most == least:
        return f"{most} of all"
    return f"{most} ({alike(ends, most)}) at most and at {least} ({alike(ends, least)}) at least"


def alike(values: Sequence[tuple[str, str]], written_value: str) -> str:
    """The cases whose value is written like this; of many only how many they are."""
    names = [short_name(name) for name, value in values if value == written_value]
    return joined(names) if len(names) <= MOST_NAMED else f"{len(names)} of {len(values)}"


def _name(change: LoggedChange) -> str:
    return change.metric.replace("_", " ")
