"""Trust Region Policy Optimization (Schulman et al. 2015, arXiv:1502.05477), without a model.

An update, once a rollout of the newest policy is full: advantages from the old value function
(Schulman et al. 2016, arXiv:1506.02438), one natural-gradient step of the policy within a bound on
the KL divergence, and only then the value function. Fitted first, it would explain the rollout's
own returns, and leave no advantages. Defaults are those of sb3-contrib's TRPO.
"""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.agent.coloured_noise import coloured_noise
from p2e.algorithm import Algorithm, Counter, Problem, Stateful
from p2e.batch import Transition, TransitionBatch
from p2e.config import require, require_positive
from p2e.curiosity.settings import ExplorationConfig
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.nn.normalizers import RunningNormalizer
from p2e.on_policy.advantages import advantages, explained_variance, standardised
from p2e.on_policy.gaussian_policy import GaussianPolicy
from p2e.on_policy.intrinsic_returns import IntrinsicReturns, steps_as_rows
from p2e.on_policy.line_search import line_search
from p2e.on_policy.natural_gradient import fisher_product, natural_step, surrogate_gradient
from p2e.on_policy.rollout import Rollout, Steps
from p2e.on_policy.sampled_actions import SampledActions
from p2e.on_policy.value_function import ValueFunction


@dataclass(frozen=True)
class Config:
    """Settings of TRPO.

    Args:
        hidden: units of each hidden layer of policy and value function, which share none.
        steps_per_update: environment steps of a rollout; after them policy and value function
            learn from these steps alone.
        discount: gamma: by this factor a reward counts less for each step that it is later.
        advantage_decay: lambda of generalised advantage estimation: 0 trusts the value function,
            1 the rewards.
        max_kl: largest mean KL divergence of a new policy from the old one, in nats.
        conjugate_gradient_steps: most products with the Fisher matrix to solve for the natural
            gradient.
        damping: added to the diagonal of the Fisher matrix.
        backtracking_factor: a step that is not accepted is shortened by it.
        backtracking_tries: steps tried, the first at full length. If none is accepted, the policy
            stays as it is.
        value_learning_rate: of the value function.
        value_epochs: passes of the value function through a rollout.
        value_batch_size: steps of an update of the value function.
        normalised_observations: whether networks see observations in units of their running mean
            and standard deviation, up to 10 of these. They change between rollouts only.
        exploration: of the noise in the actions, and of the bonus, whose weighted advantages are
            added to those of the task.
    """

    hidden: tuple[int, ...] = (64, 64)
    steps_per_update: int = 2048
    discount: float = 0.99
    advantage_decay: float = 0.95
    max_kl: float = 0.01
    conjugate_gradient_steps: int = 15
    damping: float = 0.1
    backtracking_factor: float = 0.8
    backtracking_tries: int = 10
    value_learning_rate: float = 1e-3
    value_epochs: int = 10
    value_batch_size: int = 128
    normalised_observations: bool = False
    exploration: ExplorationConfig = field(default_factory=ExplorationConfig)

    def __post_init__(self) -> None:
        require_positive(self, "trpo", "hidden", "steps_per_update", "max_kl")
        require_positive(self, "trpo", "conjugate_gradient_steps", "damping", "backtracking_tries")
        require_positive(self, "trpo", "value_learning_rate", "value_epochs", "value_batch_size")
        at_least_two = self.steps_per_update > 1
        require(at_least_two, "trpo.steps_per_update", self.steps_per_update, "at least 2 steps")
        for key in ("discount", "advantage_decay"):
            value = getattr(self, key)
            require(0 <= value <= 1, f"trpo.{key}", value, "a number in [0, 1]")
        self.exploration.require_fixed_weight("trpo")
        factor = self.backtracking_factor
        require(0 < factor < 1, "trpo.backtracking_factor", factor, "a number between 0 and 1")


