"""Model-based policy optimisation (Janner et al. 2019, arXiv:1906.08253): Soft Actor-Critic on
batches that mix real rows with rows imagined by a learned model, branched from real states."""

from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.agent.settings import SoftActorCriticConfig
from p2e.algorithm import Algorithm, Memories, Observations, Problem, Stateful, Termination
from p2e.algorithms.sac import ObservationPolicy, agent_of
from p2e.batch import Transition, TransitionBatch
from p2e.config import require, require_positive
from p2e.curiosity.settings import ExplorationConfig
from p2e.dynamics.branched_rollouts import RolloutSchedule, branch
from p2e.dynamics.learned_termination import LearnedTermination
from p2e.dynamics.probabilistic_ensemble import Dynamics, DynamicsConfig
from p2e.dynamics.training import train_dynamics
from p2e.metrics import Metrics, require_finite
from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import Fields, RowBuffer, as_transitions, real_fields, transition_row
from p2e.replay.mixed_batch import MixedBatch
from p2e.replay.real_rows import RealRows, RealRowsConfig


@dataclass(frozen=True)
class Config:
    """Settings of MBPO; the defaults are those of the paper (Walker2d).

    Args:
        agent: of actor and critics.
        exploration: of the noise in the actions in the environment, and of the bonus of all
            transitions, real ones and imagined ones.
        real_rows: of the real rows that the agent learns from.
        normalised_observations: whether the agent sees observations in units of their own
            statistics.
        final_learning_rate: of actor and critics, as a share of the first; it falls in half a
            cosine over the updates of the run.
        dynamics: of the model, a probabilistic ensemble.
        rollout: of the imagined rollouts' length.
        model_interval: environment steps between trainings of the model.
        rollouts_per_step: branches for each environment step, all begun right after a training:
            model_interval * rollouts_per_step of them.
        real_share: share of real rows in every batch.
        updates_per_step: the update-to-data ratio: updates of the agent an environment step.
        retained_trainings: imagined rows stay for this many trainings of the model.
    """

    agent: SoftActorCriticConfig = field(default_factory=SoftActorCriticConfig)
    exploration: ExplorationConfig = field(default_factory=ExplorationConfig)
    real_rows: RealRowsConfig = field(default_factory=RealRowsConfig)
    normalised_observations: bool = False
    final_learning_rate: float = 1.0
    dynamics: DynamicsConfig = field(default_factory=DynamicsConfig)
    rollout: RolloutSchedule = field(default_factory=RolloutSchedule)
    model_interval: int = 250
    rollouts_per_step: int = 400
    real_share: float = 0.05
    updates_per_step: int = 20
    retained_trainings: int = 4

    def __post_init__(self) -> None:
        require_positive(self, "mbpo", "model_interval", "rollouts_per_step", "updates_per_step")
        require_positive(self, "mbpo", "retained_trainings")
        for key in ("real_share", "final_learning_rate"):
            share = getattr(self, key)
            require(0 <= share <= 1, f"mbpo.{key}", share, "a number in [0, 1]")

    @property
    def rollouts(self) -> int:
        """Branches begun after each training of the model."""
        return self.model_interval * self.rollouts_per_step


