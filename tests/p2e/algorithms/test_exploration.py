"""Any way to explore with any algorithm: each trains, resumes, and changes what it is to change."""

import io
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import pytest
import torch

from p2e.agent.settings import SoftActorCriticConfig
from p2e.algorithm import Problem, load_state_of, state_of
from p2e.algorithms import algorithm_module
from p2e.config import from_mapping
from p2e.curiosity.bonuses import BONUSES
from p2e.curiosity.settings import ExplorationConfig
from p2e.dynamics.probabilistic_ensemble import DynamicsConfig
from p2e.exploration.settings import Config as Plan2ExploreConfig
from p2e.loop.coverage import Coverage
from p2e.loop.progress import Progress
from p2e.loop.training_loop import TrainingLoop
from p2e.replay.real_rows import RealRowsConfig
from p2e.world.world_learner import LatentExplorationConfig
from tests.conftest import MakeChain
from tests.p2e.algorithms.test_plan2explore import SMALL, TRAINING, make_loop, plan2explore
from tests.p2e.loop.test_resume import (
    assert_bit_identical,
    never_ends,
    outcome,
    position_cells,
    run,
    run_until,
)

SEEDS, STEPS = (0, 1), 16
AGENT = SoftActorCriticConfig(hidden=(16,), batch_size=16)
DYNAMICS = DynamicsConfig(hidden=(8,), members=3, elites=2, batch_size=8, max_updates=3)
SETTINGS: dict[str, dict[str, Any]] = {
    "sac": {"agent": AGENT},
    "mbpo": {"agent": AGENT, "dynamics": DYNAMICS, "model_interval": 4, "updates_per_step": 2},
    "plan2explore": SMALL,
    "trpo": {"hidden": (8,), "steps_per_update": 4, "value_batch_size": 2, "value_epochs": 2},
}
ALGORITHMS = sorted(SETTINGS)
WAYS = [
    *(ExplorationConfig(bonus=bonus) for bonus in sorted(BONUSES)),
    *(ExplorationConfig(noise=noise) for noise in ("pink", "red")),
    ExplorationConfig(noise="pink", bonus="rnd", weight=0.5),
]
ADAPTING = ExplorationConfig(bonus="disagreement", weight=None)
CELLS = [
    *((algorithm, way) for algorithm in ALGORITHMS for way in WAYS),
    *((algorithm, ADAPTING) for algorithm in ("sac", "mbpo")),
    ("plan2explore", LatentExplorationConfig(bonus="observation-disagreement")),
]


def of_algorithm(algorithm: str, way: ExplorationConfig) -> ExplorationConfig:
    return LatentExplorationConfig(**asdict(way)) if algorithm == "plan2explore" else way


def loop_of(
    chain: MakeChain,
    algorithm: str,
    exploration: ExplorationConfig | None,
    steps: int = STEPS,
    **more: Any,
) -> TrainingLoop:
    problem = Problem(SEEDS, 2, 1, steps, 5, never_ends, torch.device("cpu"))
    module, settings = algorithm_module(algorithm), SETTINGS[algorithm] | more
    if exploration is not None:
        settings = settings | {"exploration": of_algorithm(algorithm, exploration)}
    return TrainingLoop(
        problem,
        module.build(problem, module.Config(**settings)),
        chain(SEEDS, noise=0.3),
        chain(SEEDS, noise=0.3),
        TRAINING,
        Coverage(position_cells, 6, len(SEEDS)),
    )


def outcome_of(loop: TrainingLoop) -> dict[str, Any]:
    run(loop)
    return outcome(loop)


def name_of(part: str | ExplorationConfig) -> str:
    return part if isinstance(part, str) else f"{part.noise}-{part.bonus}-{part.weight}"


@pytest.mark.parametrize(("algorithm", "way"), CELLS, ids=name_of)
def test_each_way_trains_and_a_killed_run_ends_with_the_same_bits(
    chain: MakeChain, algorithm: str, way: ExplorationConfig
) -> None:
    make = partial(loop_of, chain, algorithm, way)
    whole = make()
    found = outcome_of(whole)
    paid = [row for row in whole.recorder.tables["losses"] if "intrinsic_reward" in row]
    assert bool(paid) == (way.bonus != "none" or algorithm == "plan2explore")
    state = run_until(make(), 11)
    resumed = make()
    resumed.load_state_dict(state)
    run(resumed)
    assert_bit_identical(found, outcome(resumed))


