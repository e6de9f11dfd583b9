"""Titles of figures: each says the numbers of its figure, found here by another path."""

import json
import math
import re
import shutil

import numpy as np
import pandas as pd
import pytest

import aggregate
from reporting.figures.drawing.style import Plot
from reporting.figures.findings import finding, ranked
from reporting.figures.logged_changes import (
    each_change,
    largest_change,
    words_of,
    written,
)
from reporting.per_task.logged_metrics import LoggedChange
from reporting.statistics.analysis import analyse, as_json
from reporting.tables.summary import read_summary
from reporting.text import DISPLAY_NAMES, number, score
from runs.files import COLUMNS
from tests.helpers.suites.synthetic_training import write_csv
from tests.workflow.scripts.reporting.page.test_synthetic_suite import (
    SyntheticTask,
    write_manifest,
    write_suite,
)

MAZE, STEPS = "p2e/PointMaze-v0", 2000
METRICS = {
    "model-losses": ("disagreement", "holdout_loss"),
    "internals": ("world_loss", "intrinsic_reward", "alpha", "actor_loss"),
}
NUMBER = r"[\d.,e-]*\d"


def suite_of(folder, **options):
    tasks = [SyntheticTask(MAZE), SyntheticTask("Dense-v1", sparse=False)]
    return write_suite(folder / "results", tasks, **options)


def titles(suite):
    """`title("internals")`: the title of that figure of the maze; of kinds over tasks the same."""
    aggregate.main(["--results", str(suite.results), "--config", str(suite.config)])
    summary = read_summary(suite.results / "summary")
    statistics = analyse(summary, suite.facts_of)

    def title(kind, file="a.svg", environment=MAZE):
        plot = Plot(file, kind, environment, "", METRICS.get(kind, ()))
        return finding(statistics, plot)

    return title, statistics


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    return suite_of(tmp_path_factory.mktemp("titles"), seeds=3)


@pytest.fixture(scope="module")
def known(suite):
    return titles(suite)


def tables(suite, name, algorithm, task=MAZE):
    """One table of all runs of an algorithm on a task, as the runs wrote it."""
    places = [
        place
        for place, run in enumerate(suite.suite["runs"])
        if (run["environment"], run["algorithm"]) == (task, algorithm)
    ]
    files = [suite.folder(place) / f"{name}.csv" for place in places]
    return pd.concat([pd.read_csv(file) for file in files if file.is_file()])


def ends_of(suite, metric, algorithm):
    """The mean over seeds in the first and the last fiftieth of the steps that hold a value."""
    rows = tables(suite, "losses", algorithm)
    rows = rows.dropna(subset=metric)
    rows = rows.assign(bin=np.ceil(rows["step"] / (STEPS / 50)))
    means = rows.groupby(["bin", "seed"])[metric].mean().groupby("bin").mean()
    return means.iloc[0], means.iloc[-1]


def test_titles_over_tasks_and_of_returns_are_findings(known):
    title, statistics = known
    ends = {n: statistics.cell(MAZE, n).final.estimate for n in statistics.algorithms}
    assert title("learning").startswith(
        f"PointMaze: Plan2Explore {ends['plan2explore']:.1f}, MBPO "
    )
    (share,) = (
        curve.mean[-1]
        for curve in statistics.coverage_curves
        if (curve.environment, curve.algorithm) == (MAZE, "plan2explore")
    )
    visited = title("coverage-map")
    assert f"Plan2Explore {share:.0%}" in visited and visited.endswith("of the map visited")
    over = title("differences", environment=None)
    assert over.startswith("Plan2Explore over 1 sparse task: +0.")
    mean = title("aggregate", "aggregate-mean.svg", None)
    (of_first,) = (one.mean for one in statistics.groups[1].algorithms[2:])
    assert mean.startswith(f"Mean over 1 sparse task: Plan2Explore {of_first.estimate:.2f}")
    for kind in ("profiles", "efficiency", "improvement", "cost", "throughput"):
        assert "Plan2Explore" in title(kind, environment=None)


