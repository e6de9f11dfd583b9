"""Variants in a suite's parameters: what they override, and their one-line errors."""

import copy
from pathlib import Path
from typing import Any

import pytest

from suites.description import read
from suites.parameters import settings_of
from tests.workflow.test_pipeline_parameters import VALID, changed, error_of, write

CURIOUS: dict[str, Any] = VALID | {
    "algorithms": ["sac", "plan2explore", "plan2explore-no-curiosity"],
    "variants": {"plan2explore-no-curiosity": {"task_share": 0.0}},
    "plan2explore": {"task_share": 0.5, "world": {"sequences": 3}},
}


def test_a_variant_lies_over_its_algorithm_and_the_tasks_own_settings() -> None:
    values = copy.deepcopy(CURIOUS)
    over = {"plan2explore": {"task_share": 0.25, "horizon": 7}}
    values["tasks"][1]["settings"] = over
    assert settings_of(values, 1, "plan2explore-no-curiosity") == {
        "training": {"warmup_steps": 50},
        "plan2explore": {"task_share": 0.0, "horizon": 7, "world": {"sequences": 3}},
    }
    assert settings_of(values, 1, "plan2explore")["plan2explore"]["task_share"] == 0.25


def test_a_task_changes_a_variant_alone() -> None:
    values = copy.deepcopy(CURIOUS)
    over = {"plan2explore-no-curiosity": {"horizon": 9, "world": {"units": 8}}}
    values["tasks"][1]["settings"] = over
    assert settings_of(values, 1, "plan2explore-no-curiosity")["plan2explore"] == {
        "task_share": 0.0,
        "horizon": 9,
        "world": {"sequences": 3, "units": 8},
    }
    for place, case in ((0, "plan2explore-no-curiosity"), (1, "plan2explore"), (1, "sac")):
        assert settings_of(values, place, case) == settings_of(CURIOUS, place, case)


def test_variants_of_a_suite_are_laid_over_the_parameters(tmp_path: Path) -> None:
    base = write(tmp_path / "params.yaml", VALID)
    over = {key: CURIOUS[key] for key in ("algorithms", "variants", "plan2explore")}
    suite = write(tmp_path / "suite.yaml", over | {"suite": "other"})
    assert read([base, suite]) == CURIOUS | {"suite": "other"}


def test_a_suite_need_not_run_the_variants_of_the_core_suite(tmp_path: Path) -> None:
    base = write(tmp_path / "params.yaml", CURIOUS)
    plain = write(tmp_path / "plain.yaml", {"suite": "other", "algorithms": ["sac"]})
    assert "variants" not in read([base, plain])
    cases = ["sac", "plan2explore", "plan2explore-no-curiosity"]
    same = write(tmp_path / "same.yaml", {"suite": "other", "algorithms": cases})
    assert read([base, same])["variants"] == CURIOUS["variants"]
    own = {"sac-large": {"agent": {"hidden": [9]}}}
    unused = {"suite": "other", "algorithms": ["sac"], "variants": own}
    file = write(tmp_path / "unused.yaml", unused)
    assert (
        error_of(base, file) == f"{file}: the variant 'sac-large' is not in the list 'algorithms'"
    )


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (
            ["algorithms", 2],
            "plan2explore-no-curiousity",
            "'algorithms[2]' is 'plan2explore-no-curiousity', expected one of mbpo, plan2explore,",
        ),
        (
            ["algorithms"],
            ["sac", "plan2explore"],
            "the variant 'plan2explore-no-curiosity' is not in the list 'algorithms'",
        ),
        (
            ["variants", "plan2explore-no-curiosity"],
            0,
            "'variants.plan2explore-no-curiosity' is 0, expected a map of keys to values",
        ),
        (
            ["variants", "plan2explore-no-curiosity"],
            {"world": {"sequencs": 2}},
            "unknown key 'plan2explore.world.sequencs' (value 2): did you mean 'sequences'?, "
            "in the variant 'plan2explore-no-curiosity'",
        ),
        (
            ["tasks", 1, "settings"],
            {"plan2explore-no-curiosity": {"horizn": 2}},
            "unknown key 'plan2explore.horizn' (value 2): did you mean 'horizon'?, "
            "in the variant 'plan2explore-no-curiosity'",
        ),
        (
            ["tasks", 1, "settings"],
            {"plan2explore-no-curiousity": {"horizon": 2}},
            "unknown key 'tasks[1].settings.plan2explore-no-curiousity' "
            "(value {'horizon': 2}): did you mean 'plan2explore-no-curiosity'?",
        ),
        (
            ["variants", "plan2explore-no-curiosity"],
            {"task_share": 0.5},
            "on Pendulum-v1 'plan2explore-no-curiosity' has the settings of 'plan2explore'",
        ),
    ],
)
def test_a_wrong_variant_is_one_line(
    tmp_path: Path, place: list[str | int], value: object, expected: str
) -> None:
    file = write(tmp_path / "params.yaml", changed(place, value, CURIOUS))
    assert error_of(file).startswith(f"{file}: {expected}")


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        *(
            ({name: {}}, f"has the key {name!r}, expected an algorithm, a hyphen, and words")
            for name in ("ppo-fast", "plan2explore", "sac-", "sac-A", "sac-a/b", "sac-a\n")
        ),
        (["a"], "is ['a'], expected a map of keys to values"),
        ({1: {}}, "has the key 1, expected a text"),
    ],
)
def test_a_variants_name_is_its_algorithm_and_words(
    tmp_path: Path, variants: object, expected: str
) -> None:
    values = VALID | {"variants": variants}
    if isinstance(variants, dict):
        values |= {"algorithms": [*map(str, variants)]}
    file = write(tmp_path / "params.yaml", values)
    assert error_of(file).startswith(f"{file}: 'variants' {expected}")


def test_a_wrong_setting_of_an_algorithm_is_not_said_to_be_its_variants(tmp_path: Path) -> None:
    base = write(tmp_path / "params.yaml", CURIOUS)
    over = write(tmp_path / "suite.yaml", {"suite": "other", "plan2explore": {"horizn": 3}})
    message = error_of(base, over)
    assert message.startswith(f"{over}: unknown key 'plan2explore.horizn'")
    assert "variant" not in message
