"""Plan2Explore (Sekar et al. 2020, arXiv:2005.05960), with SAC in the latent space of a GRU world
model: the joint algorithm (joint.py) and its reward-free modes (reward_free.py)."""

from p2e.algorithm import Problem
from p2e.algorithms.plan2explore.joint import Plan2Explore
from p2e.algorithms.plan2explore.reward_free import Explore, FewShot, ZeroShot
from p2e.exploration.settings import Config

MODES = {"joint": Plan2Explore, "explore": Explore, "zero-shot": ZeroShot, "few-shot": FewShot}

__all__ = ["MODES", "Config", "build"]


def build(problem: Problem, config: Config) -> Plan2Explore:
    """The algorithm for one group of seeds of one task."""
    return MODES[config.mode](problem, config)
