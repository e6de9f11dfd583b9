"""`--set section.key=value`: what it sets, and its one-line errors."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from p2e.config import ConfigError
from runs.settings.assignments import with_assignments
from runs.settings.run_settings import resolve_settings, sections_of


@dataclass(frozen=True)
class Inner:
    size: int = 3


@dataclass(frozen=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    rate: float = 0.5
    name: str = "x"


SECTIONS: dict[str, type] = {"training": Outer, "package": Outer, "package.module": Outer}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("training.rate=1e-3", {"training": {"rate": 0.001}}),
        ("training.rate=-.5E+2", {"training": {"rate": -50.0}}),
        ("training.rate=2", {"training": {"rate": 2}}),
        ("training.name='1e-3'", {"training": {"name": "1e-3"}}),
        ("training.name=a=b", {"training": {"name": "a=b"}}),
        ("training.name=few-shot", {"training": {"name": "few-shot"}}),
        ("training.inner.size=16", {"training": {"inner": {"size": 16}}}),
        ("training.inner={size: 4}", {"training": {"inner": {"size": 4}}}),
        ("training.x=[1, 2e0]", {"training": {"x": [1, 2.0]}}),
        ("training.x=null", {"training": {"x": None}}),
        ("training.x=true", {"training": {"x": True}}),
        # The longest section that fits: an algorithm of one's own has dots in its name.
        ("package.module.rate=1", {"package.module": {"rate": 1}}),
        ("package.rate=1", {"package": {"rate": 1}}),
    ],
)
def test_an_assignment_is_one_setting(text: str, expected: dict[str, Any]) -> None:
    assert with_assignments({}, [text], SECTIONS) == expected


def test_assignments_lie_over_settings_in_their_order() -> None:
    settings = {"training": {"inner": {"size": 1}, "rate": 0.1}}
    texts = ["training.inner.size=2", "training.inner.size=5", "package.name=y"]
    assert with_assignments(settings, texts, SECTIONS) == {
        "training": {"inner": {"size": 5}, "rate": 0.1},
        "package": {"name": "y"},
    }
    assert settings == {"training": {"inner": {"size": 1}, "rate": 0.1}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("horizon", "'--set' is 'horizon', expected SECTION.KEY=VALUE such as"),
        ("horizon=20", "'--set' is 'horizon=20': did you mean 'plan2explore.horizon'?"),
        ("plan2explor.horizon=20", "did you mean 'plan2explore.horizon'?"),
        (
            "plan2explore=20",
            "expected a setting of one of training, plan2explore, task (docs/settings.md)",
        ),
        (
            "sac.zzz=20",
            "expected a setting of one of training, plan2explore, task (docs/settings.md)",
        ),
        ("=20", "expected a setting of one of training, plan2explore, task ("),
        ("plan2explore.horizon=[20", "'--set' is 'plan2explore.horizon=[20', expected a value as"),
        ("plan2explore.horizon=" + "[" * 5000, "expected a value as in YAML"),
        ("plan2explore.horizn=20", "unknown key 'plan2explore.horizn' (value 20): did you mean"),
        ("plan2explore.world.latent=2", "unknown key 'plan2explore.world.latent'"),
        ("plan2explore.=20", "unknown key 'plan2explore.'"),
        ("plan2explore.horizon.x=20", "'plan2explore.horizon' is {'x': 20}, expected int"),
        ("plan2explore.horizon=1e1", "'plan2explore.horizon' is 10.0, expected int"),
        ("plan2explore.horizon=", "'plan2explore.horizon' is None, expected int"),
        ("plan2explore.world=20", "'plan2explore.world' is 20, expected a mapping of settings"),
        ("plan2explore.task_share=x", "'plan2explore.task_share' is 'x', expected a number"),
    ],
)
def test_a_wrong_assignment_is_one_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        settings = with_assignments({}, [text], sections_of("plan2explore"))
        resolve_settings("plan2explore", "Pendulum-v1", "0", 100, settings)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
