"""What the first screen shows beside the verdict: the agents, the tasks, what is not known."""

import io
import tomllib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image

from program.repository import ROOT
from reporting.figures.findings import first_group
from reporting.inference.intervals import Count
from reporting.page.answer.task_pictures import task_picture
from reporting.statistics.analysis import Statistics
from reporting.tables.costs import CostTotal
from reporting.tables.film_files import Film, Images
from reporting.templates import TEMPLATES
from reporting.text import size_range
from suites.variants import base_algorithm

MOST_NAMED = 6  # cases whose counts fit under a picture
FRAME = 24  # the lightest grey of what MuJoCo draws around an arena, of 255


@dataclass(frozen=True)
class Agent:
    """One algorithm: what it is in words, its paper, its solved runs and its cost."""

    algorithm: str
    words: str
    paper: str
    solved: Count | None
    cost: CostTotal | None


def agents(statistics: Statistics) -> list[Agent]:
    """The cases of the suite; words and paper are given once for each algorithm."""
    known = tomllib.loads((TEMPLATES / "algorithms.toml").read_text(encoding="utf-8"))
    costs = {total.algorithm: total for total in statistics.cost_totals}
    group = first_group(statistics) if statistics.groups else None
    found = []
    for case in statistics.algorithms:
        words = known.get(case, {})
        aggregate = group.of(case) if group else None
        solved = aggregate.solved if aggregate else None
        of = words.get("words", ""), words.get("paper", "")
        found.append(Agent(case, *of, solved, costs.get(case)))
    return found


@dataclass(frozen=True)
class Tile:
    """One task of the strip: its picture, if there is one, and the solved seeds of each case."""

    environment: str
    name: str
    picture: str
    counts: tuple[tuple[str, Count | None], ...]


def tiles(
    statistics: Statistics, films: Mapping[tuple[str, str], tuple[Film, Images]]
) -> list[Tile]:
    """The tasks of the suite. The first image of a rendered film comes before the picture of the
    task, and that before a drawn one."""
    cases = statistics.algorithms
    if len(cases) > MOST_NAMED:
        cases = tuple(case for case in cases if case == base_algorithm(case))
    found = []
    for environment, facts in statistics.facts.items():
        mine = [shown for case, shown in films.items() if case[0] == environment]
        rendered = [images.first for film, images in mine if not film.drawn]
        drawn = [images.first for film, images in mine if film.drawn]
        known = _picture(environment)
        picture = next(filter(None, [*rendered, known, *drawn]), "")
        counts = [(case, statistics.cell(environment, case).solved) for case in cases]
        found.append(Tile(environment, facts.name, picture, tuple(counts)))
    return found


def _picture(environment: str) -> str:
    """The right half of a task's picture, where its goal is reached, or the start, 4:3, as an
    address for an image element; empty without a picture."""
    file = task_picture(environment)
    if file is None:
        return ""
    stream = io.BytesIO()
    with Image.open(ROOT / file) as image:
        half = image.convert("RGB").crop((image.width - image.height, 0, image.width, image.height))
        on_tile(half).save(stream, format="PNG")
    return f"data:image/png;base64,{b64encode(stream.getvalue()).decode()}"


def on_tile(square: Image.Image) -> Image.Image:
    """A square picture as one of 4:3: all that its dark frame surrounds, or without a frame its
    middle."""
    side = square.width
    inside = square.convert("L").point(lambda light: 255 * (light > FRAME)).getbbox()
    if inside is None or inside[2] - inside[0] == side:
        return square.crop((0, side // 8, side, side - side // 8))
    width, height = inside[2] - inside[0], inside[3] - inside[1]
    tile = Image.new("RGB", (max(width, height * 4 // 3), max(height, width * 3 // 4)))
    tile.paste(square.crop(inside), ((tile.width - width) // 2, (tile.height - height) // 2))
    return tile


def limits(statistics: Statistics) -> list[tuple[str, str]]:
    """What the answer cannot tell, as (what it is about, sentence), with the numbers filled in."""
    sizes = [cell.n for cell in statistics.cells if cell.n]
    steps = statistics.budgets.values()
    known = {
        "<seeds>": size_range(min(sizes, default=0), max(sizes, default=0), "seed"),
        "<steps>": _range_of_steps(min(steps), max(steps)),
    }
    found = []
    for text in statistics.limits:
        for name, written in known.items():
            text = text.replace(name, written)
        about, _, sentence = text.partition(": ")
        found.append((about, sentence[:1].upper() + sentence[1:]))
    return found


def _range_of_steps(least: int, most: int) -> str:
    return f"{least:,} steps" if least == most else f"{least:,} to {most:,} steps"