def test_a_model_is_measured_by_what_saying_nothing_changes_errs(suite, known):
    title, _ = known
    words = title("open-loop")
    start, _, shares = words.rpartition(": ")
    assert start == "PointMaze: error 5 steps ahead, as a share of that of “nothing changes”"
    for algorithm in ("mbpo", "plan2explore"):
        rows = tables(suite, "open_loop", algorithm)
        rows = rows[(rows["step"] == rows["step"].max()) & (rows["horizon"] == 5)]
        share = 100 * rows["error"].mean() / rows["unchanged"].mean()
        assert f"{DISPLAY_NAMES[algorithm]} {number(share)}%" in shares
    assert "SAC" not in words  # it has no model


def test_predictions_are_measured_at_their_last_step(suite, known):
    title, _ = known
    words = title("predictions")
    assert words != title("open-loop")
    start, _, shares = words.rpartition(": ")
    rows = tables(suite, "open_loop", "mbpo")
    rows = rows[rows["step"] == rows["step"].max()]
    steps = rows["horizon"].max()
    assert start.startswith(f"PointMaze: error after all {steps} predicted steps, as a share of ")
    rows = rows[rows["horizon"] == steps]
    assert f"MBPO {number(100 * rows['error'].mean() / rows['unchanged'].mean())}%" in shares


def test_losses_of_models_are_those_at_the_ends_of_their_curves(suite, known):
    title, _ = known
    said = {}
    for part in title("model-losses").removeprefix("PointMaze: ").split(" and "):
        found = re.fullmatch(rf"(.+) \((.+)\) falls from ({NUMBER}) to ({NUMBER})", part)
        assert found, part
        said[found[1], found[2]] = found[3], found[4]
    expected = {
        ("disagreement", "Plan2Explore"): ends_of(suite, "disagreement", "plan2explore"),
        ("holdout loss", "MBPO"): ends_of(suite, "holdout_loss", "mbpo"),
    }
    assert said == {key: tuple(map(written, ends)) for key, ends in expected.items()}


def test_the_title_of_what_was_logged_names_the_largest_change(suite, known):
    title, statistics = known
    pattern = (
        rf"PointMaze: largest relative change: (.+) \((.+)\) \w+ from ({NUMBER}) to ({NUMBER})"
    )
    found = re.fullmatch(pattern, title("internals"))
    assert found
    logged = {
        (metric.replace("_", " "), DISPLAY_NAMES[algorithm]): ends_of(suite, metric, algorithm)
        for algorithm in ("sac", "mbpo", "plan2explore")
        for metric in METRICS["internals"]
        if metric in tables(suite, "losses", algorithm)
    }
    factors = {key: max(last / first, first / last) for key, (first, last) in logged.items()}
    named = found[1], found[2]
    assert len(factors) == 8 and named == max(factors, key=lambda key: factors[key])
    assert (found[3], found[4]) == tuple(map(written, logged[named]))
    # Whoever wants more digits finds them in statistics.json.
    numbers = {
        (row["metric"].replace("_", " "), DISPLAY_NAMES[row["algorithm"]]): row
        for row in json.loads(as_json(statistics))["logged"]
        if row["environment"] == MAZE
    }
    for key, ends in logged.items():
        assert (numbers[key]["first"], numbers[key]["last"]) == pytest.approx(ends)


def write_rows(suite, place, name, header, rows):
    write_csv(suite.folder(place) / f"{name}.csv", header, rows)
    write_manifest(suite.folder(place), suite.suite["runs"][place])


def test_a_model_that_diverged_on_a_seed_is_said_to(tmp_path):
    suite = suite_of(tmp_path, seeds=3)
    for place, error in ((3, math.inf), (4, 0.3), (5, 0.5)):
        write_rows(
            suite, place, "open_loop", COLUMNS["open_loop"], [(place - 3, STEPS, 5, error, 1.0)]
        )
    words = titles(suite)[0]("open-loop")
    assert "MBPO 40.0%" in words and words.endswith("(MBPO on 2 of 3 seeds)")


@pytest.mark.parametrize("unchanged", [0.0, math.nan])
def test_without_anything_to_compare_with_a_model_is_not_named(tmp_path, unchanged):
    suite = suite_of(tmp_path, seeds=1)
    write_rows(suite, 1, "open_loop", COLUMNS["open_loop"], [(0, STEPS, 5, 0.3, unchanged)])
    words = titles(suite)[0]("open-loop")
    assert "MBPO" not in words and "Plan2Explore" in words
    write_rows(suite, 2, "open_loop", COLUMNS["open_loop"], [(0, STEPS, 5, math.nan, unchanged)])
    assert titles(suite)[0]("open-loop") == "PointMaze"


