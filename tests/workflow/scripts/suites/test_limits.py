"""What a suite's answer cannot tell: the limits of params.yaml, as far as they are about it."""

import json

import pytest

from suites.description import BASE, describe, read
from suites.limits import about_the_suite
from tests.helpers.paths import ROOT

LIMITS = [
    "Tuning: Plan2Explore's settings were chosen by hand. SAC's on one task. MBPO took them over.",
    "Extras: Plan2Explore has more. Plain SAC lacks it.",
    "Budgets: <steps> a task.",
]


@pytest.mark.parametrize(
    ("algorithms", "said"),
    [
        (["sac", "mbpo", "plan2explore"], LIMITS),
        (["sac-pink", "mbpo", "plan2explore-no-memory"], LIMITS),
        (
            ["sac", "plan2explore"],
            [LIMITS[0].removesuffix(" MBPO took them over."), *LIMITS[1:]],
        ),
        (["sac", "mbpo"], LIMITS[2:]),
    ],
)
def test_a_sentence_about_an_algorithm_that_is_not_run_is_not_said(algorithms, said):
    assert about_the_suite(LIMITS, algorithms) == said


def suite(name):
    return describe(read([str(ROOT / BASE), str(ROOT / f"workflow/suites/{name}.yaml")]))


@pytest.mark.parametrize("name", ["dense", "humanoid"])
def test_a_suite_without_mbpo_does_not_speak_of_it(name):
    published = json.loads((ROOT / f"published/{name}/suite.json").read_text(encoding="utf-8"))
    for limits in (suite(name)["limits"], published["limits"]):
        assert len(limits) == 4
        assert "SAC" in limits[0] and "MBPO" not in " ".join(limits)


def test_a_suite_says_all_of_its_own_limits():
    own = read([str(ROOT / BASE), str(ROOT / "workflow/suites/dense.yaml")])
    own["limits"] = ["MBPO was not run: it takes an hour."]
    assert describe(own)["limits"] == own["limits"]
