"""Suites: their parameters, the runs that they consist of, and how results look these up."""
