"""Environments that nobody here has seen: what is accepted, in which order, and what is refused."""

import subprocess
import sys
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete, Tuple

from envs import (
    BrokenEnvironmentError,
    MissingHorizonError,
    NotDeterministicError,
    UnknownEnvironmentError,
    UnsupportedSpaceError,
    make_vector,
    task,
)
from envs.simulation.make import make_simulator
from envs.simulation.recorded_episode import RecordedEpisode
from tests.envs.simulation.test_snapshot import play, same, through_a_file
from tests.helpers import foreign_environments
from tests.helpers.foreign_environments import FAULTS, Spaces, fault_id
from tests.helpers.paths import ROOT

FOREIGN = f"{foreign_environments.__name__}:DictReach-v0"
RECORDED = (
    FOREIGN,
    "ScaledPendulum-v0",
    "dm_control/cartpole-swingup_sparse-v0",
    "dm_control/reacher-hard-v0",
    "dm_control/ball_in_cup-catch-v0",
    "dm_control/quadruped-fetch-v0",
)
SNAPSHOTS = ("Ant-v5", "Swimmer-v5", "Pusher-v5", "HumanoidStandup-v5")


def actions_for(environment, steps):
    shape = (steps, environment.rows, environment.action_size)
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


def test_defaults_come_from_gymnasium():
    swimmer = task("Swimmer-v5")
    assert (swimmer.horizon, swimmer.action_repeat, swimmer.sparse) == (1000, 1, False)
    unknown = ("random_score", "reference_score", "projection", "terminated", "success")
    assert all(getattr(swimmer, name) is None for name in unknown)
    assert task("Swimmer-v5", horizon=30).horizon == 30
    assert task("Swimmer-v5", action_repeat=3).horizon == 334
    assert task(FOREIGN).slug == "tests.helpers.foreign_environments-DictReach-v0"


def test_dm_control_has_a_thousand_simulator_steps_and_action_repeat_two():
    known = task("dm_control/walker-walk-v0")
    assert (known.horizon, known.action_repeat) == (500, 2)
    assert task("dm_control/walker-walk-v0", action_repeat=4).horizon == 250


def test_an_environment_without_an_end_names_the_key_that_is_missing():
    with pytest.raises(MissingHorizonError, match=r"give the key 'task\.horizon'"):
        task("Endless-v0")
    assert task("Endless-v0", horizon=9).horizon == 9


@pytest.mark.parametrize("environment_id", [*RECORDED, *SNAPSHOTS])
def test_any_environment_goes_on_bit_identically(environment_id):
    known = task(environment_id, horizon=40)
    environment = make_vector(known, [3, 4])
    recorded = isinstance(environment._simulators[0], RecordedEpisode)
    assert recorded == (environment_id in RECORDED)
    environment.reset()
    actions = actions_for(environment, 130)
    play(environment, actions[:65])
    state = through_a_file(environment.state_dict())
    expected = play(environment, actions[65:])
    continued = make_vector(known, [0, 0])
    continued.load_state_dict(state)
    found = play(continued, actions[65:])
    assert all(same(one, two) for one, two in zip(found, expected, strict=True))


def test_a_state_of_the_first_episode_is_repeated_from_its_seed():
    environment = make_vector(FOREIGN, [7])
    environment.reset()
    actions = actions_for(environment, 20)
    play(environment, actions[:9])
    state = through_a_file(environment.state_dict())
    assert state["simulators"][0]["seeded"] and state["simulators"][0]["seed"] == 7
    expected = play(environment, actions[9:])
    continued = make_vector(FOREIGN, [0])
    continued.load_state_dict(state)
    found = play(continued, actions[9:])
    assert all(same(one, two) for one, two in zip(found, expected, strict=True))


def test_what_the_hidden_battery_did_is_restored():
    """Without the battery's charge the continued episode would move further."""
    environment = make_vector(task("Endless-v0", horizon=1000), [1])
    environment.reset()
    push = np.ones((1, 2), np.float32)
    flags = [environment.step(-push if step % 2 else push) for step in range(60)]
    assert not any(step.terminated[0] for step in flags)
    still = flags[-1].next_observation
    continued = make_vector(task("Endless-v0", horizon=1000), [0])
    continued.load_state_dict(through_a_file(environment.state_dict()))
    assert np.array_equal(continued.step(push).next_observation, still)


def test_an_environment_that_is_not_deterministic_says_so():
    environment = make_vector("Drift-v0", [1])
    environment.reset()
    play(environment, actions_for(environment, 5))
    state = through_a_file(environment.state_dict())
    with pytest.raises(NotDeterministicError, match=r"'Drift-v0' is not deterministic: .* 5 act"):
        make_vector("Drift-v0", [0]).load_state_dict(state)


def test_a_changed_action_or_generator_is_noticed():
    environment = make_vector(FOREIGN, [1])
    environment.reset()
    play(environment, actions_for(environment, 80))
    for change in ("actions", "generators"):
        state = through_a_file(environment.state_dict())
        saved = state["simulators"][0]
        if change == "actions":
            saved["actions"][0] += 0.1
        else:
            name = next(name for name in saved["generators"] if name.endswith("_np_random"))
            saved["generators"][name]["state"]["state"] += 2
        with pytest.raises(NotDeterministicError):
            make_vector(FOREIGN, [0]).load_state_dict(state)


