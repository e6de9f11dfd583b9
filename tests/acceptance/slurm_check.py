"""Run the workflow on a real Slurm that this program starts on this machine, and scancel a job.

Requires root, Debian's slurmctld, slurmd, slurm-client and munge, and requirements-slurm.txt, which
`make slurm-check` installs. Nothing of Slurm outlives the program.

A small suite is submitted with the unmodified workflow/profiles/slurm. When one of its two training
jobs has saved a state, the job is cancelled with scancel. Snakemake submits it again, it resumes
from the state, and the suite ends with a report.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.helpers.suites.pipeline_project import Project, copy_of_the_project  # noqa: E402

CONFIG = """\
ClusterName=check
SlurmctldHost={host}
SlurmUser=root
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
ReturnToService=2
SlurmdParameters=config_overrides
KillWait=5
NodeName={host} CPUs=2 RealMemory=16000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES State=UP
"""
LONGEST = 1500.0
PLACE = Path("/etc/slurm/slurm.conf")


def wait_for(what: str, happened: Callable[[], object], seconds: float = LONGEST) -> None:
    """Call a function until it returns something true."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            sys.exit(f"slurm_check.py: error: waited {seconds:.0f} s for {what}")
        time.sleep(0.5)


@contextmanager
def slurm(folder: Path) -> Iterator[None]:
    """munged, slurmctld and slurmd, with all their files in a folder."""
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    host = socket.gethostname()
    (folder / "slurm.conf").write_text(CONFIG.format(host=host, folder=folder))
    (folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
    # Slurm's default path, because Snakemake's plugin removes SLURM_CONF from its jobs.
    if PLACE.exists() or PLACE.is_symlink():
        sys.exit(f"slurm_check.py: error: {PLACE} exists: this machine has a Slurm of its own")
    PLACE.parent.mkdir(exist_ok=True)
    PLACE.symlink_to(folder / "slurm.conf")
    munge = [f"--{name}-file={folder}/munge.{name}" for name in ("key", "log", "pid", "seed")]
    commands = [
        ["munged", "--foreground", "--force", f"--socket={folder}/munge.socket", *munge],
        ["slurmctld", "-D", "-i"],
        ["slurmd", "-D", "-N", host],
    ]
    with (folder / "daemons.log").open("w") as log:
        daemons = []
        try:
            for command in commands:
                daemons.append(subprocess.Popen(command, stdout=log, stderr=log))
                time.sleep(2)
            wait_for("an idle node", lambda: "idle" in output_of("sinfo", "-h", "-o", "%t"), 60)
            yield
        finally:
            PLACE.unlink()
            for daemon in reversed(daemons):
                daemon.terminate()
                daemon.wait()


def output_of(*command: str) -> str:
    """What a command prints, whether or not it fails."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def small_project(folder: Path, home: Path, steps: int) -> Project:
    """SAC on one task, long enough to save a state from which it can resume."""
    project = copy_of_the_project(folder, home, "smoke")
    path = folder / "params.yaml"
    parameters = yaml.safe_load(path.read_text()) | {"algorithms": ["sac"], "device": "cpu"}
    parameters["tasks"] = [{"environment": "Pendulum-v1", "steps": steps}]
    path.write_text(yaml.safe_dump(parameters))
    return project


def states_of(project: Project) -> list[Path]:
    """The runs that have saved a state."""
    states = project.folder / "results" / "smoke" / "state"
    return [file.parent.relative_to(states) for file in sorted(states.rglob("state.pt"))]


def cancel_one(project: Project) -> str:
    """scancel the first training job after it has saved its state; returns its run's path."""
    run = states_of(project)[0]
    # Snakemake's plugin writes rule and wildcards into each job's comment.
    comment = "train_wildcards_" + "_".join(run.parts)
    lines = output_of("squeue", "-h", "-o", "%A %k").splitlines()
    job = next(line.split()[0] for line in lines if line.endswith(comment))
    print(f"scancel {job}, of the run {run}", flush=True)
    subprocess.run(["scancel", job], check=True)
    return run.as_posix()


def main() -> None:
    """Submit, cancel, and check the end of the suite."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--steps",
        type=int,
        default=9000,
        help="more than a minute's, when the first state is saved",
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, slurm(Path(name)):
        folder, home = Path(name) / "project", Path(name) / "home"
        folder.mkdir()
        home.mkdir()
        project = small_project(folder, home, options.steps)
        command = ["snakemake", "--profile", "workflow/profiles/slurm"]
        with subprocess.Popen(command, cwd=folder, env=project.environment) as snakemake:
            wait_for("a saved state", lambda: states_of(project) or snakemake.poll() is not None)
            if snakemake.returncode is not None:
                sys.exit("slurm_check.py: error: Snakemake ended before a job could be cancelled")
            cancelled = cancel_one(project)
            status = snakemake.wait(LONGEST)
        manifests = sorted((folder / "results" / "smoke" / "runs").rglob("manifest.json"))
        attempts = {
            path.parent.relative_to(folder / "results" / "smoke" / "runs").as_posix(): json.loads(
                path.read_text()
            )["attempts"]
            for path in manifests
        }
        report = (folder / "reports" / "smoke" / "index.html").is_file()
        print(f"snakemake ended with {status}; attempts {attempts}; report {report}")
        well = status == 0 and report and len(attempts) == 2 and attempts[cancelled] == 2
        sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
