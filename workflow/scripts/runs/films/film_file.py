"""A film as a file: WebP, which Pillow writes, or MP4, which needs imageio-ffmpeg."""

from importlib.util import find_spec
from pathlib import Path

import imageio.v3 as imageio
import numpy as np

from envs.simulation.make import make_simulator
from p2e.config import ConfigError
from program.atomic_file import replace_file
from runs.films.film_frames import SIZE, encode
from runs.films.filmed_episode import Film, film_of_episode
from runs.films.final_episodes import FinalEpisode
from runs.settings.run_settings import RunSettings

MP4_SIZE = (2 * SIZE[0], 2 * SIZE[1])
MP4_FRAMES = 10_000  # every step, of episodes that are no longer than this


def require_writable_film(path: Path) -> None:
    """Check the kind of a film's file before anything is computed.

    Raises:
        ConfigError: for another ending than .webp and .mp4, or for .mp4 without an encoder.
    """
    if path.suffix not in (".webp", ".mp4"):
        raise ConfigError(f"'--film' is '{path}', expected a file ending in .webp or .mp4")
    if path.suffix == ".mp4" and find_spec("imageio_ffmpeg") is None:
        raise ConfigError(
            f"'--film' is '{path}', and mp4 needs a package that is not installed: "
            "pip install imageio-ffmpeg; a .webp works without it"
        )


def write_film(path: Path, episode: FinalEpisode, settings: RunSettings) -> Film:
    """Film an episode into this file: small as WebP, larger and with every step as MP4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".webp":
        film = film_of_episode(episode, settings)
        replace_file(path, encode(film.frames)[0])
        return film
    film = film_of_episode(episode, settings, size=MP4_SIZE, most=MP4_FRAMES)
    rate = make_simulator(settings.environment).metadata.get("render_fps", 30) / film.every
    pixels = np.stack([np.asarray(frame) for frame in film.frames])
    content = imageio.imwrite(
        "<bytes>", pixels, extension=".mp4", plugin="FFMPEG", fps=rate, macro_block_size=2
    )
    replace_file(path, content)
    return film
