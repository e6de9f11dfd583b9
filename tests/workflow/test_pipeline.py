"""Real runs of Snakemake and DVC on the smoke suite: each is a no-op after the other.

The suite is trained once, in a copy of the project; all tests work on the result.
"""

import json
import re
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.helpers.suites.pipeline_project import NOTHING, Project, copy_of_the_project
from tests.helpers.suites.synthetic_training import trained_earlier

ONCE = ("aggregate", "verify", "figures", "report", "all")
EVALUATION_AND_BELOW = {"evaluate": 12, "film": 6, **dict.fromkeys(ONCE, 1)}
SEEDS = "seeds:\n  count: "


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The smoke suite, trained by Snakemake: the only real execution of the whole pipeline."""
    folder, home = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("home")
    project = copy_of_the_project(folder, home, "smoke")
    project.run("snakemake", "--cores", "2", "--show-failed-logs")
    return project


@dataclass(frozen=True)
class Versioned:
    """The finished project under DVC, and what the first two `dvc repro` printed.

    verdict: of the comparison with published numbers, of which there are none yet.
    """

    project: Project
    files_before: dict[str, int]
    first: str
    second: str
    verdict: str


@pytest.fixture(scope="session")
def versioned(finished: Project) -> Versioned:
    before = finished.files()
    file = finished.folder / "results" / "smoke" / "summary" / "verification.json"
    verdict = json.loads(file.read_text())["verdict"]
    first, second = finished.run("dvc", "repro"), finished.run("dvc", "repro")
    return Versioned(finished, before, first, second, verdict)


@pytest.fixture(scope="session")
def clone(versioned: Versioned, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A clone of a release in another folder, with the files from `dvc pull`: the remote is in it.

    The release has its dvc.lock, and the suite is published.
    """
    original = versioned.project
    original.run("python", "workflow/scripts/publishing/publish.py", "--suite", "smoke")
    original.run("dvc", "repro", "--force")  # the report now tells what is published
    original.run("dvc", "push")
    original.commit()
    original.run("git", "tag", "release")
    folder = tmp_path_factory.mktemp("elsewhere") / "clone"
    origin = ("--branch", "release", str(original.folder))
    original.run("git", "clone", "--quiet", *origin, str(folder))
    cloned = Project(folder, original.environment)
    cloned.run("dvc", "pull")
    return cloned


def test_the_smoke_suite_makes_every_file(finished: Project) -> None:
    runs = finished.folder / "results" / "smoke" / "runs"
    names = {
        *("training.csv", "evaluation.csv", "losses.csv", "coverage.npz"),
        *("open_loop.csv", "predictions.csv"),
        *("policy.safetensors", "manifest.json", "final.csv"),
    }
    folders = sorted(runs.glob("*/*/*"))
    assert len(folders) == 12
    for folder in folders:
        assert {path.name for path in folder.iterdir()} == names
    page = (finished.folder / "reports" / "smoke" / "index.html").read_text()
    assert "Plan2Explore" in page


def test_what_jobs_need_is_measured_and_asked_for(finished: Project) -> None:
    tables = (finished.folder / "results" / "smoke" / "benchmarks").glob("*/*/*/*.tsv")
    measured = {table: table.read_text().split("\t")[2] for table in tables}
    assert len(measured) == 24 and set(measured.values()) == {"max_rss"}
    with finished.edited("params.yaml", SEEDS + "2", SEEDS + "3"):
        plan = finished.run("snakemake", "--dry-run")
    asked = set(re.findall(r"runtime=(\d+), mem_mb=(\d+)", plan))
    # Half an hour and 0.3 s for each of 450 steps; the evaluation.
    assert asked == {("32", "1200"), ("60", "1200")}


def test_snakemake_has_nothing_to_do_again(finished: Project) -> None:
    assert finished.planned_jobs() == {}


def test_snakemake_s_own_report_has_captions_and_categories(
    finished: Project, tmp_path: Path
) -> None:
    archive = tmp_path / "report.zip"
    finished.run("snakemake", "--report", str(archive))
    with zipfile.ZipFile(archive) as files:
        page = files.read("report/report.html").decode()
    for category in ("Figures", "Films", "Report", "Tables"):
        assert f'"{category}": {{' in page
    assert "A figure of the suite <strong>smoke</strong>" in page
    assert "One episode of plan2explore on p2e-PointMaze-v0" in page


def test_dvc_after_snakemake_runs_no_job(versioned: Versioned) -> None:
    assert NOTHING in versioned.first
    assert versioned.project.files() == versioned.files_before


