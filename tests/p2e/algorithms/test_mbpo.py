"""MBPO: when the model is trained, the content of batches and buffers, resuming."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from p2e.agent.settings import SoftActorCriticConfig
from p2e.algorithm import Problem, load_state_of, state_of
from p2e.algorithms.mbpo import MBPO, Config, build
from p2e.batch import Transition, TransitionBatch
from p2e.config import ConfigError, from_mapping
from p2e.dynamics.branched_rollouts import Rollout, RolloutSchedule
from p2e.dynamics.probabilistic_ensemble import DynamicsConfig
from p2e.metrics import DivergenceError, Metrics
from p2e.nn.generators import SeedGenerators

Make = Callable[..., SeedGenerators]
REAL_MARK = 100.0  # the reward of every real row
SMALL = Config(
    agent=SoftActorCriticConfig(hidden=(8,), batch_size=20),
    dynamics=DynamicsConfig(hidden=(8,), members=3, elites=2, batch_size=16, max_updates=2),
    model_interval=3,
    rollouts_per_step=4,
    updates_per_step=2,
    retained_trainings=2,
)


def beyond_one(observation: Tensor, action: Tensor, reached: Tensor) -> Tensor:
    """The toy task terminates when the first feature exceeds 1."""
    return reached[..., 0] > 1.0


def make(config: Config = SMALL, seeds: tuple[int, ...] = (0, 1)) -> MBPO:
    return build(Problem(seeds, 2, 1, 100, 10, beyond_one, torch.device("cpu")), config)


def transition(seeds: int, step: int, shift: float = 0.0) -> Transition:
    """Step number `step` of a fixed stream of transitions; `shift` is added to those of seed 0."""
    random = torch.Generator().manual_seed(step)
    observation, reached = torch.randn(2, seeds, 2, generator=random).unbind(0)
    action = torch.rand(seeds, 1, generator=random) * 2 - 1
    observation[0] += shift
    flags = torch.zeros(seeds, dtype=torch.bool)
    reward = torch.full((seeds,), REAL_MARK)
    return Transition(observation, action, reward, reached, flags, flags, torch.zeros(seeds, 0))


def train(algorithm: MBPO, first: int, last: int, shift: float = 0.0) -> list[Metrics]:
    """Steps first to last - 1 as in the training loop; returns the results of learn_world."""
    learned = []
    for step in range(first, last):
        seeds = len(algorithm.batches)
        algorithm.store(transition(seeds, step, shift if step < 12 else 0.0))
        if step >= 10:  # the warm-up is over
            learned.append(algorithm.learn_world() | algorithm.imagine())
            algorithm.update_agent()
    return learned


def test_model_is_trained_after_warm_up_and_then_at_intervals() -> None:
    learned = train(make(), 0, 18)  # the first call is that of step 10
    assert [bool(metrics) for metrics in learned] == [True, False, False] * 2 + [True, False]
    expected = {"model_loss", "holdout_loss", "model_epochs"}
    expected |= {"rollout_length", "imagined_rows", "dropped_rows"}
    assert learned[0].keys() == expected
    assert all(value.shape == (2,) for value in learned[0].values())
    assert learned[0]["model_epochs"].tolist() == [2, 2]


def test_without_a_warm_up_it_waits_for_a_second_row() -> None:
    """One row cannot be both learned from and held out."""
    algorithm, learned, updates = make(), [], []
    for step in range(3):
        algorithm.store(transition(2, step))
        learned.append(bool(algorithm.learn_world() | algorithm.imagine()))
        algorithm.update_agent()
        updates.append(algorithm.agent_updates)
    assert learned == [False, True, False]
    assert updates == [0, 2, 4]


def test_the_model_learns_from_all_real_rows() -> None:
    algorithm = make()
    train(algorithm, 0, 11)
    observed = algorithm.sac_buffer.in_order("observation")
    assert observed.shape[1] == 11
    of_all = observed.mean(dim=1, keepdim=True)
    torch.testing.assert_close(algorithm.dynamics.observation_scale.mean, of_all)


def test_rollouts_begin_in_real_states_of_the_whole_run() -> None:
    algorithm = make()
    train(algorithm, 0, 11)
    begun = algorithm.imagination_buffer.in_order("observation")  # rollouts are one step long
    observed = algorithm.sac_buffer.in_order("observation")
    same = (begun.unsqueeze(2) == observed.unsqueeze(1)).all(dim=3)
    assert begun.shape[1] == 12 and same.any(dim=2).all()
    assert (same.any(dim=1).sum(dim=1) > 5).all()  # of the 11, in 12 draws


@pytest.mark.parametrize(("share", "real"), [(0.05, 1), (0.25, 5), (0.0, 0), (1.0, 20)])
def test_every_batch_has_the_stated_number_of_real_rows(
    monkeypatch: pytest.MonkeyPatch, share: float, real: int
) -> None:
    algorithm = make(replace(SMALL, real_share=share, updates_per_step=7))
    train(algorithm, 0, 11)
    # Imagined rows resemble real ones, so mark them by another reward.
    imagined = algorithm.imagination_buffer
    slots = torch.arange(imagined.size).expand(2, -1)
    imagined.write("reward", slots, torch.zeros(2, imagined.size, 1))
    batches: list[TransitionBatch] = []

    def spy(batch: TransitionBatch) -> Metrics:
        batches.append(batch)
        return {}

    monkeypatch.setattr(algorithm.agent, "update", spy)
    algorithm.update_agent()
    assert len(batches) == 7
    for batch in batches:
        assert batch.reward.shape == (2, 20)
        assert (batch.reward == REAL_MARK).sum(dim=1).tolist() == [real, real]


def test_updates_of_the_agent_for_each_step() -> None:
    algorithm = make(replace(SMALL, updates_per_step=5))
    train(algorithm, 0, 14)
    assert algorithm.agent_updates == 4 * 5


def drawn_marks(algorithm: MBPO) -> set[float]:
    """Rewards among many rows drawn from the imagination buffer."""
    rewards = algorithm._draw_imagined(3000)["reward"].squeeze(-1)
    return {round(value) for value in rewards.flatten().tolist()}


def test_imagined_rows_outlive_a_training_and_go_after_the_stated_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule = RolloutSchedule(1, 3, 10, 20)  # lengths 1, 1, 2, 3, 3 at the trainings below
    algorithm = make(replace(SMALL, rollout=schedule))
    original = Rollout.rows
    trainings = iter(range(100))

    def marked(self: Rollout, *arguments: TransitionBatch) -> dict[str, Tensor]:
        rows = original(self, *arguments)  # type: ignore[arg-type]
        return rows | {"reward": torch.full_like(rows["reward"], next(trainings))}

    monkeypatch.setattr(Rollout, "rows", marked)
    seen = []
    for step in range(0, 23):
        trained = bool(any(train(algorithm, step, step + 1)))
        if trained:
            seen.append((drawn_marks(algorithm), sum(algorithm.calendar.imagined)))
    assert [marks for marks, _ in seen] == [{0}, {0, 1}, {1, 2}, {2, 3}, {3, 4}]
    assert [rows for _, rows in seen] == [12, 24, 36, 60, 72]
    assert algorithm.imagination_buffer.capacity == 2 * 12 * 3


def test_a_resumed_run_goes_on_bit_identically() -> None:
    whole, begun = make(), make()
    train(whole, 0, 15)
    train(begun, 0, 15)
    file = io.BytesIO()
    torch.save(state_of(begun.components()), file)
    file.seek(0)
    resumed = make()
    load_state_of(resumed.components(), torch.load(file, weights_only=True))
    for algorithm in (whole, resumed):
        train(algorithm, 15, 20)  # one more training among them
    assert whole.calendar.trained_at == resumed.calendar.trained_at == 20
    first, second = flat(state_of(whole.components())), flat(state_of(resumed.components()))
    assert first.keys() == second.keys() and len(first) > 40
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


def flat(state: object, prefix: str = "") -> dict[str, Tensor]:
    """Every tensor and number of a nested state under its path."""
    if isinstance(state, dict):
        items = state.items()
    elif isinstance(state, list | tuple):
        items = dict(enumerate(state)).items()
    else:
        return {} if state is None else {prefix: torch.as_tensor(state)}
    return {k: v for key, value in items for k, v in flat(value, f"{prefix}/{key}").items()}


def test_predictions_chain_the_mean_of_the_elites() -> None:
    algorithm = make()
    train(algorithm, 0, 11)
    observation, action = torch.randn(2, 4, 2), torch.rand(2, 4, 3, 1)
    predicted = algorithm.predict(observation, torch.zeros(2, 4, 0), action)
    assert predicted.shape == (2, 4, 3, 2)
    dynamics, reached = algorithm.dynamics, observation
    for t in range(3):
        inputs = dynamics.inputs(reached, action[:, :, t]).unsqueeze(1).expand(-1, 3, -1, -1)
        mean = dynamics(inputs)[0]
        of_elites = torch.stack([mean[s, dynamics.elites[s]].mean(dim=0) for s in range(2)])
        reached = reached + dynamics.target_scale.inverse(of_elites)[..., :2]
        torch.testing.assert_close(predicted[:, :, t], reached)


def test_a_model_that_diverges_is_an_error_before_anybody_learns_from_it() -> None:
    algorithm = make()
    train(algorithm, 0, 12)
    with torch.no_grad():
        algorithm.dynamics.network.weights[1].fill_(torch.nan)
    message = r"at step 14, seed 1: 'model_loss' is nan"
    with pytest.raises(DivergenceError, match=message):
        train(algorithm, 12, 15)
    assert algorithm.agent_updates == 3 * 2  # none after the failed training


def test_seeds_never_touch() -> None:
    algorithms = make(), make()
    for algorithm, shift in zip(algorithms, (0.0, 3.0), strict=True):
        train(algorithm, 0, 20, shift)
    same = {0: 0, 1: 0}
    for mine, other in zip(
        (*algorithms[0].agent.actor.parameters(), *algorithms[0].dynamics.parameters()),
        (*algorithms[1].agent.actor.parameters(), *algorithms[1].dynamics.parameters()),
        strict=True,
    ):
        for seed in same:
            same[seed] += torch.equal(mine[seed], other[seed])
        assert torch.equal(mine[1], other[1])
    assert same[0] < 3
    imagined = [a.imagination_buffer.everything()["next_observation"] for a in algorithms]
    assert torch.equal(imagined[0][1], imagined[1][1])
    assert not torch.equal(imagined[0][0], imagined[1][0])


def test_what_the_policy_needs_is_the_actor_alone() -> None:
    algorithm = make()
    assert list(algorithm.policy_components()) == ["actor"]
    assert algorithm.explorer is algorithm.task_policy


def test_settings_come_from_a_plain_mapping() -> None:
    config = from_mapping(
        Config,
        {
            "agent": {"hidden": [64]},
            "dynamics": {"max_updates": 3},
            "rollout": {"end_length": 5, "end_step": 100},
            "rollouts_per_step": 8,
        },
        "mbpo",
    )
    assert config.rollout.longest(100) == 5 and config.rollouts == 2000
    with pytest.raises(ConfigError, match=r"'mbpo.rollout.end_lenght'.*did you mean 'end_length'"):
        from_mapping(Config, {"rollout": {"end_lenght": 5}}, "mbpo")
    with pytest.raises(ConfigError, match=r"'mbpo.real_share' is 1.5"):
        Config(real_share=1.5)
