"""Comparison of a suite's scores with its published ones."""
