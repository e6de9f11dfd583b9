"""What stands on the first screen, and the small drawings of the table."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import aggregate
from reporting.page.answer.first_screen import agents, limits, on_tile, tiles
from reporting.page.answer.small_drawings import WIDTH, dots, sparkline
from reporting.statistics.analysis import analyse
from reporting.tables.film_files import Film, Images
from reporting.tables.summary import read_summary
from tests.workflow.scripts.reporting.page.test_synthetic_suite import SyntheticTask, write_suite

MAZE = "p2e/PointMaze-v0"


@pytest.fixture(scope="module")
def statistics(tmp_path_factory):
    tasks = [
        SyntheticTask(MAZE),
        SyntheticTask("Foreign-v1", sparse=False, scores_known=False, projected=False),
    ]
    suite = write_suite(tmp_path_factory.mktemp("first") / "results", tasks, seeds=3)
    aggregate.main(["--results", str(suite.results), "--config", str(suite.config)])
    return analyse(read_summary(suite.results / "summary"), suite.facts_of)


def test_agents_have_words_solved_runs_and_costs(statistics):
    found = agents(statistics)
    assert [agent.algorithm for agent in found] == ["sac", "mbpo", "plan2explore"]
    for agent in found:
        cell = statistics.cell(MAZE, agent.algorithm)
        assert agent.words and agent.paper.startswith("https://arxiv.org/abs/")
        assert agent.solved == cell.solved
        # Each of six runs takes ten seconds, twice or three times that.
        times = 1 + [each.algorithm for each in found].index(agent.algorithm)
        assert agent.cost is not None and agent.cost.hours == pytest.approx(60 * times / 3600)


def film(drawn):
    return Film(MAZE, "sac", 0, 0, 1.0, 9, True, 1, drawn), Images("film", "still", "first")


def test_a_rendered_film_comes_before_a_picture_and_a_picture_before_a_drawing(statistics):
    maze, foreign = tiles(statistics, {})
    assert maze.picture.startswith("data:image/png") and foreign.picture == ""
    assert [solved for _, solved in foreign.counts] == [None] * 3
    assert tiles(statistics, {(MAZE, "sac"): film(drawn=False)})[0].picture == "first"
    assert tiles(statistics, {(MAZE, "sac"): film(drawn=True)})[0].picture == maze.picture
    elsewhere = {("Foreign-v1", "sac"): film(drawn=True)}
    assert tiles(statistics, elsewhere)[1].picture == "first"


def test_limits_have_their_numbers_filled_in(statistics):
    given = replace(statistics, limits=("Seeds: <seeds> of <steps> each.", "no colon"))
    assert limits(given) == [("Seeds", "3 seeds of 2,000 steps each."), ("no colon", "")]


def test_dots_are_where_the_scores_are(statistics):
    cell = statistics.cell(MAZE, "plan2explore")
    shown = dots(statistics, cell)
    zero, one = float(shown.zero or 0), float(shown.one or 0)
    scores = [seed.normalised for seed in cell.seeds]
    found = [(float(place) - zero) / (one - zero) for place in shown.places]
    assert found == pytest.approx(scores, abs=0.002)
    assert min(map(float, shown.places)) >= 0 and max(map(float, shown.places)) <= WIDTH


def test_without_a_scale_dots_span_the_returns_of_the_task(statistics):
    cells = [statistics.cell("Foreign-v1", name) for name in statistics.algorithms]
    shown = [dots(statistics, cell) for cell in cells]
    places = [float(place) for one in shown for place in one.places]
    returns = [seed.final for cell in cells for seed in cell.seeds]
    assert shown[0].zero is None
    assert np.argsort(places).tolist() == np.argsort(returns).tolist()


def test_a_sparkline_has_a_point_for_each_evaluation(statistics):
    points = [p.split(",") for p in sparkline(statistics, MAZE, "plan2explore").split()]
    across, down = ([float(point[i]) for point in points] for i in (0, 1))
    assert len(points) == 6 and across == sorted(across)
    assert down[-1] < down[0]  # it rises


def test_a_tile_shows_all_that_a_dark_frame_surrounds():
    framed = Image.new("RGB", (100, 100), (9, 9, 9))
    framed.paste((200, 0, 0), (10, 5, 90, 95))
    tile = on_tile(framed)
    assert (tile.width, tile.height) == (120, 90)
    assert tile.getcolors() == [(80 * 90, (200, 0, 0)), (40 * 90, (0, 0, 0))]


def test_a_tile_of_a_picture_without_a_frame_is_its_middle():
    whole = Image.new("RGB", (80, 80), (200, 0, 0))
    whole.paste((0, 200, 0), (0, 10, 80, 70))
    assert on_tile(whole).getcolors() == [(80 * 60, (0, 200, 0))]
    assert on_tile(Image.new("RGB", (80, 80))).size == (80, 60)
