"""Means of metrics over an interval."""

import io

import torch

from p2e.metrics import MetricsAverage, with_prefix


def test_each_metric_is_averaged_over_its_own_additions() -> None:
    average = MetricsAverage()
    average.add({"loss": torch.tensor([1.0, 10.0]), "alpha": torch.tensor([0.5, 0.25])})
    average.add({"loss": torch.tensor([2.0, 20.0])})
    average.add({"loss": torch.tensor([6.0, 60.0], requires_grad=True)})
    average.add({})
    assert average.means() == {"loss": [3.0, 30.0], "alpha": [0.5, 0.25]}
    average.reset()
    assert average.means() == {}
    average.add({"loss": torch.tensor([4.0, 5.0])})
    assert average.means() == {"loss": [4.0, 5.0]}


def test_adding_leaves_the_metrics_as_they_are() -> None:
    average, value = MetricsAverage(), torch.tensor([1.0])
    average.add({"loss": value})
    average.add({"loss": value})
    assert value.tolist() == [1.0] and average.means() == {"loss": [1.0]}


def test_a_restored_average_goes_on() -> None:
    average, restored = MetricsAverage(), MetricsAverage()
    average.add({"loss": torch.tensor([1.0, 2.0])})
    restored.add({"other": torch.tensor([1.0, 2.0])})
    file = io.BytesIO()
    torch.save(average.state_dict(), file)
    file.seek(0)
    restored.load_state_dict(torch.load(file, weights_only=True))
    restored.add({"loss": torch.tensor([3.0, 6.0])})
    assert restored.means() == {"loss": [2.0, 4.0]}


def test_prefixes_say_whose_a_metric_is() -> None:
    prefixed = with_prefix("world", {"loss": torch.tensor([1.0])})
    assert list(prefixed) == ["world_loss"] and prefixed["world_loss"].tolist() == [1.0]
