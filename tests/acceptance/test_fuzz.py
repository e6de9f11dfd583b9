"""A few cases of tests/acceptance/fuzz.py, and a check that it can detect a failure."""

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.mutations import Malicious, mutated, mutated_bytes, places
from tests.helpers.forked import CORRECT, ERROR, FAILED, STOPPED, judge
from tests.helpers.paths import ROOT


def test_damaged_files_end_in_words_or_in_a_correct_run() -> None:
    """In a separate process: the tests check annotations, which changes how bad states fail."""
    command = [sys.executable, "tests/acceptance/fuzz.py", "--configs", "30", "--states", "18"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    counts = re.findall(r"^ *(\d+) (\w+)", result.stdout, re.MULTILINE)
    total = {name: sum(int(n) for n, other in counts if other == name) for _, name in counts}
    assert total == {"configurations": 30, "states": 18}


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (0, "", CORRECT),
        (2, "resumed\ntrain.py: error: bad\n", ERROR),
        (2, "train.py: error: bad\nand more\n", FAILED),
        (1, "Traceback (most recent call last):\nKeyError: 'x'\n", FAILED),
        (-11, "", FAILED),
        (None, "step 10/60\n", STOPPED),
        (None, "Traceback (most recent call last):\n", FAILED),
    ],
)
def test_the_judgement_of_an_end(status: int | None, words: str, kind: str) -> None:
    assert judge("train.py", status, words).kind == kind


def test_mutations_change_something_and_are_repeatable() -> None:
    values = {"a": [1, {"b": 2.0}], "c": "text"}
    assert list(places(values)) == [["a"], ["a", 0], ["a", 1], ["a", 1, "b"], ["c"]]
    for seed in range(50):
        one, other = (mutated(values, random.Random(seed)) for _ in range(2))
        assert repr(one) == repr(other)
        data = bytes(range(200))
        assert mutated_bytes(data, random.Random(seed)) == mutated_bytes(data, random.Random(seed))
    changed = sum(mutated(values, random.Random(seed))[0] != values for seed in range(50))
    assert changed > 40
    assert values == {"a": [1, {"b": 2.0}], "c": "text"}


def test_what_is_malicious_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make, arguments = Malicious().__reduce__()
    make(*arguments)
    assert (tmp_path / "executed").is_dir()
