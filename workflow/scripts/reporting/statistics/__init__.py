"""Statistics of a suite: scores of seeds, intervals, tests, aggregates over tasks."""
