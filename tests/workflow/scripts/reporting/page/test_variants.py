"""Variants in the report: their headline, names, colours, runs and pairs."""

import json
import re
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import aggregate
from p2e.exploration.settings import Config
from reporting.figures.drawing.style import OTHER_COLOURS, OTHER_MARKERS, PALETTE, colour
from reporting.per_task.comparison import algorithm_pairs
from reporting.statistics.analysis import analyse
from reporting.tables.summary import read_summary
from reporting.templates import TEMPLATES
from reporting.text import broken, display_name, score, short_name
from reporting.verdict.headline import only_variants
from tests.helpers.pages.html_page import Page
from tests.workflow.scripts.reporting.page.test_html_page import build, build_details
from tests.workflow.scripts.reporting.page.test_synthetic_suite import (
    SyntheticTask,
    write_manifest,
    write_suite,
)

CASES = (
    "plan2explore",
    "plan2explore-no-curiosity",
    "plan2explore-random-networks",
    "plan2explore-two-sequences",
    "plan2explore-no-imagination",
)
LEVELS = tuple(zip(CASES[1:], (0.1, 0.8, 0.8, 1.6), strict=True))
VARIANTS: dict[str, dict[str, Any]] = {
    CASES[1]: {"exploration": {"weight": 0.0}},
    CASES[2]: {"exploration": {"bonus": "rnd"}},
    CASES[3]: {"world": {"sequences": 2}},
    CASES[4]: {"real_share": 1.0},
}
TASKS = tuple(SyntheticTask(name, variant_levels=LEVELS) for name in ("Maze-v0", "Swing-v0"))


def ablation(folder, seeds=5):
    return write_suite(folder / "ablation", TASKS, seeds, algorithms=CASES, variants=VARIANTS)


def analysed(suite):
    aggregate.main(["--results", str(suite.results), "--config", str(suite.config)])
    return analyse(read_summary(suite.results / "summary"), suite.facts_of)


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    return ablation(tmp_path_factory.mktemp("variants"))


@pytest.fixture(scope="module")
def analysis(suite):
    return analysed(suite)


@pytest.fixture(scope="module")
def page(suite, tmp_path_factory):
    return Page(build(suite, tmp_path_factory.mktemp("report")))


def test_the_sentence_says_which_changes_make_it_worse(analysis):
    sentence = analysis.headline.sentence
    by_rival = {clause.rival: clause for clause in analysis.headline.clauses}
    worse, better = by_rival[CASES[1]], by_rival[CASES[4]]
    assert worse.difference.low > 0 > better.difference.high

    def shown(clause):
        ends = (clause.difference.estimate, clause.difference.low, clause.difference.high)
        estimate, low, high = (score(value, signed=True) for value in ends)
        p = f"< {0.001}" if clause.p_holm < 0.001 else f"= {clause.p_holm:.3f}"
        return f"({estimate}, 95% interval {low} to {high}, p {p})"

    first = "1 of 4 changes is shown to make Plan2Explore worse: no curiosity."
    assert analysis.headline.verdict == first and sentence.startswith(first)
    start = "Over the 2 sparse tasks together, shown to make Plan2Explore worse: no curiosity "
    assert start + shown(worse) in sentence
    assert f"; shown to make it better: no imagination {shown(better)}" in sentence
    assert "; no difference that these runs can show: random networks (" in sentence
    assert " and two sequences (" in sentence
    assert sentence.endswith(
        "(Plan2Explore's mean normalised score minus its variant's, n = 5 seeds per task and case)."
    )


def test_few_seeds_have_no_verdict_on_a_change(tmp_path):
    sentence = analysed(ablation(tmp_path, seeds=2)).headline.sentence
    assert sentence.startswith("Not enough seeds for a verdict. Of ")
    assert "against no curiosity, " in sentence


def test_nothing_that_makes_it_worse_is_said_first(tmp_path):
    suite = write_suite(
        *(tmp_path / "one", TASKS[:1]),
        algorithms=(CASES[0], CASES[4]),
        variants={CASES[4]: VARIANTS[CASES[4]]},
    )
    sentence = analysed(suite).headline.sentence
    assert sentence.startswith("The one change is not shown to make Plan2Explore worse. Of ")
    expected = "On the one sparse task, no change is shown to make Plan2Explore worse; shown to ma"
    assert expected in sentence


def test_only_a_suite_of_the_subject_and_its_variants_is_about_them():
    assert only_variants(CASES)
    assert not only_variants(CASES[:1])
    assert not only_variants([*CASES, "sac"])


def test_variants_are_not_compared_with_each_other(analysis):
    assert algorithm_pairs(list(CASES), CASES[0]) == [(CASES[0], case) for case in CASES[1:]]
    assert {item.first for item in analysis.comparisons} == {"plan2explore"}
    pairs = algorithm_pairs(["sac", "sac-large", "sac-small", "mbpo-wide"], "plan2explore")
    assert ("sac-small", "sac-large") not in pairs and ("sac-small", "sac") in pairs
    assert ("mbpo-wide", "sac-large") not in pairs and ("mbpo-wide", "sac") in pairs
    # Without their algorithm there is nothing else to compare them with.
    assert algorithm_pairs(["sac-a", "sac-b"], "plan2explore") == [("sac-b", "sac-a")]


