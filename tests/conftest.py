"""Shared by all tests: annotated shapes are checked at every call; fixtures that many use."""

import shutil
from collections.abc import Callable, Iterator

import pytest
import torch
from jaxtyping import install_import_hook

# Before anything imports p2e: from here on its annotations are checked at every call.
# An int is accepted for a float, as in all of Python's type hints (PEP 484).
CHECKER = "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"
install_import_hook("p2e", CHECKER)

from p2e.loop.environment import VectorEnvironment  # noqa: E402
from p2e.nn.compilation import compile_networks  # noqa: E402
from p2e.nn.generators import SeedGenerators  # noqa: E402
from tests.helpers.chain_environment import ChainEnvironment  # noqa: E402

torch.set_num_threads(1)
torch.set_warn_always(True)  # otherwise only the first test with a warning fails

needs_a_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")

MakeGenerators = Callable[..., SeedGenerators]
MakeChain = Callable[..., VectorEnvironment]


@pytest.fixture(autouse=True)
def not_compiled() -> Iterator[None]:
    """Networks are computed by PyTorch's operators where a test does not ask for anything else."""
    compile_networks(False)
    yield
    compile_networks(False)


@pytest.fixture
def generators() -> MakeGenerators:
    """`generators(0, 1, stream="x")`: the streams of seeds 0 and 1."""

    def make(*seeds: int, stream: str = "test") -> SeedGenerators:
        return SeedGenerators(seeds, stream)

    return make


@pytest.fixture(scope="session")
def chain() -> MakeChain:
    """`chain(seeds, horizon=5, goal=2.0, noise=0.0)`: a ChainEnvironment."""
    return ChainEnvironment
