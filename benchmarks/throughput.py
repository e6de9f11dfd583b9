"""Environment steps and updates per second, ours and other libraries', on one core or one GPU.

Every system runs in its own process, which stays alive between rounds. Every round measures all
systems, one after the other, so that a temporary slowdown of the machine affects all of them.
Prints one JSON line per system and a table of medians over the rounds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.peer_environments import python_of

WORKERS = Path(__file__).resolve().parent / "workers"

SAC_SIZES: dict[str, Any] = {"hidden": [256, 256], "batch_size": 256, "warmup_steps": 500}
SAC_AGENT: dict[str, Any] = {key: SAC_SIZES[key] for key in ("hidden", "batch_size")}
MBPO_SIZES: dict[str, Any] = {
    "hidden": [256, 256],
    "batch_size": 256,
    "warmup_steps": 10_000,
    "updates_per_step": 20,
    "model_interval": 250,
    "rollouts_per_step": 400,
    "rollout_length": 1,
    "model_hidden": [200, 200, 200, 200],
    "members": 7,
    "elites": 5,
    "model_batch_size": 256,
    "real_share": 0.05,
    "retained_trainings": 4,
}
P2E_SIZES: dict[str, Any] = {
    "sequences": 16,
    "sequence_length": 16,
    "horizon": 15,
    "units": 200,
    "layers": 2,
    "memory_size": 200,
    "members": 5,
    "warmup_steps": 500,
}


Shares = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class System:
    """How to start a worker.

    Args:
        peer: the library, as in its requirements file; None for our own environment.
        command: script and arguments, without the task.
        shares: for each of its processes, the arguments that it adds to the command.
    """

    peer: str | None
    command: list[str]
    shares: Shares = ((),)


def ours(
    algorithm: str,
    config: dict[str, Any],
    warmup_steps: int,
    precision: str,
    device: str = "cpu",
    shares: Shares = ((),),
) -> System:
    """Our training loop, without evaluations."""
    training = {
        "warmup_steps": warmup_steps,
        "evaluation_interval": 10**9,
        "precision": precision,
    }
    settings = json.dumps({algorithm: config, "training": training})
    command = ["ours.py", "--algorithm", algorithm, "--settings", settings, "--device", device]
    return System(None, command, shares)


def our_variants(algorithm: str, config: dict[str, Any], warmup_steps: int) -> dict[str, System]:
    """Ours in float32 and in medium precision, each with PyTorch's own kernels and with the agent's
    update compiled. Each is a row of its own, because precision changes the results."""
    compiled = config | {"agent": config["agent"] | {"compiled": True}}
    return {
        "ours": ours(algorithm, config, warmup_steps, "float32"),
        "ours, medium": ours(algorithm, config, warmup_steps, "medium"),
        "ours, compiled": ours(algorithm, compiled, warmup_steps, "float32"),
        "ours, medium, compiled": ours(algorithm, compiled, warmup_steps, "medium"),
    }


def sac_systems() -> dict[str, System]:
    """SAC at SB3's defaults: two hidden layers of 256, batches of 256, an update every step."""
    sizes, warmup = json.dumps(SAC_SIZES), SAC_SIZES["warmup_steps"]
    script = "stable_baselines.py"
    return {
        **our_variants("sac", {"agent": SAC_AGENT}, warmup),
        "stable-baselines3": System("sb3", [script, "stable-baselines3", "--sizes", sizes]),
        "sbx": System("sbx", [script, "sbx", "--sizes", sizes]),
    }


def gpu_systems() -> dict[str, System]:
    """SAC at the same sizes on a GPU: one seed, and several seeds in one or more processes."""
    systems = {}
    for count, processes in ((1, 1), (10, 1), (10, 3), (32, 1)):
        group = f"{count} seed{'s' if count > 1 else ''}"
        if processes > 1:
            group += f" in {processes} processes"
        for suffix, compiled, precision in (
            ("", False, "float32"),
            (", compiled", True, "float32"),
            (", medium, compiled", True, "medium"),
        ):
            config = {"agent": SAC_AGENT | {"compiled": compiled}}
            warmup = SAC_SIZES["warmup_steps"]
            shares = shares_of(count, processes)
            systems[group + suffix] = ours("sac", config, warmup, precision, "cuda", shares)
    return systems


