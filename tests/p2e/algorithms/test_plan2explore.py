"""Plan2Explore: where rows and rewards come from, and which part depends on which."""

import io
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
import torch

from p2e.agent.settings import SoftActorCriticConfig
from p2e.algorithm import Problem
from p2e.algorithms import plan2explore as algorithm_module
from p2e.algorithms.plan2explore import Config, build
from p2e.algorithms.plan2explore.joint import Plan2Explore
from p2e.algorithms.plan2explore.reward_free import ZeroShot
from p2e.batch import Transition
from p2e.exploration.latent_imagination import RETAINED, random_starts
from p2e.exploration.settings import MODES
from p2e.loop.coverage import Coverage
from p2e.loop.progress import Progress
from p2e.loop.training_loop import TrainingConfig, TrainingLoop
from p2e.replay.buffers import Fields, as_transitions
from p2e.replay.mixed_batch import Draw
from p2e.reward_free.replayed_actions import ReplayedActions
from p2e.world.imagination import Starts
from p2e.world.world_learner import WorldConfig
from tests.conftest import MakeChain

SMALL: dict[str, Any] = {
    "agent": SoftActorCriticConfig(hidden=(16,), batch_size=16),
    "world": WorldConfig(
        latent_size=8,
        memory_size=4,
        hidden=(16,),
        sequences=4,
        sequence_length=4,
    ),
    "horizon": 2,
    "imagined_starts": 6,
    "pretraining_updates": 2,
}
TRAINING = TrainingConfig(
    warmup_steps=6, evaluation_interval=8, evaluation_episodes=1, log_interval=4
)


def make_loop(
    chain: MakeChain, steps: int = 16, seeds: tuple[int, ...] = (0, 1), **config: Any
) -> TrainingLoop:
    problem = Problem(
        seeds, 2, 1, steps, 10, lambda o, a, n: torch.zeros(o.shape[:-1], dtype=torch.bool), CPU
    )
    algorithm = build(problem, Config(**SMALL | config))
    coverage = Coverage(lambda rows: np.zeros((*rows.shape[:-1], 2), dtype=np.int64), 2, len(seeds))
    return TrainingLoop(
        problem,
        algorithm,
        chain(seeds),
        chain([seed for seed in seeds for _ in range(TRAINING.evaluation_episodes)]),
        TRAINING,
        coverage,
    )


CPU = torch.device("cpu")


def run(loop: TrainingLoop) -> TrainingLoop:
    loop.run(Progress(loop.problem.steps, loop.step, io.StringIO()), lambda: None, 1e9)
    return loop


def advance(loop: TrainingLoop, steps: int) -> TrainingLoop:
    """Run so many steps; learning starts at the seventh."""
    progress = Progress(loop.problem.steps, loop.step, io.StringIO())
    for _ in range(steps):
        loop.advance(progress)
    return loop


def plan2explore(loop: TrainingLoop) -> Plan2Explore:
    assert isinstance(loop.algorithm, Plan2Explore)
    return loop.algorithm


def zero_shot(loop: TrainingLoop) -> ZeroShot:
    assert isinstance(loop.algorithm, ZeroShot)
    return loop.algorithm


def seen_by(trained: Plan2Explore) -> Starts:
    """Latents and memories of the windows that the world model was last updated on."""
    return trained.world.states.latent, trained.world.states.memory


@pytest.fixture
def trained(chain: MakeChain) -> Plan2Explore:
    return plan2explore(run(make_loop(chain)))


def test_predictions_decode_latents_that_follow_from_the_first_observation_alone(
    trained: Plan2Explore,
) -> None:
    model = trained.world.model
    observation, memory = torch.randn(2, 3, 2), torch.randn(2, 3, model.memory_size)
    action = torch.rand(2, 3, 2, 1)
    predicted = trained.predict(observation, memory, action)
    with torch.no_grad():
        first, remembered = model.step(model.encode(observation), action[:, :, 0], memory)
        second, _ = model.step(first.next_latent, action[:, :, 1], remembered)
        expected = torch.stack([model.decode(p.next_latent) for p in (first, second)], dim=2)
    torch.testing.assert_close(predicted, expected)


def weights(module: torch.nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]


def test_updating_the_agents_leaves_the_world_alone(trained: Plan2Explore) -> None:
    world, ensemble = weights(trained.world.model), weights(trained.curiosity.ensemble)
    actor = weights(trained.task_agent.actor)
    trained.update_agent()
    assert all(map(torch.equal, world, weights(trained.world.model)))
    assert all(map(torch.equal, ensemble, weights(trained.curiosity.ensemble)))
    assert not all(map(torch.equal, actor, weights(trained.task_agent.actor)))


