"""Fixtures for what is compiled: other registers, and products of bfloat16 on every processor."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from p2e.agent.native import native_update
from p2e.nn import products
from p2e.nn.native import kernels, library
from p2e.nn.products import CPU_MULTIPLIES_BFLOAT16, round_products
from p2e.world.native import world_step

EMULATED_BFLOAT16 = Path(__file__).parents[1] / "helpers" / "emulated_bfloat16.hpp"
WITHOUT_PROCESSOR = tuple(flag for flag in library.FLAGS if not flag.startswith("-march"))


def forget_libraries() -> None:
    """What is called next is loaded or compiled again."""
    for cached in (library.native_library, kernels.library, native_update._library):
        cached.cache_clear()
    world_step._library.cache_clear()


def require_avx2() -> None:
    if torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
        pytest.skip("needs these instructions")


@pytest.fixture
def compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Libraries compiled during the test are used only in this test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    forget_libraries()
    yield
    forget_libraries()


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where libraries that tests compile with other flags are kept for the next test."""
    return tmp_path_factory.mktemp("libraries")


@pytest.fixture(params=["x86-64", "x86-64-v3"])
def narrower_registers(
    request: pytest.FixtureRequest, session_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Kernels are compiled for processors with registers of four or eight numbers."""
    require_avx2()
    monkeypatch.setattr(library, "FLAGS", (*WITHOUT_PROCESSOR, f"-march={request.param}"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(session_cache))
    forget_libraries()
    yield
    forget_libraries()


@pytest.fixture
def rounded(session_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Precision "medium"; where the processor has no products of bfloat16, they are emulated."""
    if not CPU_MULTIPLIES_BFLOAT16:
        require_avx2()
        flags = (*library.FLAGS, "-include", str(EMULATED_BFLOAT16))
        monkeypatch.setattr(library, "FLAGS", flags)
        monkeypatch.setattr(products, "CPU_MULTIPLIES_BFLOAT16", True)
        monkeypatch.setenv("XDG_CACHE_HOME", str(session_cache))
        forget_libraries()
    round_products(True)
    yield
    round_products(False)
    forget_libraries()
