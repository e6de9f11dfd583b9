"""Damage configurations, checkpoints and states at random, and check how the programs end.

    python tests/acceptance/fuzz.py --configs 500 --states 200

Each case must end in a one-line error or in a correct run; for a damaged state, a correct run is
bit-identical to a run from an intact state. An accepted configuration is used for a few steps of
training; if that takes more than a few seconds, the run is stopped and counted as stopped. Nothing
in a file may be executed. Each case is a separate process, forked from this one.
"""

import argparse
import hashlib
import json
import os
import random
import shlex
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import torch
import yaml
from safetensors.torch import load_file, save
from torch import Tensor

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

import evaluate  # noqa: E402, F401  so that forked processes have it
import train  # noqa: E402
from p2e.algorithms import algorithm_names  # noqa: E402
from p2e.loop.training_loop import TrainingLoop  # noqa: E402
from p2e.storage.checkpoint import load_checked, save_checked  # noqa: E402
from p2e.storage.policy_file import read_identity  # noqa: E402
from runs.training_run import TrainingRun  # noqa: E402
from suites.description import read  # noqa: E402
from tests.acceptance.chaos import SMOKE, differing_files  # noqa: E402
from tests.acceptance.mutations import mutated, mutated_bytes, mutated_text, restructured  # noqa: E402
from tests.helpers.forked import CORRECT, FAILED, End, run  # noqa: E402

STEPS, MIDDLE = 60, 40
Case = Callable[[Path, random.Random], tuple[str, End]]


def small_suite() -> dict[str, Any]:
    """The smoke suite, with evaluations and a warm-up that fit into a few steps."""
    parameters = read(SMOKE)
    for task in parameters["tasks"]:
        task["steps"] = STEPS
    training = {"warmup_steps": 20, "evaluation_interval": 30, "evaluation_episodes": 1}
    return parameters | {"training": training | {"log_interval": 10}, "device": "cpu"}


def nothing_executed(folder: Path, end: End) -> End:
    """The end of a case, turned into a failure if something in a file was executed."""
    found = list(folder.rglob("executed"))
    return End(FAILED, f"executed: {found}") if found else end


def config_case(folder: Path, chance: random.Random) -> tuple[str, End]:
    """A damaged params.yaml, suite or --settings; if it is accepted, training runs with it."""
    values, surface = (
        small_suite(),
        chance.choice(("params", "params", "text", "suite", "settings")),
    )
    if surface == "settings":
        algorithm = chance.choice(algorithm_names())
        settings = {key: values[key] for key in ("training", algorithm)}
        settings, what = mutated(settings, chance)
        text = json.dumps(settings, skipkeys=True, default=str)
        if chance.random() < 0.3:
            text, what = mutated_text(text, chance)
        arguments = ["--algorithm", algorithm, "--environment", "Pendulum-v1", "--seeds", "0"]
        arguments += ["--steps", str(STEPS), "--settings", text.replace("\0", " ")]
        return f"--settings: {what}", run("train.py", [*arguments, "--output", "run"], folder)
    over: dict[str, Any] = {"suite": "other", **{key: values[key] for key in ("tasks", "sac")}}
    damaged, what = mutated(over if surface == "suite" else values, chance)
    text = yaml.safe_dump(damaged)
    if surface == "text":
        text, what = mutated_text(yaml.safe_dump(values), chance)
    base = yaml.safe_dump(values) if surface == "suite" else text
    (folder / "params.yaml").write_text(base, encoding="utf-8")
    (folder / "over.yaml").write_text(text, encoding="utf-8")
    files = ["over.yaml"] if surface == "suite" else []
    end = run("suite.py", [*files, "--output", "suite.json"], folder)
    if end.kind == CORRECT:
        end = _train_one(folder, chance)
    return f"{surface}: {what}", end


def _train_one(folder: Path, chance: random.Random) -> End:
    """Train one run of a suite that was accepted, with at most a few steps."""
    planned = chance.choice(json.loads((folder / "suite.json").read_text())["runs"])
    arguments = shlex.split(planned["command"])[2:]
    at = arguments.index("--steps") + 1
    arguments[at] = str(min(STEPS, int(arguments[at])))
    end = run("train.py", arguments, folder)
    if end.kind == CORRECT and not (folder / planned["path"] / "manifest.json").is_file():
        return End(FAILED, "there is no manifest.json")
    return end


class Intact(NamedTuple):
    """A finished run, and a folder with its states from the middle of training."""

    arguments: list[str]
    folder: Path
    states: Path


def intact_run(algorithm: str, folder: Path) -> Intact:
    """Train and evaluate a small run, and train another halfway."""
    settings = {key: small_suite()[key] for key in ("training", algorithm)}
    arguments = ["--algorithm", algorithm, "--environment", "Pendulum-v1", "--seeds", "0"]
    arguments += ["--steps", str(STEPS), "--settings", json.dumps(settings), "--device", "cpu"]
    arguments += ["--state-interval", "0", "--output", "run"]
    middle = folder / "middle"
    middle.mkdir(parents=True)
    for program, options in (("train.py", arguments), ("evaluate.py", EVALUATE)):
        end = run(program, options, folder, seconds=300)
        if end.kind != CORRECT:
            raise RuntimeError(f"the intact {algorithm} run ended with {end}")
    if (child := os.fork()) == 0:
        _train_to_the_middle(arguments, middle)
    os.waitpid(child, 0)
    return Intact(arguments, folder / "run", middle / "run.state")