class TRPO(Algorithm):
    """Learns on-policy: from each step once, with the policy that took it."""

    def __init__(self, problem: Problem, config: Config) -> None:
        seeds, device, observations = problem.seeds, problem.device, problem.observation_size
        self.config, self._problem = config, problem
        weights = self._stream("policy weights")
        self.policy = GaussianPolicy(observations, problem.action_size, config.hidden, weights)
        self.value = self._value_function("value")
        self.curiosity = self._intrinsic_returns()
        self.normalizer = (
            RunningNormalizer(len(seeds), observations, device)
            if config.normalised_observations
            else None
        )
        room = min(config.steps_per_update, problem.steps)
        self.rollout = Rollout(len(seeds), room, observations, problem.action_size, device)
        self.noise, self.updates = self._stream("action noise"), Counter()
        self.coloured = coloured_noise(problem, config.exploration.noise, "coloured action noise")
        self.acting = SampledActions(self.policy, self.normalizer, self.coloured or self.noise)
        self.explorer = self.task_policy = self.acting

    def store(self, transition: Transition) -> None:
        """Keep a step that the policy took; those of random actions are of another policy."""
        sampled = self.acting.take_sampled()
        if sampled is not None:
            self.rollout.add(transition, sampled.squeeze(1))

    @torch.no_grad()
    def update_agent(self) -> Metrics:
        if self.rollout.count < self.config.steps_per_update:
            return {}
        config, steps = self.config, self.rollout.take()
        seen = self.acting.seen(steps.observation)
        value = self.value(seen)
        advantage = self._advantages(steps, value)
        target = advantage + value
        rows = steps_as_rows(steps)
        curious, intrinsic_target = self._intrinsic_advantages(rows, seen)
        metrics = self._step_policy(seen, steps.raw_action, standardised(advantage + curious))
        metrics["explained_variance"] = explained_variance(value, target)
        metrics["value_loss"] = self.value.fit(
            seen, target, config.value_epochs, config.value_batch_size
        )
        if self.curiosity is not None:
            passes = config.value_epochs, config.value_batch_size
            metrics |= self.curiosity.fit(rows, seen, intrinsic_target, *passes)
        if self.normalizer is not None:  # after all that was computed with the old statistics
            self.normalizer.update(steps.observation)
        self.updates.value += 1
        return metrics

    def _advantages(self, steps: Steps, value: Float[Tensor, "S T"]) -> Float[Tensor, "S T"]:
        return advantages(
            steps.reward,
            value,
            self.value(self.acting.seen(steps.next_observation)),
            steps.terminated,
            steps.ended,
            self.config.discount,
            self.config.advantage_decay,
        )

    def _intrinsic_advantages(
        self, rows: TransitionBatch, seen: Float[Tensor, "S T O"]
    ) -> tuple[Float[Tensor, "S T"], Float[Tensor, "S T"]]:
        """Weighted advantages of the bonus, and what its value function is to be fitted to."""
        if self.curiosity is None:
            nothing = torch.zeros_like(rows.reward)
            return nothing, nothing
        advantage, target = self.curiosity.advantages(rows, seen)
        return self.curiosity.bonus.weight * advantage, target

    def intrinsic_reward(self, transition: Transition) -> Float[Tensor, " S"] | None:
        return None if self.curiosity is None else self.curiosity.bonus.of_step(transition)

    def _step_policy(
        self,
        seen: Float[Tensor, "S T O"],
        action: Float[Tensor, "S T A"],
        advantage: Float[Tensor, "S T"],
    ) -> Metrics:
        """One step along the natural gradient, as far as the line search goes."""
        config, policy, start = self.config, self.policy, self.policy.vector()
        old, tape = policy.record(seen)
        old_log_probability = old.log_probability(action)

        def trial(vector: Tensor) -> tuple[Tensor, Tensor]:
            policy.load_vector(vector)
            new = policy(seen)
            ratio = (new.log_probability(action) - old_log_probability).exp()
            return old.divergence(new), ((ratio - 1.0) * advantage).mean(dim=1)

        step = natural_step(
            fisher_product(policy, old, tape, config.damping),
            surrogate_gradient(policy, old, tape, action, advantage),
            config.conjugate_gradient_steps,
            config.max_kl,
        )
        found = line_search(
            trial, start, step, config.max_kl, config.backtracking_factor, config.backtracking_tries
        )
        policy.load_vector(found.vector)
        return {
            "policy_kl": found.kl,
            "surrogate_improvement": found.improvement,
            "line_search_steps": found.tries,
            "entropy": old.entropy(),
        }

    @property
    def agent_updates(self) -> int:
        return self.updates.value

    def components(self) -> dict[str, Stateful]:
        own: dict[str, Stateful] = {
            "value": self.value,
            "rollout": self.rollout,
            "noise": self.noise,
            "updates": self.updates,
        }
        extra = {"curiosity": self.curiosity, "coloured": self.coloured}
        own |= {name: part for name, part in extra.items() if part is not None}
        return own | self.policy_components()

    def policy_components(self) -> dict[str, Stateful]:
        if self.normalizer is None:
            return {"policy": self.policy}
        return {"policy": self.policy, "normalizer": self.normalizer}

    def _stream(self, name: str) -> SeedGenerators:
        return SeedGenerators(self._problem.seeds, name, self._problem.device)

    def _value_function(self, name: str) -> ValueFunction:
        return ValueFunction(
            self._problem.observation_size,
            self.config.hidden,
            self.config.value_learning_rate,
            self._stream(f"{name} weights"),
            self._stream(f"{name} batches"),
        )

    def _intrinsic_returns(self) -> IntrinsicReturns | None:
        config, problem = self.config, self._problem
        if config.exploration.bonus == "none":
            return None
        return IntrinsicReturns(
            config.exploration.bonus_for(problem),
            self._value_function("intrinsic value"),
            config.discount,
            config.advantage_decay,
        )


def build(problem: Problem, config: Config) -> TRPO:
    """The algorithm for one group of seeds of one task."""
    return TRPO(problem, config)
