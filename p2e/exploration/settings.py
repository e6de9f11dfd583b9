"""Settings of Plan2Explore."""

from dataclasses import dataclass, field

from p2e.agent.settings import SoftActorCriticConfig
from p2e.config import require, require_positive
from p2e.world.world_learner import LatentExplorationConfig, WorldConfig

MODES = ("joint", "explore", "zero-shot", "few-shot")


@dataclass(frozen=True)
class Config:
    """Settings of Plan2Explore.

    Args:
        mode: "joint" explores with the task's reward and the intrinsic one. In the other modes the
            explorer does not see the task's reward: "explore" trains no task policy; "zero-shot"
            trains one on the world model's predictions alone; in "few-shot" that policy also
            gathers the data in the last quarter of the steps, and learns from all of it.
        agent: of explorer and task policy alike.
        world: of world model and disagreement ensemble.
        pretraining_updates: of the world model on the warm-up steps, once.
        update_interval: environment steps between updates of everything.
        agent_updates: of each agent after an update of the world model; in "joint" both learn from
            the same batches.
        final_learning_rate: of the task policy and its critics, as a share of the first; it falls
            in half a cosine over as many updates as the run would have without its warm-up.
        task_share: share of the episodes in "joint", after a first reward above 0, in which the
            task policy acts in place of the explorer.
        horizon: steps of an imagined trajectory.
        imagined_starts: imagined trajectories of an update. In "zero-shot" and "few-shot" the task
            policy has its own besides (algorithms/plan2explore/reward_free.py).
        multi_step: steps of the returns of imagined and of real rows.
        real_share: share of real rows in every batch of the agents. In "zero-shot", and in
            "few-shot" until the task policy takes over, this is true of the explorer alone.
        adaptation_updates: of a reinitialised task policy at the end of the exploration in
            "zero-shot" and "few-shot", in a world model that no longer changes. With 0 the task
            policy that was trained during the exploration is kept.
        exploration: of the noise in the actions in the environment, and of the bonus in the
            explorer's reward: "disagreement" is that of the ensemble about latents, the others are
            about observations, imagined ones as they are decoded.
    """

    mode: str = "joint"
    agent: SoftActorCriticConfig = field(default_factory=SoftActorCriticConfig)
    world: WorldConfig = field(default_factory=WorldConfig)
    pretraining_updates: int = 200
    update_interval: int = 1
    agent_updates: int = 1
    final_learning_rate: float = 1.0
    task_share: float = 0.0
    horizon: int = 5
    imagined_starts: int = 128
    multi_step: int = 1
    real_share: float = 0.25
    adaptation_updates: int = 0
    exploration: LatentExplorationConfig = field(default_factory=LatentExplorationConfig)

    def __post_init__(self) -> None:
        positive = "update_interval agent_updates horizon imagined_starts multi_step"
        require_positive(self, "plan2explore", *positive.split())
        known = f"one of {', '.join(map(repr, MODES))}"
        require(self.mode in MODES, "plan2explore.mode", self.mode, known)
        for key in ("real_share", "task_share", "final_learning_rate"):
            share = getattr(self, key)
            require(0 <= share <= 1, f"plan2explore.{key}", share, "a share in [0, 1]")
        self.exploration.require_fixed_weight("plan2explore")
        for key in ("pretraining_updates", "adaptation_updates"):
            value = getattr(self, key)
            require(value >= 0, f"plan2explore.{key}", value, "0 or more")
