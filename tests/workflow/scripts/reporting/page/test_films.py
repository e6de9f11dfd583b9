"""Films: of the run's policy, small, drawn if rendering is impossible, still until clicked."""

import csv
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageSequence

import aggregate
import report
from envs import Task
from program.renderer import choose_renderer
from reporting.figures.figure_set import INDEX
from reporting.tables.film_files import read_films
from reporting.tables.summary import read_summary
from runs.films.film_frames import (
    MOST_BYTES,
    MOST_FRAMES,
    SIZE,
    FrameSampler,
    draw_curve,
    draw_path,
    encode,
)
from runs.films.filmed_episode import EmptyFilmError, Film, film_of, rendering_simulator
from tests.helpers.films.synthetic_films import write_films
from tests.helpers.pages.html_page import Page
from tests.helpers.paths import ROOT, SCRIPTS
from tests.helpers.suites.synthetic_training import ALGORITHMS
from tests.workflow.scripts.reporting.page.test_html_page import build
from tests.workflow.scripts.reporting.page.test_synthetic_suite import SyntheticTask, write_suite

SETTINGS = {
    "training": {"warmup_steps": 20, "evaluation_interval": 40, "evaluation_episodes": 1},
    "sac": {"agent": {"hidden": [8], "batch_size": 8}},
}


