"""Statistics of one task: scores of seeds, means over them, comparisons, curves, model errors."""
