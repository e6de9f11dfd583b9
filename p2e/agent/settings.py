"""Settings of the agent."""

from dataclasses import dataclass

from p2e.config import require, require_positive


@dataclass(frozen=True)
class SoftActorCriticConfig:
    """Settings of the agent; the defaults are those of the paper.

    Args:
        hidden: units of each hidden layer of actor and critics.
        learning_rate: of actor, critics and alpha.
        discount: gamma: by this factor a reward counts less for each step that it is later.
        target_rate: tau of the soft update of the target critics, once an update.
        batch_size: transitions of an update.
        initial_alpha: weight of the entropy when training starts; it is learned from then on.
        target_entropy: to which alpha steers the policy's entropy; None for -dim(action).
        min_alpha: alpha does not fall below it. Where no reward was met yet, all actions are worth
            the same, and alpha otherwise falls until the policy settles on one of them by chance.
        critic_layer_norm: whether the critics' hidden layers are normalised (layer normalisation).
            The mean of both critics then counts, in place of the smaller.
    """

    hidden: tuple[int, ...] = (256, 256)
    learning_rate: float = 3e-4
    discount: float = 0.99
    target_rate: float = 0.005
    batch_size: int = 256
    initial_alpha: float = 1.0
    target_entropy: float | None = None
    min_alpha: float = 0.0
    critic_layer_norm: bool = False

    def __post_init__(self) -> None:
        require_positive(self, "agent", "hidden", "learning_rate", "batch_size", "initial_alpha")
        require(0 < self.discount <= 1, "agent.discount", self.discount, "a number in (0, 1]")
        require(
            0 < self.target_rate <= 1, "agent.target_rate", self.target_rate, "a number in (0, 1]"
        )
        floor, most = self.min_alpha, f"between 0 and agent.initial_alpha ({self.initial_alpha})"
        require(0 <= floor <= self.initial_alpha, "agent.min_alpha", floor, most)
