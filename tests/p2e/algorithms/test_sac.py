"""SAC as an algorithm: how often it learns, what it stores. (Agent: test_soft_actor_critic.py.)"""

import pytest

from p2e.agent.settings import SoftActorCriticConfig
from p2e.algorithms import sac
from p2e.batch import TransitionBatch
from p2e.curiosity.settings import ExplorationConfig
from p2e.replay.buffers import Fields, as_transitions
from tests.p2e.replay.test_replay_capacity import PROBLEM, store


def test_the_agent_makes_the_stated_number_of_updates_a_step() -> None:
    agent = SoftActorCriticConfig(hidden=(8,), batch_size=4)
    algorithm = sac.build(PROBLEM, sac.Config(agent, updates_per_step=3))
    for steps in (1, 2):
        store(algorithm, 1)
        algorithm.update_agent()
        assert algorithm.agent_updates == 3 * steps


@pytest.mark.parametrize(("bonus", "batches"), [("none", 0), ("rnd", 3)])
def test_stored_steps_are_made_a_batch_for_a_bonus_alone(
    monkeypatch: pytest.MonkeyPatch, bonus: str, batches: int
) -> None:
    made: list[Fields] = []

    def counted(fields: Fields) -> TransitionBatch:
        made.append(fields)
        return as_transitions(fields)

    monkeypatch.setattr(sac, "as_transitions", counted)
    exploration = ExplorationConfig(bonus=bonus)
    algorithm = sac.build(PROBLEM, sac.Config(exploration=exploration))
    store(algorithm, 3)
    assert len(made) == batches
    assert algorithm.sac_buffer.size == 3