def test_one_seed_and_a_missing_algorithm_have_titles(tmp_path):
    suite = suite_of(tmp_path, seeds=1)
    for place in (2, 5):
        shutil.rmtree(suite.folder(place))
    title, _ = titles(suite)
    first, last = map(written, ends_of(suite, "holdout_loss", "mbpo"))
    assert title("model-losses") == f"PointMaze: holdout loss (MBPO) falls from {first} to {last}"
    for kind in ("open-loop", "internals", "learning"):
        words = title(kind)
        assert "Plan2Explore" not in words and ": " in words


def test_without_a_recorded_time_no_hours_are_said(tmp_path):
    suite = suite_of(tmp_path, seeds=1)
    file = suite.folder(0) / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    del manifest["seconds"]
    file.write_text(json.dumps(manifest), encoding="utf-8")
    words = titles(suite)[0]("cost", environment=None)
    assert "SAC" not in words and "MBPO 0." in words


def change(algorithm, metric, first, last, until=None):
    return LoggedChange(MAZE, algorithm, metric, first, last, until)


def test_a_curve_that_ends_early_is_said_to():
    ends = [
        change("mbpo", "model_loss", 1.0, 5e6, until=900.0),
        change("sac", "q_value", 1.0, 3.0),
    ]
    assert largest_change(ends).endswith(
        "model loss (MBPO) rises from 1.00 to 5,000,000 at step 900, where it ends"
    )


def test_a_small_change_is_not_rounded_away():
    assert [written(value) for value in (0.014, -0.0061, 1.5, 2e-6)] == [
        "0.014",
        "\N{MINUS SIGN}0.0061",
        "1.50",
        "0.000002",
    ]
    words = words_of(change("sac", "alpha", 0.014, 0.0061))
    assert words == "alpha (SAC) falls from 0.014 to 0.0061"


def test_changes_that_have_no_factor():
    same, crossing = (
        change("sac", name, first, last)
        for name, first, last in (("alpha", 0.1, 0.1), ("entropy", -1.0, 2.0))
    )
    assert largest_change([crossing]) == "entropy (SAC) rises from \N{MINUS SIGN}1.00 to 2.00"
    assert largest_change([crossing, same]).endswith("alpha (SAC) ends at 0.1 as it began")
    assert largest_change([]) == each_change([]) == ""


def test_of_many_curves_the_highest_and_the_lowest_end_are_named():
    names = [f"plan2explore-{word}" for word in ("one", "two", "three", "four", "five")]
    ends = [
        change(name, "disagreement", 1.0, value)
        for name, value in zip(names, (0.3, 0.5, 0.1, 0.2, 0.4), strict=True)
    ]
    loss = change("mbpo", "holdout_loss", 2.0, 1.0)
    assert each_change([*ends, loss]) == (
        "disagreement ends at 0.5 (two) at most and at 0.1 (three) at least; "
        "holdout loss (MBPO) falls from 2.00 to 1.00"
    )
    ends[3] = change(names[3], "disagreement", 1.0, 0.1001)
    assert each_change(ends) == (
        "disagreement ends at 0.5 (two) at most and at 0.1 (four and three) at least"
    )
    same = [change(name, "disagreement", 1.0, 0.3) for name in names]
    assert each_change(same) == "disagreement ends at 0.3 of all"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((1.0, 0.6, 0.5, 0.0, 0.0), "one 1.00 is the most, four and five 0.00 the least"),
        (
            (1.0, 0.0, 0.0, 0.0, 0.0),
            "one 1.00 is the most, two, three, four and five 0.00 the least",
        ),
        ((1.0, 0.0, 0.0, 0.0, 0.0, 0.0), "one 1.00 is the most, 5 of 6 0.00 the least"),
        ((0.0,) * 5, "all 0.00"),
        ((1.0, 0.0, 0.0), "one 1.00, two 0.00 and three 0.00"),
    ],
)
def test_all_that_are_the_most_or_the_least_are_named(values, words):
    names = (f"plan2explore-{word}" for word in ("one", "two", "three", "four", "five", "six"))
    assert ranked(list(zip(names, values, strict=False)), score) == words
