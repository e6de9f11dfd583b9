"""The update in C++ against the same update with PyTorch's operators."""

import io
from typing import Any

import pytest
import torch
from torch import Tensor

from p2e.agent.settings import SoftActorCriticConfig
from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.batch import TransitionBatch
from p2e.nn.compilation import compile_networks
from p2e.nn.generators import SeedGenerators
from p2e.nn.native.library import CompilerError
from p2e.nn.optimizer import LearningRateSchedule
from p2e.nn.products import round_products
from tests.conftest import needs_a_compiler

pytestmark = needs_a_compiler

FEATURES, ACTIONS, ROWS = 5, 3, 37


def agent_of(
    seeds: tuple[int, ...],
    compiled: bool = True,
    clip_norm: float | None = None,
    **settings: Any,
) -> SoftActorCritic:
    small: dict[str, Any] = {"hidden": (24, 20), "learning_rate": 1e-3}
    config = SoftActorCriticConfig(**(small | settings))
    weights, noise = (SeedGenerators(seeds, name) for name in ("weights", "noise"))
    schedule = LearningRateSchedule(warmup_updates=4)
    compile_networks(compiled)
    agent = SoftActorCritic(FEATURES, ACTIONS, config, weights, noise, schedule)
    compile_networks(False)  # what the update alone computes is compared
    for optimizer in (agent.actor_optimizer, agent.critic_optimizer):
        optimizer.clip_norm = clip_norm
    return agent


def random_batch(seeds: tuple[int, ...], number: int, rows: int = ROWS) -> TransitionBatch:
    """Rows of which about a third terminated, as views of one tensor like a buffer's; those of a
    seed do not depend on the other seeds."""
    width = 2 * FEATURES + ACTIONS + 2
    packed = SeedGenerators(seeds, f"rows {number}").normal(rows, width)
    sizes = [FEATURES, ACTIONS, 1, FEATURES, 1]
    observation, action, reward, following, ended = packed.split(sizes, dim=-1)
    return TransitionBatch(
        observation,
        action.tanh(),
        3 * reward.squeeze(-1),
        following,
        (ended.squeeze(-1) > 0.5).float(),
    )


def learned(agent: SoftActorCritic) -> dict[str, Tensor]:
    """Everything that an update changes."""
    found = {}
    for name, part in agent.state_dict().items():
        for key, value in part.items() if isinstance(part, dict) else []:
            for number, tensor in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(tensor, Tensor) and tensor.is_floating_point():
                    found[f"{name} {key} {number}"] = tensor.clone()
    return found


