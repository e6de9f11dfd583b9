"""Units of features: the mean and scale of the rows that a model is trained on."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

SMALLEST_DEVIATION = 1e-6  # a feature that deviates less than this never varied
LARGEST_SCORE = 10.0  # no training row lies further from the mean than this many scales


class RowScale(nn.Module):
    """Mean and scale of each feature of the training rows, one set a seed.

    The scale is the standard deviation, or a tenth of the largest deviation if that is more: one
    success among thousands of zero rewards would otherwise be a target of 50 standard deviations,
    whose gradient drowns that of all other rows. A feature that never varied has scale 0, so that
    `inverse` returns exactly its constant, and an unseen reward is imagined as exactly none.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, seeds: int, features: int, device: torch.device) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(seeds, 1, features, device=device))
        self.register_buffer("scale", torch.ones(seeds, 1, features, device=device))

    @torch.no_grad()
    def fit(self, rows: Float[Tensor, "S B F"]) -> None:
        """Forget the old statistics and take those of these rows."""
        self.mean.copy_(rows.mean(dim=1, keepdim=True))
        deviation = rows - self.mean
        largest = deviation.abs().amax(dim=1, keepdim=True)
        standard = deviation.square().mean(dim=1, keepdim=True).sqrt()
        scale = torch.maximum(standard, largest / LARGEST_SCORE)
        self.scale.copy_(scale.masked_fill(largest < SMALLEST_DEVIATION, 0.0))

    def forward(self, rows: Float[Tensor, "S B F"]) -> Float[Tensor, "S B F"]:
        """Rows in units of the scale; a feature that never varied is only shifted."""
        return (rows - self.mean) / torch.where(self.scale > 0, self.scale, 1.0)

    def inverse(self, rows: Float[Tensor, "S B F"]) -> Float[Tensor, "S B F"]:
        """Back to the units of the training rows."""
        return rows * self.scale + self.mean
