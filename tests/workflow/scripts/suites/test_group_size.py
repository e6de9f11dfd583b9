"""How many seeds of a case one process trains."""

from typing import Any

import pytest
import torch

from suites import group_size
from suites.entries import suite_entries
from suites.group_size import group_sizes, trains_on_gpu

CASES = ["sac", "mbpo", "plan2explore", "plan2explore-two-members", "my_package.climbing"]


def suite(size: object, count: int = 10, device: str = "cpu") -> dict[str, Any]:
    """Parameters as far as the group sizes depend on them."""
    seeds = {"first": 0, "count": count, "group_size": size}
    return {"algorithms": CASES, "seeds": seeds, "device": device}


def choose(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    """Let this machine have a GPU, or none."""
    monkeypatch.setattr(group_size, "choose_device", lambda name: torch.device(device))


def test_a_number_is_the_size_of_every_case() -> None:
    assert set(group_sizes(suite(3)).values()) == {3}
    assert set(group_sizes(suite(3, device="cuda")).values()) == {3}


def test_on_a_cpu_auto_depends_on_the_algorithm() -> None:
    sizes = group_sizes(suite("auto"))
    assert list(sizes) == CASES
    measured = group_size.ON_A_CPU
    assert [sizes[case] for case in CASES[:3]] == [measured[case] for case in CASES[:3]]
    assert sizes["plan2explore-two-members"] == measured["plan2explore"] > 1
    assert sizes["my_package.climbing"] == 1


def test_auto_is_never_more_than_the_seeds() -> None:
    assert group_sizes(suite("auto", count=3))["plan2explore"] == 3


def test_on_a_gpu_auto_is_all_seeds_without_looking_for_the_gpu() -> None:
    assert set(group_sizes(suite("auto", device="cuda")).values()) == {10}


@pytest.mark.parametrize(("device", "gpu"), [("cpu", False), ("cuda", True)])
def test_device_auto_is_that_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, device: str, gpu: bool
) -> None:
    choose(monkeypatch, device)
    assert trains_on_gpu({}) is trains_on_gpu({"device": "auto"}) is gpu
    assert group_sizes(suite("auto", device="auto"))["sac"] == (10 if gpu else 1)


def test_the_runs_of_a_suite_have_their_algorithms_group_size() -> None:
    parameters = suite("auto") | {
        "suite": "small",
        "algorithms": ["sac", "plan2explore"],
        "tasks": [{"environment": "Pendulum-v1", "steps": 100}],
    }
    groups = [run.key[1:] for run in suite_entries(parameters)]
    assert groups == [
        *(("sac", str(seed)) for seed in range(10)),
        ("plan2explore", "0-4"),
        ("plan2explore", "5-9"),
    ]
