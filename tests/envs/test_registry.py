"""The table of tasks: lookup, errors, and the declared facts of each environment."""

import dataclasses

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from envs import UnknownEnvironmentError, UnsupportedSpaceError, task, task_ids
from envs.registry import register
from envs.simulation.make import make_simulator, specification
from envs.simulation.mujoco_messages import mujoco_messages_as_warnings
from envs.tools.random_scores import main, measure

PUBLISHED = (
    "HalfCheetah-v5",
    "Hopper-v5",
    "Humanoid-v5",
    "InvertedPendulum-v5",
    "MountainCarContinuous-v0",
    "Pendulum-v1",
    "Walker2d-v5",
    "p2e/CartPoleSwingupSparse-v0",
    "p2e/PendulumSwingup-v0",
    "p2e/PointMaze-v0",
    "p2e/PointMazeLarge-v0",
    "p2e/PointMazeMedium-v0",
    "p2e/SparseHalfCheetah-v0",
    "p2e/SparseReacher-v0",
    "p2e/WeakMountainCar-v0",
)


def test_published_tasks_are_registered():
    assert set(PUBLISHED) <= set(task_ids())
    assert task("p2e/PointMaze-v0").slug == "p2e-PointMaze-v0"
    assert {task(name).slug for name in task_ids()} == {
        name.replace("/", "-") for name in task_ids()
    }


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("hopper", "Hopper-v5"),
        ("PointMaze-v0", "p2e/PointMaze-v0"),
        ("HalfCheetah-v9", "HalfCheetah-v5"),
        ("dm_control/cartpole-swingupsparse-v0", "dm_control/cartpole-swingup_sparse-v0"),
    ],
)
def test_unknown_environment_is_one_line_with_the_closest_match(wrong, meant):
    with pytest.raises(UnknownEnvironmentError) as error:
        task(wrong)
    assert str(error.value) == f"unknown environment {wrong!r}: did you mean {meant!r}?"
    assert isinstance(error.value, ValueError)


@pytest.mark.parametrize("wrong", ["", "zzz\nzzz", "no_such_package:X-v0", "-v0"])
def test_unknown_environment_names_the_value(wrong):
    with pytest.raises(UnknownEnvironmentError) as error:
        task(wrong)
    assert repr(wrong) in str(error.value)
    assert "\n" not in str(error.value)


def test_an_id_is_registered_once():
    with pytest.raises(ValueError, match="'p2e-PointMaze-v0' is registered already"):
        register(dataclasses.replace(task("p2e/PointMaze-v0"), id="p2e-PointMaze-v0"))
    assert "p2e-PointMaze-v0" not in task_ids()


@pytest.mark.parametrize(
    ("environment_id", "expected"),
    [
        (
            "CartPole-v1",
            "environment 'CartPole-v1' has the action space Discrete(2); "
            "expected a Box of floats with bounds within +-1,000,000",
        ),
        (
            "FrozenLake-v1",
            "environment 'FrozenLake-v1' has the action space Discrete(4); "
            "expected a Box of floats with bounds within +-1,000,000",
        ),
    ],
)
def test_other_action_spaces_are_refused(environment_id, expected):
    with pytest.raises(UnsupportedSpaceError) as error:
        make_simulator(environment_id)
    assert str(error.value) == expected


@pytest.mark.parametrize("environment_id", task_ids())
def test_declared_facts_agree_with_gymnasium(environment_id):
    known, spec = task(environment_id), specification(environment_id)
    assert known.horizon * known.action_repeat == spec.max_episode_steps
    assert (known.reference_score is None) == (known.random_score is None)
    if known.reference_score is None or known.random_score is None:
        assert environment_id == "dm_control/acrobot-swingup_sparse-v0"  # no reference is known
    else:
        assert known.reference_score > known.random_score
        assert known.reference_source
    assert known.projection is not None and known.terminated is not None
    assert (known.success is None) == (known.success_description == "none declared")


@pytest.mark.filterwarnings("ignore:.*Box observation space (min|max)imum value is.*infinity")
@pytest.mark.filterwarnings("ignore:.*we recommend using a symmetric and normalized space")
@pytest.mark.parametrize("environment_id", task_ids())
def test_gymnasium_checker_accepts(environment_id):
    simulator = make_simulator(environment_id).unwrapped
    with mujoco_messages_as_warnings():  # the checker makes a second one
        check_env(simulator, skip_render_check=True)


def test_our_environments_pass_the_checker_without_any_warning(recwarn):
    for environment_id in task_ids():
        if environment_id.startswith("p2e/"):
            check_env(make_simulator(environment_id), skip_render_check=True)
    assert len(recwarn) == 0


