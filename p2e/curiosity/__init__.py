"""Intrinsic rewards that any agent can use."""