def test_dict_and_tuple_are_flattened_in_the_order_of_their_keys():
    simulator = make_simulator(FOREIGN)
    inner: Any = simulator.unwrapped
    observation, _ = simulator.reset(seed=3)
    goal, position = inner._goal.ravel(), inner._position
    assert observation.dtype == np.float32
    low = float(inner._battery < 1.0)
    assert observation.tolist() == np.array([*goal, low, *position], np.float32).tolist()
    actions = simulator.action_space
    assert isinstance(actions, Box) and actions.high.tolist() == [2.0, 2.0]
    moved = simulator.step(np.array([2.0, 0.0], np.float32))[0]
    assert moved[3] > observation[3] and moved[4] == observation[4]


def test_the_wrappers_of_a_registration_stay():
    environment = make_vector("ScaledPendulum-v0", [0])
    environment.reset()
    speeds = [
        step.next_observation[0, 2] for step in play(environment, actions_for(environment, 69))
    ]
    plain = make_vector(task("Pendulum-v1", horizon=70), [0])
    plain.reset()
    unscaled = [step.next_observation[0, 2] for step in play(plain, actions_for(plain, 69))]
    assert np.allclose(np.array(speeds) * 8, unscaled, atol=1e-5)


@pytest.mark.parametrize("environment_id", ["dm_control/cheetah-run-v0", "Swimmer-v5"])
def test_action_repeat_adds_up_the_rewards(environment_id):
    once, twice = (
        make_vector(task(environment_id, horizon=8, action_repeat=k), [2]) for k in (1, 2)
    )
    assert np.array_equal(once.reset(), twice.reset())
    for action in actions_for(once, 4):
        first, second = once.step(action), once.step(action)
        both = twice.step(action)
        assert np.array_equal(both.next_observation, second.next_observation)
        assert both.reward[0] == pytest.approx(first.reward[0] + second.reward[0], abs=1e-6)


@pytest.mark.parametrize(("fault", "words"), FAULTS.items(), ids=FAULTS)
def test_a_faulty_environment_is_named_in_one_line(fault, words):
    environment = make_vector(fault_id(fault), [0])
    with pytest.raises(BrokenEnvironmentError) as error:
        environment.reset()
        play(environment, actions_for(environment, 6))
    message = str(error.value)
    assert message.startswith(f"environment {fault_id(fault)!r}: {words}")
    assert "\n" not in message


FLOATS = Box(-1.0, 1.0, (2,))
REFUSED = {
    "discrete action": (FLOATS, Discrete(3), "the action space Discrete(3); expected a Box"),
    "unbounded action": (FLOATS, Box(-np.inf, 1.0, (2,)), "expected a Box of floats with bounds"),
    "hardly bounded": (FLOATS, Box(-1e10, 1e10, (2,)), "with bounds within +-1,000,000"),
    "whole numbers": (FLOATS, Box(0, 5, (2,), np.int64), "expected a Box of floats with bounds"),
    "image": (Box(0, 255, (64, 64, 3), np.uint8), FLOATS, "of 12288 numbers; expected 1 to 1024"),
    "many parts": (Dict(a=Box(0, 1, (600,)), b=Box(0, 1, (600,))), FLOATS, "of 1200 numbers"),
    "a choice": (Dict(a=FLOATS, b=Discrete(2)), FLOATS, "the observation space Discrete(2) at 'b'"),
    "inside": (Dict(a=Tuple([FLOATS, Discrete(4)])), FLOATS, "Discrete(4) at 'a' at 1; expected"),
}


@pytest.mark.parametrize(("observation", "action", "words"), REFUSED.values(), ids=REFUSED)
def test_spaces_that_cannot_be_used_are_one_line(observation, action, words):
    kwargs = {"observation": observation, "action": action}
    entry = f"{Spaces.__module__}:Spaces"
    gymnasium.register("Refused-v0", entry_point=entry, kwargs=kwargs, max_episode_steps=9)
    try:
        with pytest.raises(UnsupportedSpaceError) as error:
            make_simulator("Refused-v0")
    finally:
        del gymnasium.registry["Refused-v0"]
    assert str(error.value).startswith("environment 'Refused-v0' has ")
    assert words in str(error.value) and "\n" not in str(error.value)


def test_missing_packages_are_named():
    with pytest.raises(UnknownEnvironmentError, match="needs the package 'no_such_package', which"):
        task("no_such_package:Thing-v0")
    with pytest.raises(UnknownEnvironmentError, match="needs a package that is not installed"):
        make_simulator("BipedalWalker-v3")


def test_a_state_holds_nothing_but_what_torch_reads_safely():
    environment = make_vector("dm_control/pendulum-swingup-v0", [1])
    environment.reset()
    play(environment, actions_for(environment, 3))
    environment.reset()
    saved = through_a_file(environment.state_dict())["simulators"][0]
    assert isinstance(saved["actions"], torch.Tensor) and len(saved["actions"]) == 0
    assert any("_random" in name for name in saved["generators"])


def test_dm_control_leaves_the_root_logger_alone():
    """In a process of its own, because it may have been imported before."""
    code = (
        "import logging; from envs import make_vector; "
        "make_vector('dm_control/cheetah-run-v0', [0]).reset(); print(logging.root.handlers)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, "[]\n"), ended.stderr
    assert ended.stderr == ""
