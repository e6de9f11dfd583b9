"""The report's table of chances that noise alone meets the reward."""

from types import SimpleNamespace

from envs.tools.action_noise import EXPONENTS
from envs.tools.noise_table import read_table
from reporting.tables.noise import NoiseOfColour, TaskNoise, task_noise
from reporting.templates import template_environment
from tests.helpers.pages.html_page import Page

TEMPLATE = (
    '{% from "macros.html.jinja" import plain_cell, scroll with context %}'
    '{% include "details/noise.html.jinja" %}'
)
MAZE, CAR = "p2e/PointMaze-v0", "MountainCarContinuous-v0"


def rendered(noise):
    environment = template_environment()
    environment.filters["on_strip"] = lambda interval: None  # of another macro in that file
    return Page(environment.from_string(TEMPLATE).render(statistics=SimpleNamespace(noise=noise)))


def test_measured_tasks_come_in_the_order_of_the_suite():
    found = task_noise([CAR, "Hopper-v5", MAZE, "Unknown-v0"])
    assert [item.environment for item in found] == [CAR, MAZE]
    table = read_table()
    for colour, noise in zip(found[1].colours, EXPONENTS, strict=True):
        row = table[MAZE, noise]
        assert (colour.noise, colour.seeds, colour.seeds_met) == (noise, row.seeds, row.seeds_met)
        assert (colour.low, colour.high) == row.interval
        assert colour.median_first_step == row.median_first_step


def test_the_table_shows_seeds_and_median_steps():
    white = NoiseOfColour("white", 10, 0, 0.0, 0.31, None)
    pink = NoiseOfColour("pink", 10, 6, 0.26, 0.88, 4321.0)
    red = NoiseOfColour("red", 10, 10, 0.69, 1.0, 1500.5)
    page = rendered([TaskNoise(MAZE, 8000, (white, pink, red))])
    assert page.unbalanced == [] and page.open == []
    words = " ".join(page.visible.split())
    assert "10 noise seeds each" in words
    assert "Pink noise, seeds of 10" in words
    assert words.endswith(f"{MAZE} 8,000 0 \N{EN DASH} 6 4,321 10 1,500")


def test_without_a_measured_task_there_is_no_table():
    assert rendered([]).visible.strip() == ""
