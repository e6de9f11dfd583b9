"""What is published here is whole: every file that DVC's files name is in the store."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from tests.helpers.paths import ROOT

PUBLISHED = ROOT / "published"
STORE = PUBLISHED / "store" / "files" / "md5"
SUITES = sorted(file.parent for file in PUBLISHED.glob("*/statistics.json"))


def stored(digest: str) -> bytes:
    """A file of the store, after checking that it is the one that its name says."""
    content = (STORE / digest[:2] / digest[2:]).read_bytes()
    assert hashlib.md5(content, usedforsecurity=False).hexdigest() == digest.removesuffix(".dir")
    return content


def files_of(digest: str) -> dict[str, str]:
    """The digest of each file of a folder, by its path there."""
    return {file["relpath"]: file["md5"] for file in json.loads(stored(digest))}


def digest_of_runs(suite: Path) -> str:
    (runs,) = yaml.safe_load((suite / "runs.dvc").read_text())["outs"]
    assert runs["remote"] == "store"
    return str(runs["md5"])


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_every_run_is_in_the_store_as_its_manifest_says(suite: Path) -> None:
    files = files_of(digest_of_runs(suite))
    told = json.loads((suite / "statistics.json").read_text())["runs"]
    paths = {run["path"].removeprefix("runs/") for run in told if run["status"] == "complete"}
    manifests = {path for path in files if path.endswith("/manifest.json")}
    assert {path.removesuffix("/manifest.json") for path in manifests} == paths
    for path in files:
        stored(files[path])
    for path in manifests:
        folder = path.removesuffix("manifest.json")
        for name, digest in json.loads(stored(files[path]))["files"].items():
            if (digest_there := files.get(folder + name)) is not None:
                assert hashlib.sha256(stored(digest_there)).hexdigest() == digest, folder + name
            else:  # docs/reproducibility.md: what older publications lack
                assert name in ("checkpoint.pt", "predictions.csv"), folder + name


def test_the_store_holds_nothing_that_nobody_names() -> None:
    """`dvc gc --workspace --cloud --remote store` removes what does not belong there."""
    named = {digest_of_runs(suite) for suite in SUITES}
    lock = ROOT / "dvc.lock"  # at the tag of a release
    if lock.is_file():
        stages = yaml.safe_load(lock.read_text())["stages"].values()
        named |= {out["md5"] for stage in stages for out in stage.get("outs", [])}
    folders = [digest for digest in named if digest.endswith(".dir")]
    named |= {digest for folder in folders for digest in files_of(folder).values()}
    assert {"".join(path.parts[-2:]) for path in STORE.glob("*/*")} == named
