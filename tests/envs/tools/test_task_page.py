"""docs/tasks.md and its pictures are complete and current."""

import dataclasses
import os
import subprocess
import sys
from typing import Any

import imageio.v3 as imageio
import numpy as np
import pytest

from envs import task, task_ids
from envs.simulation.make import make_simulator
from envs.tools import task_page
from envs.tools.controllers import CONTROLLERS
from envs.tools.noise_table import NoiseChance
from envs.tools.pictures import frame
from envs.tools.task_page import by_chance, generated, noise_chance
from tests.helpers.pages.generated_page import check_page
from tests.helpers.paths import ROOT

DOCS = ROOT / "docs"
SPARSE = [environment_id for environment_id in task_ids() if environment_id in CONTROLLERS]
DENSE = ["HalfCheetah-v5", "Hopper-v5", "Humanoid-v5", "InvertedPendulum-v5", "Pendulum-v1"]
DENSE += ["Walker2d-v5"]


def test_the_page_is_current_and_its_beginning_is_kept(tmp_path, capsys):
    check_page(task_page, DOCS / "tasks.md", tmp_path, capsys)


@pytest.mark.parametrize("environment_id", SPARSE)
def test_every_sparse_task_has_a_small_picture(environment_id):
    path = DOCS / "tasks" / f"{task(environment_id).slug}.png"
    assert path.stat().st_size < 30_000
    picture = imageio.imread(path)
    assert picture.shape[:2] == (240, 488)
    assert np.abs(picture[:, :240].astype(int) - picture[:, 248:]).max() > 60  # something moved
    assert f"](tasks/{path.name})" in generated()


@pytest.mark.parametrize("environment_id", DENSE)
def test_every_dense_task_has_a_small_picture_of_its_start(environment_id):
    path = DOCS / "tasks" / f"{task(environment_id).slug}.png"
    assert path.stat().st_size < 12_000
    picture = imageio.imread(path)
    assert picture.shape[:2] == (240, 240)
    assert np.ptp(picture) > 60  # something is seen
    assert f"](tasks/{path.name})" in generated()


def test_the_half_cheetah_is_large_enough_to_be_seen():
    picture = imageio.imread(DOCS / "tasks" / "p2e-SparseHalfCheetah-v0.png").astype(int)
    skin = picture[..., 0] - picture[..., 2] > 40
    assert skin[:, :240].sum() > 500 and skin[:, 248:].sum() > 500


def test_no_picture_is_left_over():
    names = {path.stem for path in (DOCS / "tasks").iterdir()}
    assert names == {task(environment_id).slug for environment_id in (*SPARSE, *DENSE)}


def test_chance_in_words():
    maze = task("p2e/PointMaze-v0")

    def words(successes: tuple[int, int] | None) -> str:
        return by_chance(dataclasses.replace(maze, random_successes=successes))

    assert words(None) == "not measured"
    assert words((0, 2000)) == "0 of 2,000 episodes (20 times 20,000 steps)"
    # 100 episodes of 200 steps: 1 - 0.99^100 = 0.634
    assert words((20, 2000)) == "20 of 2,000 episodes; within 20,000 steps with probability 63%"
    assert by_chance(task("Hopper-v5")) == "no success condition"


def test_chances_of_noise_in_words():
    met = NoiseChance("A-v0", "pink", 8000, 10, 10, 101, 62, 767.5)
    words = "10 of 10 seeds (69% to 100%), median step 768; 62 of 101 episodes"
    assert noise_chance(met) == words
    unmet = NoiseChance("A-v0", "white", 8000, 10, 0, 2000, 0, None)
    assert noise_chance(unmet) == "0 of 10 seeds (0% to 31%); 0 of 2,000 episodes"


def test_mountain_car_is_drawn_without_its_own_library():
    pictures = []
    for seed in (0, 1):
        simulator = make_simulator("MountainCarContinuous-v0")
        simulator.reset(seed=seed)
        pictures.append(frame("MountainCarContinuous-v0", simulator))
    assert pictures[0].shape == (240, 240, 3)
    assert not np.array_equal(pictures[0], pictures[1])


def test_the_rod_of_the_pendulum_is_where_its_angle_says():
    simulator: Any = make_simulator("Pendulum-v1")
    simulator.reset(seed=0)
    for angle, rows in ((0.0, slice(0, 110)), (np.pi, slice(130, 240))):
        simulator.unwrapped.state = np.array([angle, 0.0])
        picture = frame("Pendulum-v1", simulator)
        dark = picture[..., 0] < 100
        assert dark[rows].sum() > 500 and dark[rows].sum() / dark.sum() > 0.8


DRAW = """
import sys, mujoco
try:
    mujoco.GLContext(8, 8).free()
except Exception as error:
    sys.exit(f"no OpenGL: {error!r}")
from envs.tools.pictures import main
main(sys.argv[1:])
"""


def test_pictures_can_be_drawn_again(tmp_path):
    pytest.importorskip("OpenGL", exc_type=ImportError)
    environment_id = "p2e/SparseReacher-v0"
    done = subprocess.run(
        [sys.executable, "-c", DRAW, str(tmp_path), environment_id],
        env={**os.environ, "MUJOCO_GL": "egl", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    if "no OpenGL" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    name = f"{task(environment_id).slug}.png"
    drawn, kept = imageio.imread(tmp_path / name), imageio.imread(DOCS / "tasks" / name)
    assert np.mean(np.abs(drawn.astype(int) - kept)) < 3
