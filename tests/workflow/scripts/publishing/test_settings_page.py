"""docs/settings.md is complete and current."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pytest

from p2e.algorithms import algorithm_names
from publishing import settings_page
from publishing.settings_page import generated
from runs.settings.differences import flat
from runs.settings.documented import Setting, meanings_in, setting_names, settings_in
from runs.settings.run_settings import sections_of, with_defaults
from runs.settings.task_settings import CoverageSettings, TaskSettings
from tests.helpers.pages.generated_page import check_page
from tests.helpers.paths import ROOT

PAGE = ROOT / "docs" / "settings.md"


def every_setting(config: type, section: str) -> list[Setting]:
    found = settings_in(config, section)
    below = [every_setting(one.group, one.name) for one in found if one.group is not None]
    return [*found, *(setting for group in below for setting in group)]


@pytest.mark.parametrize("algorithm", algorithm_names())
def test_every_setting_has_a_meaning(algorithm: str) -> None:
    for section, config in sections_of(algorithm).items():
        for setting in every_setting(config, section):
            assert setting.meaning, f"{setting.name} is missing in the docstring's Args"


@pytest.mark.parametrize("algorithm", algorithm_names())
def test_every_setting_of_a_run_is_listed(algorithm: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    run = with_defaults(algorithm, {})
    run["task"] = dataclasses.asdict(TaskSettings(coverage=CoverageSettings()))
    listed = [
        name
        for section, config in sections_of(algorithm).items()
        for name in setting_names(config, section)
    ]
    assert sorted(listed) == sorted(flat(run))
    assert all(f"| `{name}` |" in text for name in listed)


def test_the_page_is_current_and_its_beginning_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_page(settings_page, PAGE, tmp_path, capsys)


def test_a_row_shows_where_the_core_suite_differs() -> None:
    rows = generated().splitlines()
    (learning_rate,) = (row for row in rows if row.startswith("| `sac.agent.learning_rate`"))
    assert learning_rate.startswith("| `sac.agent.learning_rate` | float | `0.0003` | `0.001` |")
    (share,) = (row for row in rows if row.startswith("| `mbpo.real_share`"))
    assert share == "| `mbpo.real_share` | float | `0.05` |  | share of real rows in every batch. |"


@dataclass(frozen=True)
class Documented:
    """A class.

    Args:
        one: first line,
            second line: with a colon.
        two, three: of both.

    Raises:
        ConfigError: never.
    """

    one: int = 1
    two: tuple[float, ...] = (0.5,)
    three: str | None = None
    four: bool = False


def test_meanings_are_read_from_the_docstring() -> None:
    assert meanings_in(Documented) == {
        "one": "first line, second line: with a colon.",
        "two": "of both.",
        "three": "of both.",
    }
    kinds = [(setting.name, setting.kind) for setting in settings_in(Documented, "a")]
    assert kinds == [
        ("a.one", "int"),
        ("a.two", "list of float"),
        ("a.three", "str or null"),
        ("a.four", "bool"),
    ]
