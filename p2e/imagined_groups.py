"""Who imagines how much, and which trajectories are imagined together."""

from typing import NamedTuple

from p2e.exploration_mode import ExplorationMode


class Trajectories(NamedTuple):
    """How many trajectories of an imagination follow what, in this order."""

    undirected: int = 0  # random actions
    curious: int = 0  # the explorer
    tasked: int = 0  # the task policy


def imagined_groups(
    starts: int, random_share: float, mode: ExplorationMode, exploring: bool
) -> list[Trajectories]:
    """What is imagined together; the explorer's trajectories are in the first group.

    A trajectory that ends starts again from any start of its group, and the disagreement of the
    first is the unit of what the explorer is paid.

    Args:
        starts: trajectories where one group is all; of each policy as many as there.
        random_share: of them, with random actions.
        exploring: the explorer still has a part in it.
    """
    undirected = round(starts * random_share)
    directed = starts - undirected
    if not exploring:
        return [Trajectories(undirected, tasked=directed)]
    curious = directed // 2
    tasked = directed - curious
    if mode.rewarded:
        return [Trajectories(undirected, curious, tasked)]
    # Random actions take the place of those of a task policy: a blind explorer that imagines
    # little but its own meets the goal of p2e/PointMaze-v0 later, or not at all.
    blind = Trajectories(undirected + tasked, curious)
    return [blind, Trajectories(tasked=tasked)] if mode.adapts and tasked else [blind]
