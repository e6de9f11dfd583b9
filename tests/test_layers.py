"""Imports point downwards: the layers of the project, and what each may know of the others."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from program.import_graph import imported_names

ROOT = Path(__file__).resolve().parents[1]

# A module imports only from lower layers, or from its own layer as long as that makes no circle.
LAYERS: dict[int, tuple[str, ...]] = {
    0: (
        *("batched_linear", "batched_mlp", "batch", "config", "coverage", "exploration_mode"),
        *("generators",),
        *("metrics", "multi_step", "observed_spread", "native_library", "perceptron", "products"),
        *("row_scale",),
        *("state_form", "symlog", "training_config"),
    ),
    1: (
        *("ensemble", "gru_cell", "optimizer", "target_networks", "normalizer", "algorithm"),
        *(
            "checkpoint",
            "cuda_graph",
            "environment",
            "imagined_groups",
            "open_loop",
            "progress",
            "recorder",
        ),
        *("continued_starts", "promising_starts", "random_prior", "reward_range", "taking_turns"),
    ),
    2: (
        *("encoder", "actor", "critic", "dynamics", "intrinsic_reward", "buffers", "evaluation"),
        *("native_update", "rare_rows", "reward_heads"),
    ),
    3: (
        *("world_model", "soft_actor_critic", "imagination", "mixed_batch", "training_loop"),
        *("branched_rollouts", "dynamics_training"),
    ),
    4: (
        *("adaptation", "doubt", "world_loss", "feature_extractor", "latent_policy"),
        *("latent_imagination", "plan2explore_config", "real_steps", "reward_learner"),
        *("replayed_actions", "world_learner"),
    ),
    5: ("algorithms", "algorithms.sac", "algorithms.mbpo", "algorithms.plan2explore"),
}
LAYER_OF = {f"p2e.{name}": layer for layer, names in LAYERS.items() for name in names}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_of(package: str) -> dict[str, Path]:
    return {module_name(path): path for path in sorted((ROOT / package).rglob("*.py"))}


P2E = {name: path for name, path in modules_of("p2e").items() if name != "p2e"}


def p2e_imports(path: Path) -> set[str]:
    return {name for name in imported_names(path) if name in P2E} - {module_name(path)}


def test_every_file_of_p2e_has_a_layer_and_the_table_names_no_other() -> None:
    assert LAYER_OF.keys() == P2E.keys()


@pytest.mark.parametrize("name", sorted(P2E))
def test_imports_point_downwards(name: str) -> None:
    upwards = {
        imported for imported in p2e_imports(P2E[name]) if LAYER_OF[imported] > LAYER_OF[name]
    }
    assert not upwards


def test_no_circle_within_a_layer() -> None:
    order = TopologicalSorter({name: p2e_imports(path) for name, path in P2E.items()})
    assert len(list(order.static_order())) == len(P2E)


@pytest.mark.parametrize(
    ("package", "strangers"),
    [("p2e", {"envs", "workflow"}), ("envs", {"p2e", "workflow"})],
)
def test_only_the_programs_join_algorithms_and_environments(
    package: str, strangers: set[str]
) -> None:
    programs = {path.stem for path in (ROOT / "workflow" / "scripts").iterdir()}
    for name, path in modules_of(package).items():
        roots = {imported.split(".")[0] for imported in imported_names(path)}
        assert not roots & (strangers | programs), name


def test_the_loop_does_not_know_the_algorithms() -> None:
    for name in P2E:
        if not name.startswith("p2e.algorithms"):
            imported = {other.split(".")[1] for other in p2e_imports(P2E[name])}
            assert "algorithms" not in imported, name


def test_only_the_table_of_algorithms_imports_by_name() -> None:
    """What is imported by its name is invisible to the rules, which follow import statements."""
    by_name = {
        name
        for name, path in modules_of("p2e").items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name | ast.Attribute)
        and (node.id if isinstance(node, ast.Name) else node.attr)
        in ("import_module", "__import__")
    }
    assert by_name == {"p2e.algorithms"}
