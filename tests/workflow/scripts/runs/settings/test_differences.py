"""Settings compared key by key: a missing key counts as neutral, also for published runs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reporting.tables.summary import read_runs
from runs.settings import differences as module
from runs.settings.differences import (
    Difference,
    flat,
    known_and_removed,
    neutral_values,
    setting_differences,
    with_effect,
)
from runs.settings.overlay import nested
from runs.settings.run_settings import with_defaults
from suites.variants import base_algorithm
from tests.helpers.paths import ROOT

PUBLISHED = sorted(file.parent for file in (ROOT / "published").glob("*/runs.csv"))

# The behaviour before these settings existed: none of their mechanisms was active, and disagreement
# was rewarded from twice its mean. Published runs lack some of these settings, so their neutral
# values must not follow a changed default: such a value goes into NEUTRAL.
BEFORE = {
    "plan2explore.agent.critic_layer_norm": False,
    "plan2explore.adaptation_updates": 0,
    "plan2explore.doubt": 0.0,
    "plan2explore.world.prior_weight": 0.0,
    "plan2explore.world.unknown": 2.0,
    "plan2explore.world.unrolled_steps": 1,
    "plan2explore.world.disagreement": "latent",
    "plan2explore.exploration.bonus": "disagreement",
    "plan2explore.exploration.noise": "white",
    "plan2explore.world.features": "latent",
}


def changed(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    return [one.key for one in setting_differences(first, second, "plan2explore")]


def test_a_key_that_one_side_lacks_counts_as_its_default() -> None:
    default = with_defaults("plan2explore", {})["plan2explore"]["horizon"]
    for value, expected in ((default, []), (default + 1, ["plan2explore.horizon"])):
        named = {"plan2explore": {"horizon": value}}
        assert changed({}, named) == changed(named, {}) == expected
    (one,) = setting_differences({}, {"plan2explore": {"horizon": 99}}, "plan2explore")
    assert one == Difference("plan2explore.horizon", default, 99)


def named(key: str, value: Any, **beside: Any) -> dict[str, Any]:
    """Settings with this one, and others of the same algorithm beside it."""
    algorithm, *names = key.split(".")
    return {algorithm: beside | nested(names, value)}


@pytest.mark.parametrize("key", module.NEUTRAL)
def test_a_removed_setting_counts_as_its_neutral_value(key: str) -> None:
    algorithm = key.split(".")[0]
    beside = {"mode": "few-shot"} if algorithm == "plan2explore" else {}
    today, neutral, other = (
        {algorithm: beside},
        named(key, module.NEUTRAL[key], **beside),
        named(key, 7, **beside),
    )
    assert setting_differences(neutral, today, algorithm) == []
    assert [one.key for one in setting_differences(other, today, algorithm)] == [key]


@pytest.mark.parametrize("key", module.OF_IMAGINED_TASK_POLICY)
def test_what_only_an_imagined_task_policy_asked_says_nothing_about_other_runs(key: str) -> None:
    for mode, expected in (("joint", []), ("explore", []), ("zero-shot", [key])):
        today = {"plan2explore": {"mode": mode}}
        assert changed(named(key, 0.0, mode=mode), today) == expected
    assert changed(named(key, 0.0), {}) == []  # an unnamed mode is the joint one


@pytest.mark.parametrize("real_share", [1.0, 0.25])
def test_that_real_rows_came_from_all_replay_is_known_from_their_share(real_share: float) -> None:
    key, today = "plan2explore.real_from_replay", {"plan2explore": {"real_share": real_share}}
    for value in (True, False):
        settings = named(key, value, real_share=real_share)
        assert changed(settings, today) == ([] if value == (real_share == 1) else [key])


def test_settings_of_any_time_are_those_of_today_and_removed_ones() -> None:
    settings = {
        "horizon": 7,
        "intrinsic_weight": 0.5,
        "mode": "zero-shot",
        "adaptation": {"updates": 30, "multi_step": 5, "doubt": 0.25},
        "world": {"members": 2, "sequences": 3},
        "real_from_replay": False,
        "odd": 1,
    }
    known, removed = known_and_removed("plan2explore", settings)
    assert known == {
        "horizon": 7,
        "exploration": {"weight": 0.5},
        "mode": "zero-shot",
        "adaptation_updates": 30,
        "world": {"sequences": 3},
        "odd": 1,  # was never known; whoever reads these settings says so
    }
    assert removed == {
        "plan2explore.adaptation.multi_step": 5,
        "plan2explore.adaptation.error_discount": 0.25,
        "plan2explore.world.members": 2,
    }


def test_a_renamed_setting_is_compared_under_its_name_of_today() -> None:
    old, new = "plan2explore.adaptation.updates", "plan2explore.adaptation_updates"
    assert changed(named(old, 5), named(new, 5)) == []
    assert changed(named(old, 5), named(new, 4)) == [new]
    assert changed(named(old, 5), {}) == [new] and changed(named(old, 0), {}) == []


def test_a_default_that_is_not_neutral_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.NEUTRAL, "plan2explore.horizon", 1)
    default = with_defaults("plan2explore", {})
    assert changed({}, default) == ["plan2explore.horizon"]
    default["plan2explore"]["horizon"] = 1
    assert changed({}, default) == []


def test_a_key_that_nothing_is_known_of_is_a_difference() -> None:
    (one,) = setting_differences({"plan2explore": {"agent": {"odd": 3}}}, {}, "plan2explore")
    assert one[:2] == ("plan2explore.agent.odd", 3) and "no neutral value" in one.second
    # Equal values on both sides are no difference, and a setting is not a section.
    assert changed({"odd": 3}, {"odd": 3}) == []
    assert changed({"training": [1]}, {}) == ["training"]


def test_what_published_runs_lack_counts_as_what_was_done_before_it_existed() -> None:
    lacking = set()
    for folder in PUBLISHED:
        for run in complete(folder):
            algorithm = base_algorithm(run["algorithm"])
            given = flat(json.loads(run["config"]))
            lacking |= with_effect(neutral_values(algorithm) | given).keys() - given.keys()
    ours = {key for key in lacking if key.startswith("plan2explore")}
    assert ours - module.NEUTRAL.keys() <= BEFORE.keys() <= ours
    neutral = neutral_values("plan2explore")
    assert {key: neutral[key] for key in BEFORE} == BEFORE


def complete(folder: Path) -> list[dict[str, str]]:
    return [run for run in read_runs(folder) if run["status"] == "complete"]


# Published variants of settings that were removed since, and these settings. Few-shot explored in
# three quarters of its steps then as now, but in a number of steps that was a setting.
NO_LONGER_RUN = {
    "plan2explore-few-shot": {"plan2explore.exploration_steps"},
    "plan2explore-observation-disagreement": {"plan2explore.world.disagreement"},
    "plan2explore-random-networks": {
        "plan2explore.world.disagreement",
        "plan2explore.world.unknown",
    },
    "plan2explore-two-members": {"plan2explore.world.members"},
}


@pytest.mark.parametrize("folder", PUBLISHED, ids=lambda folder: folder.name)
def test_no_published_run_is_another_for_the_keys_that_it_lacks_or_has_too_many(
    folder: Path,
) -> None:
    runs = complete(folder)
    assert runs
    for run in runs:
        algorithm, config = base_algorithm(run["algorithm"]), json.loads(run["config"])
        of_run = {key: config[key] for key in ("training", algorithm)}
        today = with_defaults(algorithm, {})
        one_sided = flat(of_run).keys() ^ flat(today).keys()
        differences = {one.key for one in setting_differences(of_run, today, algorithm)}
        assert differences & one_sided == NO_LONGER_RUN.get(run["algorithm"], set()), run["path"]
