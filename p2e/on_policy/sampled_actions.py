"""How a Gaussian policy acts in an environment whose actions have bounds."""

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.agent.coloured_noise import ColouredNoise
from p2e.algorithm import Actions, Memories, Observations, Policy
from p2e.nn.generators import SeedGenerators
from p2e.nn.normalizers import LARGEST_SCORE, RunningNormalizer
from p2e.on_policy.gaussian_policy import Gaussian, GaussianPolicy


class SampledActions(Policy):
    """Acts with a Gaussian policy, and keeps what it sampled before it is clipped.

    The environment takes actions in [-1, 1]. The probability of a clipped action is another than
    that of the one that was sampled, and the policy's gradient would be wrong.
    """

    memory_size = 0

    def __init__(
        self,
        policy: GaussianPolicy,
        normalizer: RunningNormalizer | None,
        noise: SeedGenerators | ColouredNoise,
    ) -> None:
        self._policy, self._normalizer, self._noise = policy, normalizer, noise
        self._sampled: Float[Tensor, "S N A"] | None = None

    def seen(self, observation: Float[Tensor, "S B O"]) -> Float[Tensor, "S B O"]:
        """What the networks see of an observation."""
        if self._normalizer is None:
            return observation
        seen: Tensor = self._normalizer(observation).clamp(-LARGEST_SCORE, LARGEST_SCORE)
        return seen

    @torch.no_grad()
    def act(self, observation: Observations, memory: Memories, deterministic: bool) -> Actions:
        policy: Gaussian = self._policy(self.seen(observation))
        if deterministic:
            return policy.mean.clamp(-1.0, 1.0)
        noise = self._noise_for(policy.mean)
        self._sampled = policy.mean + policy.log_std.exp() * noise
        return self._sampled.clamp(-1.0, 1.0)

    def _noise_for(self, mean: Float[Tensor, "S N A"]) -> Float[Tensor, "S N A"]:
        if isinstance(self._noise, ColouredNoise):
            return self._noise.next().unsqueeze(1)
        return self._noise.normal(*mean.shape[1:])

    def take_sampled(self) -> Float[Tensor, "S N A"] | None:
        """The actions of the last sampling, once; None where somebody else acted since."""
        sampled, self._sampled = self._sampled, None
        return sampled

    def remember(self, observation: Observations, action: Actions, memory: Memories) -> Memories:
        return memory
