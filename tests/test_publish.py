"""`make publish`: all of a suite but its checkpoints, links that lead somewhere, or nothing."""

import re
import shutil

import pytest

from publish import PublishError, publish
from tests.html_page import Page
from tests.test_report_page import build
from tests.test_report_synthetic import SyntheticTask, write_suite


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
