"""The files of the films: their paths, and what the report shows of them."""

import io
import json
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from reporting.tables.run_folder import COMPLETE
from reporting.tables.summary import Summary
from reporting.text import slug
from runs.files import FILM, FILM_FACTS, POLICY, STILL
from suites.requested_runs import RequestedRun

# The most bytes of films in the page: base64 adds a third, and the rest of the page needs room.
MOST_BYTES = 6_000_000


def film_folder(requested: RequestedRun) -> Path:
    """The folder of the film of a task and algorithm, within the reports folder."""
    return Path("films", slug(requested.environment), requested.algorithm)


@dataclass(frozen=True)
class Film:
    """What a film shows: the median episode of the median seed of a task and algorithm."""

    environment: str
    algorithm: str
    seed: int
    episode: int
    episode_return: float
    length: int
    success: bool
    every: int
    drawn: bool


@dataclass(frozen=True)
class Images:
    """A film's animation, its last and its first image, as URLs for an image element."""

    film: str
    still: str
    first: str


def read_films(folder: Path | None, summary: Summary) -> dict[tuple[str, str], tuple[Film, Images]]:
    """The films of the suite's complete runs, by task and algorithm.

    A film of another policy than the runs' belongs to an earlier run and is left out. Films
    that would make the page too large are not embedded but linked by their file's URL.

    Raises ValueError for a film in which nothing moves.
    """
    found: dict[tuple[str, str], tuple[Film, Images]] = {}
    policies = {
        json.loads(run["files"]).get(POLICY) for run in summary.runs if run["status"] == COMPLETE
    }
    room = MOST_BYTES
    for environment in summary.environments:
        for algorithm in summary.algorithms:
            place = f"{slug(environment)}/{algorithm}"
            if folder is None or not (folder / place / FILM_FACTS).is_file():
                continue
            facts = json.loads((folder / place / FILM_FACTS).read_text(encoding="utf-8"))
            if facts.get("policy", "") not in policies:
                continue
            film = (folder / place / FILM).read_bytes()
            if not moves(film):
                raise ValueError(f"{folder / place / FILM}: no frame differs from the first")
            still = (folder / place / STILL).read_bytes()
            room -= len(film) + len(still)
            images = Images(
                film=_address(film) if room >= 0 else f"films/{place}/{FILM}",
                still=_address(still),
                first=_address(first_frame(film)),
            )
            found[environment, algorithm] = (_film(environment, algorithm, facts), images)
    return found


def moves(film: bytes) -> bool:
    """Whether some frame differs from the first: WebP keeps one image for several equal ones."""
    with Image.open(io.BytesIO(film)) as image:
        return getattr(image, "n_frames", 1) > 1


def first_frame(film: bytes) -> bytes:
    """The first frame as a still image."""
    stream = io.BytesIO()
    with Image.open(io.BytesIO(film)) as image:
        image.convert("RGB").save(stream, format="WEBP", quality=80)
    return stream.getvalue()


def _address(image: bytes) -> str:
    return f"data:image/webp;base64,{b64encode(image).decode()}"


def _film(environment: str, algorithm: str, facts: dict[str, object]) -> Film:
    return Film(
        environment=environment,
        algorithm=algorithm,
        seed=int(str(facts["seed"])),
        episode=int(str(facts["episode"])),
        episode_return=float(str(facts["return"])),
        length=int(str(facts["length"])),
        success=bool(facts["success"]),
        every=int(str(facts["every"])),
        drawn=bool(facts["drawn"]),
    )