def shares_of(count: int, processes: int) -> Shares:
    """The arguments that divide `count` seeds among the processes."""
    edges = [count * i // processes for i in range(processes + 1)]
    return tuple(("--seeds", f"{a}-{b - 1}") for a, b in pairwise(edges))


def mbpo_systems() -> dict[str, System]:
    """MBPO with the networks of the paper and 20 updates a step."""
    sizes = MBPO_SIZES
    config = {
        "agent": {key: sizes[key] for key in ("hidden", "batch_size")},
        "dynamics": {
            "hidden": sizes["model_hidden"],
            "members": sizes["members"],
            "elites": sizes["elites"],
            "batch_size": sizes["model_batch_size"],
            "likelihood_weighting": 0.0,
        },
        "rollout": {
            "start_length": sizes["rollout_length"],
            "end_length": sizes["rollout_length"],
        },
    }
    same = "updates_per_step model_interval rollouts_per_step real_share retained_trainings"
    config |= {key: sizes[key] for key in same.split()}
    return {
        **our_variants("mbpo", config, sizes["warmup_steps"]),
        "mbrl-lib": System("mbrl", ["mbrl_mbpo.py", "--sizes", json.dumps(sizes)]),
    }


def plan2explore_systems() -> dict[str, System]:
    """Plan2Explore at equal widths, batches and horizon.

    Each of SheepRL's two policies imagines from every state of the batch. Ours imagine together
    from twice as many states, so the number of imagined transitions per update is the same.
    """
    sizes = P2E_SIZES
    hidden = [sizes["units"]] * sizes["layers"]
    config = {
        "agent": {"hidden": hidden, "batch_size": 256},
        "world": {
            "latent_size": 32,
            "memory_size": sizes["memory_size"],
            "hidden": hidden,
            "sequences": sizes["sequences"],
            "sequence_length": sizes["sequence_length"],
            "members": sizes["members"],
            "ensemble_hidden": hidden,
        },
        "pretraining_updates": 1,
        "horizon": sizes["horizon"],
        "imagined_starts": 2 * sizes["sequences"] * sizes["sequence_length"],
    }
    peers = {
        f"sheeprl {version}": System(
            "sheeprl", ["sheeprl_p2e.py", "--version", version, "--sizes", json.dumps(sizes)]
        )
        for version in ("dv1", "dv2", "dv3")
    }
    return our_variants("plan2explore", config, sizes["warmup_steps"]) | peers


SYSTEMS = {"sac": sac_systems, "mbpo": mbpo_systems, "plan2explore": plan2explore_systems}
# Environment steps in a round; a round of MBPO contains one training of the model.
STEPS = {"sac": 300, "mbpo": MBPO_SIZES["model_interval"], "plan2explore": 20}


class Worker:
    """One process of a system, with one thread, bound to a core if one is given."""

    def __init__(self, system: System, share: Sequence[str], task: str, core: int | None) -> None:
        python = sys.executable if system.peer is None else str(python_of(system.peer))
        script, *arguments = system.command
        one = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        xla = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(
            [python, str(WORKERS / script), *arguments, *share, "--task", task],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=os.environ | one | {"XLA_FLAGS": xla, "PYTHONWARNINGS": "ignore"},
            preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),
        )
        self._name = script

    def ask_for(self, steps: int) -> None:
        """Start a measurement of this many steps; `answer` waits for its result."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{steps}\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The next line of its output: its description, then one line per measurement."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            last = self._errors.read()[-2000:]
            raise SystemExit(f"{last}\nerror: a worker ended: {self._name}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


class Workers:
    """All processes of a system."""

    def __init__(self, system: System, task: str, core: int | None) -> None:
        self._workers = [Worker(system, share, task, core) for share in system.shares]
        described = [worker.answer() for worker in self._workers]
        self.description = described[0] | {"processes": len(described)}
        if "seeds" in described[0]:
            self.description["seeds"] = sum(each["seeds"] for each in described)

    def measure(self, steps: int) -> dict[str, float]:
        """The sum of their steps and updates, in the time of the slowest process."""
        for worker in self._workers:
            worker.ask_for(steps)
        answers = [worker.answer() for worker in self._workers]
        slowest = max(answers, key=lambda answer: float(answer["seconds"]))
        counts = ("environment_steps", "updates")
        return slowest | {name: sum(answer[name] for answer in answers) for name in counts}

    def close(self) -> None:
        for worker in self._workers:
            worker.close()


def rates(rounds: list[dict[str, float]]) -> dict[str, Any]:
    """Medians over the rounds, and the environment steps per second of each round."""
    steps = [r["environment_steps"] / r["seconds"] for r in rounds]
    updates = [r["updates"] / r["update_seconds"] for r in rounds]
    parts = [name for name in ("model_seconds", "rollout_seconds") if name in rounds[0]]
    return {
        "environment_steps_per_second": round(statistics.median(steps), 2),
        "updates_per_second": round(statistics.median(updates), 2),
        "rounds": [round(value, 2) for value in steps],
        "seconds_per_1000_steps": round(1000 / statistics.median(steps), 1),
    } | {
        f"{part}_per_1000_steps": round(
            statistics.median(1000 * r[part] / r["environment_steps"] for r in rounds), 1
        )
        for part in parts
    }


def compare(
    systems: dict[str, System], task: str, rounds: int, steps: int, core: int | None
) -> dict[str, dict[str, Any]]:
    """The results of each system; every round measures all systems."""
    workers = {name: Workers(system, task, core) for name, system in systems.items()}
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in systems}
    for _ in range(rounds):
        for name, worker in workers.items():
            measured[name].append(worker.measure(steps))
    for worker in workers.values():
        worker.close()
    return {
        name: worker.description | {"task": task} | rates(measured[name])
        for name, worker in workers.items()
    }


def table(results: dict[str, dict[str, Any]]) -> str:
    """Medians, and the ratio of each of our variants to each system."""
    speeds = {name: result["environment_steps_per_second"] for name, result in results.items()}
    variants = [name for name in results if name.startswith("ours")]
    width = max(len(name) for name in ["system", *results])
    head = f"{'system':{width}} {'env steps/s':>12} {'updates/s':>12}"
    lines = [" ".join([head, *(f"{f'{name} is':>26}" for name in variants)])]
    for name, result in results.items():
        row = f"{name:{width}} {speeds[name]:12.1f} {result['updates_per_second']:12.1f}"
        ratios = (f"{speeds[variant] / speeds[name]:25.2f}x" for variant in variants)
        lines.append(" ".join([row, *ratios]))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--algorithm", default="sac", choices=sorted(SYSTEMS))
    parser.add_argument("--task", default="HalfCheetah-v5")
    parser.add_argument("--systems", nargs="+", metavar="NAME", help="only these of the table")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, help="environment steps in a round")
    parser.add_argument("--core", type=int, default=0, help="which one to measure on")
    parser.add_argument("--gpu", action="store_true", help="our SAC on a GPU, with 1 to 32 seeds")
    options = parser.parse_args()
    if options.gpu and options.algorithm != "sac":
        parser.error("--gpu measures sac only")
    systems = gpu_systems() if options.gpu else SYSTEMS[options.algorithm]()
    names = options.systems or list(systems)
    unknown = set(names) - systems.keys()
    if unknown:
        parser.error(f"unknown systems {sorted(unknown)}, expected some of {sorted(systems)}")
    chosen = {name: systems[name] for name in names}
    steps = options.steps or STEPS[options.algorithm]
    core = None if options.gpu else options.core  # torch.compile has processes of its own
    results = compare(chosen, options.task, options.rounds, steps, core)
    for name, result in results.items():
        print(json.dumps({"name": name} | result))
    print(table(results))


if __name__ == "__main__":
    main()
