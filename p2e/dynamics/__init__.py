"""The probabilistic dynamics ensemble of MBPO."""