EVALUATE = ["--run", "run", "--episodes", "2"]


def _train_to_the_middle(arguments: list[str], folder: Path) -> NoReturn:
    """Leave the states of two steps on disk, as after a kill."""
    os.chdir(folder)
    save = TrainingRun._save

    def save_and_stop(run: TrainingRun, loop: TrainingLoop) -> None:
        save(run, loop)
        if loop.step == MIDDLE:
            os._exit(0)

    TrainingRun._save = save_and_stop  # type: ignore
    sys.argv = ["train.py", *arguments]
    try:
        train.main()
    finally:
        os._exit(1)


def state_case(intact: Intact, folder: Path, chance: random.Random) -> tuple[str, End]:
    """A run resumed from damaged bytes, or a damaged structure with a valid checksum."""
    shutil.copytree(intact.states, folder / "run.state")
    states = [folder / "run.state" / name for name in ("state.pt", "state.pt.previous")]
    if chance.random() < 0.5:
        what = ""
        for state in states[: chance.choice((1, 1, 2))]:
            data, how = mutated_bytes(state.read_bytes(), chance)
            state.write_bytes(data)
            what += f"{state.name}: {how}; "
    else:
        content, what = restructured(load_checked(states[0]), chance)
        save_checked(states[0], content)
    end = run("train.py", intact.arguments, folder)
    if end.kind == CORRECT and (differing := differing_files(intact.folder, folder / "run")):
        end = End(FAILED, f"other bits: {differing}")
    return f"state: {what}", end


def policy_case(intact: Intact, folder: Path, chance: random.Random) -> tuple[str, End]:
    """An evaluation of a damaged policy or manifest, with or without a matching manifest."""
    target = folder / "run"
    shutil.copytree(intact.folder, target)
    (target / "final.csv").unlink()
    policy, manifest = target / "policy.safetensors", target / "manifest.json"
    forged = chance.random() < 0.6
    surface = chance.choice(("bytes", "structure", "manifest"))
    if surface == "bytes":
        data, what = mutated_bytes(policy.read_bytes(), chance)
        policy.write_bytes(data)
    elif surface == "structure":
        content, what = restructured(load_file(policy), chance)
        tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
        policy.write_bytes(save(tensors, {"run": json.dumps(read_identity(policy))}))
    else:
        content, what = mutated(json.loads(manifest.read_text()), chance)
        manifest.write_text(json.dumps(content, skipkeys=True, default=str))
    if forged and surface != "manifest":
        content = json.loads(manifest.read_text())
        content["files"]["policy.safetensors"] = hashlib.sha256(policy.read_bytes()).hexdigest()
        manifest.write_text(json.dumps(content))
    end = run("evaluate.py", EVALUATE, folder)
    if end.kind == CORRECT and not (forged or surface == "manifest"):
        same = (target / "final.csv").read_bytes() == (intact.folder / "final.csv").read_bytes()
        end = end if same else End(FAILED, "other scores")
    return f"policy, {surface}{', with its new hash' * forged}: {what}", end


def main() -> None:
    """Run all cases and print the tally; exit code 1 when one failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--configs", type=int, default=500)
    parser.add_argument("--states", type=int, default=200, help="states and checkpoints, in turn")
    parser.add_argument("--random-seed", type=int, default=0)
    parser.add_argument("--verbose", action="store_true", help="print every case, not the failed")
    options = parser.parse_args()
    chance, tally = random.Random(options.random_seed), Counter[tuple[str, str]]()
    torch.set_num_threads(1)

    def try_case(number: int, surface: str, case: Case) -> None:
        with tempfile.TemporaryDirectory() as name:
            what, end = case(Path(name), chance)
            end = nothing_executed(Path(name), end)
        tally[surface, end.kind] += 1
        if end.kind == FAILED or options.verbose:
            print(f"{surface} {number}: {what}: {end.kind}: {end.words}", flush=True)

    for number in range(options.configs):
        try_case(number, "configurations", config_case)
    with tempfile.TemporaryDirectory() as name:
        intact = [intact_run(algorithm, Path(name, algorithm)) for algorithm in algorithm_names()]
        for number in range(options.states):
            case = (state_case, policy_case)[number % 2]
            run_of_case = intact[number // 2 % len(intact)]
            try_case(number, "states and checkpoints", partial(case, run_of_case))
    for (surface, kind), count in sorted(tally.items()):
        print(f"{count:5} {surface} ended with {kind}")
    sys.exit(int(any(kind == FAILED for _, kind in tally)))


if __name__ == "__main__":
    main()
