"""Soft Actor-Critic, the same for all algorithms."""
