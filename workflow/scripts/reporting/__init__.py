"""Aggregation, statistics, figures and the HTML report of one suite of runs."""