def test_dvc_after_dvc_runs_nothing(versioned: Versioned) -> None:
    for stage in ("benchmark", "policies", "verify"):
        assert f"Stage '{stage}' didn't change, skipping" in versioned.second


def test_snakemake_after_dvc_has_nothing_to_do(versioned: Versioned) -> None:
    assert versioned.project.planned_jobs() == {}


def test_git_is_left_clean(clone: Project) -> None:
    assert clone.run("git", "status", "--porcelain") == ""


def test_snakemake_in_a_clone_has_nothing_to_do(clone: Project) -> None:
    assert clone.planned_jobs() == {}


def test_dvc_in_a_clone_runs_nothing(clone: Project) -> None:
    before = clone.files()
    said = clone.run("dvc", "repro")
    for stage in ("benchmark", "policies", "verify"):
        assert f"Stage '{stage}' didn't change, skipping" in said
    assert clone.files() == before


def test_the_policies_of_a_release_are_evaluated_anew(clone: Project) -> None:
    said = clone.run("dvc", "repro", "--force", "--single-item", "policies")
    assert "Every policy has the score that was recorded." in said
    assert verified_tasks(said) == {"Pendulum-v1", "p2e-PointMaze-v0"}
    assert clone.run("git", "status", "--porcelain") == ""


def test_published_policies_are_verified_and_a_changed_byte_is_refused(clone: Project) -> None:
    verify = ("python", "workflow/scripts/verify_policies.py", "published/smoke")
    said = clone.run(*verify)
    assert said.count("2 seeds equal") == 6
    assert verified_tasks(said) == {"Pendulum-v1", "p2e-PointMaze-v0"}
    policy = clone.folder / "published/smoke/runs/Pendulum-v1/sac/0/policy.safetensors"
    whole = policy.read_bytes()
    policy.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    said = clone.run(*verify, fails=True)
    assert "Pendulum-v1: mbpo 2 seeds equal;" in said and "sac FAILED: policy" in said
    assert said.count("2 seeds equal") == 5
    # DVC brings the published one back.
    clone.run("dvc", "checkout", "--force", "published/smoke/runs.dvc")
    assert policy.read_bytes() == whole


