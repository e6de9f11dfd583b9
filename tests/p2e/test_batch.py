"""Real transitions in a buffer, and back as batches and as sequences."""

import torch

from p2e.batch import Transition
from p2e.replay.buffers import RowBuffer, as_sequences, as_transitions, real_fields, transition_row


def real_transition(step: int) -> Transition:
    base = torch.tensor([[0.0], [100.0]]) + step
    return Transition(
        observation=base + torch.tensor([0.1, 0.2]),
        action=base + 0.3,
        reward=base[:, 0] + 0.4,
        next_observation=base + torch.tensor([0.5, 0.6]),
        terminated=torch.tensor([step == 2, False]),
        first=torch.tensor([step in (0, 3), step == 1]),
        memory=base + torch.tensor([0.7, 0.8, 0.9]),
    )


def test_a_real_transition_comes_back_as_a_row() -> None:
    buffer = RowBuffer(2, 10, real_fields(2, 1, memory_size=3))
    for step in range(5):
        buffer.add(transition_row(real_transition(step)))
    batch = as_transitions(buffer.take(torch.tensor([[2, 0], [4, 2]])))
    first, second = real_transition(2), real_transition(0)
    assert torch.equal(
        batch.observation[0], torch.stack([first.observation[0], second.observation[0]])
    )
    assert torch.equal(batch.next_observation[0, 0], first.next_observation[0])
    assert torch.equal(batch.action[1, 0], real_transition(4).action[1])
    assert torch.equal(batch.reward[1], torch.stack([real_transition(i).reward[1] for i in (4, 2)]))
    assert batch.terminated.tolist() == [[1.0, 0.0], [0.0, 0.0]]


def test_windows_come_back_as_sequences_in_time_order() -> None:
    buffer = RowBuffer(2, 4, real_fields(2, 1, memory_size=3))
    for step in range(4):
        buffer.add(transition_row(real_transition(step)))
    fields, _ = buffer.windows(torch.zeros(2, 6, dtype=torch.int64), 4)
    sequence = as_sequences(fields)
    for step in range(4):
        expected = real_transition(step)
        for window in range(6):
            assert torch.equal(sequence.observation[:, step, window], expected.observation)
            assert torch.equal(sequence.action[:, step, window], expected.action)
            assert torch.equal(sequence.reward[:, step, window], expected.reward)
            assert torch.equal(
                sequence.next_observation[:, step, window], expected.next_observation
            )
            assert torch.equal(sequence.terminated[:, step, window], expected.terminated.float())
            assert torch.equal(sequence.first[:, step, window], expected.first)
    assert torch.equal(sequence.memory[:, 0], real_transition(0).memory)


def test_a_buffer_without_memory_has_a_field_of_width_zero() -> None:
    buffer = RowBuffer(2, 4, real_fields(2, 1))
    transition = real_transition(0)._replace(memory=torch.zeros(2, 0))
    buffer.add(transition_row(transition))
    assert buffer.take(torch.zeros(2, 3, dtype=torch.int64))["memory"].shape == (2, 3, 0)
