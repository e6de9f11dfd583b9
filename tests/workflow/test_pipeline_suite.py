"""What a suite consists of, and which files a rule depends on."""

import hashlib
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from digest import digest_lines
from program import import_graph
from program.import_graph import module_file, program_files
from suites.description import describe, read
from suites.entries import compact, seed_groups, suite_entries
from tests.helpers.paths import ROOT
from train import parse_arguments, read_settings

SMOKE = [str(ROOT / "params.yaml"), str(ROOT / "workflow" / "suites" / "smoke.yaml")]


@pytest.mark.parametrize(
    ("first", "count", "size", "groups"),
    [
        (0, 3, 1, [(0,), (1,), (2,)]),
        (0, 10, 10, [tuple(range(10))]),
        (5, 5, 2, [(5, 6), (7, 8), (9,)]),
        (0, 2, 8, [(0, 1)]),
    ],
)
def test_seeds_are_grouped(
    first: int, count: int, size: int, groups: list[tuple[int, ...]]
) -> None:
    assert seed_groups(first=first, count=count, group_size=size) == groups


def test_a_suite_is_every_combination_once() -> None:
    parameters = read(SMOKE)
    runs = suite_entries(parameters)
    assert len(runs) == len(parameters["tasks"]) * len(parameters["algorithms"]) * 2
    assert len({run.key for run in runs}) == len(runs)
    assert ("p2e-PointMaze-v0", "plan2explore", "1") in {run.key for run in runs}


def test_groups_of_seeds_share_a_folder() -> None:
    parameters = read(SMOKE) | {"seeds": {"first": 0, "count": 10, "group_size": 10}}
    assert {run.key[2] for run in suite_entries(parameters)} == {"0-9"}


def test_a_strict_suite_has_strict_commands() -> None:
    for run in describe(read(SMOKE) | {"deterministic": "strict"})["runs"]:
        assert parse_arguments(shlex.split(run["command"])[2:]).deterministic == "strict"


def test_a_runs_command_is_one_that_train_accepts() -> None:
    parameters = read(SMOKE)
    parameters["tasks"][0]["settings"] = {"sac": {"updates_per_step": 3}}
    description = describe(parameters)
    for run in description["runs"]:
        python, program, *arguments = shlex.split(run["command"])
        assert (python, program) == ("python", "workflow/scripts/train.py")
        options = parse_arguments(arguments)
        assert options.algorithm == run["algorithm"]
        assert options.environment == run["environment"]
        assert options.seeds == ",".join(map(str, run["seeds"]))
        assert options.steps == run["steps"]
        assert str(options.output) == run["path"]
        assert options.deterministic == "machine"
        settings = read_settings(options.settings)
        assert settings.keys() == {"training", run["algorithm"]}
        if (run["algorithm"], run["environment"]) == ("sac", "Pendulum-v1"):
            assert settings["sac"]["updates_per_step"] == 3


def test_a_variants_runs_train_its_algorithm_in_folders_of_their_own() -> None:
    name = "plan2explore-no-curiosity"
    parameters = read(SMOKE) | {"algorithms": ["sac", name]}
    parameters["variants"] = {name: {"task_share": 0.0}}
    runs = describe(parameters)["runs"]
    assert {(run["algorithm"], run.get("variant_of")) for run in runs} == {
        ("sac", None),
        (name, "plan2explore"),
    }
    for run in (run for run in runs if run["algorithm"] == name):
        options = parse_arguments(shlex.split(run["command"])[2:])
        assert options.algorithm == "plan2explore"
        assert read_settings(options.settings)["plan2explore"]["task_share"] == 0.0
        assert run["path"].split("/")[-2] == name


def test_equal_values_are_equal_texts() -> None:
    assert compact({"b": [1, {"d": 2, "c": 3}], "a": 1}) == '{"a":1,"b":[1,{"c":3,"d":2}]}'


def test_suite_json_is_the_same_from_files_and_from_parameters(tmp_path: Path) -> None:
    program = [sys.executable, "workflow/scripts/suite.py", "--output"]
    by_hand, by_rule = tmp_path / "a" / "suite.json", tmp_path / "b" / "suite.json"
    parameters = compact(read(SMOKE))
    for options in (
        [str(by_hand), "workflow/suites/smoke.yaml"],
        [str(by_rule), "--parameters", parameters],
    ):
        subprocess.run([*program, *options], cwd=ROOT, check=True)
    assert by_hand.read_bytes() == by_rule.read_bytes()
    assert json.loads(by_hand.read_text())["suite"] == "smoke"


def test_suite_py_ends_with_one_line_on_bad_input(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("sede: 1\n")
    output = tmp_path / "suite.json"
    result = subprocess.run(
        [sys.executable, "workflow/scripts/suite.py", str(bad), "--output", str(output)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert result.stderr.startswith(f"suite.py: error: {bad}: unknown key 'sede'")
    assert result.stderr.count("\n") == 1
    assert not output.exists()


def test_a_digest_is_what_sha256sum_prints(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "b").write_bytes(b"second")
    (folder / "a").write_bytes(b"first")
    other = tmp_path / "other"
    other.write_bytes(b"")
    expected = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}"
        for path in (folder / "a", folder / "b", other)
    ]
    assert digest_lines([other, folder]) == expected


def test_a_program_consists_of_what_it_imports_and_nothing_else() -> None:
    trained = program_files("workflow/scripts/train.py", module_file("p2e.algorithms.sac"))
    assert {"p2e/loop/training_loop.py", "p2e/agent/soft_actor_critic.py", "envs/vector.py"} <= set(
        trained
    )
    assert "workflow/scripts/program/provenance.py" in trained
    strangers = {
        "workflow/scripts/evaluate.py",
        "workflow/scripts/suite.py",
        "p2e/algorithms/plan2explore/joint.py",
        "p2e/world/world_model.py",
    }
    assert not strangers & set(trained)
    algorithm = module_file("p2e.algorithms.plan2explore")
    curious = program_files("workflow/scripts/train.py", algorithm)
    assert {"p2e/algorithms/plan2explore/joint.py", "p2e/world/world_model.py"} <= set(curious)
    assert "p2e/curiosity/disagreement.py" in curious


def test_imports_are_followed_through_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "program.py": "import json\nfrom package import inner\n",
        "package/__init__.py": "from package.base import thing\n",
        "package/base.py": "thing = 1\n",
        "package/inner.py": "def lazy():\n  from . import sibling\n  from .deep.leaf import x\n",
        "package/sibling.py": "import program\n",
        "package/deep/__init__.py": "",
        "package/deep/leaf.py": "from ..base import thing as x\n",
        "package/unused.py": "",
        "unused.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(import_graph, "ROOT", tmp_path)
    found = program_files("program.py")
    assert found == sorted(name for name in files if "unused" not in name)


def test_a_program_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match="no_such_program"):
        program_files("workflow/scripts/no_such_program.py")
