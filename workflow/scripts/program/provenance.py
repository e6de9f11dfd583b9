"""Where a number comes from: code, packages, machine, and the hashes of files."""

import hashlib
import platform
import resource
import subprocess
from importlib.metadata import version
from pathlib import Path

from program.repository import ROOT

PACKAGES = ("torch", "numpy", "gymnasium", "mujoco")


def code_hash(*patterns: str) -> str:
    """sha256 over names and contents of the files that match glob patterns below the root."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in ROOT.glob(pattern)}):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def file_hash(path: Path) -> str:
    """sha256 of a file's content, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def git_commit() -> str | None:
    """The commit that is checked out, with `-dirty` when tracked files differ from it; None where
    there is no repository or no git."""
    try:
        describe = subprocess.run(
            ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=40"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return describe.stdout.strip()


def package_versions(*further: str) -> dict[str, str]:
    """The versions of the packages whose numerics the results depend on."""
    return {name: version(name) for name in (*PACKAGES, *further)}


def peak_memory_mb() -> float:
    """The most main memory that this process has used so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)  # Linux says kB


def cpu_name() -> str:
    """The processor's name, family and model, and the vector instructions that PyTorch uses on it.

    The instructions are included because a hypervisor may give different processors the same name.
    """
    import torch  # here, because Snakemake imports this module at every start

    facts = _first_processor()
    name = facts.get("model name") or platform.processor() or platform.machine()
    exact = [f"{key} {facts[key]}" for key in ("cpu family", "model", "stepping") if key in facts]
    return ", ".join([name, *exact, torch.backends.cpu.get_cpu_capability()])


def _first_processor() -> dict[str, str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in lines)
    return {key.strip(): value.strip() for key, _, value in pairs}
