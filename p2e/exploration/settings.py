"""Settings of Plan2Explore."""

from dataclasses import dataclass, field

from p2e.agent.settings import SoftActorCriticConfig
from p2e.config import require, require_positive
from p2e.world.world_learner import LatentExplorationConfig, WorldConfig

MODES = ("joint", "explore", "zero-shot", "few-shot")


@dataclass(frozen=True)
class AdaptationConfig:
    """How the task policy learns once a reward-free exploration is over.

    Args:
        updates: of a reinitialised task policy, in a world model that no longer changes. With 0 the
            task policy that was trained during the exploration is kept.
        multi_step: steps of its returns, in place of plan2explore.multi_step.
        continued_share: share of its imagined trajectories that start where its last ones ended.
            They replace random starts first, promising ones when no others are left.
        error_discount: discount imagined steps more where the world model's expected error is high.
            A step counts as 1 + error_discount * (expected error / mean error - 1) steps where that
            is above 1. 0 for none.
    """

    updates: int = 0
    multi_step: int = 1
    continued_share: float = 0.0
    error_discount: float = 0.0

    def __post_init__(self) -> None:
        require(self.updates >= 0, "adaptation.updates", self.updates, "0 or more")
        require_positive(self, "adaptation", "multi_step")
        share = self.continued_share
        require(0 <= share <= 1, "adaptation.continued_share", share, "a share in [0, 1]")
        discount = self.error_discount
        require(discount >= 0, "adaptation.error_discount", discount, "0 or more")


@dataclass(frozen=True)
class Config:
    """Settings of Plan2Explore.

    Args:
        mode: "joint" explores with the task's reward and the intrinsic one. In the other modes the
            explorer does not see the task's reward: "explore" trains no task policy; "zero-shot"
            trains one on the world model's predictions alone; in "few-shot" that policy also
            gathers the data after `exploration_steps`, and learns from all of it.
        exploration_steps: environment steps before the task policy takes over in "few-shot"; more
            than the warm-up, or the world model has learned nothing yet.
        agent: of explorer and task policy alike.
        world: of world model and disagreement ensemble.
        pretraining_updates: of the world model on the warm-up steps, once.
        update_interval: environment steps between updates of everything.
        agent_updates: of each agent after an update of the world model, each from its own batch.
        final_learning_rate: of the task policy and its critics, as a share of the first; it falls
            in half a cosine over as many updates as the run would have without its warm-up.
        task_share: share of the episodes in "joint", after a first reward above 0, in which the
            task policy acts in place of the explorer.
        horizon: steps of an imagined trajectory.
        imagined_starts: imagined trajectories of an update. In "zero-shot" and "few-shot" the task
            policy has its own besides (algorithms/plan2explore/reward_free.py).
        random_share: share of the imagined trajectories that follow uniform random actions. Without
            them a policy that has settled never imagines another action, and stays where it is. In
            the reward-free modes random actions also replace the task policy's.
        promising_share: share of each policy's starts that are the best of several random states,
            by that policy's own value.
        multi_step: steps of the returns of imagined rows, and of real ones drawn from replay.
        retained_imaginations: updates for which imagined rows are kept. Older latents are stale.
        real_share: share of real rows in every batch of the agents. In "zero-shot", and in
            "few-shot" until the task policy takes over, this is true of the explorer alone.
        replayed_share: share of the task policy's batches in these two cases that follows real
            actions inside the world model. The other rows follow the policies.
        adaptation: of the task policy at the end of the exploration in "zero-shot" and "few-shot".
        real_from_replay: draw real rows from all of the replay, not from the windows on which the
            world model was last updated, whose latents are at hand (for ablations).
        task_weight: of the task's reward in the explorer's, after it is divided by its running
            mean where that is above 1.
        exploration: of the noise in the actions in the environment, and of the bonus in the
            explorer's reward: "disagreement" is that of the ensemble about latents, the others are
            about observations, imagined ones as they are decoded.
        buffer_capacity: real transitions kept for each seed.
    """

    mode: str = "joint"
    exploration_steps: int = 10_000
    agent: SoftActorCriticConfig = field(default_factory=SoftActorCriticConfig)
    world: WorldConfig = field(default_factory=WorldConfig)
    pretraining_updates: int = 200
    update_interval: int = 1
    agent_updates: int = 1
    final_learning_rate: float = 1.0
    task_share: float = 0.0
    horizon: int = 5
    imagined_starts: int = 128
    random_share: float = 0.25
    promising_share: float = 0.0
    multi_step: int = 1
    retained_imaginations: int = 4
    real_share: float = 0.25
    replayed_share: float = 0.0
    adaptation: AdaptationConfig = field(default_factory=AdaptationConfig)
    real_from_replay: bool = False
    task_weight: float = 1.0
    exploration: LatentExplorationConfig = field(default_factory=LatentExplorationConfig)
    buffer_capacity: int = 1_000_000

    def __post_init__(self) -> None:
        positive = (
            "update_interval agent_updates horizon imagined_starts multi_step "
            "retained_imaginations buffer_capacity exploration_steps"
        )
        require_positive(self, "plan2explore", *positive.split())
        known = f"one of {', '.join(map(repr, MODES))}"
        require(self.mode in MODES, "plan2explore.mode", self.mode, known)
        shares = "real replayed random promising task"
        for key in (*(f"{name}_share" for name in shares.split()), "final_learning_rate"):
            share = getattr(self, key)
            require(0 <= share <= 1, f"plan2explore.{key}", share, "a share in [0, 1]")
        self.exploration.require_fixed_weight("plan2explore")
        for key in ("task_weight", "pretraining_updates"):
            value = getattr(self, key)
            require(value >= 0, f"plan2explore.{key}", value, "0 or more")
