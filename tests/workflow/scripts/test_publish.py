"""`make publish`: all of a suite except checkpoints, with valid links, or nothing at all."""

import re
import shutil

import pytest

from publish import PublishError, publish, refuse_tuning_seeds
from tests.helpers.html_page import Page
from tests.workflow.scripts.reporting.page.test_html_page import build
from tests.workflow.scripts.reporting.page.test_synthetic_suite import SyntheticTask, write_suite


@pytest.fixture
def root(tmp_path):
    """A repository with the report of one suite."""
    suite = write_suite(tmp_path / "results" / "mini", [SyntheticTask("A-v0")], seeds=2)
    build(suite, tmp_path / "reports" / "mini")
    return tmp_path


def files_below(folder):
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def test_everything_but_checkpoints_is_published(root):
    folder = publish("mini", root)
    runs = files_below(root / "results" / "mini" / "runs")
    checkpoints = {path for path in runs if path.name == "checkpoint.pt"}
    assert checkpoints and files_below(folder / "runs") == runs - checkpoints
    assert files_below(folder / "figures") == files_below(root / "reports" / "mini" / "figures")
    assert files_below(folder / "summary") == files_below(root / "results" / "mini" / "summary")
    assert [path.name for path in (root / "published").iterdir()] == ["mini"]


def test_every_link_to_a_file_leads_there(root):
    folder = publish("mini", root)
    page = (folder / "index.html").read_text(encoding="utf-8")
    files = re.findall(r'href="([^"#:]+)"', page)
    assert any(link.endswith("training.csv") for link in files)
    assert all((folder / link).is_file() for link in files)
    assert "checkpoint.pt" in Page(page).visible


@pytest.mark.parametrize("missing", ["reports/mini/index.html", "results/mini/runs"])
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
