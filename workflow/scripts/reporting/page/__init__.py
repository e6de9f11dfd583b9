"""Pages about a suite: the HTML report, its metrics, and the numbers in the README."""
