"""Settings of the training loop, the same for every algorithm."""

from dataclasses import dataclass

from p2e.config import require, require_positive


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of the loop, the same for every algorithm.

    Args:
        warmup_steps: environment steps with uniform random actions and no update.
        evaluation_interval: environment steps between evaluations, the first before any step; one
            more at the end.
        evaluation_episodes: episodes of each evaluation, for each seed.
        log_interval: environment steps averaged in a row of losses.csv.
        open_loop_horizon: steps that a model predicts ahead, at each evaluation, to be compared
            with the truth.
        precision: of matrix products: "float32", or "medium", which rounds the factors of wide ones
            to bfloat16 on a CPU that multiplies those faster (AVX-512 BF16, AMX), and of all to
            TensorFloat-32 on a GPU. Elsewhere they are the same.
    """

    warmup_steps: int = 1000
    evaluation_interval: int = 1000
    evaluation_episodes: int = 10
    log_interval: int = 500
    open_loop_horizon: int = 20
    precision: str = "float32"

    def __post_init__(self) -> None:
        require_positive(
            self,
            "training",
            "warmup_steps",
            "evaluation_interval",
            "evaluation_episodes",
            "log_interval",
            "open_loop_horizon",
        )
        known = "'float32' or 'medium'"
        require(
            self.precision in ("float32", "medium"), "training.precision", self.precision, known
        )
