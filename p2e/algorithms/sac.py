"""Soft Actor-Critic: every row of every batch is real."""

from dataclasses import dataclass, field

from jaxtyping import Float, Int64
from torch import Tensor

from p2e.agent.settings import SoftActorCriticConfig
from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.algorithm import Actions, Algorithm, Memories, Observations, Policy, Problem, Stateful
from p2e.batch import Transition, TransitionBatch
from p2e.config import require_positive
from p2e.curiosity.settings import ExplorationConfig
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import RowBuffer, as_transitions, real_fields, transition_row


@dataclass(frozen=True)
class Config:
    """Settings of SAC.

    Args:
        agent: of actor and critics.
        exploration: noise of the actions, and the bonus of real transitions.
        updates_per_step: the update-to-data ratio: updates of the agent an environment step.
        buffer_capacity: transitions kept for each seed; no more than the run's steps are held.
    """

    agent: SoftActorCriticConfig = field(default_factory=SoftActorCriticConfig)
    exploration: ExplorationConfig = field(default_factory=ExplorationConfig)
    updates_per_step: int = 1
    buffer_capacity: int = 1_000_000

    def __post_init__(self) -> None:
        require_positive(self, "sac", "updates_per_step", "buffer_capacity")


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


class SAC(Algorithm):
    """The model-free baseline."""

    def __init__(self, problem: Problem, config: Config) -> None:
        seeds, device = problem.seeds, problem.device
        self.config = config
        self.agent = SoftActorCritic.of_problem(
            problem, problem.observation_size, config.agent, noise=config.exploration.noise
        )
        self.bonus = config.exploration.bonus_for(problem)
        self.sac_buffer = RowBuffer(
            len(seeds),
            min(config.buffer_capacity, problem.steps),
            real_fields(problem.observation_size, problem.action_size),
            device,
        )
        self.batches = SeedGenerators(seeds, "batches", device)
        self.explorer = self.task_policy = ObservationPolicy(self.agent)
        self._update = self.agent.updates_from(self._batch)

    def _batch(self, slots: Int64[Tensor, "S B"]) -> TransitionBatch:
        return as_transitions(self.sac_buffer.take(slots))

    def store(self, transition: Transition) -> None:
        self.sac_buffer.add(transition_row(transition))
        self.bonus.see(transition)

    def warmup_actions(self) -> Float[Tensor, "S A"] | None:
        return self.agent.warmup_actions()

    def update_agent(self) -> Metrics:
        metrics: Metrics = {}
        for _ in range(self.config.updates_per_step):
            slots = self.sac_buffer.draw(self.batches, self.config.agent.batch_size)
            metrics = self._update_from(slots)
        return metrics

    def _update_from(self, slots: Int64[Tensor, "S B"]) -> Metrics:
        if self.config.exploration.bonus == "none":  # on a GPU one graph with the drawing of rows
            return self._update(slots)
        rows = self._batch(slots)
        metrics = self.bonus.learn_from(lambda: rows)
        return metrics | self.agent.update(self.bonus.paid(rows))

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
        return {"actor": self.agent.actor}


def build(problem: Problem, config: Config) -> SAC:
    """The algorithm for one group of seeds of one task."""
    return SAC(problem, config)