def test_learning_the_world_leaves_the_agents_alone(trained: Plan2Explore) -> None:
    actor, explorer = weights(trained.task_agent.actor), weights(trained.explorer_agent.actor)
    world, ensemble = weights(trained.world.model), weights(trained.curiosity.ensemble)
    trained.learn_world()
    assert all(map(torch.equal, actor, weights(trained.task_agent.actor)))
    assert all(map(torch.equal, explorer, weights(trained.explorer_agent.actor)))
    assert not any(map(torch.equal, world, weights(trained.world.model)))
    assert not any(map(torch.equal, ensemble, weights(trained.curiosity.ensemble)))


def test_the_task_policy_never_sees_the_intrinsic_reward(trained: Plan2Explore) -> None:
    drawn = trained.rows.draw(16)
    fields = trained.imagination_buffer.everything()
    real = trained.sac_buffer.in_order("reward")
    known = torch.cat([real.flatten(), fields["reward"].flatten()])
    assert torch.isin(as_transitions(drawn).reward, known).all()


def test_the_explorers_reward_by_hand(trained: Plan2Explore) -> None:
    trained.task_scale.average.fill_(5.0)
    trained.task_scale.weight.fill_(1.0)
    fields = trained.imagination_buffer.everything()
    fields["reward"] = torch.full_like(fields["reward"], 10.0)
    fields["curiosity"] = torch.full_like(fields["curiosity"], 3.0)
    reward = trained._for_explorer(fields).reward
    torch.testing.assert_close(reward, torch.full_like(reward, 10 / 5 + 3))


def test_promising_starts_are_worth_more_than_random_ones(trained: Plan2Explore) -> None:
    agent, imagination = trained.explorer_agent, trained.imagination
    features = trained.world.features
    promising, anywhere = (
        agent.value(features.of_state(*starts)).mean()
        for starts in (
            imagination._promising_starts(trained.sac_buffer, agent, 100),
            random_starts(seen_by(trained), 100, imagination.starts),
        )
    )
    assert promising > anywhere


