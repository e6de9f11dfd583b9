"""`make publish`: what cannot be made from anything else, or nothing; `make site`: the rest."""

import re
import shutil

import pytest

from publishing.build_site import build_suite
from publishing.publish import PublishError, publish, refuse_tuning_seeds
from suites.requested_runs import SuiteError
from tests.helpers.pages.html_page import Page
from tests.workflow.scripts.reporting.page.test_html_page import build
from tests.workflow.scripts.reporting.page.test_synthetic_suite import SyntheticTask, write_suite


@pytest.fixture
def suite(tmp_path):
    return write_suite(tmp_path / "results" / "mini", [SyntheticTask("A-v0")], seeds=2)


@pytest.fixture
def root(suite, tmp_path):
    """A repository with the report of one suite."""
    build(suite, tmp_path / "reports" / "mini")
    return tmp_path


def files_below(folder):
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def test_what_is_primary_is_published_policies_too(root):
    folder = publish("mini", root)
    runs = files_below(root / "results" / "mini" / "runs")
    assert {path.name for path in runs} >= {"policy.safetensors", "manifest.json", "final.csv"}
    assert files_below(folder / "runs") == runs
    others = {path for path in files_below(folder) if path.parts[0] not in ("runs", "films")}
    assert {path.name for path in others} == {"statistics.json", "suite.json", "runs.csv"}
    assert [path.name for path in (root / "published").iterdir()] == ["mini"]


def test_the_site_is_made_from_what_is_published_alone(suite, root):
    before = (root / "reports/mini/statistics.json").read_bytes()
    folder = publish("mini", root)
    shutil.rmtree(root / "results")
    page = build_suite(folder, root / "site" / "mini", suite.facts_of)
    assert (page.parent / "statistics.json").read_bytes() == before
    assert (page.parent / "summary/final.csv").is_file()
    assert files_below(page.parent / "figures") == files_below(root / "reports/mini/figures")


def test_every_link_of_the_site_leads_to_a_file(suite, root):
    page = build_suite(publish("mini", root), root / "site" / "mini", suite.facts_of)
    pages = (page, page.with_name("details.html"))
    answer, details = (one.read_text(encoding="utf-8") for one in pages)
    files = re.findall(r'href="([^"#:]+)"', answer + details)
    assert any(link.endswith("training.csv") for link in files)
    # The documents and the other suites are beside the suite, and made by other programs.
    around = {link for link in files if link.startswith("../")}
    assert {"../docs/method.html", "../README.html"} <= around
    assert all((page.parent / link).is_file() for link in set(files) - around)
    assert not any(link.startswith("../../") or link.endswith(".md") for link in around)
    # Its digest is told, but the site does not hold it.
    assert "policy.safetensors" in Page(details).visible
    assert not list(page.parent.rglob("policy.safetensors"))


def test_a_report_leads_to_the_first_page_of_the_site(suite, root):
    page = build_suite(publish("mini", root), root / "site" / "mini", suite.facts_of)
    text = page.read_text(encoding="utf-8")
    assert Page(text).all("a").count({"href": "../index.html"}) == 1


def test_a_site_without_the_runs_says_where_they_are(suite, root):
    folder = publish("mini", root)
    shutil.rmtree(folder / "runs")
    with pytest.raises(
        SuiteError, match=r"mini/runs: missing; `dvc pull` brings the published runs"
    ):
        build_suite(folder, root / "site" / "mini", suite.facts_of)


@pytest.mark.parametrize("missing", ["reports/mini/statistics.json", "results/mini/runs"])
def test_what_was_published_stays_where_something_is_missing(root, missing):
    folder = publish("mini", root)
    before = files_below(folder)
    path = root / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(PublishError, match=f"there is no {missing}: write the report first"):
        publish("mini", root)
    assert files_below(folder) == before


def test_only_complete_runs_and_nothing_of_a_stopped_training_is_published(root):
    runs = root / "results" / "mini" / "runs"
    for stray in ("task-0/sac/0/unfinished/training.csv", "task-0/sac/0.state/state.pt"):
        (runs / stray).parent.mkdir(parents=True)
        (runs / stray).write_text("half")
    folder = publish("mini", root)
    assert (folder / "runs/task-0/sac/0/training.csv").is_file()
    assert not any({"unfinished", "0.state"} & set(p.parts) for p in files_below(folder))


@pytest.mark.parametrize("seeds", ["0", "99", "1000", "0-9", "2000-2002"])
def test_seeds_that_nothing_was_chosen_on_are_published(seeds):
    refuse_tuning_seeds([{"path": "runs/a", "seeds": seeds}])


@pytest.mark.parametrize("seeds", ["100", "999", "95-104", "0,500"])
def test_seeds_for_tuning_are_not(seeds):
    with pytest.raises(PublishError, match="runs/b has seeds for tuning"):
        refuse_tuning_seeds([{"path": "runs/a", "seeds": "0"}, {"path": "runs/b", "seeds": seeds}])


def test_a_report_of_other_runs_is_not_published(root):
    table = root / "results" / "mini" / "summary" / "runs.csv"
    rows = table.read_text(encoding="utf-8").splitlines(keepends=True)
    table.write_text("".join(rows[:-1]), encoding="utf-8")
    with pytest.raises(PublishError, match="tells of other runs than results/mini/summary"):
        publish("mini", root)
