"""The random searches: balanced draws, the suites that declare them, the table of results."""

from collections import Counter

import pytest
import yaml

import aggregate
from benchmarks.random_search import SPACES, drawn_settings, sections_of, suite_of, table
from reporting.tables.summary import read_summary
from runs.settings.differences import flat
from tests.helpers.paths import ROOT
from tests.workflow.scripts.reporting.page.test_synthetic_suite import SyntheticTask, write_suite


@pytest.mark.parametrize("algorithm", SPACES)
def test_every_value_is_drawn_equally_often_and_settings_are_not_coupled(algorithm: str) -> None:
    draws = drawn_settings(algorithm, 48, seed=3)
    for name, values in SPACES[algorithm].items():
        counts = Counter(draw[name] for draw in draws)
        assert set(counts) == set(values) and len(set(counts.values())) == 1
    pairs = {(draw["exploration.noise"], draw["real_rows.multi_step"]) for draw in draws}
    assert len(pairs) == 9
    assert draws == drawn_settings(algorithm, 48, seed=3) != drawn_settings(algorithm, 48, seed=4)


@pytest.mark.parametrize("algorithm", SPACES)
def test_the_suite_in_the_repository_is_what_the_program_declares(algorithm: str) -> None:
    file = ROOT / "workflow" / "suites" / f"search-{algorithm}.yaml"
    declared = suite_of(algorithm, drawn_settings(algorithm, 16, seed=0))
    assert yaml.safe_load(file.read_text(encoding="utf-8")) == yaml.safe_load(
        yaml.safe_dump(declared)
    )


def test_settings_are_nested_and_flat() -> None:
    settings = {"exploration.noise": "red", "exploration.weight": 0.1, "updates_per_step": 2}
    sections = {"exploration": {"noise": "red", "weight": 0.1}, "updates_per_step": 2}
    assert sections_of(settings) == sections and flat(sections) == settings


def test_the_best_case_comes_first(tmp_path_factory: pytest.TempPathFactory) -> None:
    levels = (("sac-trial-01", 0.9), ("sac-trial-02", 0.2))
    task = SyntheticTask("MountainCarContinuous-v0", variant_levels=levels)
    variants = {name: {"updates_per_step": place} for place, (name, _) in enumerate(levels, 2)}
    cases = ("sac", *variants)
    folder = tmp_path_factory.mktemp("search") / "search-sac"
    suite = write_suite(folder, [task], 2, algorithms=cases, variants=variants)
    aggregate.main(["--results", str(suite.results), "--config", str(suite.config)])
    found = table(read_summary(suite.results / "summary"))
    assert list(found["case"]) == ["sac-trial-01", "sac-trial-02", "sac"]
    assert found["updates_per_step"].tolist()[:2] == [2.0, 3.0]
    assert found["score"].is_monotonic_decreasing
