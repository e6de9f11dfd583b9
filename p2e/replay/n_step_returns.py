"""n-step returns of trajectories, as rows that a one-step agent can learn from."""

import torch
from jaxtyping import Float
from torch import Tensor

Steps = dict[str, Float[Tensor, "S T N W"]]


def n_step_returns(
    rows: Steps,
    rewards: tuple[str, ...],
    discount: float,
    steps: int,
    random: int = 0,
    reached: tuple[str, ...] = ("next_observation",),
) -> Steps:
    """Let each row of step t reach to step t + n, n = min(steps, T - t), of its trajectory.

    A reward becomes r_t + ... + discount^(n-1) r_{t+n-1}, each weighted by the probability that the
    task goes on until then, and the next observation that of step t + n. `terminated` becomes what
    makes an agent discount that observation by discount^n times the probability of getting there:
    the agent's r + discount (1 - terminated) V(next observation) is then the n-step return (Sutton
    1988; for rollouts in a learned model: Feinberg et al. 2018, arXiv:1803.00101).

    One update so carries values back over n steps. The later actions of a trajectory are treated
    as the policy's own, and their entropy is left out. Actions of another policy (the explorer's
    in the task policy's batches, those of replay) are not corrected for, as in D4PG and Rainbow.

    Args:
        rows: fields of T steps of N trajectories. "terminated" is 1 where the trajectory ends.
            "first", where it is given, is 1 where an episode begins; no row reaches across.
        rewards: the names of the fields that are rewards.
        random: so many of the first trajectories follow random actions. Their returns are those of
            no policy, and their rows stay as they are.
        reached: the names of the fields that become those of the last step that a row reaches.
    """
    length, of_policies = rows["terminated"].shape[1], slice(random, None)
    going_on = discount * (1 - rows["terminated"])
    reach, result = going_on.clone(), dict(rows)
    result |= {name: rows[name].clone() for name in (*rewards, *reached)}
    joined = torch.ones_like(reach, dtype=torch.bool)
    for k in range(1, min(steps, length)):
        early, late = (slice(None, length - k), of_policies), (slice(k, None), of_policies)
        if "first" in rows:
            joined[:, *early] &= rows["first"][:, *late] == 0
        further = joined[:, *early]
        for name in rewards:
            result[name][:, *early] += reach[:, *early] * further * rows[name][:, *late]
        reach[:, *early] *= going_on[:, *late].where(further, 1.0)
        for name in reached:
            before, after = result[name][:, *early], rows[name][:, *late]
            result[name][:, *early] = after.where(further, before)
    result["terminated"] = 1 - reach / discount
    return result


def rows_with_returns(
    windows: Steps,
    rewards: tuple[str, ...],
    discount: float,
    steps: int,
    reached: tuple[str, ...] = ("next_observation",),
) -> dict[str, Float[Tensor, "S B W"]]:
    """The first step of each window (S, T, B, W), with the returns of those that follow it, and
    the `reached` fields of the last of them."""
    reaching = n_step_returns(windows, rewards, discount, steps, reached=reached)
    return {name: x[:, 0] for name, x in reaching.items()}
