"""TRPO as an algorithm: what a step of the policy keeps to, what it learns from, and its state."""

import copy
import io
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from p2e.algorithm import Problem, load_state_of, state_of
from p2e.algorithms import trpo
from p2e.batch import Transition
from p2e.config import ConfigError, from_mapping
from p2e.loop.coverage import Coverage
from p2e.loop.progress import Progress
from p2e.loop.training_loop import TrainingConfig, TrainingLoop
from p2e.on_policy.advantages import advantages, standardised
from p2e.on_policy.gaussian_policy import Gaussian
from tests.conftest import MakeChain
from tests.p2e.loop.test_resume import (
    assert_bit_identical,
    never_ends,
    outcome,
    position_cells,
    run,
    run_until,
)

SEEDS, STEPS, BINS, UPDATE = (4, 9), 48, 6, 7
SMALL: dict[str, Any] = {
    "hidden": [8, 8],
    "steps_per_update": UPDATE,
    "value_batch_size": 3,
    "value_epochs": 2,
}


def make(seeds: Sequence[int] = SEEDS, steps: int = STEPS, **changed: Any) -> trpo.TRPO:
    problem = Problem(tuple(seeds), 2, 1, steps, 10, never_ends, torch.device("cpu"))
    return trpo.build(problem, from_mapping(trpo.Config, SMALL | changed, "trpo"))


def make_loop(
    chain: MakeChain,
    warmup: int = 0,
    seeds: Sequence[int] = SEEDS,
    steps: int = STEPS,
    interval: int = 20,
    **changed: Any,
) -> TrainingLoop:
    algorithm = make(seeds, steps, **changed)
    return TrainingLoop(
        Problem(tuple(seeds), 2, 1, steps, 10, never_ends, torch.device("cpu")),
        algorithm,
        chain(seeds, noise=0.3),
        chain(range(2 * len(seeds)), noise=0.3),
        TrainingConfig(warmup, evaluation_interval=interval, evaluation_episodes=2, log_interval=7),
        Coverage(position_cells, BINS, len(seeds)),
    )


def filled(**changed: Any) -> trpo.TRPO:
    """With a full rollout of its own actions in random states, rewarded for large ones."""
    algorithm = make(steps=1000, **changed)
    draws = torch.Generator().manual_seed(1)
    for step in range(algorithm.config.steps_per_update):
        observation, reached = torch.randn(2, 2, 2, generator=draws).unbind(0)
        action = algorithm.explorer.act(observation.unsqueeze(1), torch.zeros(2, 1, 0), False)
        action = action.squeeze(1)
        first = torch.full((2,), step % 5 == 0)
        ended = torch.full((2,), step % 5 == 4 and step % 2 == 0)
        reward = action.squeeze(1) * observation[:, 0]
        algorithm.store(
            Transition(observation, action, reward, reached, ended, first, torch.zeros(2, 0))
        )
    return algorithm


def objective(algorithm: trpo.TRPO, before: trpo.TRPO) -> tuple[Tensor, Tensor]:
    """KL divergence and surrogate objective of a policy, from the rollout of another."""
    steps = copy.deepcopy(before.rollout).take()
    seen = before.acting.seen(steps.observation)
    value, next_value = before.value(seen), before.value(before.acting.seen(steps.next_observation))
    config = before.config
    advantage = standardised(
        advantages(
            steps.reward,
            value,
            next_value,
            steps.terminated,
            steps.ended,
            config.discount,
            config.advantage_decay,
        )
    )
    old, new = (Gaussian(*each.policy(seen)) for each in (before, algorithm))
    ratio = (new.log_probability(steps.raw_action) - old.log_probability(steps.raw_action)).exp()
    return old.divergence(new).detach(), (ratio * advantage).mean(dim=1).detach()


