"""What Plan2Explore is told about the task while it explores (Sekar et al. 2020, section 3)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ExplorationMode:
    """Who sees the task's reward, and where the task policy learns.

    Args:
        rewarded: the explorer's reward holds the task's; where it does not, the explorer is blind
            to the task: it does the same, to the bit, whatever the task pays.
        adapts: there is a task policy at all.
        imagines_only: until it takes over, that learns inside the world model alone, from no real
            row.
        takes_over: it gathers the data itself once the exploration is over.
    """

    rewarded: bool
    adapts: bool = True
    imagines_only: bool = False
    takes_over: bool = False


MODES = {
    "joint": ExplorationMode(rewarded=True),
    "explore": ExplorationMode(rewarded=False, adapts=False),
    "zero-shot": ExplorationMode(rewarded=False, imagines_only=True),
    "few-shot": ExplorationMode(rewarded=False, imagines_only=True, takes_over=True),
}
