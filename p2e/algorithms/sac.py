"""Soft Actor-Critic: every row of every batch is real."""

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int64
from torch import Tensor

from p2e.agent.settings import SoftActorCriticConfig
from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.algorithm import Actions, Algorithm, Memories, Observations, Policy, Problem, Stateful
from p2e.batch import Transition, TransitionBatch
from p2e.config import require, require_positive
from p2e.curiosity.settings import ExplorationConfig
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import LearningRateSchedule
from p2e.replay.buffers import RowBuffer, as_transitions, real_fields, transition_row
from p2e.replay.real_rows import RealRows, RealRowsConfig


@dataclass(frozen=True)
class Config:
    """Settings of SAC.

    Args:
        agent: of actor and critics.
        exploration: of the noise in the actions, and of the bonus of real transitions.
        real_rows: of the real rows that the agent learns from.
        normalised_observations: whether the agent sees observations in units of their own
            statistics.
        final_learning_rate: of actor and critics, as a share of the first; it falls in half a
            cosine over the updates of the run.
        updates_per_step: the update-to-data ratio: updates of the agent an environment step.
    """

    agent: SoftActorCriticConfig = field(default_factory=SoftActorCriticConfig)
    exploration: ExplorationConfig = field(default_factory=ExplorationConfig)
    real_rows: RealRowsConfig = field(default_factory=RealRowsConfig)
    normalised_observations: bool = False
    final_learning_rate: float = 1.0
    updates_per_step: int = 1

    def __post_init__(self) -> None:
        require_positive(self, "sac", "updates_per_step")
        share = self.final_learning_rate
        require(0 <= share <= 1, "sac.final_learning_rate", share, "a share in [0, 1]")

    @property
    def plain(self) -> bool:
        """Whether rows go from the replay buffer to the agent as they are."""
        unpaid, whole = self.exploration.bonus == "none", self.real_rows == RealRowsConfig()
        return unpaid and whole and not self.normalised_observations


class ObservationPolicy(Policy):
    """A policy that sees the observation itself and remembers nothing."""

    memory_size = 0

    def __init__(self, agent: SoftActorCritic) -> None:
        self._agent = agent

    def act(self, observation: Observations, memory: Memories, deterministic: bool) -> Actions:
        if deterministic:
            return self._agent.act(observation, deterministic)
        return self._agent.explore(observation)

    def remember(self, observation: Observations, action: Actions, memory: Memories) -> Memories:
        return memory


@runtime_checkable
class AgentSettings(Protocol):
    """What the settings of an algorithm say about an agent that sees observations."""

    @property
    def agent(self) -> SoftActorCriticConfig: ...
    @property
    def exploration(self) -> ExplorationConfig: ...
    @property
    def normalised_observations(self) -> bool: ...
    @property
    def final_learning_rate(self) -> float: ...


def agent_of(problem: Problem, config: AgentSettings, updates: int) -> SoftActorCritic:
    """The agent of an algorithm that learns from observations.

    Args:
        updates: of the whole run, for the learning rate's schedule.
    """
    final = config.final_learning_rate
    return SoftActorCritic.of_problem(
        problem,
        problem.observation_size,
        config.agent,
        schedule=LearningRateSchedule(total_updates=updates, final_fraction=final),
        noise=config.exploration.noise,
        normalised=config.normalised_observations,
    )


class SAC(Algorithm):
    """The model-free baseline."""

    def __init__(self, problem: Problem, config: Config) -> None:
        seeds, device = problem.seeds, problem.device
        self.config = config
        updates = problem.steps * config.updates_per_step
        self.agent = agent_of(problem, config, updates)
        self.bonus = config.exploration.bonus_for(problem, self.agent)
        self.sac_buffer = RowBuffer(
            len(seeds),
            problem.steps,
            real_fields(problem.observation_size, problem.action_size),
            device,
        )
        self.batches = SeedGenerators(seeds, "batches", device)
        self.explorer = self.task_policy = ObservationPolicy(self.agent)
        self.rows = RealRows(
            self.sac_buffer,
            self.batches,
            config.real_rows,
            config.agent.discount,
            self.bonus.paid,
        )
        self._update = self.agent.updates_from(self._batch)

    def _batch(self, slots: Int64[Tensor, "S B"]) -> TransitionBatch:
        return as_transitions(self.sac_buffer.take(slots))

    def store(self, transition: Transition) -> None:
        row = transition_row(transition)
        self.sac_buffer.add(row)
        self.bonus.see(as_transitions(row))
        self.agent.see(transition.observation)

    def warmup_actions(self) -> Float[Tensor, "S A"] | None:
        return self.agent.warmup_actions()

    def update_agent(self) -> Metrics:
        metrics: Metrics = {}
        for _ in range(self.config.updates_per_step):
            metrics = self.bonus.learn_from(self.sac_buffer) | self._update_once()
        return metrics

    def _update_once(self) -> Metrics:
        size = self.config.agent.batch_size
        if self.config.plain:  # on a GPU one graph, the rows' way from the buffer included
            return self._update(self.sac_buffer.draw(self.batches, size))
        return self.agent.update(as_transitions(self.rows.draw(size)))

    def intrinsic_reward(self, transition: Transition) -> Float[Tensor, " S"] | None:
        return self.bonus.of_step(transition)

    @property
    def agent_updates(self) -> int:
        return self.agent.updates

    def components(self) -> dict[str, Stateful]:
        return {
            "agent": self.agent,
            "sac_buffer": self.sac_buffer,
            "batches": self.batches,
            "bonus": self.bonus,
        }

    def policy_components(self) -> dict[str, Stateful]:
        return self.agent.policy_components()


def build(problem: Problem, config: Config) -> SAC:
    """The algorithm for one group of seeds of one task."""
    return SAC(problem, config)