class Calendar:
    """When the model was trained, whether it has imagined since, and how many rows after each
    training."""

    def __init__(self) -> None:
        self.step = 0
        self.trained_at: int | None = None
        self.model_is_new = False
        self.imagined: list[int] = []

    def state_dict(self) -> dict[str, Any]:
        return vars(self) | {"imagined": list(self.imagined)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        vars(self).update(state, imagined=list(state["imagined"]))


class MBPO(Algorithm):
    """What differs from SAC is where the batches come from."""

    def __init__(self, problem: Problem, config: Config) -> None:
        self.config = config
        self.terminated: Termination = problem.terminated or LearnedTermination(problem)
        sizes = problem.observation_size, problem.action_size
        self.seeds = seeds = problem.seeds
        device = problem.device
        self.agent = agent_of(problem, config, problem.steps * config.updates_per_step)
        self.bonus = config.exploration.bonus_for(problem, self.agent)
        model_weights = SeedGenerators(seeds, "model weights", device)
        self.dynamics = Dynamics(*sizes, config.dynamics, model_weights)
        self.model_training = SeedGenerators(seeds, "model training", device)
        self.rollouts = SeedGenerators(seeds, "rollouts", device)
        self.batches = SeedGenerators(seeds, "batches", device)
        real = real_fields(*sizes)
        self.sac_buffer = RowBuffer(len(seeds), problem.steps, real, device)
        imagined = {name: real[name] for name in TransitionBatch._fields}
        most = config.rollouts * config.rollout.longest(problem.steps) * config.retained_trainings
        self.imagination_buffer = RowBuffer(len(seeds), most, imagined, device)
        own = self.sac_buffer, self.batches, config.real_rows, config.agent.discount
        self.real_rows = RealRows(*own, self.bonus.paid)
        self.rows = MixedBatch(self.real_rows.draw, self._draw_imagined, config.real_share)
        self.calendar = Calendar()
        self.explorer = self.task_policy = ObservationPolicy(self.agent)

    def store(self, transition: Transition) -> None:
        row = transition_row(transition)
        self.sac_buffer.add(row)
        self.bonus.see(as_transitions(row))
        self.agent.see(transition.observation)
        self.calendar.step += 1

    def warmup_actions(self) -> Float[Tensor, "S A"] | None:
        return self.agent.warmup_actions()

    def learn_world(self) -> Metrics:
        """Train the model on all real rows when the interval is over; at once at the first call,
        unless there is one row only, which cannot be both learned from and held out.

        Raises:
            DivergenceError: when a loss of the model is not finite.
        """
        now, before = self.calendar.step, self.calendar.trained_at
        waits = now < 2 if before is None else now - before < self.config.model_interval
        if waits:
            return {}
        self.calendar.trained_at, self.calendar.model_is_new = now, True
        real = as_transitions(self.sac_buffer.everything())
        metrics = train_dynamics(self.dynamics, real, self.model_training)
        if isinstance(self.terminated, LearnedTermination):
            metrics |= self.terminated.train_on(real)
        # Now, not when it is logged: nobody is to learn from what a broken model imagines.
        values = {name: value.tolist() for name, value in metrics.items()}
        require_finite(values, self.seeds, now)
        return metrics

    def imagine(self) -> Metrics:
        """Branch rollouts from random real states, right after the model was trained."""
        if not self.calendar.model_is_new:
            return {}
        self.calendar.model_is_new = False
        length = self.config.rollout.length(self.calendar.step)
        start = as_transitions(self.sac_buffer.sample(self.rollouts, self.config.rollouts))
        rollout = branch(self.agent, self.dynamics, self.terminated, start, length, self.rollouts)
        self.imagination_buffer.add(rollout.rows(start, self.rollouts))
        made = [*self.calendar.imagined, length * self.config.rollouts]
        self.calendar.imagined = made[-self.config.retained_trainings :]
        return rollout.metrics()

    def update_agent(self) -> Metrics:
        if self.calendar.trained_at is None:
            return {}  # nothing was imagined yet
        metrics = self.bonus.learn_from(self.sac_buffer)
        for _ in range(self.config.updates_per_step):
            rows = self.rows.draw(self.config.agent.batch_size)
            metrics |= self.agent.update(as_transitions(rows))
        return metrics

    def intrinsic_reward(self, transition: Transition) -> Float[Tensor, " S"] | None:
        return self.bonus.of_step(transition)

    def _draw_imagined(self, rows: int) -> Fields:
        newest = sum(self.calendar.imagined)
        imagined = self.imagination_buffer.sample(self.batches, rows, newest)
        paid = self.bonus.paid(as_transitions(imagined)).reward
        return imagined | {"reward": paid.unsqueeze(-1)}

    def predict(
        self, observation: Observations, memory: Memories, action: Float[Tensor, "S N H A"]
    ) -> Float[Tensor, "S N H O"]:
        """Each observation is the elites' mean prediction from the one before."""
        predicted = []
        for t in range(action.shape[2]):
            observation = self.dynamics.expected_next(observation, action[:, :, t])
            predicted.append(observation)
        return torch.stack(predicted, dim=2)

    @property
    def agent_updates(self) -> int:
        return self.agent.updates

    def components(self) -> dict[str, Stateful]:
        # The dynamics' Adam is reinitialised at each training: it has no state to be saved.
        parts: dict[str, Stateful] = {
            "agent": self.agent,
            "dynamics": self.dynamics,
            "sac_buffer": self.sac_buffer,
            "imagination_buffer": self.imagination_buffer,
            "calendar": self.calendar,
            "model_training": self.model_training,
            "rollouts": self.rollouts,
            "batches": self.batches,
            "bonus": self.bonus,
        }
        if isinstance(self.terminated, LearnedTermination):
            parts |= {"termination": self.terminated, "terminations": self.terminated.generators}
        return parts

    def policy_components(self) -> dict[str, Stateful]:
        return self.agent.policy_components()


def build(problem: Problem, config: Config) -> MBPO:
    """The algorithm for one group of seeds of one task."""
    return MBPO(problem, config)
