"""A suite with an algorithm and an environment of other packages, with Snakemake: trained,
reported, and trained again after an edit of their own files alone."""

import json

import pytest
import yaml

from tests.acceptance.any_environment import write_package
from tests.helpers.foreign_algorithm import NAME, write_example
from tests.helpers.suites.pipeline_project import Project, copy_of_the_project

ENVIRONMENT = "temporary_package:Rolling-v0"
CASES = ["sac", NAME, f"{NAME}-no-change"]
TINY = {
    "suite": "tiny",
    "algorithms": CASES,
    NAME: {"noise": 0.5},
    "variants": {CASES[2]: {"noise": 1.0e-6}},
    "seeds": {"count": 1},
    "tasks": [
        {"environment": "Pendulum-v1", "steps": 240},
        {"environment": ENVIRONMENT, "steps": 240, "task": {"coverage": {}}},
    ],
    "training": {"warmup_steps": 100},
}
SUITE = ("--configfile", "workflow/suites/tiny.yaml")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project whose suite tiny is finished; the package is in `outside`."""
    folder, home = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("home")
    project = copy_of_the_project(folder, home, "smoke")
    write_example(home / "outside")
    write_package(home / "outside")
    project.environment["PYTHONPATH"] = str(home / "outside")
    (project.folder / SUITE[1]).write_text(yaml.safe_dump(TINY))
    project.run("snakemake", "--cores", "2", "--show-failed-logs", *SUITE)
    return project


def test_its_runs_are_in_the_report(project: Project) -> None:
    page = project.folder / "reports" / "tiny"
    statistics = json.loads((page / "statistics.json").read_text())
    cells = [(cell["algorithm"], cell["n"]) for cell in statistics["cells"]]
    assert sorted(cells) == sorted((case, 1) for case in CASES * 2)
    of_environment = {c["environment"] for c in statistics["cells"]}
    assert of_environment == {"Pendulum-v1", ENVIRONMENT}
    assert {film["algorithm"] for film in statistics["films"]} == set(CASES)
    text = (page / "index.html").read_text()
    assert f"{NAME}, no change" in text
    assert "because a random or a reference score is not known" in " ".join(text.split())


def test_nothing_is_to_be_done_again(project: Project) -> None:
    assert project.planned_jobs(*SUITE) == {}


def test_an_edit_of_its_module_trains_its_runs_alone(project: Project) -> None:
    outside = project.environment["PYTHONPATH"]
    with project.edited(f"{outside}/my_package/hill_climbing.py", "torch.tanh", "torch.sin"):
        jobs = project.planned_jobs(*SUITE)
    assert (jobs["train"], jobs["evaluate"], jobs["film"]) == (4, 4, 4)


def test_an_edit_of_the_environment_trains_its_runs_alone(project: Project) -> None:
    package = f"{project.environment['PYTHONPATH']}/temporary_package/__init__.py"
    with project.edited(package, "0.2 * wind", "0.3 * wind"):
        jobs = project.planned_jobs(*SUITE)
    assert (jobs["train"], jobs["evaluate"], jobs["film"]) == (3, 3, 3)


def test_a_score_that_becomes_known_trains_nothing(project: Project) -> None:
    scores = "coverage: {}\n    random_score: -9.0\n    reference_score: 0.0"
    with project.edited(SUITE[1], "coverage: {}", scores):
        jobs = project.planned_jobs(*SUITE)
    assert not {"train", "evaluate", "film"} & jobs.keys()
    assert "report" in jobs


def test_an_edit_of_another_algorithm_does_not_train_them(project: Project) -> None:
    with project.with_a_comment("p2e/algorithms/sac.py"):
        assert project.planned_jobs(*SUITE)["train"] == 2


def test_an_edit_of_what_it_imports_trains_all(project: Project) -> None:
    with project.with_a_comment("p2e/nn/generators.py"):
        assert project.planned_jobs(*SUITE)["train"] == 2 * len(CASES)


def test_without_the_package_one_line_says_so(project: Project) -> None:
    outside = project.environment.pop("PYTHONPATH")
    try:
        output = project.run("snakemake", "--cores", "1", *SUITE, fails=True)
    finally:
        project.environment["PYTHONPATH"] = outside
    last = output.splitlines()[-1]
    assert last.startswith("error: ")
    assert f"{SUITE[1]}: cannot import the algorithm '{NAME}': No module named" in last
