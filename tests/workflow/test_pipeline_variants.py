"""Real runs of variants with Snakemake: their code, settings, folders and report."""

import json

import pytest
import yaml

from tests.helpers.suites.pipeline_project import Project, copy_of_the_project

CASES = ["plan2explore", "plan2explore-novelty"]
TINY = {
    "suite": "tiny",
    "algorithms": CASES,
    "variants": {CASES[1]: {"exploration": {"bonus": "novelty"}}},
    "seeds": {"count": 1},
    "tasks": [{"environment": "Pendulum-v1", "steps": 240}],
    "training": {"warmup_steps": 200},
}
SUITE = "workflow/suites/tiny.yaml"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project with results of the tiny suite, which overrides the smoke suite."""
    folder, home = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("home")
    project = copy_of_the_project(folder, home, "smoke")
    (project.folder / SUITE).write_text(yaml.safe_dump(TINY))
    project.run("snakemake", "--cores", "2", "--show-failed-logs", "--configfile", SUITE)
    return project


def manifest(project: Project, case: str) -> dict[str, object]:
    path = project.folder / "results" / "tiny" / "runs" / "Pendulum-v1" / case / "0"
    found: dict[str, object] = json.loads((path / "manifest.json").read_text())
    return found


def test_each_case_trains_its_algorithm_with_its_settings(project: Project) -> None:
    manifests = {case: manifest(project, case) for case in CASES}
    assert {found["algorithm"] for found in manifests.values()} == {"plan2explore"}
    sections = {case: found["config"]["plan2explore"] for case, found in manifests.items()}  # type: ignore[index]
    plain = sections[CASES[0]]
    assert sections[CASES[1]] == plain | {
        "exploration": plain["exploration"] | {"bonus": "novelty"}
    }
    digests = [found["files"]["losses.csv"] for found in manifests.values()]  # type: ignore[index]
    assert len(set(digests)) == len(CASES)


def test_the_report_holds_every_case(project: Project) -> None:
    text = (project.folder / "reports" / "tiny" / "statistics.json").read_text()
    statistics = json.loads(text)
    assert [(cell["algorithm"], cell["n"]) for cell in statistics["cells"]] == [
        (case, 1) for case in CASES
    ]
    assert "against novelty" in statistics["headline"]["sentence"]
    assert {film["algorithm"] for film in statistics["films"]} == set(CASES)


def test_nothing_is_to_be_done_again(project: Project) -> None:
    assert project.planned_jobs("--configfile", SUITE) == {}


def test_a_changed_variant_trains_itself_alone(project: Project) -> None:
    with project.edited(SUITE, "bonus: novelty", "bonus: observation-disagreement"):
        jobs = project.planned_jobs("--configfile", SUITE)
    assert (jobs["train"], jobs["evaluate"], jobs["film"]) == (1, 1, 1)


def test_a_comment_in_the_algorithm_trains_its_variants_too(project: Project) -> None:
    with project.with_a_comment("p2e/algorithms/plan2explore/joint.py"):
        assert project.planned_jobs("--configfile", SUITE)["train"] == len(CASES)


def test_a_variant_of_no_algorithm_is_one_line(project: Project) -> None:
    with project.edited(SUITE, f"{CASES[1]}:", "plan2explor-x:"):
        output = project.run("snakemake", "--cores", "1", "--configfile", SUITE, fails=True)
    last = output.splitlines()[-1]
    assert last.startswith("error: ") and f"{SUITE}: 'algorithms[1]' is '{CASES[1]}'" in last
