"""The two HTML pages: what the templates are given, and how they are filled in."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup

from program.repository import ROOT
from reporting import text
from reporting.figures.drawing.style import Plot, colour, css_colour
from reporting.figures.findings import first_group
from reporting.figures.plots.aggregates import group_titles
from reporting.inference.permutation_test import PERMUTATIONS
from reporting.over_tasks.aggregates import Group
from reporting.over_tasks.ways_to_explore import NOT_WORTH_IT, total_seconds
from reporting.page.answer.first_screen import agents, limits, tiles
from reporting.page.answer.interactive_curves import interactive_curves
from reporting.page.answer.small_drawings import dots, on_strip, sparkline, strip_ends, strip_place
from reporting.page.details.run_table import (
    RUN_COLUMNS,
    data_links,
    gaps,
    provenance,
    run_rows,
)
from reporting.per_task.normalisation import SOLVED
from reporting.statistics.analysis import Statistics
from reporting.statistics.verification_result import SCORE_NAMES
from reporting.tables.film_files import Film, Images
from reporting.tables.run_folder import COMPLETE, LEFT_OUT
from reporting.tables.summary import Summary, seeds_of
from reporting.templates import TEMPLATES, template_environment, unbroken
from reporting.verdict.headline import UNDECIDED, VERDICTS, Headline, only_variants
from reporting.verdict.verdict_words import EFFECTS, NO_HARM
from runs.files import ANSWER_PAGE, DETAILS_PAGE

# The two pages: the answer, and what somebody needs who checks it. Each section has an id, a title,
# and the kind of figure without which it is left out.
PAGES = {
    ANSWER_PAGE: (
        ("tasks", "Task by task", None),
        ("differences", "How sure", "differences"),
        ("cost", "Cost", "cost"),
        ("learning", "Learning curves", None),
        ("films", "Films", "film"),
        ("exploration", "Exploration", "coverage-map"),
    ),
    DETAILS_PAGE: (
        ("aggregates", "Over all tasks", None),
        ("scores", "All scores", None),
        ("visited", "Visited states", "coverage-curve"),
        ("models", "World models", "models"),
        ("inside", "Inside the runs", "internals"),
        ("time", "Where the time goes", "cost"),
        ("runs", "Every run", None),
        ("verification", "Published numbers", "verification"),
        ("method", "Protocol and statistics", None),
        ("provenance", "Provenance", None),
    ),
}


def render(
    statistics: Statistics,
    summary: Summary,
    figures: list[tuple[Plot, str]],
    films: dict[tuple[str, str], tuple[Film, Images]],
    others: Sequence[str] = (),
) -> dict[str, str]:
    """Both pages by their file's name, each self-contained; all text from data is escaped.

    Args:
        others: suites whose pages lie beside this one.
    """
    environment = template_environment()
    low, high = strip_ends(statistics)
    environment.filters.update(
        on_strip=lambda interval: on_strip(interval, low, high),
        groupby_environment=by_environment,
    )
    known = context(statistics, summary, figures, films, (low, high)) | {"others": others}
    pages = {}
    for name, sections in PAGES.items():
        shown = [
            (i, title) for i, title, kind in sections if kind is None or kind in known["kinds"]
        ]
        page = environment.get_template(f"{Path(name).stem}.html.jinja")
        pages[name] = page.render(known | {"sections": shown}) + "\n"
    return pages


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
    if statistics.verification:
        kinds.add("verification")
    order, alone = colour_order(statistics, summary), only_variants(statistics.algorithms)
    curves = interactive_curves(statistics, summary, lambda name: css_colour(colour(name, order)))
    requested = [run for run in summary.runs if run["status"] != LEFT_OUT]
    return {
        "statistics": statistics,
        "evidence": evidence(statistics.headline),
        "agents": agents(statistics),
        "shown_group": first_group(statistics) if statistics.groups else None,
        "tiles": tiles(statistics, films),
        "limits": limits(statistics),
        "dots": partial(dots, statistics),
        "sparkline": partial(sparkline, statistics),
        "noise": {item.environment: item for item in statistics.noise},
        # Where all are variants of Plan2Explore, repeating its name says nothing.
        "case_name": text.short_name if alone else text.display_name,
        "kinds": kinds,
        "has_models": "models" in kinds,
        "figures": [_figure(statistics, plot, svg, curves) for plot, svg in figures],
        "films": by_environment([film for film, _ in films.values()]),
        "images": {(film.environment, film.algorithm): images for film, images in films.values()},
        "captions": tomllib.loads((TEMPLATES / "captions.toml").read_text(encoding="utf-8")),
        # Files of this project; apart from the figures the only text that is not escaped.
        "style": _files("styles/style.css", "styles/curves.css", "styles/touch.css"),
        "script": _files(
            *(f"scripts/{name}.js" for name in ("report", "chart", "curves", "scroll"))
        ),
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
        "requested": len(requested),
        "trained": sum(len(seeds_of(run)) for run in requested if run["status"] == COMPLETE),
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
        "provenance": provenance(summary.runs),
    }


def evidence(headline: Headline) -> Markup:
    """The headline after its verdict, as HTML: verdicts bold, text in brackets less prominent."""
    words = headline.sentence.removeprefix(headline.verdict).strip()
    sentence = re.sub(r"(\([^()]*\))", r'<span class="soft">\1</span>', str(unbroken(words)))
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
        "title": plot.title,
        "svg": Markup(svg),
        "curves": curves.get((plot.kind, plot.environment), ""),
        "files": {"Data (CSV)": plot.data_file, "Drawing (SVG)": plot.file},
    }


def by_environment(items: Iterable[Any]) -> list[tuple[str, list[Any]]]:
    """Statistics of tasks, grouped by task, in their order."""
    grouped = groupby(items, key=lambda item: item.environment)
    return [(environment, list(members)) for environment, members in grouped]
