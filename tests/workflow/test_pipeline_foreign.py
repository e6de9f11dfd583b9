"""A suite with an algorithm of another package, with Snakemake: trained, reported, and trained
again after an edit of its own files alone."""

import json

import pytest
import yaml

from tests.helpers.foreign_algorithm import NAME, write_example
from tests.helpers.pipeline_project import Project, copy_of_the_project

CASES = ["sac", NAME, f"{NAME}-no-change"]
TINY = {
    "suite": "tiny",
    "algorithms": CASES,
    NAME: {"noise": 0.5},
    "variants": {CASES[2]: {"noise": 1.0e-6}},
    "seeds": {"count": 1},
    "tasks": [{"environment": "Pendulum-v1", "steps": 240}],
    "training": {"warmup_steps": 100},
}
SUITE = ("--configfile", "workflow/suites/tiny.yaml")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project whose suite tiny is finished; the package is in `outside`."""
    folder, home = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("home")
    project = copy_of_the_project(folder, home, "smoke")
    write_example(home / "outside")
    project.environment["PYTHONPATH"] = str(home / "outside")
    (project.folder / SUITE[1]).write_text(yaml.safe_dump(TINY))
    project.run("snakemake", "--cores", "2", "--show-failed-logs", *SUITE)
    return project


def test_its_runs_are_in_the_report(project: Project) -> None:
    page = project.folder / "reports" / "tiny"
    statistics = json.loads((page / "statistics.json").read_text())
    cells = [(cell["algorithm"], cell["n"]) for cell in statistics["cells"]]
    assert cells == [(case, 1) for case in CASES]
    assert {film["algorithm"] for film in statistics["films"]} == set(CASES)
    assert f"{NAME}, no change" in (page / "index.html").read_text()


def test_nothing_is_to_be_done_again(project: Project) -> None:
    assert project.planned_jobs(*SUITE) == {}


def test_an_edit_of_its_module_trains_its_runs_alone(project: Project) -> None:
    outside = project.environment["PYTHONPATH"]
    with project.edited(f"{outside}/my_package/hill_climbing.py", "torch.tanh", "torch.sin"):
        jobs = project.planned_jobs(*SUITE)
    assert (jobs["train"], jobs["evaluate"], jobs["film"]) == (2, 2, 2)


def test_an_edit_of_another_algorithm_does_not_train_them(project: Project) -> None:
    with project.with_a_comment("p2e/algorithms/sac.py"):
        assert project.planned_jobs(*SUITE)["train"] == 1


def test_an_edit_of_what_it_imports_trains_all(project: Project) -> None:
    with project.with_a_comment("p2e/nn/generators.py"):
        assert project.planned_jobs(*SUITE)["train"] == len(CASES)


def test_without_the_package_one_line_says_so(project: Project) -> None:
    outside = project.environment.pop("PYTHONPATH")
    try:
        output = project.run("snakemake", "--cores", "1", *SUITE, fails=True)
    finally:
        project.environment["PYTHONPATH"] = outside
    last = output.splitlines()[-1]
    assert last.startswith("error: ")
    assert f"{SUITE[1]}: cannot import the algorithm '{NAME}': No module named" in last
