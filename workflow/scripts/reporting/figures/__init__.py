"""Figures of a suite's report, as SVG."""
