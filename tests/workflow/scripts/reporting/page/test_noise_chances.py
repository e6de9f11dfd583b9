"""The report's table of chances that undirected noise meets the reward."""

from envs.tools.action_noise import EXPONENTS
from envs.tools.noise_table import NoiseChance, read_table
from reporting.page.noise_chances import noise_chances
from reporting.page.templates import template_environment
from tests.helpers.html_page import Page

TEMPLATE = (
    '{% from "macros.html.jinja" import plain_cell with context %}{% include "noise.html.jinja" %}'
)
MAZE, CAR = "p2e/PointMaze-v0", "MountainCarContinuous-v0"


def rendered(chances):
    environment = template_environment()
    environment.filters["on_strip"] = lambda interval: None  # of another macro in that file
    return Page(environment.from_string(TEMPLATE).render(noise_chances=chances))


def test_measured_tasks_come_in_the_order_of_the_suite():
    found = noise_chances([CAR, "Hopper-v5", MAZE, "Unknown-v0"])
    assert [environment for environment, _ in found] == [CAR, MAZE]
    table = read_table()
    assert found[1][1] == [table[MAZE, noise] for noise in EXPONENTS]


def test_the_table_shows_seeds_and_median_steps():
    white = NoiseChance(MAZE, "white", 8000, 10, 0, 400, 0, None)
    pink = NoiseChance(MAZE, "pink", 8000, 10, 6, 400, 9, 4321.0)
    red = NoiseChance(MAZE, "red", 8000, 10, 10, 400, 30, 1500.5)
    page = rendered([(MAZE, [white, pink, red])])
    assert page.unbalanced == [] and page.open == []
    words = " ".join(page.visible.split())
    assert "10 noise seeds each" in words
    assert "Pink noise, seeds of 10" in words
    assert words.endswith(f"{MAZE} 8,000 0 \N{EN DASH} 6 4,321 10 1,500")


def test_without_a_measured_task_there_is_no_table():
    assert rendered([]).visible.strip() == ""
