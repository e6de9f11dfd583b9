"""Films of the synthetic runs of the report's tests."""

import json

from PIL import Image

from reporting.text import slug
from runs.films.film_frames import SIZE, encode


def write_films(suite, folder, size=0):
    """A film for the first run of each task and algorithm, at least `size` bytes large."""
    first: dict[tuple[str, str], int] = {}
    for place, run in enumerate(suite.suite["runs"]):
        first.setdefault((run["environment"], run["algorithm"]), place)
    film, still = encode([Image.new("RGB", SIZE, shade) for shade in ("grey", "black")])
    for (environment, algorithm), place in first.items():
        path = suite.folder(place) / "manifest.json"
        if not path.is_file():
            continue
        target = folder / slug(environment) / algorithm
        target.mkdir(parents=True)
        # WebP readers ignore bytes after the image.
        (target / "film.webp").write_bytes(film.ljust(size, b"\0"))
        (target / "still.webp").write_bytes(still)
        facts = {
            "seed": 0,
            "episode": 3,
            "return": 12.5,
            "length": 200,
            "success": True,
            "every": 4,
        }
        manifest = json.loads(path.read_text(encoding="utf-8"))
        facts |= {"drawn": True, "policy": manifest["files"]["policy.safetensors"]}
        (target / "film.json").write_text(json.dumps(facts), encoding="utf-8")
