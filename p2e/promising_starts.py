"""Starts of imagination where a policy expects most, out of several that were drawn at random.

Drawn uniformly from replay, nearly all starts lie where the agents spend their time. What an agent
is after, the frontier or a reward that was met a few times, is then hardly ever imagined: a state
that holds one row in a thousand starts one trajectory in eight updates. Choosing the best of a few
random candidates (as in tournament selection) looks ahead from there more often, and leaves every
state a chance.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def best_of_each(values: Float[Tensor, "S C"], starts: int) -> Int64[Tensor, "S B"]:
    """Of C candidates in B equal groups, one after the other, the best of each group.

    Raises:
        RuntimeError: the candidates do not divide into `starts` groups.
    """
    groups = values.unflatten(1, (starts, -1))
    first = torch.arange(starts, device=values.device) * groups.shape[2]
    best: Tensor = groups.argmax(dim=2) + first
    return best
