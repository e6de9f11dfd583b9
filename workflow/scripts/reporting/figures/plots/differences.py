"""The figure that answers the question: the leader's score minus its rivals', task by task."""

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from reporting.figures.drawing.style import (
    HOLLOW,
    Plot,
    colour,
    drawing,
    legend_columns,
    marker,
    svg_text,
)
from reporting.inference.intervals import Interval
from reporting.per_task.comparison import BETTER, WORSE
from reporting.statistics.analysis import Statistics
from reporting.text import count_of, display_name, score, short_name
from reporting.verdict.verdict_words import BEATS
from reporting.verdict.verdict_words import WORSE as GROUP_WORSE

SPREAD = 0.5
WIDTH = 4.4


@dataclass(frozen=True)
class Mark:
    """One interval of the figure; a shown difference is filled, any other is hollow."""

    rival: str
    difference: Interval
    shown: bool


@dataclass(frozen=True)
class FigureRow:
    """One line of the figure: a task, or the aggregate of a group of tasks."""

    label: str
    aggregate: bool
    marks: tuple[Mark, ...]


def difference_rows(statistics: Statistics) -> list[FigureRow]:
    """The tasks of each group, and the group's aggregate below them."""
    rows = []
    for group in statistics.groups[1:] or statistics.groups:
        for environment in group.environments:
            marks = tuple(
                Mark(item.second, item.difference, item.verdict in (BETTER, WORSE))
                for item in statistics.comparisons
                if item.environment == environment and item.first == statistics.headline.leader
                if item.difference.estimate is not None
            )
            rows.append(FigureRow(statistics.facts[environment].name, False, marks))
        marks = tuple(
            Mark(clause.rival, clause.difference, clause.verdict in (BEATS, GROUP_WORSE))
            for clause in statistics.headline.clauses
            if clause.group == group.name
        )
        label = f"{count_of(len(group.environments), group.noun)}, mean"
        rows.append(FigureRow(label, True, marks))
    return rows


def differences_plot(statistics: Statistics) -> tuple[Plot, str]:
    """Differences in normalised score, with intervals, of the subject and every rival."""
    rows = difference_rows(statistics)
    leader = display_name(statistics.headline.leader)
    description = _description(rows, leader)
    rivals = list(dict.fromkeys(mark.rival for row in rows for mark in row.marks))
    columns = legend_columns([_against(rival) for rival in rivals], WIDTH, most=3)
    lines = -(-len(rivals) // columns)
    thickness = max(0.36, 0.11 * len(rivals))
    with drawing(WIDTH, 0.65 + 0.2 * lines + thickness * len(rows)) as figure:
        axes = figure.subplots()
        limit = _limit(rows)
        for place, row in enumerate(rows):
            _draw_row(axes, -place, row, list(statistics.algorithms), limit)
        axes.axvline(0, linewidth=0.9, color="#808080", zorder=0)
        axes.set_yticks([-place for place in range(len(rows))], [row.label for row in rows])
        for tick, row in zip(axes.get_yticklabels(), rows, strict=True):
            tick.set_fontweight("bold" if row.aggregate else "normal")
        axes.set_ylim(-len(rows) + 0.4, 0.6)
        axes.set_xlim(-limit, limit)
        axes.xaxis.set_major_locator(MaxNLocator(6))
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.set_xlabel("difference in normalised score")
        _direction_words(axes, leader)
        _rival_legend(axes, rivals, list(statistics.algorithms), columns)
        text = svg_text(figure, "differences", description)
    return Plot("differences.svg", "differences", None, description), text


def _draw_row(axes: Axes, height: int, row: FigureRow, algorithms: list[str], limit: float) -> None:
    if row.aggregate:
        axes.axhspan(height - 0.5, height + 0.5, color="#808080", alpha=0.1, linewidth=0)
    for place, mark in enumerate(row.marks):
        shade = colour(mark.rival, algorithms)
        y = height + SPREAD * (0.5 - (place + 0.5) / len(row.marks))
        _draw_whiskers(axes, y, mark.difference, shade, limit, 2.6 if row.aggregate else 1.6)
        axes.plot(
            [mark.difference.estimate or 0.0],
            [y],
            marker(mark.rival, algorithms),
            color=shade,
            markersize=7 if row.aggregate else 5.5,
            markerfacecolor=shade if mark.shown else HOLLOW,
            markeredgewidth=1.3,
        )


def _draw_whiskers(
    axes: Axes, y: float, interval: Interval, shade: str, limit: float, width: float
) -> None:
    """The interval, clipped to the axis; an arrow head marks a clipped end."""
    if interval.low is None or interval.high is None:
        return
    axes.plot((max(interval.low, -limit), min(interval.high, limit)), (y, y), color=shade, lw=width)
    for beyond, edge, head in (
        (interval.low < -limit, -limit, "<"),
        (interval.high > limit, limit, ">"),
    ):
        if beyond:
            axes.plot([edge], [y], head, color=shade, markersize=5, clip_on=False)


def _limit(rows: list[FigureRow]) -> float:
    """Half the width of the axis: all estimates fit; very wide intervals are cut, with an arrow."""
    marks = [mark.difference for row in rows for mark in row.marks]
    estimates = [abs(mark.estimate) for mark in marks if mark.estimate is not None]
    ends = [abs(end) for mark in marks for end in (mark.low, mark.high) if end is not None]
    widest = max([*ends, *estimates, 0.1])
    return 1.06 * max(0.25, min(widest, max(1.0, 2.2 * max(estimates, default=0.0))))


def _direction_words(axes: Axes, leader: str) -> None:
    words = (
        (0.0, "left", "\N{LEFTWARDS ARROW} rival better"),
        (1.0, "right", f"{leader} better \N{RIGHTWARDS ARROW}"),
    )
    for x, side, word in words:
        axes.text(x, 1.005, word, transform=axes.transAxes, ha=side, va="bottom", fontsize=8.5)


def _rival_legend(axes: Axes, rivals: list[str], algorithms: list[str], columns: int) -> None:
    handles = [
        Line2D(
            *([], []),
            color=colour(rival, algorithms),
            marker=marker(rival, algorithms),
            label=_against(rival),
        )
        for rival in rivals
    ]
    # In points above the axes, so that it clears the words there at any height of the figure.
    height = axes.get_window_extent().height
    place = (0.5, 1 + 22 / height)
    axes.legend(handles=handles, loc="lower center", ncols=columns, bbox_to_anchor=place)


def _against(rival: str) -> str:
    return f"against {short_name(rival)}"


def _description(rows: list[FigureRow], leader: str) -> str:
    parts = []
    for row in rows:
        for mark in row.marks:
            low, high = mark.difference.low, mark.difference.high
            interval = f"{score(low, True)} to {score(high, True)}"
            parts.append(
                f"{row.label} against {display_name(mark.rival)} "
                f"{score(mark.difference.estimate, True)} "
                f"({'no interval' if low is None else interval})"
            )
    return f"{leader}'s normalised score minus its rivals': {'; '.join(parts) or 'no comparison'}."