@pytest.mark.parametrize("bonus", sorted(BONUSES.keys() - {"none"}))
def test_a_bonus_of_weight_0_leaves_the_bits_of_sac_as_they_are(
    chain: MakeChain, bonus: str
) -> None:
    of_weight = [ExplorationConfig(bonus=bonus, weight=weight) for weight in (0.0, 1.0)]
    # Elliptical novelty pays what was met once only after a few dozen steps.
    loops = [loop_of(chain, "sac", way, steps=100) for way in (None, *of_weight)]
    weights = [weights_after_a_run(loop) for loop in loops]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def weights_after_a_run(loop: TrainingLoop) -> torch.Tensor:
    run(loop)
    weights: torch.Tensor = loop.algorithm.policy_components()["actor"].state_dict()[
        "network.weights"
    ]
    return weights


@pytest.mark.parametrize("algorithm", ["sac", "mbpo", "plan2explore"])
def test_a_seed_explores_alone_as_in_a_group(chain: MakeChain, algorithm: str) -> None:
    """Up to rounding, for networks of one seed are multiplied in another order."""
    way, actions = ExplorationConfig(noise="pink", bonus="rnd"), []
    for seeds, place in ((SEEDS, 1), (SEEDS[1:], 0)):
        problem = Problem(seeds, 2, 1, STEPS, 5, never_ends, torch.device("cpu"))
        module = algorithm_module(algorithm)
        config = module.Config(
            **SETTINGS[algorithm] | {"exploration": of_algorithm(algorithm, way)}
        )
        loop = TrainingLoop(
            problem,
            module.build(problem, config),
            chain(seeds, noise=0.3),
            chain(seeds, noise=0.3),
            replace(TRAINING, warmup_steps=4),
            Coverage(position_cells, 6, len(seeds)),
        )
        for _ in range(8):
            loop.advance(Progress(STEPS, 0, io.StringIO()))
        actions.append(loop.algorithm.sac_buffer.in_order("action")[place])  # type: ignore[attr-defined]
    torch.testing.assert_close(*actions, rtol=1e-4, atol=1e-5)


def test_plan2explore_without_memory_trains_and_resumes(chain: MakeChain) -> None:
    def make() -> TrainingLoop:
        return make_loop(partial(chain, noise=0.3), world=replace(SMALL["world"], memory_size=0))

    whole = make()
    found = outcome_of(whole)
    assert plan2explore(whole).task_policy.memory_size == 0
    state = run_until(make(), 11)
    resumed = make()
    resumed.load_state_dict(state)
    run(resumed)
    assert_bit_identical(found, outcome(resumed))


AIDS: dict[str, Any] = {
    "normalised_observations": True,
    "final_learning_rate": 0.25,
    "real_rows": RealRowsConfig(multi_step=3, rare_share=0.25),
}


def aided(chain: MakeChain, algorithm: str) -> TrainingLoop:
    return loop_of(chain, algorithm, None, **AIDS)


@pytest.mark.parametrize("algorithm", ["sac", "mbpo"])
def test_what_plan2explore_s_agents_have_serves_the_rivals_too(
    chain: MakeChain, algorithm: str
) -> None:
    whole = aided(chain, algorithm)
    found = outcome_of(whole)
    agent = whole.algorithm.agent  # type: ignore[attr-defined]
    observed = whole.algorithm.sac_buffer.in_order("observation")  # type: ignore[attr-defined]
    seen = agent.features(observed)
    torch.testing.assert_close(seen.mean(dim=1), torch.zeros(2, 2), atol=1e-4, rtol=0)
    assert "normalizer" in whole.algorithm.policy_components()
    assert agent.schedule.factor(0) == 1.0
    updates = STEPS * whole.algorithm.config.updates_per_step  # type: ignore[attr-defined]
    assert agent.schedule.factor(updates) == pytest.approx(0.25)
    state = run_until(aided(chain, algorithm), 11)
    resumed = aided(chain, algorithm)
    resumed.load_state_dict(state)
    run(resumed)
    assert_bit_identical(found, outcome(resumed))


def test_a_restored_policy_acts_on_normalised_observations(chain: MakeChain) -> None:
    loop, fresh = aided(chain, "sac"), aided(chain, "sac").algorithm
    run(loop)
    trained = loop.algorithm
    load_state_of(fresh.policy_components(), state_of(trained.policy_components()))
    observation, memory = torch.randn(2, 3, 2) * 5, torch.zeros(2, 3, 0)
    acted = [one.task_policy.act(observation, memory, True) for one in (trained, fresh)]
    assert torch.equal(*acted)


def test_plan2explore_stays_curious_where_only_its_noise_is_given() -> None:
    config = from_mapping(Plan2ExploreConfig, {"exploration": {"noise": "pink"}}, "plan2explore")
    assert config.exploration.bonus == "disagreement"
    assert Plan2ExploreConfig().exploration == LatentExplorationConfig()
