"""The compared systems: ours, other libraries, and the sizes at which they are measured."""

import json
from itertools import pairwise
from typing import Any

from benchmarks.processes import Shares, System
from p2e.curiosity.disagreement import HIDDEN, MEMBERS

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
    # Ours is the same everywhere.
    "members": MEMBERS,
    "ensemble_units": HIDDEN[0],
    "ensemble_layers": len(HIDDEN),
    "warmup_steps": 500,
}


def ours(
    algorithm: str,
    config: dict[str, Any],
    warmup_steps: int,
    precision: str,
    compiled: bool,
    device: str = "cpu",
    shares: Shares = ((),),
) -> System:
    """Our training loop, without evaluations."""
    training = {
        "warmup_steps": warmup_steps,
        "evaluation_interval": 10**9,
        "precision": precision,
        "compiled": compiled,
    }
    settings = json.dumps({algorithm: config, "training": training})
    command = ["ours.py", "--algorithm", algorithm, "--settings", settings, "--device", device]
    return System(None, command, shares)


def our_variants(algorithm: str, config: dict[str, Any], warmup_steps: int) -> dict[str, System]:
    """Ours in float32 and in medium precision, each with PyTorch's operators and with compiled
    networks. Each is a row of its own, because precision changes the results."""
    return {
        "ours": ours(algorithm, config, warmup_steps, "float32", False),
        "ours, medium": ours(algorithm, config, warmup_steps, "medium", False),
        "ours, compiled": ours(algorithm, config, warmup_steps, "float32", True),
        "ours, medium, compiled": ours(algorithm, config, warmup_steps, "medium", True),
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
            systems[group + suffix] = ours(
                "sac",
                {"agent": SAC_AGENT},
                SAC_SIZES["warmup_steps"],
                precision,
                compiled,
                "cuda",
                shares_of(count, processes),
            )
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
