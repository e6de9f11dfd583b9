"""Suites: their parameters, the runs that they consist of, and reading these back."""
