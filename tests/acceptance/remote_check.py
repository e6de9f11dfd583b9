"""Share results through a real SSH server and through a folder, and compare an experiment.

Requires Debian's openssh-server and requirements-remote.txt, which `make remote-check` installs.
The server listens on the loopback interface only and uses temporary keys; nothing of it outlives
the program.

DVC makes a small suite and pushes it. A clone that pulls it has identical files and nothing to do.
Damage on the remote is detected. An experiment with one more seed trains only that seed, and `dvc
metrics diff` shows what it changed.
"""

import getpass
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.helpers.suites.pipeline_project import Project, copy_of_the_project  # noqa: E402

# The DVC with SSH support, for commands that access the remote (experiments do); others use plain
# DVC.
DVC = ROOT / ".venv-remote" / "bin" / "dvc"
# StrictModes would refuse keys below the world-writable /tmp.
CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
AuthenticationMethods publickey
StrictModes no
PidFile none
Subsystem sftp internal-sftp
"""
OUTPUTS = ("results/smoke/runs", "results/smoke/summary", "reports/smoke", ".snakemake/metadata")


@dataclass(frozen=True)
class Remote:
    """Where results are pushed to: a DVC remote's URL, its settings, and its folder on disk."""

    address: str
    settings: dict[str, str]
    store: Path

    def attach(self, project: Project) -> None:
        """Make it the default remote of a clone, in the settings that git does not track."""
        project.run("dvc", "remote", "add", "--local", "--default", "shared", self.address)
        for name, value in self.settings.items():
            project.run("dvc", "remote", "modify", "--local", "shared", name, value)


def fail(message: str) -> None:
    sys.exit(f"remote_check.py: error: {message}")


def require(fact: str, holds: bool) -> None:
    """Print a statement if it holds, else exit with it."""
    if not holds:
        fail(f"not so: {fact}")
    print(f"  {fact}", flush=True)


def find_programs() -> str:
    """The path of sshd; exits with one line if something is missing."""
    sshd = shutil.which("sshd", path=os.pathsep.join([os.environ["PATH"], "/usr/sbin"]))
    if sshd is None:
        fail("sshd was not found: install Debian's openssh-server")
    if not DVC.exists():
        fail(f"{DVC.relative_to(ROOT)} was not found: `make remote-check` sets it up")
    return str(sshd)


