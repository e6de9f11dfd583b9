"""Reward heads: networks of their own that predict the task's reward.

No gradient of the reward reaches the rest of the world model, which in the reward-free modes must
not depend on it.

Few rewarded steps say little about what a reward depends on. A network that reads everything tells
them from the others by whatever they have in common, and predicts too little where it matters, or
something where there is nothing. So these heads read what can matter, the observation that is
reached and the action, and every input has a price: a constant off the norm of its weights at each
update (the group lasso of Yuan & Lin 2006 on the inputs of a network, Scardapane et al. 2017;
proximal step: Parikh & Boyd 2014). An input stays as long as the loss keeps asking for it.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from p2e.nn.ensemble import Ensemble
from p2e.nn.generators import SeedGenerators
from p2e.nn.normalizers import RewardRange

HEADS, HIDDEN = 5, (64, 64)


class RewardHeads(Ensemble):
    """H heads, each from (normalised observation reached, action) to a share of the range.

    A head learns by cross-entropy where in the range of the rewards that were met one lies, on the
    symlog scale. Squared error, which hardly minds paying half of a rare reward, draws the border
    of a goal three times as wide.
    """

    def __init__(
        self,
        observation_size: int,
        action_size: int,
        generators: SeedGenerators,
        heads: int = HEADS,
        hidden: Sequence[int] = HIDDEN,
    ) -> None:
        super().__init__(heads, [observation_size + action_size, *hidden, 1], generators)
        self.pessimistic = False  # whether the lowest of the predictions counts, or their mean

    def predict(
        self,
        reached: Float[Tensor, "S B O"],
        action: Float[Tensor, "S B A"],
        within: RewardRange,
    ) -> Float[Tensor, "S B"]:
        """The mean of the heads' shares of the range, or the lowest, in the task's own unit.

        Trained on few rewards, each head predicts rewards that do not exist, in places of its own,
        and a policy that learns in the model alone goes there: for that the lowest counts. It hides
        rewards, too, in places that are not quite like those that were rewarded. A policy that
        acts in the world is corrected there, and learns from the mean.
        """
        if within.known_alike:
            return within.at(reached.new_zeros(reached.shape[:2]))
        logits = self._logits(reached, action)
        if self.pessimistic:
            return within.at(torch.sigmoid(logits.amin(dim=1)))
        # Head by head: how PyTorch rounds the sigmoid and the mean of all at once depends on how
        # many seeds there are.
        shares = [torch.sigmoid(of_head) for of_head in logits.unbind(dim=1)]
        return within.at(sum(shares, torch.zeros_like(shares[0])) / self.members)

    def loss(
        self,
        reached: Float[Tensor, "S B O"],
        action: Float[Tensor, "S B A"],
        reward: Float[Tensor, "S B"],
        within: RewardRange,
    ) -> Float[Tensor, " S"]:
        """Cross-entropy, mean over the rows, sum over the heads."""
        logits = self._logits(reached, action)
        shares = within.share(reward).unsqueeze(1).expand_as(logits)
        errors = binary_cross_entropy_with_logits(logits, shares, reduction="none")
        return errors.mean(dim=2).sum(dim=1)

    @torch.no_grad()
    def shrink_inputs(self, amount: Float[Tensor, " S"]) -> None:
        """Shorten the vector of weights of each input of each head, in place; down to nothing."""
        weight = self.layers[0].weight  # (S, H, in, out)
        norm = weight.norm(dim=-1, keepdim=True).clamp(min=1e-12)
        weight.mul_((1 - amount.view(-1, 1, 1, 1) / norm).clamp(min=0.0))

    def _logits(
        self, reached: Float[Tensor, "S B O"], action: Float[Tensor, "S B A"]
    ) -> Float[Tensor, "S H B"]:
        return self.predict_each(torch.cat([reached, action], dim=-1)).squeeze(-1)