@pytest.mark.parametrize("normalised", [False, True])
def test_each_step_stays_in_the_trust_region_and_improves_the_surrogate(normalised: bool) -> None:
    algorithm = filled(steps_per_update=64, normalised_observations=normalised)
    before = copy.deepcopy(algorithm)
    metrics = algorithm.update_agent()
    kl, surrogate = objective(algorithm, before)
    _, at_start = objective(before, before)
    assert (metrics["line_search_steps"] > 0).all()
    assert (kl > 1e-4).all() and (kl <= algorithm.config.max_kl).all()
    assert (surrogate > at_start).all()
    torch.testing.assert_close(metrics["policy_kl"], kl, rtol=1e-3, atol=1e-6)
    improvement = surrogate - at_start
    torch.testing.assert_close(metrics["surrogate_improvement"], improvement, rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(metrics["entropy"], torch.full((2,), 1.4189385))  # of N(0, 1)


def test_a_failed_search_leaves_every_bit_of_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    def downhill(product: object, gradient: Tensor, steps: int, max_kl: float) -> Tensor:
        return -1e-2 * gradient

    monkeypatch.setattr(trpo, "natural_step", downhill)
    algorithm = filled(steps_per_update=64)
    before = algorithm.policy.vector()
    metrics = algorithm.update_agent()
    assert torch.equal(algorithm.policy.vector(), before)
    assert not metrics["line_search_steps"].any() and not metrics["policy_kl"].any()
    assert (metrics["value_loss"] > 0).all()  # the value function learns all the same


def test_a_rollout_without_rewards_leads_nowhere() -> None:
    """Nothing in the update divides by the spread of what does not vary."""
    algorithm = filled()
    algorithm.value.network.load_state_dict(
        {"weights": torch.zeros_like(algorithm.value.network.weights)}
    )
    copy.copy(algorithm.rollout).take().reward.zero_()  # the rollout's own memory
    before = algorithm.policy.vector()
    metrics = algorithm.update_agent()
    assert all(torch.isfinite(value).all() for value in metrics.values())
    assert torch.equal(algorithm.policy.vector(), before)


def test_the_policy_learns_before_the_value_function() -> None:
    """Otherwise its step would depend on what the value function learned from the same rollout."""
    vectors = []
    for epochs in (1, 50):
        algorithm = filled(value_epochs=epochs)
        algorithm.update_agent()
        vectors.append(algorithm.policy.vector())
    assert torch.equal(*vectors)


def test_an_update_comes_with_every_full_rollout() -> None:
    algorithm = make()
    for step in range(1, 3 * UPDATE + 1):
        algorithm.explorer.act(torch.randn(2, 1, 2), torch.zeros(2, 1, 0), False)
        never = torch.zeros(2, dtype=torch.bool)
        algorithm.store(
            Transition(
                torch.randn(2, 2),
                torch.zeros(2, 1),
                torch.randn(2),
                torch.randn(2, 2),
                never,
                never,
                torch.zeros(2, 0),
            )
        )
        assert bool(algorithm.update_agent()) is (step % UPDATE == 0)
        assert algorithm.agent_updates == step // UPDATE


def test_a_run_shorter_than_a_rollout_has_room_for_its_steps_and_no_update(
    chain: MakeChain,
) -> None:
    loop = make_loop(chain, steps=10, steps_per_update=2**31 - 1)
    run(loop)
    assert isinstance(loop.algorithm, trpo.TRPO)
    assert (loop.algorithm.rollout.count, loop.algorithm.agent_updates) == (10, 0)


def test_the_rollout_holds_what_was_sampled_and_the_environment_gets_what_fits() -> None:
    algorithm = make()
    with torch.no_grad():
        algorithm.policy.log_std.fill_(1.0)
    observation = torch.randn(2, 1, 2)
    mean, log_std = algorithm.policy(observation)
    beyond = 0
    for _ in range(UPDATE):
        noise = copy.deepcopy(algorithm.noise.state_dict())
        acted = algorithm.explorer.act(observation, torch.zeros(2, 1, 0), False).squeeze(1)
        after = algorithm.noise.state_dict()
        algorithm.noise.load_state_dict(noise)
        sampled = (mean + log_std.exp() * algorithm.noise.normal(1, 1)).squeeze(1).detach()
        algorithm.noise.load_state_dict(after)
        assert torch.equal(acted, sampled.clamp(-1, 1))
        never, row = torch.zeros(2, dtype=torch.bool), observation.squeeze(1)
        place = algorithm.rollout.count
        algorithm.store(
            Transition(row, acted, torch.zeros(2), row, never, never, torch.zeros(2, 0))
        )
        kept = copy.copy(algorithm.rollout).take().raw_action[:, place]
        assert torch.equal(kept, sampled)
        beyond += int((sampled.abs() > 1).sum())
    assert beyond > 0


def test_the_mode_acts_in_the_evaluation_and_leaves_the_rollout_alone() -> None:
    algorithm = make()
    observation, memory = torch.randn(2, 5, 2), torch.zeros(2, 5, 0)
    mean = algorithm.policy(observation).mean
    acted = algorithm.task_policy.act(observation, memory, deterministic=True)
    assert torch.equal(acted, mean.clamp(-1, 1))
    assert algorithm.acting.take_sampled() is None


def test_steps_with_random_actions_are_of_another_policy(chain: MakeChain) -> None:
    loop = make_loop(chain, warmup=12)
    assert isinstance(loop.algorithm, trpo.TRPO)
    progress = Progress(STEPS, 0, io.StringIO())
    counts = []
    for _ in range(12 + UPDATE):
        loop.advance(progress)
        counts.append(loop.algorithm.rollout.count)
    assert counts == [0] * 12 + [*range(1, UPDATE), 0]


def test_observations_are_normalised_alike_within_a_rollout(chain: MakeChain) -> None:
    loop = make_loop(chain, normalised_observations=True)
    algorithm = loop.algorithm
    assert isinstance(algorithm, trpo.TRPO) and algorithm.normalizer is not None
    progress, means = Progress(STEPS, 0, io.StringIO()), []
    for _ in range(2 * UPDATE):
        means.append(algorithm.normalizer.mean.clone())
        loop.advance(progress)
    assert all(torch.equal(mean, torch.zeros(2, 1, 2)) for mean in means[:UPDATE])
    assert all(torch.equal(mean, means[UPDATE]) for mean in means[UPDATE:])
    assert means[UPDATE].all()
    far = torch.full((2, 1, 2), 1e6)
    assert algorithm.acting.seen(far).max() == 10
    assert torch.equal(make().acting.seen(far), far)


@pytest.mark.parametrize("normalised", [False, True])
@pytest.mark.parametrize("stops", [[12, 31], range(1, STEPS + 1)], ids=["twice", "every step"])
def test_a_run_killed_and_resumed_ends_bit_identical(
    chain: MakeChain, stops: Sequence[int], normalised: bool
) -> None:
    whole = make_loop(chain, warmup=5, normalised_observations=normalised)
    run(whole)
    loop = make_loop(chain, warmup=5, normalised_observations=normalised)
    for stop in stops:
        state = run_until(loop, stop)
        loop = make_loop(chain, warmup=5, normalised_observations=normalised)
        loop.load_state_dict(state)
    run(loop)
    assert whole.algorithm.agent_updates == (STEPS - 5) // UPDATE
    assert_bit_identical(outcome(whole), outcome(loop))


def test_a_seed_learns_alike_alone_and_in_a_group(chain: MakeChain) -> None:
    group, alone = (make_loop(chain, seeds=seeds) for seeds in (SEEDS, SEEDS[1:]))
    for loop in (group, alone):
        run(loop)
    one, other = (loop.algorithm.policy.vector() for loop in (group, alone))  # type: ignore[attr-defined]
    # Not to the bit: a matrix library may sum a value network's one column in another order.
    torch.testing.assert_close(one[1:], other, rtol=1e-4, atol=1e-5)
    weights, of_one = (loop.algorithm.value.network.weights for loop in (group, alone))  # type: ignore[attr-defined]
    torch.testing.assert_close(weights[1:], of_one, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(one[0], one[1], rtol=1e-2, atol=1e-2)


def test_what_acts_is_all_in_the_policy_components() -> None:
    one, other = filled(normalised_observations=True), make((5, 6), normalised_observations=True)
    one.update_agent()
    load_state_of(other.policy_components(), state_of(one.policy_components()))
    observation, memory = torch.randn(2, 3, 2), torch.zeros(2, 3, 0)
    acted = [each.task_policy.act(observation, memory, True) for each in (one, other)]
    assert torch.equal(*acted)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hidden", [0]),
        ("steps_per_update", 1),
        ("discount", 1.1),
        ("advantage_decay", -0.1),
        ("max_kl", 0.0),
        ("damping", 0.0),
        ("backtracking_factor", 1.0),
        ("backtracking_tries", 0),
        ("value_batch_size", 0),
    ],
)
def test_a_setting_that_cannot_be_is_named(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"'trpo\.{key}' is"):
        from_mapping(trpo.Config, {key: value}, "trpo")
