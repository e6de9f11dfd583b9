"""Facts about a task that a suite gives, and what they change."""

import numpy as np
import pytest
import torch

from envs import make_vector, task
from p2e.config import ConfigError, from_mapping
from runs.parts import build_algorithm, coverage_of, environments_of
from runs.settings.run_settings import resolve_settings, with_defaults
from runs.settings.task_settings import TaskSettings
from runs.trained_policy import settings_of_manifest
from suites.description import read
from suites.parameters import settings_of
from tests.helpers import foreign_environments  # noqa: F401  (registers them)
from tests.helpers.paths import ROOT

GIVEN = {
    "horizon": 33,
    "action_repeat": 2,
    "sparse": True,
    "random_score": -5.0,
    "reference_score": 20.0,
    "success_reward": 0.5,
    "terminates": "never",
    "coverage": {"features": [2, 0], "low": [0, -1], "high": [1, 1], "bins": 10},
}


def settings(**given):
    return from_mapping(TaskSettings, given, "task")


def test_nothing_given_changes_nothing():
    for environment in ("p2e/PointMaze-v0", "Swimmer-v5"):
        assert settings().applied_to(environment) == task(environment)
    assert settings().given() == {}
    mapping = resolve_settings("sac", "Pendulum-v1", "0", 10, {"task": {}}).as_mapping()
    assert "task" not in mapping
    assert "task" not in with_defaults("sac", {})


def test_everything_given_is_used():
    known = settings(**GIVEN).applied_to("Swimmer-v5")
    assert (known.horizon, known.action_repeat, known.sparse) == (33, 2, True)
    assert (known.random_score, known.reference_score) == (-5.0, 20.0)
    assert known.terminated is not None and known.success is not None
    reached = torch.zeros(4, 8)
    assert not known.terminated(reached, reached[:, :2], reached).any()
    rewards = np.array([0.4, 0.5, 0.6], np.float32)
    assert known.success(np.zeros((3, 8)), rewards, np.zeros(3, bool)).tolist() == [0, 0, 1]
    projection = settings(**GIVEN).projection_of(known)
    assert projection is not None and projection.bins == 10
    assert projection.labels == ("observation 2", "observation 0")
    assert projection(np.arange(8.0)).tolist() == [2.0, 0.0]


def test_a_run_keeps_what_was_given_in_its_manifest():
    run = resolve_settings("mbpo", "Swimmer-v5", "3", 10, {"task": GIVEN})
    again = settings_of_manifest({"config": run.as_mapping()})
    assert again.as_mapping() == run.as_mapping()
    assert (again.task.horizon, again.task.success) == (33, run.task.success)
    assert with_defaults("mbpo", {"task": GIVEN})["task"]["horizon"] == 33


def test_a_score_that_becomes_known_changes_no_run():
    for_the_report = {"sparse": True, "random_score": 0.0, "reference_score": 1.0}
    run = resolve_settings("sac", "Swimmer-v5", "3", 10, {"task": for_the_report})
    assert run.task.sparse and run.task.reference_score == 1.0
    assert run.as_mapping() == resolve_settings("sac", "Swimmer-v5", "3", 10, {}).as_mapping()
    parameters = read([str(ROOT / "params.yaml")])
    plain = settings_of(parameters, 0, "sac")
    parameters["tasks"][0]["task"] = for_the_report
    assert settings_of(parameters, 0, "sac") == plain
    parameters["tasks"][0]["task"] = for_the_report | {"horizon": 9}
    assert settings_of(parameters, 0, "sac") == plain | {"task": {"horizon": 9}}


def test_a_declared_task_may_be_changed():
    known = settings(horizon=5, terminates="learned").applied_to("Hopper-v5")
    assert known.horizon == 5 and known.terminated is None
    assert known.random_score == task("Hopper-v5").random_score


def test_coverage_is_principal_components_or_nothing():
    run = resolve_settings("sac", "DictReach-v0", "3", 10, {})
    counted = coverage_of(run)
    nothing = coverage_of(
        resolve_settings("sac", "DictReach-v0", "3", 10, {"task": {"coverage": {}}})
    )
    for coverage in (counted, nothing):
        coverage.visit(np.zeros((1, 5), np.float32))
        coverage.snapshot(1)
    assert counted.arrays()[0].shape == (1, 1, 24, 24) and counted.counts.sum() == 1
    assert nothing.arrays()[0].shape == (1, 1, 0, 0)


def test_mbpo_learns_when_episodes_end_only_where_nobody_knows():
    cpu = torch.device("cpu")
    for environment, learned in (("Hopper-v5", False), ("DictReach-v0", True)):
        run = resolve_settings("mbpo", environment, "3", 10, {})
        _, algorithm = build_algorithm(run, environments_of(run, 1)[0], cpu)
        assert ("termination" in algorithm.components()) == learned


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"terminates": "always"}, r"'task.terminates' is 'always', expected 'learned' or 'never'"),
        ({"random_score": 1.0, "reference_score": 0.0}, "expected more than 'random_score'"),
        ({"coverage": {"features": [1]}}, r"'task.coverage.features' is \(1,\), expected two or n"),
        ({"coverage": {"features": [1, 2], "low": [0]}}, "'task.coverage.low' .* 2 numbers"),
        ({"action_repeat": 0}, "'task.action_repeat' is 0, expected a number greater than 0"),
    ],
)
def test_impossible_facts_are_one_line(given, words):
    with pytest.raises(ConfigError, match=words):
        settings(**given)


def test_success_of_a_step_counts_for_the_episode():
    known = settings(success_reward=-1.5, horizon=30).applied_to("DictReach-v0")
    environment = make_vector(known, [0])
    environment.reset()
    steps = [environment.step(np.ones((1, 2), np.float32)) for _ in range(29)]
    rewarded = [step.reward[0] > -1.5 for step in steps]
    assert [bool(step.success[0]) for step in steps] == list(np.logical_or.accumulate(rewarded))
