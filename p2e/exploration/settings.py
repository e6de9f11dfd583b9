"""Settings of Plan2Explore."""

from dataclasses import dataclass, field

from p2e.agent.soft_actor_critic import SoftActorCriticConfig
from p2e.config import require, require_positive
from p2e.world.world_learner import WorldConfig


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


@dataclass(frozen=True)
class AdaptationConfig:
    """How a task policy learns when a blind exploration is over.

    Args:
        updates: of one drawn anew, in a world that no longer changes; 0 keeps the one that learned
            along.
        multi_step: steps of its returns, in place of plan2explore.multi_step.
        continued_share: of its imaginations, those that start where its last ones ended. They take
            the place of random starts first, of promising ones when no other is left.
        doubt: how many more steps an imagined one counts as for each time that the expected error
            of the model exceeds its mean, in units of that mean (doubt.py); 0 for none.
    """

    updates: int = 0
    multi_step: int = 1
    continued_share: float = 0.0
    doubt: float = 0.0

    def __post_init__(self) -> None:
        require(self.updates >= 0, "adaptation.updates", self.updates, "0 or more")
        require_positive(self, "adaptation", "multi_step")
        share = self.continued_share
        require(0 <= share <= 1, "adaptation.continued_share", share, "a share in [0, 1]")
        require(self.doubt >= 0, "adaptation.doubt", self.doubt, "0 or more")


@dataclass(frozen=True)
class Config:
    """Everything that a user may set, apart from the training loop.

    Args:
        mode: "joint" explores with both rewards. The others explore without the task's: "explore"
            learns nothing else, "zero-shot" also a task policy, from what the world model says
            about the task alone, and in "few-shot" that policy gathers the data itself after
            `exploration_steps`, and learns from all of it.
        exploration_steps: environment steps before the task policy takes over in "few-shot"; more
            than the warm-up, or nothing has been learned that it could adapt to.
        agent: of explorer and task policy alike.
        world: of world model and disagreement ensemble.
        pretraining_updates: of the world on the warm-up steps, once.
        update_interval: environment steps between updates of everything.
        agent_updates: of each agent after an update of the world, each from a batch of its own.
        final_learning_rate: of the task policy and its critics, as a share of the first; it falls
            in half a cosine over as many updates as the run would have without its warm-up.
        task_share: of the episodes in "joint" after a first reward above 0, those in which the
            task policy acts.
        horizon, imagined_starts: length and number of the imagined trajectories of an update; a
            task policy apart from a blind explorer has its own besides (imagined_groups.py).
        random_share: of them, with uniform random actions. Without these a policy that has settled
            never imagines another action, and stays where it is. A blind explorer imagines such in
            place of the task policy's, too.
        promising_share: of the starts of each policy, those from where it expects most, out of
            several random ones.
        multi_step: steps of the returns of imagined rows, and of real ones from replay.
        retained_imaginations: updates for which imagined rows are kept, as long as both policies
            imagine; older latents are stale.
        real_share: of every batch of the agents; in "zero-shot", and in "few-shot" until the task
            policy takes over, of the explorer's alone.
        replayed_share: of the task policy's batches then: rows that follow real actions inside the
            world model. The others follow the policies.
        adaptation: of the task policy at the end of the exploration in "zero-shot" and "few-shot".
        real_from_replay: draw them from all of the replay, not from the windows that the world has
            just learned from, whose latents are at hand (for ablations).
        task_weight, intrinsic_weight: of the two rewards of the explorer; the task's in units of
            its running mean, where that is above 1, the other as intrinsic_reward.py has it.
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
    intrinsic_weight: float = 1.0
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
        for key in ("task_weight", "intrinsic_weight", "pretraining_updates"):
            value = getattr(self, key)
            require(value >= 0, f"plan2explore.{key}", value, "0 or more")
