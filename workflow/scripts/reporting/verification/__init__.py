"""Comparison of reproduced scores with published ones."""
