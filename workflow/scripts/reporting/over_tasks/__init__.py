"""Statistics over several tasks: aggregates, profiles, steps to match, ways to explore."""
