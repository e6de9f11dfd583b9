"""Settings compared key by key: a missing key counts as neutral, also for published runs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reporting.tables.summary import read_runs
from runs import setting_differences as module
from runs.setting_differences import Difference, flat, neutral_values, setting_differences
from runs.settings import with_defaults
from suites.variants import base_algorithm
from tests.helpers.paths import ROOT

PUBLISHED = sorted(file.parent for file in (ROOT / "published").glob("*/runs.csv"))

# The behaviour before these settings existed: none of their mechanisms was active, and disagreement
# was rewarded from twice its mean. Published runs lack some of these settings, so their neutral
# values must not follow a changed default: such a value goes into NEUTRAL.
BEFORE = {
    "plan2explore.adaptation.continued_share": 0.0,
    "plan2explore.adaptation.error_discount": 0.0,
    "plan2explore.adaptation.multi_step": 1,
    "plan2explore.adaptation.updates": 0,
    "plan2explore.doubt": 0.0,
    "plan2explore.real_from_replay": False,
    "plan2explore.replayed_share": 0.0,
    "plan2explore.world.prior_weight": 0.0,
    "plan2explore.world.unknown": 2.0,
    "plan2explore.world.unrolled_steps": 1,
    "plan2explore.exploration.bonus": "disagreement",
    "plan2explore.exploration.noise": "white",
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


@pytest.mark.parametrize("key", module.NEUTRAL)
def test_a_removed_setting_counts_as_its_neutral_value(key: str) -> None:
    algorithm, *sections, name = key.split(".")

    def named(value: Any) -> dict[str, Any]:
        settings = {name: value}
        for section in reversed(sections):
            settings = {section: settings}
        return {algorithm: settings}

    assert setting_differences(named(module.NEUTRAL[key]), {}, algorithm) == []
    assert [one.key for one in setting_differences(named(7), {}, algorithm)] == [key]


def test_a_renamed_setting_is_compared_under_its_name_of_today() -> None:
    def named(key: str, value: float) -> dict[str, Any]:
        return {"plan2explore": {"adaptation": {key: value}}}

    assert changed(named("doubt", 0.5), named("error_discount", 0.5)) == []
    key = "plan2explore.adaptation.error_discount"
    assert changed(named("doubt", 0.5), named("error_discount", 0.4)) == [key]
    assert changed(named("doubt", 0.5), {}) == [key] and changed(named("doubt", 0.0), {}) == []


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
            lacking |= neutral_values(algorithm).keys() - flat(json.loads(run["config"])).keys()
    ours = {key for key in lacking if key.startswith("plan2explore")}
    assert ours - module.NEUTRAL.keys() <= BEFORE.keys() <= ours
    neutral = neutral_values("plan2explore")
    assert {key: neutral[key] for key in BEFORE} == BEFORE


def complete(folder: Path) -> list[dict[str, str]]:
    return [run for run in read_runs(folder) if run["status"] == "complete"]


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
        differences = setting_differences(of_run, today, algorithm)
        assert not [one for one in differences if one.key in one_sided], run["path"]
