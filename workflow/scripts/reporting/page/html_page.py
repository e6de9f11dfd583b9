"""The HTML page: what the template is given, and how it is filled in."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from markupsafe import Markup, escape

from program.repository import ROOT
from reporting import text
from reporting.figures.plot_aggregates import group_titles
from reporting.figures.style import Plot, colour, css_colour
from reporting.page.interactive_curves import interactive_curves
from reporting.page.noise_chances import noise_chances
from reporting.page.run_table import RUN_COLUMNS, data_links, gaps, provenance, run_rows
from reporting.page.templates import TEMPLATES, template_environment
from reporting.statistics.aggregates import Group
from reporting.statistics.analysis import Statistics
from reporting.statistics.headline import (
    EFFECTS,
    NO_HARM,
    UNDECIDED,
    VERDICTS,
    Headline,
    only_variants,
)
from reporting.statistics.intervals import Interval
from reporting.statistics.permutation_test import PERMUTATIONS
from reporting.statistics.verification_result import SCORE_NAMES
from reporting.statistics.ways_to_explore import NOT_WORTH_IT, SOLVED, total_seconds
from reporting.tables.film_files import Film, Images
from reporting.tables.run_folder import LEFT_OUT
from reporting.tables.summary import Summary

SECTIONS = (
    ("answer", "The answer", None),
    ("tasks", "Task by task", None),
    ("learning", "Learning curves", None),
    ("films", "Films", "film"),
    ("aggregates", "Over all tasks", None),
    ("exploration", "Exploration", "coverage-map"),
    ("models", "World models", "models"),
    ("inside", "Inside the runs", "internals"),
    ("cost", "Cost", "cost"),
    ("runs", "Every run", None),
    ("verification", "Published numbers", None),
    ("method", "Protocol and statistics", None),
    ("provenance", "Provenance", None),
)


def render(
    statistics: Statistics,
    summary: Summary,
    figures: list[tuple[Plot, str]],
    films: dict[tuple[str, str], tuple[Film, Images]],
) -> str:
    """The whole page as one self-contained document; all text from data is escaped."""
    environment = template_environment()
    low, high = strip_ends(statistics)
    environment.filters.update(
        on_strip=lambda interval: on_strip(interval, low, high),
        groupby_environment=by_environment,
    )
    page = environment.get_template("report.html.jinja")
    return page.render(context(statistics, summary, figures, films, (low, high))) + "\n"


def context(
    statistics: Statistics,
    summary: Summary,
    figures: list[tuple[Plot, str]],
    films: dict[tuple[str, str], tuple[Film, Images]],
    ends: tuple[float, float],
) -> dict[str, Any]:
    """Everything that the templates refer to by name."""
    sizes = [cell.n for cell in statistics.cells if cell.n > 0]
    smallest, largest = min(sizes, default=0), max(sizes, default=0)
    kinds = {plot.kind for plot, _ in figures} | ({"film"} if films else set())
    if kinds & {"open-loop", "model-losses"}:
        kinds.add("models")
    if statistics.without_coverage:
        kinds.add("coverage-map")
    order, alone = colour_order(statistics, summary), only_variants(statistics.algorithms)
    curves = interactive_curves(statistics, summary, lambda name: css_colour(colour(name, order)))
    return {
        "statistics": statistics,
        "lead": lead(statistics.headline),
        "only_variants": alone,
        # Where all are variants of Plan2Explore, repeating its name says nothing.
        "case_name": text.short_name if alone else text.display_name,
        "sections": [(id_, name) for id_, name, kind in SECTIONS if kind is None or kind in kinds],
        "has_models": "models" in kinds,
        "figures": [_figure(statistics, plot, svg, curves) for plot, svg in figures],
        "films": by_environment([film for film, _ in films.values()]),
        "images": {(film.environment, film.algorithm): images for film, images in films.values()},
        "captions": tomllib.loads((TEMPLATES / "captions.toml").read_text(encoding="utf-8")),
        # Files of this project; apart from the figures the only text that is not escaped.
        "style": _files("style.css", "curves.css", "touch.css"),
        "script": _files("report.js", "chart.js", "curves.js", "scroll.js"),
        "colour": lambda algorithm: css_colour(colour(algorithm, order)),
        "group_titles": group_titles(statistics),
        "normalises": any(facts.ends for facts in statistics.facts.values()),
        "without_reference": statistics.without_reference,
        "without_coverage": statistics.without_coverage,
        "strip_zero": strip_place(0.0, *ends),
        "strip_one": strip_place(1.0, *ends),
        "smallest_n": smallest,
        "seeds_per_cell": text.size_range(smallest, largest, "seed"),
        "permutations": PERMUTATIONS,
        "tested": sum(item.p is not None for item in statistics.comparisons),
        "excluded": excluded_tasks(statistics),
        "reproduce": reproduce_command(statistics.suite),
        "requested": sum(run["status"] != LEFT_OUT for run in summary.runs),
        "unusable": len(summary.unusable_runs()),
        "gaps": gaps(summary),
        "left_out": summary.left_out_runs(),
        "runs": run_rows(summary, statistics.facts),
        "data_links": data_links(summary),
        "run_columns": RUN_COLUMNS,
        "score_names": SCORE_NAMES,
        "solved_score": SOLVED,
        "subject": text.SUBJECT,
        "total_seconds": lambda case: total_seconds(statistics.ways, case),
        "noise_chances": noise_chances(statistics.facts),
        "provenance": provenance(summary.runs),
    }


def lead(headline: Headline) -> Markup:
    """The headline as HTML: verdicts in bold, text in brackets less prominent."""
    sentence = re.sub(
        r"(\([^()]*\))", r'<span class="soft">\1</span>', str(escape(headline.sentence))
    )
    # The longest first, because one verdict is a substring of another.
    known = *VERDICTS, *EFFECTS.values(), NO_HARM, UNDECIDED, NOT_WORTH_IT
    verdicts = sorted(known, key=len, reverse=True)
    return Markup(re.sub("|".join(map(re.escape, verdicts)), r"<strong>\g<0></strong>", sentence))


def colour_order(statistics: Statistics, summary: Summary) -> list[str]:
    """The suite's algorithms, then those of run folders that are not in the suite."""
    found = (run["algorithm"] for run in summary.runs)
    return list(dict.fromkeys([*statistics.algorithms, *found]))


