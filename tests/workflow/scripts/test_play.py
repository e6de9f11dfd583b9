"""play.py: the returns of the final evaluation, films, a window, and its one-line errors."""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageGrab, ImageSequence

import play
from envs import task
from envs.simulation.make import make_simulator
from p2e.config import ConfigError
from p2e.storage.checkpoint import CheckpointError
from runs.films.final_episodes import final_episodes
from runs.trained_policy import read_manifest, settings_of_manifest
from tests.helpers.paths import SCRIPTS

SETTINGS = {
    "training": {"warmup_steps": 20, "evaluation_interval": 40, "evaluation_episodes": 1},
    "sac": {"agent": {"hidden": [8], "batch_size": 8}},
}
HAS_ENCODER = find_spec("imageio_ffmpeg") is not None


def run(
    name: str, *arguments: str, code: int = 0, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """A program in a process of its own, without a display unless it is given one."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / name), *arguments],
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


def said_by(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[str]:
    """What play.py prints, line by line, in this process: starting another takes seconds."""
    play.main([str(argument) for argument in arguments])
    return capsys.readouterr().out.splitlines()


def error_of(*arguments: object) -> str:
    """The message of play.py's one-line error, with which run_program ends it."""
    with pytest.raises((ConfigError, CheckpointError)) as raised:
        play.main([str(argument) for argument in arguments])
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.fixture(scope="module", params=["Pendulum-v1", "p2e/PointMaze-v0"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run of SAC with two seeds, and its final evaluation of three episodes."""
    return train(request.param, tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def maze(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train("p2e/PointMaze-v0", tmp_path_factory.mktemp("run") / "maze")


@pytest.fixture
def headless(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


def train(environment: str, folder: Path) -> Path:
    task = ("--algorithm", "sac", "--environment", environment, "--device", "cpu")
    settings = ("--steps", "40", "--seeds", "100,102", "--settings", json.dumps(SETTINGS))
    run("train.py", *task, *settings, "--output", str(folder))
    run("evaluate.py", "--run", str(folder), "--episodes", "3")
    return folder


def final_scores(folder: Path) -> list[dict[str, str]]:
    with (folder / "final.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.usefixtures("headless")
@pytest.mark.parametrize("seed", ["100", "102"])
def test_the_returns_are_those_of_the_final_evaluation(
    trained: Path, seed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = said_by(capsys, trained, "--episodes", 3, "--seed", seed)
    rows = [row for row in final_scores(trained) if row["seed"] == seed]
    assert printed[:-1] == [
        f"seed {seed}, episode {row['episode']}: return {row['return']} in {row['length']} steps"
        for row in rows
    ]
    assert printed[-1].startswith("play.py: no window: there is no display (DISPLAY and")


def test_an_episode_is_repeated_exactly(trained: Path) -> None:
    environment = json.loads((trained / "manifest.json").read_text())["environment"]
    simulator = make_simulator(environment)
    observe = getattr(simulator, "_observation", None) or simulator._get_obs  # type: ignore[attr-defined]
    policy, settings = trained / "policy.safetensors", settings_of_manifest(read_manifest(trained))
    for episode in final_episodes(policy, settings, 2, torch.device("cpu"))[1:3]:
        assert len(episode.actions) == episode.result.length == 200
        assert len(episode.observations) == 201
        for step in episode.repeat(task(environment), simulator):
            assert np.array_equal(np.float32(observe()), episode.observations[step])


def test_a_film_is_of_the_seed_that_was_asked_for(maze: Path, tmp_path: Path) -> None:
    films = []
    for seed in ("100", "102"):
        film = tmp_path / "new" / f"{seed}.webp"
        said = run("play.py", str(maze), "--seed", seed, "--film", str(film)).stdout
        assert said.startswith(f"seed {seed}, episode 0: return 0.0") and "no window" not in said
        with Image.open(film) as image:
            assert image.format == "WEBP"
            assert sum(1 for _ in ImageSequence.Iterator(image)) > 5
        films.append(film.read_bytes())
    assert films[0] != films[1]


def test_a_film_as_mp4_has_every_step(maze: Path, tmp_path: Path) -> None:
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    said = run("play.py", str(maze), "--film", str(tmp_path / "film.mp4")).stdout
    frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "film.mp4"))
    # An episode of 200 steps of 0.05 s; the drawn path has every fourth of them.
    assert frames == (51 if "drawn" in said else 200)
    assert seconds == pytest.approx(10.0, abs=0.3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seed", "101"], "'--seed' is 101, expected one of the run's: 100, 102"),
        (["--episodes", "0"], "'--episodes' is 0, expected a number greater than 0"),
        (["--film", "film.gif"], "'--film' is 'film.gif', expected a file ending in .webp or .mp4"),
        pytest.param(
            ["--film", "film.mp4"],
            "mp4 needs a package that is not installed: pip install imageio-ffmpeg; a .webp works",
            marks=pytest.mark.skipif(HAS_ENCODER, reason="imageio-ffmpeg is installed"),
        ),
    ],
)
def test_a_wrong_option_is_one_line(maze: Path, arguments: list[str], message: str) -> None:
    assert message in error_of(maze, *arguments)


def test_a_run_without_its_policy_names_its_command(maze: Path, tmp_path: Path) -> None:
    shutil.copy(maze / "manifest.json", tmp_path)
    command = "this trains it: python workflow/scripts/train.py --algorithm sac"
    assert f"has no policy; {command}" in error_of(tmp_path)


@pytest.mark.usefixtures("headless")
def test_a_policy_alone_is_played(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = shutil.copy(trained / "policy.safetensors", tmp_path / "one.safetensors")
    assert said_by(capsys, alone, "--episodes", 3) == said_by(capsys, trained, "--episodes", 3)


def test_a_file_that_is_no_policy_is_one_line(maze: Path) -> None:
    assert "is damaged, or not one of this program" in error_of(maze / "final.csv")


def test_a_manifest_without_settings_is_one_line(maze: Path, tmp_path: Path) -> None:
    shutil.copy(maze / "policy.safetensors", tmp_path)
    files = json.loads((maze / "manifest.json").read_text())["files"]
    (tmp_path / "manifest.json").write_text(json.dumps({"files": files}))
    assert "manifest.json holds no usable 'config'" in error_of(tmp_path)


def test_a_policy_of_another_run_is_refused(maze: Path, tmp_path: Path) -> None:
    shutil.copy(maze / "manifest.json", tmp_path)
    (tmp_path / "policy.safetensors").write_bytes(b"another")
    assert "is damaged or of another run" in error_of(tmp_path)


def test_a_folder_that_is_no_run_ends_the_program_in_one_line(tmp_path: Path) -> None:
    error = run("play.py", str(tmp_path), code=2).stderr
    assert error.startswith("play.py: error: cannot read") and error.count("\n") == 1


def test_a_display_that_does_not_answer_is_one_line(maze: Path) -> None:
    said = run("play.py", str(maze), DISPLAY=":1234567").stdout.splitlines()
    assert said[-1].startswith("play.py: no window: no window can be opened on this display")


@pytest.fixture
def display() -> Iterator[str]:
    """A screen that is drawn in memory."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    number = server.stdout.readline().strip()
    if not number:
        pytest.skip("Xvfb does not start here")
    yield f":{number}"
    server.terminate()
    server.communicate()


def test_an_episode_is_shown_in_a_window(maze: Path, display: str) -> None:
    playing = subprocess.Popen(
        [sys.executable, str(SCRIPTS / "play.py"), str(maze)],
        env=os.environ | {"DISPLAY": display},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    pictures: set[bytes] = set()
    while playing.poll() is None:
        screen = ImageGrab.grab(xdisplay=display)
        if len(screen.getcolors(screen.width * screen.height) or ()) > 50:
            pictures.add(screen.tobytes())
        time.sleep(0.2)
    said, error = playing.communicate()
    assert playing.returncode == 0, error
    if "no window can be opened" in said:
        pytest.skip(said.splitlines()[-1])
    assert "no window" not in said
    assert len(pictures) > 2  # it moves