@pytest.mark.parametrize(
    ("case", "full", "short"),
    [
        ("plan2explore", "Plan2Explore", "Plan2Explore"),
        ("plan2explore-no-curiosity", "Plan2Explore, no curiosity", "no curiosity"),
        ("plan2explore-zero-shot", "Plan2Explore, zero-shot", "zero-shot"),
        ("sac-large", "SAC-large", "SAC-large"),
        ("sac-large-batch", "SAC-large-batch", "SAC-large-batch"),
        ("trpo-rnd", "TRPO-RND", "TRPO-RND"),
        ("dreamer-large", "dreamer-large", "dreamer-large"),
        ("package.my_sac", "package.my_sac", "package.my_sac"),
        ("package.my_sac-no-noise", "package.my_sac, no noise", "package.my_sac, no noise"),
    ],
)
def test_names_can_be_read(case, full, short):
    assert (display_name(case), short_name(case)) == (full, short)


def test_a_long_name_is_broken_at_spaces_and_after_dots():
    assert broken("Plan2Explore, random networks") == "Plan2Explore,\nrandom\nnetworks"
    assert broken("my_package.cross_entropy, wide") == "my_package.\ncross_entropy,\nwide"
    assert broken("a.b, wide") == "a.b, wide"


def test_the_page_names_variants(page):
    for case in CASES[1:]:
        assert short_name(case) in page.visible
        alike = [image["aria-label"] for image in page.all("svg") if "aria-label" in image]
        assert any(display_name(case) in label for label in alike)
    chips = {chip["style"] for chip in page.all("span") if chip.get("class") == "chip"}
    assert len(chips) == len(CASES)


def test_variants_share_the_hash_of_their_algorithms_code(suite, tmp_path):
    page = Page(build_details(suite, tmp_path))
    hashes = [text for _, text in page.texts if re.fullmatch(r"Plan2Explore.* [0-9a-f]{64}", text)]
    assert len(hashes) == 1
    assert "compare with care" not in page.visible


def test_a_run_of_another_variant_is_not_used(tmp_path):
    suite = write_suite(
        *(tmp_path / "one", TASKS[:1]),
        seeds=1,
        algorithms=(CASES[0], CASES[2], CASES[3]),
        variants={case: VARIANTS[case] for case in (CASES[2], CASES[3])},
    )
    run = suite.suite["runs"][1]
    write_manifest(suite.folder(1), run, VARIANTS[CASES[3]])
    write_manifest(suite.folder(2), suite.suite["runs"][2] | {"algorithm": "sac"})
    analysed(suite)
    runs = read_summary(suite.results / "summary").runs
    assert [run["status"] for run in runs] == ["complete", "damaged", "damaged"]
    asked = "its plan2explore.exploration.bonus is disagreement, the suite asks for rnd"
    assert runs[1]["reason"] == f"it is another run: {asked}"
    assert "its algorithm is sac, the suite asks for plan2explore" in runs[2]["reason"]


@pytest.mark.parametrize(
    ("config", "status"),
    [({"horizon": 999}, "damaged"), ({"horizon": Config().horizon}, "complete"), ({}, "complete")],
)
def test_a_run_of_other_defaults_is_not_used(tmp_path, config, status):
    suite = write_suite(tmp_path, TASKS[:1], seeds=1, algorithms=("plan2explore",))
    write_manifest(suite.folder(0), suite.suite["runs"][0], config)
    aggregate.main(["--results", str(suite.results), "--config", str(suite.config)])
    (run,) = read_summary(suite.results / "summary").runs
    assert run["status"] == status
    if status == "damaged":
        reason = f"its plan2explore.horizon is 999, the suite asks for {Config().horizon}"
        assert run["reason"] == f"it is another run: {reason}"


def test_the_algorithms_keep_their_colours_whatever_stands_beside_them():
    for name, shade in PALETTE.items():
        assert colour(name, [*CASES, "sac", "mbpo"]) == shade
    assert len({colour(case, list(CASES)) for case in CASES}) == len(CASES)
    assert len(set(OTHER_MARKERS)) == len(OTHER_COLOURS) == len(OTHER_MARKERS)


# Linear RGB as a dichromat sees it (Machado et al. 2009, severity 1).
VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(shade):
    values = np.array([int(shade[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE L*a*b* of linear RGB; a distance of 2 is just noticeable."""
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / TO_XYZ.sum(axis=1)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def shades(scheme):
    """The colours of the cases, the text's and the page's, on a light or a dark page."""
    sheet = (TEMPLATES / "styles" / "style.css").read_text(encoding="utf-8")
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w{6})", part)) for part in _roots(sheet))
    cases = [*PALETTE.values(), *OTHER_COLOURS]
    if scheme == "light":
        return cases, light["ink"], light["paper"]
    return [dark[f"colour-{shade[1:].lower()}"] for shade in cases], dark["ink"], dark["paper"]


def _roots(sheet):
    return re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)[:2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_are_told_apart_with_any_colour_vision(scheme):
    cases, ink, paper = shades(scheme)
    for vision in VISION.values():
        seen = [lab(np.array(vision) @ linear(shade)) for shade in (*cases, ink)]
        distance = {
            pair: np.linalg.norm(seen[pair[0]] - seen[pair[1]])
            for pair in combinations(range(len(seen)), 2)
        }
        # The closest pair is the blue and the green of the papers, for tritanopes on a dark page.
        assert min(distance[0, 1], distance[0, 2], distance[1, 2]) > 12
        assert min(value for (_, two), value in distance.items() if two > 2) > 18
    page = TO_XYZ[1] @ linear(paper)
    for shade in cases:
        darker, lighter = sorted([page, TO_XYZ[1] @ linear(shade)])
        assert (lighter + 0.05) / (darker + 0.05) > 3


def test_the_suite_json_of_an_ablation_says_what_its_cases_are(suite):
    runs = json.loads(suite.config.read_text(encoding="utf-8"))["runs"]
    assert {run.get("variant_of") for run in runs} == {None, "plan2explore"}