def test_models_load_without_a_word_or_a_log_file(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    for environment_id in task_ids():
        make_simulator(environment_id).close()
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_other_messages_of_mujoco_become_warnings():
    import mujoco

    mujoco.set_mju_user_warning(None)  # dm_control sets one when it is imported
    with pytest.warns(RuntimeWarning, match="MuJoCo: mass is odd"), mujoco_messages_as_warnings():
        mujoco.get_mju_user_warning()("mass is odd")
    assert mujoco.get_mju_user_warning() is None


def projection_of(environment_id):
    projection = task(environment_id).projection
    assert projection is not None
    return projection


@pytest.mark.parametrize("environment_id", task_ids())
def test_projection_counts_on_its_grid(environment_id):
    projection = projection_of(environment_id)
    simulator = make_simulator(environment_id)
    first, _ = simulator.reset(seed=0)
    observations = np.stack([first, first]).astype(np.float32)[None]
    coordinates = projection(observations)
    assert coordinates.shape == (1, 2, 2)
    assert coordinates.dtype == np.float64
    assert np.all(coordinates >= projection.low)
    assert np.all(coordinates <= projection.high)
    cells = projection.cells(observations * 1e6)
    assert cells.shape == (1, 2, 2)
    assert cells.dtype == np.int64
    assert cells.min() >= 0
    assert cells.max() < projection.bins


def test_projections_know_their_coordinates():
    pendulum = projection_of("Pendulum-v1")
    down = np.array([np.cos(np.pi - 0.1), np.sin(np.pi - 0.1), -3.0])
    np.testing.assert_allclose(pendulum(down), [np.pi - 0.1, -3.0])
    np.testing.assert_array_equal(pendulum.cells(np.array([1.0, 0.001, 7.99])), [12, 23])
    cheetah = projection_of("HalfCheetah-v5")
    turned = np.zeros(17)
    turned[:2] = 0.3, 2 * np.pi + 0.5
    np.testing.assert_allclose(cheetah(turned), [0.3, 0.5])
    maze = projection_of("p2e/PointMaze-v0")
    np.testing.assert_array_equal(maze.cells(np.array([-1.99, 1.19, 5.0, 5.0])), [0, 23])


def test_success_predicates():
    no_reward, running = np.zeros(3, np.float32), np.zeros(3, np.bool_)
    upright = task("Pendulum-v1").success
    assert upright is not None
    angle = np.deg2rad([7.9, 8.1, -7.9])
    pendulum = np.stack([np.cos(angle), np.sin(angle), [0.09, 0.0, -0.11]], axis=1)
    found = upright(pendulum.astype(np.float32), no_reward, running)
    np.testing.assert_array_equal(found, [True, False, False])
    at_goal = task("MountainCarContinuous-v0").success
    assert at_goal is not None
    ended = np.array([True, False, True])
    np.testing.assert_array_equal(at_goal(np.zeros((3, 2), np.float32), no_reward, ended), ended)
    in_goal = task("p2e/PointMaze-v0").success
    assert in_goal is not None
    reward = np.array([0, 1, 0], np.float32)
    found = in_goal(np.zeros((3, 4), np.float32), reward, running)
    np.testing.assert_array_equal(found, [False, True, False])


@pytest.mark.parametrize(
    ("environment_id", "episodes"),
    [
        ("Pendulum-v1", 25),
        ("Hopper-v5", 60),
        ("InvertedPendulum-v5", 60),
        ("HalfCheetah-v5", 4),
        ("Humanoid-v5", 60),
        ("Walker2d-v5", 60),
        ("p2e/PointMaze-v0", 10),
    ],
)
def test_registered_random_scores_are_what_a_random_policy_gets(environment_id, episodes):
    score = measure(environment_id, episodes, seed=7)
    assert len(score.returns) == len(score.lengths) == episodes
    tolerance = 4 * score.standard_error
    registered = task(environment_id).random_score
    assert registered is not None and abs(score.mean - registered) <= tolerance


def test_random_scores_program_prints_one_row_a_task(capsys):
    main(["Pendulum-v1", "--episodes", "2", "--seed", "3"])
    first = capsys.readouterr().out
    header, row = first.splitlines()
    values = dict(zip(header.split(","), row.split(","), strict=True))
    assert values["environment"] == "Pendulum-v1"
    assert values["mean_length"] == "200.0"
    assert float(values["mean_return"]) == round(measure("Pendulum-v1", 2, 3).mean, 3)
    main(["Pendulum-v1", "--episodes", "2", "--seed", "3"])
    assert capsys.readouterr().out == first


@pytest.mark.parametrize("environment_id", ["MountainCarContinuous-v0", "p2e/WeakMountainCar-v0"])
def test_where_doing_nothing_is_better_than_random_actions_it_is_declared(environment_id):
    known = task(environment_id)
    idle = measure(environment_id, 5, seed=7, idle=True)
    assert known.random_score is not None and known.random_score < idle.mean
    assert known.idle_score == idle.mean and idle.successes == 0


@pytest.mark.parametrize("environment_id", task_ids())
def test_declared_scores_are_within_the_possible_returns(environment_id):
    known = task(environment_id)
    if known.return_range is not None:
        low, high = known.return_range
        scores = (known.random_score, known.idle_score, known.reference_score)
        assert all(low <= score <= high for score in scores if score is not None)
