"""axe-core, which finds what keeps people out of a page; npm fetches it."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

PACKAGE = "axe-core-4.14.1"
DIGEST = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
# axe leaves the size of targets to be asked for.
OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
WITHOUT_WAITING = ("--prefer-offline", "--fetch-retries=0", "--fetch-timeout=20000")


def fetch_axe(folder: Path) -> str:
    """The script, from npm's cache or its registry; without npm and network the test is skipped."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm was found: axe-core comes from there")
    name, version = PACKAGE.rsplit("-", maxsplit=1)
    command = [npm, "pack", f"{name}@{version}", "--silent", *WITHOUT_WAITING]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"npm could not fetch {PACKAGE}: {done.stderr.strip()[-200:]}")
    archive = folder / f"{PACKAGE}.tgz"
    digest = hashlib.sha512(archive.read_bytes()).digest()
    assert base64.b64encode(digest).decode() == DIGEST, f"{archive}: not the package that was read"
    with tarfile.open(archive) as package:
        script = package.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()


def violations(page: Page, axe: str) -> list[tuple[str, str]]:
    """What axe finds in a page: each rule that is broken, with the element that breaks it."""
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", OPTIONS)
    return [
        (rule["id"], node["html"][:200]) for rule in found["violations"] for node in rule["nodes"]
    ]