def test_a_task_policy_apart_starts_where_its_reward_was_learned(
    chain: MakeChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("p2e.exploration.latent_imagination.PROMISING_SHARE", 0.0)
    monkeypatch.setattr("p2e.exploration.latent_imagination.PROVEN_SHARE", 0.0)
    trained = zero_shot(run(make_loop(chain, mode="zero-shot")))
    seen, rewarding = trained.world.states.latent, trained.world.reward.states[0]
    chosen: list[torch.Tensor] = []

    def kept(choose: Callable[..., Starts], *given: Any) -> Starts:
        starts = choose(*given)
        chosen.append(starts[0])
        return starts

    for imagination in (trained.imagination, trained.task_imagination):
        choose = partial(kept, imagination._choose_starts)
        monkeypatch.setattr(imagination, "_choose_starts", choose)
    trained.imagine()
    explorers, tasks = chosen
    assert all_among(tasks, rewarding) and not all_among(tasks, seen)
    assert all_among(explorers, seen) and not all_among(explorers, rewarding)


def test_an_adapting_policys_imaginations_go_on_where_its_last_ones_ended(
    chain: MakeChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("p2e.exploration.latent_imagination.PROMISING_SHARE", 0.0)
    monkeypatch.setattr("p2e.reward_free.continued_starts.CONTINUED_SHARE", 1.0)
    loop = make_loop(chain, mode="zero-shot", imagined_starts=80, adaptation_updates=1)
    trained = zero_shot(run(loop))
    imagination, rewarding = trained.adaptation.imagination, trained.world.reward.states
    random, explorer, task = imagination.trajectories
    imagination.roll_out(rewarding, trained.sac_buffer)
    ended = imagination._continued._ends[0]
    assert ended.shape[1] == task == 60 and explorer == 0
    starts = imagination._choose_starts(rewarding, trained.sac_buffer)[0]
    assert all_among(starts[:, :random], rewarding[0])
    going_on = starts[:, random:] == ended
    assert going_on.all(dim=2).float().mean() > 0.7


def all_among(latents: torch.Tensor, others: torch.Tensor) -> bool:
    same = (latents.unsqueeze(2) == others.unsqueeze(1)).all(dim=3)
    return bool(same.any(dim=2).all())


def test_only_the_task_policy_settles(chain: MakeChain) -> None:
    trained = plan2explore(run(make_loop(chain, final_learning_rate=0.25)))
    task, explorer = trained.task_agent, trained.explorer_agent
    assert task.schedule.factor(0) == explorer.schedule.factor(0) == 1
    last = make_loop(chain).problem.steps // trained.config.update_interval
    assert task.schedule.factor(last) == pytest.approx(0.25)
    assert explorer.schedule.factor(last) == 1


@pytest.mark.parametrize("mode", ["explore", "zero-shot", "few-shot"])
def test_only_the_joint_mode_explores_with_the_tasks_reward(chain: MakeChain, mode: str) -> None:
    def moved_by_reward(mode: str) -> bool:
        algorithm = plan2explore(run(make_loop(chain, mode=mode)))
        fields = algorithm.imagination_buffer.everything()
        before = algorithm._for_explorer(fields).reward
        fields["reward"] = fields["reward"] + 1000
        return not torch.equal(algorithm._for_explorer(fields).reward, before)

    assert moved_by_reward("joint") and not moved_by_reward(mode)


Paid = Callable[[str, float], Plan2Explore]


@pytest.fixture
def paid(chain: MakeChain, monkeypatch: pytest.MonkeyPatch) -> Paid:
    """Runs in which the exploration never ends, by their mode and by what the task pays."""
    monkeypatch.setattr("p2e.algorithms.plan2explore.reward_free.EXPLORATION_SHARE", 1.1)
    return partial(paid_run, chain)


def paid_run(chain: MakeChain, mode: str, reward: float) -> Plan2Explore:
    """A run in which the reward is this value at every 20th step and 0 otherwise."""
    loop = make_loop(chain, steps=40, mode=mode)
    algorithm = plan2explore(loop)
    store = algorithm.store

    def pay(transition: Transition) -> None:
        due = reward if algorithm.steps_stored.value % 20 == 10 else 0.0
        store(transition._replace(reward=torch.full_like(transition.reward, due)))

    algorithm.store = pay  # type: ignore[method-assign]
    return plan2explore(run(loop))


def world_weights(algorithm: Plan2Explore) -> list[torch.Tensor]:
    """The weights of the world model, without reward heads that learn separately."""
    model = algorithm.world.model
    assert model.cell is not None
    return [w for module in (model.encoder, model.cell, model.head) for w in weights(module)]


@pytest.mark.parametrize(
    ("mode", "reward_free"),
    [("joint", False), ("explore", True), ("zero-shot", True), ("few-shot", True)],
)
def test_a_reward_free_explorer_does_the_same_whatever_the_task_pays(
    paid: Paid, mode: str, reward_free: bool
) -> None:
    algorithms = paid(mode, 0.0), paid(mode, 10.0)
    done = [algorithm.sac_buffer.in_order("action") for algorithm in algorithms]
    worlds = [world_weights(algorithm) for algorithm in algorithms]
    actors = [weights(algorithm.explorer_agent.actor) for algorithm in algorithms]
    critics = [weights(algorithm.explorer_agent.critic) for algorithm in algorithms]
    same = [torch.equal(*done), *(all(map(torch.equal, *w)) for w in (worlds, actors, critics))]
    assert same == [reward_free] * 4
    # The reward is still used: imagined rewards depend on it, and so does the task policy.
    rewards = [algorithm.imagination_buffer.in_order("reward") for algorithm in algorithms]
    assert not torch.equal(*rewards)
    of_task = [weights(algorithm.task_agent.critic) for algorithm in algorithms]
    assert all(map(torch.equal, *of_task)) == (mode == "explore")


def test_real_rows_from_replay_are_steps_of_it_with_what_followed(chain: MakeChain) -> None:
    config: dict[str, Any] = {"real_share": 1.0, "multi_step": 3}
    algorithm = plan2explore(run(make_loop(chain, seeds=(0,), **config)))
    held = {n: algorithm.sac_buffer.in_order(n)[0] for n in ("observation", "reward", "first")}
    ends = [t + 1 for t in range(16) if t == 15 or held["first"][t + 1]]
    assert len(ends) > 1  # some rows are shorter than three steps
    latent = algorithm.world.model.encode(held["observation"].unsqueeze(0))[0]
    drawn = algorithm.real_steps(pays_curiosity=False).draw(64)
    latents = drawn["observation"][..., : latent.shape[-1]]
    reached = set()
    for row, reward in zip(latents[0], drawn["reward"][0], strict=True):
        t = int((latent - row).abs().sum(dim=1).argmin())
        torch.testing.assert_close(latent[t], row)
        n = min(3, min(end for end in ends if end > t) - t)
        assert float(reward) == pytest.approx(
            sum(0.99**k * float(held["reward"][t + k]) for k in range(n)), abs=1e-6
        )
        reached.add(n)
    assert len(reached) > 1


def test_explore_learns_no_task_policy(chain: MakeChain) -> None:
    begun, explored = make_loop(chain, mode="explore"), run(make_loop(chain, mode="explore"))
    before, after = plan2explore(begun), plan2explore(explored)
    same = [
        all(map(torch.equal, weights(mine.actor), weights(other.actor)))
        for mine, other in (
            (before.task_agent, after.task_agent),
            (before.explorer_agent, after.explorer_agent),
        )
    ]
    assert same == [True, False]


@pytest.mark.parametrize("mode", ["zero-shot", "few-shot"])
def test_a_task_policy_beside_it_does_not_move_a_reward_free_explorer(
    paid: Paid, mode: str
) -> None:
    alone, beside = (paid(each, 10.0) for each in ("explore", mode))
    assert torch.equal(alone.sac_buffer.in_order("action"), beside.sac_buffer.in_order("action"))
    for one, other in (
        (alone.explorer_agent.critic, beside.explorer_agent.critic),
        (alone.world.model, beside.world.model),
    ):
        assert all(map(torch.equal, weights(one), weights(other)))


MIXED = ("rows", "task_rows", "few_shot_rows")


@pytest.mark.parametrize(
    ("mode", "steps", "drawn"),
    [
        ("joint", 16, {"rows": [4]}),
        ("explore", 16, {"rows": [4]}),
        ("zero-shot", 16, {"rows": [4], "model": [8]}),
        ("few-shot", 11, {"rows": [4], "model": [8]}),
        ("few-shot", 12, {"few_shot_rows": [4]}),
    ],
)
def test_zero_shot_imagines_only_and_few_shot_until_it_takes_over(
    chain: MakeChain,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    steps: int,
    drawn: dict[str, list[int]],
) -> None:
    algorithm = plan2explore(advance(make_loop(chain, mode=mode), steps))
    asked: dict[str, list[int]] = {}

    def counted(name: str, draw: Draw) -> Draw:
        def count(rows: int) -> Fields:
            asked.setdefault(name, []).append(rows)
            return draw(rows)

        return count

    for name in (name for name in MIXED if name in vars(algorithm)):
        mixed = vars(algorithm)[name]
        of_model = mixed._real.__qualname__ == ReplayedActions.draw.__qualname__
        source = "model" if of_model else name
        monkeypatch.setattr(mixed, "_real", counted(source, mixed._real))
    algorithm._update_agents()
    assert asked == drawn


def test_few_shot_hands_over_to_the_task_policy(chain: MakeChain) -> None:
    loop = make_loop(chain, mode="few-shot")
    algorithm, progress = plan2explore(loop), Progress(16, 0, io.StringIO())
    acting, explorer = [], []
    for _ in range(16):
        acting.append(algorithm.explorer is algorithm.task_policy)
        loop.advance(progress)
        explorer.append(algorithm.explorer_agent.updates)
    assert acting == [False] * 12 + [True] * 4
    assert explorer[10:] == [5] * 6  # updates from step 7 on, none at the step that switches modes


@pytest.mark.parametrize(
    ("mode", "share"), [("zero-shot", 0.75), ("few-shot", 0.75), ("few-shot", 1.0)]
)
def test_a_reinitialised_task_policy_adapts_when_the_exploration_is_over(
    chain: MakeChain, monkeypatch: pytest.MonkeyPatch, mode: str, share: float
) -> None:
    monkeypatch.setattr("p2e.algorithms.plan2explore.reward_free.EXPLORATION_SHARE", share)
    config: dict[str, Any] = {"mode": mode, "final_learning_rate": 0.25}
    without, adapted = (
        zero_shot(run(make_loop(chain, adaptation_updates=updates, **config))) for updates in (0, 3)
    )
    assert adapted.agent_updates == without.agent_updates + 3
    agents = [algorithm.task_agent for algorithm in (adapted, without)]
    rates = [a.schedule.factor(a.updates - a.unscheduled_updates) for a in agents]
    assert rates[0] == rates[1] < 1  # the run's schedule continues from where it was
    rewards = [algorithm.world.reward.optimizer for algorithm in (adapted, without)]
    assert len({optimizer.rate_factor for optimizer in rewards}) == 1
    if mode == "zero-shot" or share == 1.0:  # nothing is learned afterwards
        for one, other in zip(
            weights(adapted.task_agent.actor),
            weights(adapted.adaptation.fresh_agent.actor),
            strict=True,
        ):
            moved = (one - other).abs().max()
            assert 0 < moved <= 3.01 * adapted.config.agent.learning_rate
        for part in ("world.model.encoder", "explorer_agent.actor", "curiosity.ensemble"):
            untouched, beside = (weights(attrgetter(part)(each)) for each in (adapted, without))
            assert all(map(torch.equal, untouched, beside))


def test_errors_are_discounted_in_all_that_an_adapting_policy_learns_from(
    chain: MakeChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = zero_shot(run(make_loop(chain, mode="zero-shot", adaptation_updates=2)))
    adaptation = trained.adaptation
    applied = adaptation.error_discount.apply
    assert adaptation.replayed_actions._transform == applied
    assert trained.replayed_actions._transform is None
    with torch.no_grad():  # with these errors every step counts as three
        adaptation.error_discount._network.weights.zero_()
        adaptation.error_discount._network.layers[-1].bias.fill_(5.0)
    adaptation._imagine()
    rows = adaptation.imagination_buffer.everything()
    assert (rows["terminated"] >= 1 - 0.99**2 - 1e-6).all()
    metrics = adaptation.run()
    assert (metrics["error_discount_loss"] > 0).all()


def test_every_mode_has_its_algorithm() -> None:
    assert tuple(algorithm_module.MODES) == MODES


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_trains_where_all_imagined_actions_are_random(
    chain: MakeChain, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr("p2e.exploration.latent_imagination.RANDOM_SHARE", 1.0)
    trained = plan2explore(run(make_loop(chain, mode=mode, adaptation_updates=1)))
    assert trained.agent_updates > 0 or mode == "explore"


def test_joint_never_reinitialises_its_task_policy(chain: MakeChain) -> None:
    without, asked = (
        plan2explore(run(make_loop(chain, mode="joint", adaptation_updates=n))) for n in (0, 3)
    )
    actors = weights(without.task_agent.actor), weights(asked.task_agent.actor)
    assert all(map(torch.equal, *actors))


def test_only_recent_imaginations_are_kept(chain: MakeChain) -> None:
    algorithm = plan2explore(run(make_loop(chain)))
    assert algorithm.imagination_buffer.size == RETAINED * 2 * 6
    assert algorithm.updates.value > RETAINED


def test_updates_are_spaced_by_the_interval(chain: MakeChain) -> None:
    # Warm-up ends after step 6: steps 8, 10, ..., 16 update.
    algorithm = plan2explore(run(make_loop(chain, update_interval=2)))
    assert algorithm.agent_updates == 5
    assert algorithm.world.optimizer.updates == 5 + SMALL["pretraining_updates"]


def test_both_agents_are_updated_several_times_after_an_update_of_the_world(
    chain: MakeChain,
) -> None:
    algorithm = plan2explore(run(make_loop(chain, agent_updates=3)))
    assert algorithm.agent_updates == algorithm.explorer_agent.updates == 30
    assert algorithm.world.optimizer.updates == 10 + SMALL["pretraining_updates"]


@pytest.mark.parametrize(("mode", "in_turn"), [("joint", True), ("explore", False)])
def test_the_task_policy_takes_turns_in_the_joint_mode(
    chain: MakeChain, mode: str, in_turn: bool
) -> None:
    loop = make_loop(chain, seeds=(0,), mode=mode, task_share=0.5)
    algorithm, progress = plan2explore(loop), Progress(16, 0, io.StringIO())
    acting = []
    for _ in range(16):
        loop.advance(progress)
        acting.append(bool(algorithm.turns.task_acts))
    first, reward = (algorithm.sac_buffer.in_order(x).flatten() for x in ("first", "reward"))
    met = int((reward > 0).nonzero()[0])  # the step with the first reward
    begun = [int(first[met + 1 : i + 1].sum()) for i in range(16)]
    assert begun[-1] > 2 and acting == [in_turn and n > 0 and n % 2 == 0 for n in begun]


def test_seeds_do_not_touch(chain: MakeChain) -> None:
    alone = run(make_loop(chain, seeds=(1,)))
    together = run(make_loop(chain, seeds=(0, 1)))
    for a, b in zip(
        plan2explore(alone).world.model.parameters(),
        plan2explore(together).world.model.parameters(),
        strict=True,
    ):
        torch.testing.assert_close(a[0], b[1], rtol=1e-3, atol=1e-4)