def answers(port: int) -> bool:
    """Whether something listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def ssh_remote(sshd: str, folder: Path) -> Iterator[Remote]:
    """A remote on an SSH server that this program starts, with all files in a folder."""
    folder.mkdir()
    for name in ("host_key", "user_key"):
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(key, check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "sshd_config").write_text(CONFIG.format(port=port, folder=folder))
    separation = Path("/run/sshd")  # sshd requires it when run as root; normally init makes it
    made = os.geteuid() == 0 and not separation.exists()
    if made:
        separation.mkdir(mode=0o755)
    with (folder / "sshd.log").open("w") as log:
        command = [sshd, "-D", "-e", "-f", str(folder / "sshd_config")]
        server = subprocess.Popen(command, stderr=log)
        try:
            deadline = time.monotonic() + 20
            while not answers(port):
                if server.poll() is not None or time.monotonic() > deadline:
                    fail(f"sshd did not start: {(folder / 'sshd.log').read_text().strip()}")
                time.sleep(0.1)
            address = f"ssh://{getpass.getuser()}@127.0.0.1:{port}{folder}/store"
            yield Remote(address, {"keyfile": str(folder / "user_key")}, folder / "store")
        finally:
            server.terminate()
            server.wait()
            if made:
                separation.rmdir()


def small_project(folder: Path, home: Path) -> Project:
    """One seed of SAC on one task, made by DVC and committed."""
    folder.mkdir()
    home.mkdir()
    project = copy_of_the_project(folder, home, "smoke")
    path = folder / "params.yaml"
    parameters = yaml.safe_load(path.read_text()) | {"algorithms": ["sac"], "device": "cpu"}
    parameters["tasks"] = [{"environment": "Pendulum-v1", "steps": 400}]
    parameters["seeds"]["count"] = 1
    path.write_text(yaml.safe_dump(parameters))
    project.run("dvc", "repro")
    project.commit()
    return project


def clone_with(remote: Remote, original: Project, folder: Path) -> Project:
    """A clone with the remote as its default."""
    original.run("git", "clone", "--quiet", str(original.folder), str(folder))
    clone = Project(folder, original.environment)
    remote.attach(clone)
    return clone


def digests(project: Project) -> dict[str, str]:
    """The SHA-256 of every file that DVC versions."""
    return {
        path.relative_to(project.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for top in OUTPUTS
        for path in sorted((project.folder / top).rglob("*"))
        if path.is_file()
    }


def round_trip(remote: Remote, original: Project, folder: Path) -> Project:
    """Push, pull into a clone, and check that nothing is lost and nothing has to run."""
    print(remote.address.split(":")[0] if "://" in remote.address else "folder", flush=True)
    remote.attach(original)
    original.run(str(DVC), "push")
    original.run("dvc", "remote", "remove", "--local", "shared")
    clone = clone_with(remote, original, folder)
    require("a clone has nothing before it pulls", not digests(clone))
    clone.run(str(DVC), "pull")
    pushed, pulled = digests(original), digests(clone)
    require(f"{len(pushed)} files are equal, bit by bit", len(pushed) > 0 and pulled == pushed)
    require("Snakemake has nothing to do", clone.planned_jobs() == {})
    before, output = clone.files(), clone.run("dvc", "repro")
    skipped = [f"Stage '{stage}' didn't change" in output for stage in ("benchmark", "verify")]
    require("DVC has nothing to do", all(skipped) and clone.files() == before)
    return clone


def damage_is_noticed(remote: Remote, original: Project, folder: Path) -> None:
    """With `verify` DVC detects that the remote's content differs from what was pushed."""
    objects = [path for path in (remote.store / "files").rglob("*") if path.is_file()]
    largest = max(objects, key=lambda path: path.stat().st_size)
    content = largest.read_bytes()
    largest.chmod(0o644)
    largest.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    clone = clone_with(remote, original, folder)
    clone.run("dvc", "remote", "modify", "--local", "shared", "verify", "true")
    clone.run(str(DVC), "pull", fails=True)
    same = digests(clone).items() <= digests(original).items()
    require("with `verify` a file that was changed on the remote is refused", same)


def experiment(clone: Project) -> None:
    """Add one seed by `dvc exp run`, and check what changed by `dvc metrics diff`."""
    print("experiment", flush=True)
    output = clone.run(str(DVC), "exp", "run", "--set-param", "params.yaml:seeds.count=2")
    require("only the new seed is trained", re.findall(r"^train +(\d+)$", output, re.M) == ["1"])
    difference = json.loads(clone.run(str(DVC), "metrics", "diff", "--json"))
    metrics = difference["reports/smoke/metrics.json"]
    require("two runs in place of one", metrics["runs.complete"] == {"old": 1, "new": 2, "diff": 1})
    change = metrics["final return.Pendulum-v1.sac"]
    require(f"the mean return went from {change['old']:.1f} to {change['new']:.1f}", True)


def main() -> None:
    """Make a small suite, share it through both remotes, and run an experiment."""
    sshd = find_programs()
    with tempfile.TemporaryDirectory() as name, ssh_remote(sshd, Path(name) / "ssh") as remote:
        folder = Path(name)
        original = small_project(folder / "project", folder / "home")
        plain = Remote(str(folder / "store"), {}, folder / "store")
        round_trip(plain, original, folder / "from_folder")
        clone = round_trip(remote, original, folder / "from_ssh")
        damage_is_noticed(remote, original, folder / "damaged")
        experiment(clone)


if __name__ == "__main__":
    main()
