"""Wrong parameters cause a one-line error with file, key, value and what was expected."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from runs.settings.overlay import overlay
from suites import parameters as module
from suites.description import read
from suites.parameter_errors import ParameterError
from suites.parameters import check, read_source, schema, settings_of
from tests.helpers.paths import ROOT

VALID: dict[str, Any] = {
    "suite": "tiny",
    "algorithms": ["sac", "mbpo"],
    "seeds": {"first": 0, "count": 2, "group_size": 1},
    "device": "cpu",
    "tasks": [
        {"environment": "Pendulum-v1", "steps": 100},
        {"environment": "p2e/PointMaze-v0", "steps": 200},
    ],
    "training": {"warmup_steps": 50},
    "sac": {"updates_per_step": 2},
    "evaluation": {"final_episodes": 3},
}


def write(path: Path, values: object) -> str:
    path.write_text(yaml.safe_dump(values))
    return str(path)


def changed(place: list[str | int], value: object, valid: dict[str, Any] = VALID) -> dict[str, Any]:
    values = copy.deepcopy(valid)
    target: Any = values
    for part in place[:-1]:
        target = target[part]
    target[place[-1]] = value
    return values


def error_of(*files: str) -> str:
    with pytest.raises(ParameterError) as caught:
        read(files)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_valid_parameters_are_accepted(tmp_path: Path) -> None:
    assert read([write(tmp_path / "params.yaml", VALID)]) == VALID


def test_the_group_size_may_be_left_to_the_program(tmp_path: Path) -> None:
    values = changed(["seeds", "group_size"], "auto")
    assert read([write(tmp_path / "params.yaml", values)]) == values


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (["sede"], 1, "unknown key 'sede' (value 1): did you mean 'seeds'?"),
        (["zzz"], 1, "unknown key 'zzz' (value 1): expected one of algorithms, deterministic,"),
        (["seeds", "cout"], 3, "unknown key 'seeds.cout' (value 3): did you mean 'count'?"),
        (["seeds", "first"], -1, "'seeds.first' is -1, expected a number of at least 0"),
        (["seeds", "count"], 0, "'seeds.count' is 0, expected a number of at least 1"),
        (["seeds", "count"], "ten", "'seeds.count' is 'ten', expected a whole number"),
        (
            ["seeds", "group_size"],
            0,
            "'seeds.group_size' is 0, expected 'auto' or a whole number of at least 1",
        ),
        (["seeds", "group_size"], 1.5, "'seeds.group_size' is 1.5, expected 'auto' or"),
        (["seeds", "group_size"], "all", "'seeds.group_size' is 'all', expected 'auto' or"),
        (["seeds"], 3, "'seeds' is 3, expected a map of keys to values"),
        (["tasks"], [], "'tasks' is [], expected a list that is not empty"),
        (["tasks", 1, "steps"], 0, "'tasks[1].steps' is 0, expected a number of at least 1"),
        (["tasks", 1, "steps"], "1e4", "'tasks[1].steps' is '1e4', expected a whole number"),
        (["tasks", 0, "step"], 5, "unknown key 'tasks[0].step' (value 5): did you mean 'steps'?"),
        (["tasks", 0, "settings"], {"ppo": {}}, "unknown key 'tasks[0].settings.ppo' (value {})"),
        (["suite"], "a b", "'suite' is 'a b', expected a name of lower-case letters"),
        (["suite"], "../x", "'suite' is '../x', expected a name of lower-case letters"),
        (["suite"], "x\n", "'suite' is 'x\\n', expected a name of lower-case letters"),
        (["device"], "gpu", "'device' is 'gpu', expected one of auto, cpu, cuda"),
        (["algorithms"], ["ppo"], "'algorithms[0]' is 'ppo', expected one of mbpo, plan2explore"),
        (["algorithms"], ["sac", "sac"], "'algorithms' is ['sac', 'sac'], expected each only once"),
        (["algorithms"], "sac", "'algorithms' is 'sac', expected a list"),
        (["sac"], None, "'sac' is None, expected a map of keys to values"),
        (
            ["tasks", 0, "environment"],
            "a; rm",
            "'tasks[0].environment' is 'a; rm', expected an environment's id such as",
        ),
    ],
)
def test_what_the_schema_rejects(
    tmp_path: Path, place: list[str | int], value: object, expected: str
) -> None:
    file = write(tmp_path / "params.yaml", changed(place, value))
    assert error_of(file).startswith(f"{file}: {expected}")


@pytest.mark.parametrize("key", ["suite", "algorithms", "seeds", "tasks", "evaluation"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    values = {name: value for name, value in VALID.items() if name != key}
    file = write(tmp_path / "params.yaml", values)
    assert error_of(file) == f"{file}: the key '{key}' is missing"


@pytest.mark.parametrize(
    ("environment", "words"),
    [("Pendulm-v1", "did you mean 'Pendulum-v1'?"), ("CartPole-v1", "expected a Box of floats")],
)
def test_unknown_and_discrete_environments_are_rejected(
    tmp_path: Path, environment: str, words: str
) -> None:
    file = write(tmp_path / "params.yaml", changed(["tasks", 0, "environment"], environment))
    message = error_of(file)
    assert message.startswith(f"{file}: 'tasks[0].environment' is '{environment}', ")
    assert words in message


def test_an_environment_may_appear_only_once(tmp_path: Path) -> None:
    file = write(tmp_path / "params.yaml", changed(["tasks", 1, "environment"], "Pendulum-v1"))
    message = error_of(file)
    assert message.startswith(f"{file}: 'tasks[1].environment' is 'Pendulum-v1', expected each")


@pytest.mark.parametrize(
    ("place", "value", "key"),
    [
        (["sac"], {"updates_per_stp": 2}, "sac.updates_per_stp"),
        (["training"], {"warmup_steps": "many"}, "training.warmup_steps"),
        (["tasks", 1, "settings"], {"mbpo": {"no_such_setting": 1}}, "mbpo.no_such_setting"),
    ],
)
def test_settings_are_checked_by_the_algorithms_own_configuration(
    tmp_path: Path, place: list[str | int], value: object, key: str
) -> None:
    file = write(tmp_path / "params.yaml", changed(place, value))
    message = error_of(file)
    assert message.startswith(f"{file}: ")
    assert f"'{key}'" in message


def test_the_file_that_holds_the_key_is_named(tmp_path: Path) -> None:
    base = write(tmp_path / "params.yaml", VALID)
    over = write(tmp_path / "suite.yaml", {"suite": "other", "seeds": {"group_size": 0}})
    assert error_of(base, over).startswith(f"{over}: 'seeds.group_size' is 0")
    over = write(tmp_path / "suite.yaml", {"suite": "other", "sac": {"updates_per_stp": 0}})
    assert error_of(base, over).startswith(f"{over}: unknown key 'sac.updates_per_stp'")
    wrong = write(tmp_path / "params.yaml", changed(["seeds", "group_size"], 0))
    over = write(tmp_path / "suite.yaml", {"suite": "other", "seeds": {"count": 1}})
    assert error_of(wrong, over).startswith(f"{wrong}: 'seeds.group_size' is 0")


def test_a_suite_has_a_name_of_its_own(tmp_path: Path) -> None:
    base = write(tmp_path / "params.yaml", VALID)
    over = write(tmp_path / "suite.yaml", {"device": "auto"})
    assert error_of(base, over).startswith(f"{over}: the key 'suite' is missing")


def test_a_value_from_the_command_line_is_said_to_come_from_there(tmp_path: Path) -> None:
    source = read_source(write(tmp_path / "params.yaml", VALID))
    with pytest.raises(ParameterError, match=r"^--config: 'seeds\.first' is -1"):
        check(changed(["seeds", "first"], -1), [source])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1", "line 1 is not YAML"),
        ("a: 1\nb: ]", "line 2 is not YAML"),
        ("a: 1\0", "is not YAML: unacceptable character #x0000"),
        ("[1, 2]", "is [1, 2], expected a map"),
        ("", "is None, expected a map"),
    ],
)
def test_files_that_are_not_maps_are_rejected(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    assert error_of(str(path)).startswith(f"{path}: {expected}")


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    assert error_of(str(path)) == f"{path}: No such file or directory"


def test_maps_are_merged_and_lists_replaced() -> None:
    below = {"a": {"x": 1, "y": 2}, "b": [1, 2], "c": {"z": 1}}
    above = {"a": {"y": 3}, "b": [4], "c": 5}
    assert overlay(below, above) == {"a": {"x": 1, "y": 3}, "b": [4], "c": 5}
    assert below == {"a": {"x": 1, "y": 2}, "b": [1, 2], "c": {"z": 1}}


def test_a_tasks_settings_lie_over_the_general_ones() -> None:
    over = {"sac": {"updates_per_step": 5}, "training": {"log_interval": 7}, "mbpo": {"x": 1}}
    values = changed(["tasks", 1, "settings"], over)
    assert settings_of(values, 0, "sac") == {
        "training": {"warmup_steps": 50},
        "sac": {"updates_per_step": 2},
    }
    assert settings_of(values, 1, "sac") == {
        "training": {"warmup_steps": 50, "log_interval": 7},
        "sac": {"updates_per_step": 5},
    }


def test_a_new_algorithm_is_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["dreamer", "sac"]
    monkeypatch.setattr(module, "algorithm_names", lambda: names)
    properties = schema()["properties"]
    assert properties["algorithms"]["items"]["enum"] == names
    assert {"dreamer", "sac"} <= properties.keys()
    settings = properties["tasks"]["items"]["properties"]["settings"]["properties"]
    assert settings.keys() == {"training", "dreamer", "sac"}


@pytest.mark.parametrize("path", sorted((ROOT / "workflow" / "suites").glob("*.yaml")), ids=str)
def test_every_suite_is_valid_and_named_as_its_file(path: Path) -> None:
    assert read([str(ROOT / "params.yaml"), str(path)])["suite"] == path.stem


def test_what_is_published_uses_five_or_more_seeds_below_those_for_choosing_settings() -> None:
    seeds = read([str(ROOT / "params.yaml")])["seeds"]
    assert seeds["first"] == 0 and 5 <= seeds["count"] <= 100