def assert_close(found: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        scale = max(1e-3, value.abs().max().item())
        distance = (found[name] - value).abs().max().item()
        assert distance <= tolerance * scale, f"{name}: {distance} of {scale}"


@pytest.mark.parametrize(
    ("settings", "rows"),
    [
        ({}, ROWS),
        ({"hidden": (70,)}, 1),
        ({"hidden": (130, 64, 33)}, 5),
        ({"hidden": (1, 16)}, 50),
        ({"critic_layer_norm": True}, ROWS),
        ({"critic_layer_norm": True, "hidden": (130, 64, 33)}, 5),
        ({"clip_norm": 0.5, "target_rate": 0.3, "discount": 0.5}, ROWS),
        ({"initial_alpha": 0.2, "min_alpha": 0.1999, "target_entropy": -30.0}, ROWS),
    ],
)
def test_eight_updates_are_those_of_pytorch(settings: dict[str, Any], rows: int) -> None:
    native, plain = (agent_of((3, 5), compiled, **settings) for compiled in (True, False))
    for number in range(8):
        batch = random_batch((3, 5), number, rows)
        metrics, expected = native.update(batch), plain.update(batch)
        assert_close(metrics, expected, 1e-4)
    assert_close(learned(native), learned(plain), 3e-3)
    assert native.updates == plain.updates == 8
    if "min_alpha" in settings:
        assert native.temperature().min().item() == pytest.approx(settings["min_alpha"])


@pytest.mark.parametrize("log_deviations", [(-25.0, -19.6, 0.0), (-20.4, 2.4, 5.0)])
def test_log_deviations_beyond_their_bounds(log_deviations: tuple[float, ...]) -> None:
    native, plain = agents = agent_of((3, 5)), agent_of((3, 5), False)
    for agent in agents:
        last = agent.actor.network.layers[-1]
        last.weight.data[..., ACTIONS:] *= 0.1
        last.bias.data[..., ACTIONS:] = torch.tensor(log_deviations)
        last.bias.data[..., :ACTIONS] = torch.tensor([0.0, 3.0, -60.0])
    batch = random_batch((3, 5), 0)
    assert_close(native.update(batch), plain.update(batch), 1e-4)
    assert_close(learned(native), learned(plain), 1e-3)


@pytest.mark.usefixtures("narrower_registers")
def test_narrower_registers_give_the_same() -> None:
    plain = agent_of((0,), compiled=False, hidden=(70, 40))
    native = agent_of((0,), hidden=(70, 40))
    for number in range(3):
        native.update(random_batch((0,), number))
        plain.update(random_batch((0,), number))
    assert_close(learned(native), learned(plain), 3e-3)


def test_a_seed_learns_the_same_alone_to_the_last_bit() -> None:
    group, alone = agent_of((3, 5, 8)), agent_of((5,))
    for number in range(5):
        group.update(random_batch((3, 5, 8), number))
        alone.update(random_batch((5,), number))
    together = learned(group)
    for name, value in learned(alone).items():
        if value.dim() > 0:
            assert torch.equal(together[name][1], value[0]), name


def test_it_goes_on_after_a_kill_to_the_last_bit() -> None:
    agent, resumed = agent_of((3,)), agent_of((4,))
    for number in range(5):
        if number == 2:
            file = io.BytesIO()
            torch.save(agent.state_dict(), file)
            file.seek(0)
            resumed.load_state_dict(torch.load(file, weights_only=True))
        agent.update(random_batch((3,), number))
        if number >= 2:
            resumed.update(random_batch((3,), number))
    expected = learned(agent)
    for name, value in learned(resumed).items():
        assert torch.equal(value, expected[name]), name


def q_value(agent: SoftActorCritic, batch: TransitionBatch, rounds: bool) -> Tensor:
    """The Q-value, with rounded or exact factors of the matrix products in wide layers."""
    rows = torch.cat([batch.observation, batch.action], dim=-1)
    values = []
    for twin in (0, 1):
        x = rows
        for layer in agent.critic.network.layers:
            weight, bias = layer.weight[:, twin].detach(), layer.bias[:, twin].detach()
            if rounds and min(x.shape[1], *weight.shape[1:]) >= 64:
                x, weight = x.bfloat16().float(), weight.bfloat16().float()
            x = (x @ weight + bias).relu() if weight.shape[2] > 1 else x @ weight + bias
        values.append(x)
    return torch.stack(values).mean(dim=(0, 2, 3))


@pytest.mark.usefixtures("rounded")
def test_medium_rounds_the_factors_of_wide_products() -> None:
    agent, batch = agent_of((3, 5), hidden=(96, 64, 40)), random_batch((3, 5), 0, rows=80)
    expected, exact = (q_value(agent, batch, rounds) for rounds in (True, False))
    found = agent.update(batch)["q_value"]
    assert (found - expected).abs().max() < 0.01 * (found - exact).abs().max()


@pytest.mark.usefixtures("rounded")
@pytest.mark.parametrize(("hidden", "rows"), [((96, 64), 80), ((97, 65), 81)])
def test_medium_finds_nearly_the_same_gradients(hidden: tuple[int, ...], rows: int) -> None:
    native, plain = (agent_of((3,), compiled, hidden=hidden) for compiled in (True, False))
    batch = random_batch((3,), 0, rows)
    metrics = native.update(batch)
    round_products(False)
    assert_close(metrics, plain.update(batch), 0.02)
    for name in ("actor_optimizer", "critic_optimizer"):
        found, expected = (a.state_dict()[name]["means"][0] for a in (native, plain))
        assert not torch.equal(found, expected)
        similarity = torch.nn.functional.cosine_similarity(found.flatten(), expected.flatten(), 0)
        assert similarity > 0.9995


@pytest.mark.usefixtures("rounded")
def test_medium_rounds_the_factors_of_the_actor_too() -> None:
    medium, exact = (agent_of((3,), hidden=(96, 64)) for _ in range(2))
    batch = random_batch((3,), 0, rows=80)
    entropy = medium.update(batch)["entropy"]  # depends on no critic
    round_products(False)
    expected = exact.update(batch)["entropy"]
    assert 1e-6 < (entropy - expected).abs().item() < 0.02


@pytest.mark.parametrize(
    ("field", "quantity"),
    [("reward", "critic_loss"), ("observation", "q_value"), ("observation", "actor_loss")],
)
def test_what_is_no_number_is_noticed(field: str, quantity: str) -> None:
    agent, batch = agent_of((3, 5)), random_batch((3, 5), 0)
    values = getattr(batch, field).clone()
    values[1, 7] = torch.nan
    metrics = agent.update(batch._replace(**{field: values}))
    assert metrics[quantity].isnan().tolist() == [False, True]


def test_a_weight_that_is_no_number_is_noticed() -> None:
    agent = agent_of((3, 5))
    agent.actor.network.layers[0].weight.data[0, 2, 1] = torch.nan
    metrics = agent.update(random_batch((3, 5), 0))
    for quantity in ("critic_loss", "actor_loss", "entropy", "actor_gradient_norm"):
        assert metrics[quantity].isnan().tolist() == [True, False], quantity


@pytest.mark.parametrize("twin", [0, 1])
def test_a_target_that_is_no_number_is_noticed(twin: int) -> None:
    agent = agent_of((3, 5))
    agent.target_critic.network.layers[1].weight.data[0, twin, 2, 1] = torch.nan
    metrics = agent.update(random_batch((3, 5), 0))
    assert metrics["critic_loss"].isnan().tolist() == [True, False]


def test_other_numbers_than_float32_are_refused() -> None:
    batch = random_batch((3,), 0)
    with pytest.raises(ValueError, match=r"got torch\.float64 on cpu, expected float32"):
        agent_of((3,)).update(batch._replace(reward=batch.reward.double()))


@pytest.mark.parametrize("field", ["reward", "next_observation", "action"])
def test_a_field_of_another_shape_is_refused(field: str) -> None:
    batch = random_batch((3,), 0)
    fewer = batch._replace(**{field: getattr(batch, field)[:, 1:]})
    with pytest.raises(ValueError, match="has shape"):
        agent_of((3,)).update(fewer)


def test_numbers_of_a_row_that_lie_apart_are_read_as_they_are() -> None:
    together, apart = agent_of((3, 5)), agent_of((3, 5))
    for number in range(3):
        batch = random_batch((3, 5), number)
        together.update(batch)
        apart.update(batch._replace(observation=batch.observation.mT.contiguous().mT))
    expected = learned(together)
    for name, value in learned(apart).items():
        assert torch.equal(value, expected[name]), name


@pytest.mark.parametrize("compiler", ["no-such-compiler", "false"])
def test_learning_without_a_compiler_says_so_and_acting_needs_none(
    compiler: str, monkeypatch: pytest.MonkeyPatch, compiled_again: None
) -> None:
    monkeypatch.setenv("CXX", compiler)
    agent = agent_of((3,))
    assert agent.act(torch.zeros(1, 2, FEATURES), True).shape == (1, 2, ACTIONS)
    with pytest.raises(CompilerError, match=compiler):
        agent.update(random_batch((3,), 0))
