"""Configuration from mappings: what is accepted, and each error message."""

import math
from dataclasses import dataclass, field
from typing import Any

import pytest

from p2e.algorithms import algorithm_module, algorithm_names
from p2e.config import ConfigError, from_mapping, require, require_positive


@dataclass(frozen=True)
class Inner:
    rate: float = 0.5
    sizes: tuple[int, ...] = (1,)

    def __post_init__(self) -> None:
        require_positive(self, "inner", "rate")


@dataclass(frozen=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    count: int = 3
    limit: float | None = None
    steps: int | None = None
    name: str = "x"
    flag: bool = False


def test_an_empty_mapping_gives_the_defaults() -> None:
    assert from_mapping(Outer, {}, "outer") == Outer()


def test_values_nested_lists_and_none() -> None:
    values = {
        "inner": {"rate": 2, "sizes": [3, 4]},
        "count": 7,
        "limit": None,
        "steps": 5,
        "name": "y",
        "flag": True,
    }
    config = from_mapping(Outer, values, "outer")
    assert config == Outer(Inner(2.0, (3, 4)), 7, None, 5, "y", True)
    assert type(config.inner.rate) is float and type(config.inner.sizes) is tuple
    assert from_mapping(Outer, {"limit": 1}, "outer").limit == 1.0
    assert from_mapping(Outer, {"inner": {"sizes": []}}, "outer").inner.sizes == ()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"cuont": 1}, ["outer.cuont", "1", "did you mean 'count'"]),
        ({"inner": {"rat": 1}}, ["outer.inner.rat", "did you mean 'rate'"]),
        ({"zzzzzz": 1}, ["outer.zzzzzz", "one of count, flag, inner, limit, name, steps"]),
    ],
)
def test_an_unknown_key_is_named_with_a_suggestion(
    values: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as raised:
        from_mapping(Outer, values, "outer")
    assert all(word in str(raised.value) for word in words)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"count": "3"}, ["outer.count", "'3'", "int"]),
        ({"count": 3.0}, ["outer.count", "3.0", "int"]),
        ({"count": True}, ["outer.count", "True", "int"]),
        ({"count": None}, ["outer.count", "None", "int"]),
        ({"flag": 1}, ["outer.flag", "1", "bool"]),
        ({"name": 1}, ["outer.name", "1", "str"]),
        ({"limit": True}, ["outer.limit", "True", "float"]),
        ({"limit": "3e-4"}, ["outer.limit", "'3e-4'", "a number", "1.0e-3"]),
        ({"steps": 1.5}, ["outer.steps", "1.5", "int"]),
        ({"inner": None}, ["outer.inner", "None", "mapping"]),
        ({"inner": [1]}, ["outer.inner", "[1]", "mapping"]),
        ({"inner": {"sizes": 5}}, ["outer.inner.sizes", "5", "list"]),
        ({"inner": {"sizes": "12"}}, ["outer.inner.sizes", "'12'", "list"]),
        ({"inner": {"sizes": [1, 2.5]}}, ["outer.inner.sizes", "2.5", "int"]),
        ({"inner": {"sizes": [True]}}, ["outer.inner.sizes", "True", "int"]),
        ({"inner": {"rate": 0.0}}, ["inner.rate", "0.0", "greater than 0"]),
    ],
)
def test_a_value_of_another_type_is_named(values: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        from_mapping(Outer, values, "outer")
    assert all(word in str(raised.value) for word in words)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("key", ["limit", "rate"])
def test_a_number_that_is_not_finite_is_refused(key: str, value: float) -> None:
    values = {"limit": value} if key == "limit" else {"inner": {"rate": value}}
    with pytest.raises(ConfigError, match=key):
        from_mapping(Outer, values, "outer")


def test_requirements_name_key_value_and_expectation() -> None:
    require(True, "a.b", 5, "anything")
    with pytest.raises(ConfigError, match=r"'a\.b' is 5, expected a number below 3"):
        require(False, "a.b", 5, "a number below 3")


def test_every_algorithm_has_a_config_with_defaults() -> None:
    assert "sac" in algorithm_names()
    for name in algorithm_names():
        module = algorithm_module(name)
        assert from_mapping(module.Config, {}, name) == module.Config()
        assert callable(module.build)
    with pytest.raises(ConfigError, match=r"'sca'.*did you mean 'sac'"):
        algorithm_module("sca")
    with pytest.raises(ConfigError, match=r"'SAC'.*did you mean 'sac'"):
        algorithm_module("SAC")


@pytest.mark.parametrize(
    ("algorithm", "section", "key"),
    [
        ("sac", "agent", "hidden"),
        ("mbpo", "dynamics", "hidden"),
        ("plan2explore", "world", "hidden"),
        ("plan2explore", "agent", "hidden"),
    ],
)
def test_a_layer_without_units_is_refused(algorithm: str, section: str, key: str) -> None:
    config = algorithm_module(algorithm).Config
    with pytest.raises(
        ConfigError, match=f"'{algorithm}.{section}.{key}' is .8, 0., expected numbers greater"
    ):
        from_mapping(config, {section: {key: [8, 0]}}, algorithm)