def program(name, *arguments, **environment):
    """Run one of the programs in a separate process; returns its output."""
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / name), *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A short run of SAC in the maze, with its final evaluation."""
    folder = tmp_path_factory.mktemp("run") / "maze"
    settings = ("--steps", "40", "--seeds", "100-102", "--settings", json.dumps(SETTINGS))
    task = ("--algorithm", "sac", "--environment", "p2e/PointMaze-v0")
    program("train.py", *task, *settings, "--output", str(folder))
    program("evaluate.py", "--run", str(folder), "--episodes", "3")
    return folder


def facts_of(folder):
    return json.loads((folder / "film.json").read_text(encoding="utf-8"))


def frames_of(file):
    with Image.open(file) as image:
        assert image.format == "WEBP" and image.size == SIZE
        return sum(1 for _ in ImageSequence.Iterator(image))


def filmed_row(run, facts):
    """The row of final.csv that a film shows."""
    with (run / "final.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    (row,) = (
        row
        for row in rows
        if (int(row["seed"]), int(row["episode"])) == (facts["seed"], facts["episode"])
    )
    return row


def test_the_film_shows_an_episode_of_the_final_evaluation(run, tmp_path):
    program("film.py", "--runs", str(run), "--output", str(tmp_path))
    facts = facts_of(tmp_path)
    row = filmed_row(run, facts)
    assert (facts["length"], facts["return"]) == (int(row["length"]), float(row["return"]))
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert facts["policy"] == manifest["files"]["policy.safetensors"]
    # 200 steps: every fourth is the first spacing of which no more than 60 are needed.
    assert (facts["every"], facts["frames"]) == (4, 51 if facts["drawn"] else 50)
    # WebP holds one image for several that are the same.
    assert 5 < frames_of(tmp_path / "film.webp") <= facts["frames"]
    assert frames_of(tmp_path / "still.webp") == 1
    assert (tmp_path / "film.webp").stat().st_size <= MOST_BYTES
    assert facts["drawn"] == (choose_renderer() == "disable")


def test_without_a_renderer_the_path_is_drawn(run, tmp_path):
    program("film.py", "--runs", str(run), "--output", str(tmp_path), MUJOCO_GL="disable")
    facts = facts_of(tmp_path)
    assert facts["drawn"] and facts["reason"]
    assert facts["frames"] == 51 and frames_of(tmp_path / "film.webp") > 5


def test_without_a_projection_the_return_over_the_steps_is_drawn(run, monkeypatch):
    monkeypatch.setattr("runs.settings.task_settings.TaskSettings.projection_of", lambda *_: None)
    frames, facts = film_of([run], drawn=True)
    assert (facts["drawn"], facts["every"], len(frames)) == (True, 4, 51)
    assert facts["return"] == float(filmed_row(run, facts)["return"])
    # The last point is at the right end: the whole episode is drawn.
    assert dark_pixels(frames[-1])[:, 1].max() > SIZE[0] - 15


def test_a_simulator_that_makes_no_pictures_is_no_failure(monkeypatch):
    def make(environment, render_mode, action_repeat):
        raise TypeError(f"no {render_mode}")

    monkeypatch.setattr("runs.films.filmed_episode.make_simulator", make)
    assert rendering_simulator(Task("Foreign-v1", horizon=9)) == (None, "TypeError: no rgb_array")


def test_a_jump_of_the_return_is_drawn():
    # A reward of 1 on the last of 40 steps: a line along the bottom, then up to the top.
    frames, every = draw_curve(np.array([0.0] * 40 + [1.0]))
    assert every == 1 and len(frames) == 41
    pixels = dark_pixels(frames[-1])
    assert pixels[:, 0].min() < 12 and pixels[:, 0].max() > SIZE[1] - 12
    middle = pixels[np.abs(pixels[:, 0] - SIZE[1] / 2) < 20]
    assert len(middle) > 0 and middle[:, 1].min() > SIZE[0] - 25
    flat, _ = draw_curve(np.zeros(5))
    assert dark_pixels(flat[-1])[:, 0].min() > SIZE[1] - 20


@pytest.mark.skipif(choose_renderer() == "disable", reason="nothing can be rendered here")
def test_the_camera_follows_a_body_that_runs():
    script = str(ROOT / "tests" / "helpers" / "films" / "film_of_a_runner.py")
    renderer = choose_renderer()
    pixels = program(script, "HalfCheetah-v5", "Hopper-v5", MUJOCO_GL=renderer)
    for line in pixels.splitlines():
        near, far = map(int, line.split())
        assert near > 100 and far > near / 2


@pytest.mark.skipif(choose_renderer() == "disable", reason="nothing can be rendered here")
def test_pictures_without_a_body_that_moves_are_no_film():
    faults = {
        "p2e/PointMazeLarge-v0=moving": "",
        "HalfCheetah-v5=moving": "",
        "dm_control/point_mass-easy-v0=moving": "",
        "p2e/PointMaze-v0=invisible": "no body is to be seen in 5 of 5 pictures",
        "dm_control/point_mass-easy-v0=invisible": "no body is to be seen in 5 of 5 pictures",
        "p2e/CartPoleSwingupSparse-v0=far away": "no body is to be seen in 4 of 5 pictures",
        "p2e/SparseReacher-v0=still": "the body does not move",
    }
    script = str(ROOT / "tests" / "helpers" / "films" / "film_of_a_scene.py")
    printed = program(script, *faults, MUJOCO_GL=choose_renderer()).splitlines()
    assert printed == [f"{case}: {fault}" for case, fault in faults.items()]


def test_a_film_that_shows_nothing_is_an_error(run, monkeypatch):
    empty = Film([Image.new("RGB", SIZE)], 1, "", "no body is to be seen")
    monkeypatch.setattr("runs.films.filmed_episode.film_of_episode", lambda *_: empty)
    with pytest.raises(EmptyFilmError, match="maze': no body is to be seen"):
        film_of([run], drawn=False)


@pytest.mark.parametrize("steps", [1, 59, 60, 61, 200, 1000])
def test_frames_are_spaced_evenly_over_an_episode_of_any_length(steps):
    sampler: FrameSampler[int] = FrameSampler()
    for step in range(steps):
        if sampler.wants(step):
            sampler.add(step)
    assert sampler.kept == list(range(0, steps, sampler.every))
    assert min(steps, MOST_FRAMES / 2) <= len(sampler.kept) <= MOST_FRAMES


def dark_pixels(image):
    return np.argwhere(np.asarray(image.convert("L")) < 120)


def test_the_path_is_drawn_where_it_went():
    # From the lower left corner to the middle; up in the picture is up in the projection.
    positions = np.linspace((-2.0, -1.0), (0.0, 0.0), 50)
    frames, every = draw_path(positions, (-2.0, -1.0), (2.0, 1.0))
    assert every == 1 and len(frames) == 50
    assert dark_pixels(frames[0]).mean(axis=0) == pytest.approx((172, 8), abs=2)
    middle = dark_pixels(frames[-1])
    assert middle[:, 0].min() == pytest.approx(90, abs=6)
    assert middle[:, 1].max() == pytest.approx(120, abs=6)


def test_an_angle_that_wraps_draws_no_line_across():
    frames, _ = draw_path(np.array([(-3.1, 0.0), (3.1, 0.0)]), (-3.2, -1.0), (3.2, 1.0))
    columns = dark_pixels(frames[-1])[:, 1]
    assert columns.min() > 200


def test_a_film_stays_small_whatever_it_shows():
    noise = np.random.default_rng(0).integers(0, 256, (MOST_FRAMES, 180, 240, 3), dtype=np.uint8)
    film, still = encode([Image.fromarray(frame) for frame in noise])
    assert len(film) <= MOST_BYTES
    with Image.open(io.BytesIO(film)) as image:
        assert 1 < sum(1 for _ in ImageSequence.Iterator(image)) < MOST_FRAMES
    assert len(still) < MOST_BYTES


@pytest.fixture
def suite(tmp_path):
    """A suite as large as the published one in tasks and algorithms, with a film for each."""
    tasks = [SyntheticTask(f"p2e/Task{place}-v0") for place in range(9)]
    suite = write_suite(tmp_path / "results", tasks, seeds=1, evaluations=3)
    write_films(suite, tmp_path / "films", MOST_BYTES)
    return suite


def page_with_films(suite, tmp_path):
    """The page without figures, which are drawn slowly and tested elsewhere."""
    aggregate.main(["--results", str(suite.results), "--config", str(suite.config)])
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / INDEX).write_text("[]", encoding="utf-8")
    summary, figures = str(suite.results / "summary"), str(tmp_path / "figures")
    films, output = str(tmp_path / "films"), str(tmp_path / "report")
    arguments = ["--summary", summary, "--figures", figures, "--films", films, "--output", output]
    report.main(arguments, suite.facts_of)
    return (tmp_path / "report" / "index.html").read_text(encoding="utf-8")


def test_the_page_with_all_films_stays_below_its_limit(suite, tmp_path):
    html = page_with_films(suite, tmp_path)
    page = Page(html)
    films = [img for img in page.all("img") if "the path of one episode" in img["alt"]]
    assert len(films) == 27 and all(img["src"].startswith("data:image/webp") for img in films)
    # The figures and runs of nine tasks with ten seeds were measured at 4.1 MB.
    assert 27 * MOST_BYTES < len(html) < 15_000_000 - 5_000_000
    assert page.unbalanced == []
    # Nothing moves without a click: each animation is inside a closed element.
    assert all("open" not in details for details in page.all("details"))
    numbers = json.loads((tmp_path / "report" / "statistics.json").read_text(encoding="utf-8"))
    assert {(f["environment"], f["algorithm"]) for f in numbers["films"]} == {
        (task, algorithm) for task in suite.tasks for algorithm in ALGORITHMS
    }


def test_films_beyond_the_limit_are_linked(suite, tmp_path, monkeypatch):
    monkeypatch.setattr("reporting.tables.film_files.MOST_BYTES", 3 * MOST_BYTES)
    page = Page(page_with_films(suite, tmp_path))
    sources = [img["src"] for img in page.all("img") if "the path of" in img["alt"]]
    assert sum(source.startswith("data:") for source in sources) == 2
    assert sources[-1] == "films/p2e-Task8-v0/plan2explore/film.webp"


def test_a_film_of_another_policy_is_left_out(suite, tmp_path):
    file = tmp_path / "films" / "p2e-Task0-v0" / "sac" / "film.json"
    file.write_text(file.read_text().replace('"policy": "', '"policy": "0'))
    page_with_films(suite, tmp_path)
    found = read_films(tmp_path / "films", read_summary(suite.results / "summary"))
    assert len(found) == 26 and ("p2e/Task0-v0", "sac") not in found


def test_a_film_in_which_nothing_moves_is_no_film(suite, tmp_path):
    film, _ = encode([Image.new("RGB", SIZE, "grey")] * 5)
    file = tmp_path / "films" / "p2e-Task3-v0" / "mbpo" / "film.webp"
    file.write_bytes(film)
    with pytest.raises(ValueError, match=r"Task3-v0/mbpo/film\.webp: no frame differs"):
        page_with_films(suite, tmp_path)


def test_without_films_there_is_no_section(tmp_path):
    suite = write_suite(tmp_path / "results", [SyntheticTask("A-v0")], seeds=1, evaluations=3)
    assert "Films of the trained policies" not in build(suite, tmp_path / "report")
