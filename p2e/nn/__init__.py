"""Networks with a seed axis, their optimiser, statistics and random streams."""
