"""SAC as an algorithm: how often it learns. (Agent: test_soft_actor_critic.py.)"""

from p2e.agent.settings import SoftActorCriticConfig
from p2e.algorithms import sac
from tests.p2e.replay.test_replay_capacity import PROBLEM, store


def test_the_agent_makes_the_stated_number_of_updates_a_step() -> None:
    agent = SoftActorCriticConfig(hidden=(8,), batch_size=4)
    algorithm = sac.build(PROBLEM, sac.Config(agent, updates_per_step=3))
    for steps in (1, 2):
        store(algorithm, 1)
        algorithm.update_agent()
        assert algorithm.agent_updates == 3 * steps
