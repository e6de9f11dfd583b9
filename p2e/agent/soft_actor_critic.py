"""Soft Actor-Critic with automatic temperature (Haarnoja et al. 2018, arXiv:1812.05905).

One class for all three algorithms: what differs between them is where the batch comes from. The
agent sees whatever the batch holds as observations (raw ones, or latent features that carry no
gradient).
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.agent.actor_critic import ActorCritic
from p2e.agent.coloured_noise import ColouredNoise, coloured_noise
from p2e.agent.cuda_graph import recorded
from p2e.agent.executors import Executor
from p2e.agent.native.native_update import NativeUpdate
from p2e.agent.settings import SoftActorCriticConfig
from p2e.algorithm import Problem, Stateful
from p2e.batch import TransitionBatch
from p2e.metrics import Metrics
from p2e.nn.compilation import compiles
from p2e.nn.generators import SeedGenerators
from p2e.nn.normalizers import RunningNormalizer
from p2e.nn.optimizer import CONSTANT, LearningRateSchedule


class SoftActorCritic(ActorCritic):
    """The agent: it acts, draws the noise of its updates, and has them executed.

    Args:
        schedule: of the learning rates of actor and critics, by updates.
        acting_noise: what `explore` draws from; None for independent draws.
        normalizer: of the features, in all that the agent is asked; None to take them as they are.
    """

    def __init__(
        self,
        features: int,
        actions: int,
        config: SoftActorCriticConfig,
        initial: SeedGenerators,
        noise: SeedGenerators,
        schedule: LearningRateSchedule = CONSTANT,
        acting_noise: ColouredNoise | None = None,
        normalizer: RunningNormalizer | None = None,
    ) -> None:
        super().__init__(features, actions, config, initial)
        self.schedule, self.noise, self._actions = schedule, noise, actions
        self.acting_noise, self.normalizer = acting_noise, normalizer
        self.updates = 0
        self.unscheduled_updates = 0  # of these, made with another schedule
        self._mode = recorded(self.actor.mode, initial.device)
        self._sampled = recorded(self.actor.act, initial.device)
        native = self._in_cpp() if compiles() else None
        self.executor = Executor(self.learn, native, initial.device)
        self._update = self.updates_from(TransitionBatch)

    @classmethod
    def of_problem(
        cls,
        problem: Problem,
        features: int,
        config: SoftActorCriticConfig,
        name: str = "agent",
        schedule: LearningRateSchedule = CONSTANT,
        noise: str = "white",
        normalised: bool = False,
    ) -> "SoftActorCritic":
        """The agent of a problem; another name gives other random streams.

        Args:
            noise: colour of the noise in the actions of `explore`, one of EXPONENTS.
            normalised: whether the agent takes features in units of the statistics of those that
                were met, which `see` tells it.
        """
        return cls(
            features,
            problem.action_size,
            config,
            SeedGenerators(problem.seeds, f"{name} weights", problem.device),
            SeedGenerators(problem.seeds, f"{name} noise", problem.device),
            schedule,
            coloured_noise(problem, noise, f"{name} acting noise"),
            RunningNormalizer(len(problem.seeds), features, problem.device) if normalised else None,
        )

    @torch.no_grad()
    def act(self, features: Float[Tensor, "S B F"], deterministic: bool) -> Float[Tensor, "S B A"]:
        """Actions in [-1, 1]: the mode, or a sample from the policy."""
        if deterministic:
            return self._mode(self.features(features))
        return self._sampled(self.features(features), self._noise_for(features.shape[1]))

    @torch.no_grad()
    def explore(self, features: Float[Tensor, "S N F"]) -> Float[Tensor, "S N A"]:
        """The next action of a training episode: a sample whose noise may be coloured, which is of
        one environment a seed."""
        if self.acting_noise is None:
            return self.act(features, deterministic=False)
        return self._sampled(self.features(features), self.acting_noise.next().unsqueeze(1))

    def warmup_actions(self) -> Float[Tensor, "S A"] | None:
        """Uniform actions from noise of the same colour; None where that is white."""
        if self.acting_noise is None:
            return None
        return torch.erf(self.acting_noise.next() / math.sqrt(2))

    @torch.no_grad()
    def value(self, features: Float[Tensor, "S B F"]) -> Float[Tensor, "S B"]:
        """The value of the policy's mode, by what counts of the two critics."""
        seen = self.features(features)
        return self.critic.counting(self.critic(seen, self.actor.mode(seen)))

    def see(self, features: Float[Tensor, "S F"]) -> None:
        """Take features that were met into the statistics of the normaliser, if there is one."""
        if self.normalizer is not None:
            self.normalizer.update(features.unsqueeze(1).to(self.normalizer.mean.device))

    def features(self, features: Float[Tensor, "S B F"]) -> Float[Tensor, "S B F"]:
        """Features as the networks take them."""
        if self.normalizer is None:
            return features
        normalised: Tensor = self.normalizer(features)
        return normalised

    def update(self, batch: TransitionBatch) -> Metrics:
        """One update of critics, actor, temperature and target critics."""
        before, after = self.features(batch.observation), self.features(batch.next_observation)
        return self._update(*batch._replace(observation=before, next_observation=after))

    def updates_from(self, batch_of: Callable[..., TransitionBatch]) -> Callable[..., Metrics]:
        """Updates whose batch is made of other tensors, as part of what is executed.

        Args:
            batch_of: tensors (S, B, ...) to a batch of B rows; they are what the returned function
                takes.
        """
        execute = self.executor.of(batch_of)

        def update(*of: Tensor) -> Metrics:
            rows = of[0].shape[1]
            noises = self._noise_for(rows), self._noise_for(rows)
            factor = self.schedule.factor(self.updates - self.unscheduled_updates)
            metrics = execute(*noises, factor, of)
            self.updates += 1
            return metrics

        return update

    def _noise_for(self, rows: int) -> Float[Tensor, "S B A"]:
        return self.noise.normal(rows, self._actions)

    def _in_cpp(self) -> NativeUpdate:
        optimizers = self.actor_optimizer, self.critic_optimizer, self.temperature_optimizer
        return NativeUpdate(*optimizers, self.target_critic, self.config, self.target_entropy)

    def _parts(self) -> dict[str, Any]:
        return {
            "actor": self.actor,
            "critic": self.critic,
            "target_critic": self.target_critic,
            "temperature": self.temperature,
            "actor_optimizer": self.actor_optimizer,
            "critic_optimizer": self.critic_optimizer,
            "temperature_optimizer": self.temperature_optimizer,
            "noise": self.noise,
            **({"acting_noise": self.acting_noise} if self.acting_noise else {}),
            **({"normalizer": self.normalizer} if self.normalizer else {}),
        }

    def policy_components(self) -> dict[str, Stateful]:
        """What the policy needs to act again."""
        parts: dict[str, Stateful] = {"actor": self.actor}
        if self.normalizer is not None:
            parts["normalizer"] = self.normalizer
        return parts

    def state_dict(self) -> dict[str, Any]:
        state = {name: part.state_dict() for name, part in self._parts().items()}
        return state | {"updates": self.updates, "unscheduled_updates": self.unscheduled_updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.updates, self.unscheduled_updates = state["updates"], state["unscheduled_updates"]