def excluded_tasks(statistics: Statistics) -> list[str]:
    """Names of the tasks with reference scores that no aggregate over several tasks contains."""
    groups: tuple[Group, ...] = statistics.groups
    included = set(groups[0].environments) if groups else set()
    return [
        facts.name for id_, facts in statistics.facts.items() if facts.ends and id_ not in included
    ]


def reproduce_command(suite: str) -> str:
    """The command that makes this report; the default suite needs no config file."""
    file = f"workflow/suites/{text.slug(suite)}.yaml"
    option = f" --configfile {file}" if (ROOT / file).is_file() else ""
    return f"snakemake --cores all{option}"


def _files(*names: str) -> Markup:
    return Markup("\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names))


def _figure(
    statistics: Statistics, plot: Plot, svg: str, curves: Mapping[tuple[str, str | None], Markup]
) -> dict[str, Any]:
    return {
        "kind": plot.kind,
        "task": statistics.facts[plot.environment].name if plot.environment else "",
        "svg": Markup(svg),
        "curves": curves.get((plot.kind, plot.environment), ""),
        "files": {"Data (CSV)": plot.data_file, "Drawing (SVG)": plot.file},
    }


def by_environment(items: Iterable[Any]) -> list[tuple[str, list[Any]]]:
    """Statistics of tasks, grouped by task, in their order."""
    grouped = groupby(items, key=lambda item: item.environment)
    return [(environment, list(members)) for environment, members in grouped]


def strip_ends(statistics: Statistics) -> tuple[float, float]:
    """The scale of the small intervals in the table: 0 to 1, or wider if estimates lie outside."""
    estimates = [cell.normalised.estimate or 0.0 for cell in statistics.cells]
    return min([0.0, *estimates]) - 0.1, max([1.0, *estimates]) + 0.1


def strip_place(value: float | None, low: float, high: float) -> str | None:
    """A value's position between 0 and 100 on that scale, clipped to its ends."""
    if value is None:
        return None
    return f"{100 * min(1.0, max(0.0, (value - low) / (high - low))):.1f}"


def on_strip(interval: Interval, low: float, high: float) -> dict[str, str | None]:
    """The positions of the parts of a small drawing of an interval."""
    parts = {
        "zero": 0.0,
        "one": 1.0,
        "low": interval.low,
        "high": interval.high,
        "estimate": interval.estimate,
    }
    return {name: strip_place(value, low, high) for name, value in parts.items()}