def test_a_changed_byte_in_the_remote_is_not_pulled(clone: Project, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    clone.run("git", "clone", "--quiet", str(clone.folder), str(folder))
    other = Project(folder, clone.environment)
    largest = max((folder / "published/store").rglob("*"), key=lambda path: path.stat().st_size)
    largest.chmod(0o644)
    largest.write_bytes(largest.read_bytes()[:-1] + b"?")
    assert "failed to pull" in other.run("dvc", "pull", fails=True).lower()


def test_one_policy_is_got_from_the_repository(clone: Project, tmp_path: Path) -> None:
    path = "runs/p2e-PointMaze-v0/plan2explore/1/policy.safetensors"
    target = tmp_path / "policy.safetensors"
    clone.run("dvc", "get", str(clone.folder), f"published/smoke/{path}", "-o", str(target))
    assert target.read_bytes() == (clone.folder / "results/smoke" / path).read_bytes()
    said = clone.run("python", "workflow/scripts/play.py", str(target))
    assert said.startswith("seed 1, episode 0: return ")


def verified_tasks(said: str) -> set[str]:
    """The tasks that have a line in what verify_policies.py printed."""
    return set(re.findall(r"^(\S+): mbpo .*; plan2explore .*; sac ", said, re.MULTILINE))


def test_dvc_draws_the_learning_curves_and_the_differences(clone: Project) -> None:
    drawn = json.loads(clone.run("dvc", "plots", "show", "--json"))
    assert "errors" not in drawn
    assert {Path(name).name for name in drawn["data"]} == {"learning_curves.csv", "differences.csv"}
    for plots in drawn["data"].values():
        assert all(plot["content"]["data"]["values"] for plot in plots)


@pytest.mark.parametrize("file", ["evaluate.py", "runs/trained_policy.py"])
def test_a_comment_in_the_evaluation_trains_nothing(clone: Project, file: str) -> None:
    """The scores decide what is filmed."""
    with clone.with_a_comment(f"workflow/scripts/{file}"):
        assert clone.planned_jobs() == EVALUATION_AND_BELOW


def test_a_comment_in_an_algorithm_trains_only_that_algorithm(clone: Project) -> None:
    with clone.with_a_comment("p2e/algorithms/mbpo.py"):
        jobs = clone.planned_jobs()
    assert (jobs["train"], jobs["evaluate"]) == (4, 4)


def test_more_seeds_train_only_the_new_ones(clone: Project) -> None:
    with clone.edited("params.yaml", SEEDS + "2", SEEDS + "3"):
        jobs = clone.planned_jobs()
    assert (jobs["train"], jobs["evaluate"]) == (6, 6)


def test_fewer_seeds_train_nothing(clone: Project) -> None:
    with clone.edited("params.yaml", SEEDS + "2", SEEDS + "1"):
        assert clone.planned_jobs().keys() == {"describe_suite", "film", *ONCE}


def test_a_missing_policy_is_trained_again(clone: Project) -> None:
    path = clone.folder / "results" / "smoke" / "runs" / "Pendulum-v1" / "sac" / "0"
    aside = path / "aside"
    (path / "policy.safetensors").rename(aside)
    jobs = clone.planned_jobs()
    aside.rename(path / "policy.safetensors")
    assert jobs["train"] == 1


def test_a_typo_is_one_line_and_nothing_is_written(clone: Project) -> None:
    before = clone.files()
    with clone.edited("params.yaml", SEEDS, SEEDS.replace("count", "cout")):
        output = clone.run("snakemake", "--cores", "2", fails=True)
    line = "error: params.yaml: unknown key 'seeds.cout' (value 2): did you mean 'count'?\n"
    assert output == line
    assert clone.files() == before


def test_another_revision_and_back_again(clone: Project) -> None:
    """A revision with another report: `dvc checkout` restores the first, up to date."""
    page = clone.folder / "reports" / "smoke" / "index.html"
    with clone.with_a_comment("workflow/scripts/report.py"):
        output = clone.run("dvc", "repro")
        assert "Running stage 'benchmark'" in output
        assert clone.planned_jobs() == {}
        page.write_text(page.read_text() + "<!-- another revision -->\n")
        clone.run("dvc", "commit", "--force")
        clone.commit()
    clone.run("git", "checkout", "--quiet", "--force", "HEAD~1")
    clone.run("dvc", "checkout")
    assert "another revision" not in page.read_text()
    assert clone.planned_jobs() == {}
    assert "Data and pipelines are up to date" in clone.run("dvc", "status")


def test_without_published_numbers_the_verification_says_so(versioned: Versioned) -> None:
    assert versioned.verdict == "nothing to compare"


def test_reproduced_numbers_are_compared_with_the_published_ones(clone: Project) -> None:
    published = clone.folder / "published" / "smoke"
    runs = published / "runs.csv"
    runs.write_text(trained_earlier(runs.read_text()))
    assert clone.planned_jobs() == {"verify": 1, "report": 1, "all": 1}
    # Publishing changes what is compared with, and must not make the lock of a release stale.
    assert "Stage 'benchmark' didn't change, skipping" in clone.run("dvc", "repro")
    clone.run("snakemake", "--cores", "2")
    assert "All 12 scores agree with the published ones: 12 equal" in clone.run("dvc", "repro")
    assert clone.planned_jobs() == {}
    assert "Data and pipelines are up to date" in clone.run("dvc", "status")
    statistics = json.loads((published / "statistics.json").read_text())
    statistics["cells"][0]["seeds"][0]["final"] += 1e-9
    (published / "statistics.json").write_text(json.dumps(statistics))
    clone.run("snakemake", "--cores", "2")
    output = clone.run("dvc", "repro", fails=True)
    assert "differs" in output
    # The twelve, and over both tasks the mean of the algorithm that is not the same.
    assert "1 of 13 scores disagree" in output
    assert clone.planned_jobs() == {}
    shutil.rmtree(published)
    clone.run("snakemake", "--cores", "2")
    assert "there is nothing to compare with" in clone.run("dvc", "repro")


def test_a_half_finished_suite_has_a_report_that_names_what_is_missing(clone: Project) -> None:
    results, reports = clone.folder / "results" / "smoke", clone.folder / "half"
    run = results / "runs" / "Pendulum-v1" / "sac" / "1"
    half = clone.folder / "half_results"
    shutil.copytree(results, half, ignore=shutil.ignore_patterns("summary"))
    shutil.rmtree(half / run.relative_to(results))
    summary, scripts = str(half / "summary"), "workflow/scripts"
    config = f"{summary}/suite.json"
    figures = str(reports / "figures")
    clone.run("python", f"{scripts}/suite.py", "--output", config)
    output = clone.run(
        "python", f"{scripts}/aggregate.py", "--results", str(half), "--config", config
    )
    assert "11 complete, 1 missing" in output
    clone.run("python", f"{scripts}/figures.py", "--summary", summary, "--output", figures)
    clone.run(
        *("python", f"{scripts}/report.py", "--summary", summary),
        *("--figures", figures, "--output", str(reports)),
    )
    assert "missing" in (reports / "index.html").read_text()
