"""The settings of a run: checked, laid over one another, compared, and explained."""
