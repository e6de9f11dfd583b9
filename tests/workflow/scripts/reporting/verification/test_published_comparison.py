"""Comparing reproduced scores with published ones: equal, within the interval, and failures."""

import itertools
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import verify as program
from program import provenance
from reporting.statistics.verification_result import (
    AGREES,
    ALL_TASKS,
    DIFFERS,
    DISAGREES,
    EQUAL,
    LEAVES_OUT,
    MISSING,
    NOT_COMPARED,
    NOTHING,
    OTHER_SETTINGS,
    WITHIN,
    Verification,
)
from reporting.verification.published_comparison import (
    NOT_ASKED_FOR,
    Numbers,
    PublishedError,
    read_published,
    verify,
)
from tests.workflow.scripts.reporting.per_task.test_comparison import facts_of

FACTS = {
    **{"cpu": "a", "device": "cpu", "threads": "1", "precision": "float32", "python": "3.11.9"},
    **{"packages": "{}", "code_hash": "0", "status": "complete"},
}

TRAINED = itertools.count()  # each training's file is unique, because of its times


def numbers(scores: dict[str, list[float]], **facts: str) -> Numbers:
    """A suite of one task: the scores of seeds 0, 1, ... of each algorithm."""
    cells, runs = [], []
    for algorithm, values in scores.items():
        key = {"environment": "Pendulum-v1", "algorithm": algorithm}
        rows = [{"seed": seed, "final": x, "area": 2 * x} for seed, x in enumerate(values)]
        cells.append(key | {"seeds": rows})
        for seed in range(len(values)):
            config = json.dumps({"steps": 100, "seeds": [seed]})
            files = json.dumps({"training.csv": f"hash {next(TRAINED)}"})
            runs.append(key | FACTS | {"config": config, "files": files} | facts)
    return Numbers({"suite": "small", "cells": cells}, runs)


def many_tasks(finals: list[list[float]], **facts: str) -> Numbers:
    """A suite of one algorithm: the scores of seeds 0, 1, ... of each task, from 0 to 10."""
    tasks = [numbers({"sac": scores}, **facts) for scores in finals]
    for place, task in enumerate(tasks):
        for row in (*task.statistics["cells"], *task.runs):
            row["environment"] = f"task {place}"
    known = {f"task {place}": asdict(facts_of(f"task {place}", 0.0, 10.0)) for place in range(9)}
    cells = [cell for task in tasks for cell in task.statistics["cells"]]
    statistics = {"suite": "many", "cells": cells, "facts": known}
    return Numbers(statistics, [run for task in tasks for run in task.runs])


def statuses(result: Verification) -> set[str]:
    return {row.status for row in result.rows}


SCORES = {"sac": [1.0, 2.0, 3.5], "mbpo": [7.0, 9.0, 8.5]}
PUBLISHED = numbers(SCORES)


def test_strict_digits_have_to_be_the_same_on_other_processors() -> None:
    published = numbers({"sac": [1.0, 2.0, 3.5]}, deterministic="strict")
    elsewhere = {"cpu": "b", "deterministic": "strict"}
    assert statuses(verify(published, numbers({"sac": [1.0, 2.0, 3.5]}, **elsewhere))) == {EQUAL}
    assert statuses(verify(published, numbers({"sac": [1.0, 2.1, 3.5]}, **elsewhere))) == {DIFFERS}
    # Strict and not strict are different kinds of arithmetic.
    other = verify(
        PUBLISHED, numbers({"sac": [1.0, 2.1, 3.5], "mbpo": [7.0, 9.0, 8.4]}, **elsewhere)
    )
    assert statuses(other) == {WITHIN}
    assert "deterministic" in other.rows[0].why


def test_published_runs_that_were_laid_back_are_not_compared_with_themselves() -> None:
    result = verify(PUBLISHED, PUBLISHED)
    assert (result.verdict, result.rows) == (NOTHING, ())
    assert "the published runs themselves" in result.sentence
    # A task or an algorithm that the suite has gained since then changes nothing of that.
    gained = numbers({"new": [1.0, 2.0]})
    cells = [*PUBLISHED.statistics["cells"], *gained.statistics["cells"]]
    grown = Numbers({"suite": "small", "cells": cells}, [*PUBLISHED.runs, *gained.runs])
    assert verify(PUBLISHED, grown).sentence == result.sentence
    assert "No score can be compared" in verify(PUBLISHED, gained).sentence
    # One algorithm trained again, the other not.
    half = numbers(SCORES)
    half.runs[3:] = PUBLISHED.runs[3:]
    assert statuses(verify(PUBLISHED, half)) == {EQUAL, NOT_COMPARED}
    # With one seed of two trained again, only that one decides.
    published = numbers({"sac": [1.0, 2.0]})
    for score, status in ((2.0, EQUAL), (2.1, DIFFERS)):
        reproduced = numbers({"sac": [1.0, score]})
        reproduced.runs[0] = published.runs[0]
        mixed = verify(published, reproduced)
        assert statuses(mixed) == {status}
        assert "1 seed" in mixed.rows[0].why or "seeds [1]" in mixed.rows[0].why
        again = [row.reproduced.estimate for row in mixed.rows if row.score == "final"]
        assert again == [reproduced.statistics["cells"][0]["seeds"][1]["final"]]


def test_over_all_tasks_a_loss_shows_that_no_single_task_can_show() -> None:
    published = many_tasks([[1.0, 5.0, 9.0]] * 9)
    lost = many_tasks([[0.0, 1.0, 2.0]] * 9, cpu="b")
    result = verify(published, lost)
    (overall,) = (row for row in result.rows if row.environment == ALL_TASKS)
    assert {row.status for row in result.rows if row is not overall} == {WITHIN}
    assert (overall.status, result.verdict) == (DIFFERS, DISAGREES)
    assert overall.published.estimate == pytest.approx(0.5)
    assert overall.reproduced.estimate == pytest.approx(0.1)
    near = many_tasks([[1.5, 5.0, 9.0]] * 9, cpu="b")
    again = verify(published, near)
    assert again.verdict == AGREES
    assert again.sentence.startswith("None of 19 scores contradicts")
    assert not [r for r in verify(published, published).rows if r.environment == ALL_TASKS]


def test_what_the_suite_does_not_ask_for_any_more_is_listed_and_no_failure() -> None:
    result = verify(PUBLISHED, numbers({"sac": SCORES["sac"]}))
    assert result.verdict == AGREES
    left = [(row.algorithm, row.status, row.why) for row in result.rows if row.status != EQUAL]
    assert left == [("mbpo", NOT_COMPARED, NOT_ASKED_FOR)] * 2
    assert "2 equal, 0 within the interval, 0 differs, 0 missing, 2 not compared" in result.sentence


def test_nothing_published_is_said_in_words() -> None:
    result = verify(None, PUBLISHED)
    assert (result.verdict, result.rows) == (NOTHING, ())
    assert "Nothing of the suite small is published" in result.sentence


def test_the_same_numbers_on_the_same_machine_are_equal() -> None:
    result = verify(PUBLISHED, numbers(SCORES))
    assert result.verdict == AGREES and statuses(result) == {EQUAL}
    assert len(result.rows) == 4  # two algorithms, two scores
    assert "All 4 scores agree" in result.sentence


def test_one_bit_on_the_same_machine_differs() -> None:
    other = numbers({"sac": [1.0, float(np.nextafter(2.0, 3.0)), 3.5], "mbpo": [7.0, 9.0, 8.5]})
    result = verify(PUBLISHED, other)
    assert result.verdict == DISAGREES
    (row,) = (row for row in result.rows if (row.status, row.score) == (DIFFERS, "final"))
    assert row.algorithm == "sac" and "seeds [1]" in row.why


@pytest.mark.parametrize(
    "facts", [{"cpu": "b"}, {"packages": '{"torch": "3"}'}, {"code_hash": "1"}, {"threads": "2"}]
)
def test_elsewhere_the_interval_of_the_difference_decides(facts: dict[str, str]) -> None:
    near = verify(PUBLISHED, numbers({"sac": [1.1, 2.2, 3.3], "mbpo": [7.5, 9.0, 8.0]}, **facts))
    assert near.verdict == AGREES and statuses(near) == {WITHIN}
    assert next(iter(facts)) in near.rows[0].why
    far = verify(PUBLISHED, numbers({"sac": [1.1, 2.2, 3.3], "mbpo": [70.0, 71.0, 72.0]}, **facts))
    assert far.verdict == DISAGREES
    assert {row.algorithm for row in far.rows if row.status == DIFFERS} == {"mbpo"}


def test_the_same_numbers_are_equal_wherever_they_come_from() -> None:
    result = verify(PUBLISHED, numbers(SCORES, cpu="b"))
    assert statuses(result) == {EQUAL} and "other cpu" in result.rows[0].why


def test_a_processor_is_more_than_the_name_that_a_hypervisor_gives_it() -> None:
    name = provenance.cpu_name()
    assert torch.backends.cpu.get_cpu_capability() in name
    assert all(
        line.split(":")[1].strip() in name
        for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
        if line.startswith(("model", "cpu family"))
    )


def test_the_intervals_hold_together() -> None:
    """If nothing has changed, at most about 5 of 100 whole verifications may fail."""
    random, failed = np.random.default_rng(0), 0
    names = [f"algorithm {place}" for place in range(10)]
    for _ in range(200):
        draws = random.normal(size=(2, len(names), 5))
        one, two = (
            {n: list(map(float, row)) for n, row in zip(names, x, strict=True)} for x in draws
        )
        failed += verify(numbers(one), numbers(two, cpu="b")).verdict == DISAGREES
    assert failed <= 18  # at most 10 are expected; then 18 or more occur once in 100 times


def test_what_has_not_finished_is_missing() -> None:
    result = verify(PUBLISHED, numbers({"sac": [1.0, 2.0, 3.5], "mbpo": []}))
    assert result.verdict == DISAGREES
    assert {row.algorithm for row in result.rows if row.status == MISSING} == {"mbpo"}


def test_new_cells_are_not_compared() -> None:
    result = verify(PUBLISHED, numbers({"plan2explore": [1.0, 2.0]}))
    assert result.verdict == NOTHING and statuses(result) == {NOT_COMPARED}


STEPS = '{"steps": 200, "seeds": [0]}'


def test_an_algorithm_of_which_other_settings_leave_nothing_fails() -> None:
    both = numbers(SCORES)
    other = numbers({"sac": [5.0, 6.0, 7.0]}, config=STEPS)
    for place, run in enumerate(other.runs):
        both.runs[place] = run
    result = verify(PUBLISHED, both)
    assert result.verdict == LEAVES_OUT and result.failed
    why = {row.why for row in result.rows if row.status == OTHER_SETTINGS}
    assert why == {"it was published with other settings: steps was 100, is 200"}
    assert result.sentence.startswith("All 2 scores agree with the published ones: 2 equal")
    assert result.sentence.endswith(
        "2 other settings. Nothing of sac was compared, because it was published with other "
        "settings."
    )
    # Also if there is nothing else to compare.
    alone = verify(PUBLISHED, other)
    assert alone.verdict == LEAVES_OUT
    assert "No score can be compared" in alone.sentence and "Nothing of sac" in alone.sentence
    # A score that disagrees is reported, too.
    worse = numbers({"sac": [5.0, 6.0, 7.0], "mbpo": [7.0, 9.0, 8.0]})
    worse.runs[:3] = other.runs
    result = verify(PUBLISHED, worse)
    assert result.verdict == DISAGREES and result.sentence.startswith("2 of 2 scores disagree")
    assert "Nothing of sac was compared" in result.sentence


def test_other_settings_on_one_task_of_several_are_listed_and_no_failure() -> None:
    published = many_tasks([[1.0, 5.0, 9.0]] * 2)
    again = many_tasks([[1.0, 5.0, 9.0]] * 2)
    for run in again.runs[3:]:
        run["config"] = STEPS
    result = verify(published, again)
    assert result.verdict == AGREES and not result.failed
    assert [row.status for row in result.rows] == [EQUAL] * 2 + [OTHER_SETTINGS] * 2
    assert "Nothing of" not in result.sentence


def test_seeds_that_were_trained_in_other_groups_need_not_have_the_same_digits() -> None:
    grouped = numbers({"sac": [1.0, 2.1, 3.5]})
    grouped.runs[0]["config"] = json.dumps({"steps": 100, "seeds": [0, 1, 2]})
    del grouped.runs[1:]
    result = verify(numbers({"sac": [1.0, 2.0, 3.5]}), grouped)
    assert statuses(result) == {WITHIN}
    assert result.rows[0].why.startswith("other group_size: the interval")


def test_a_single_seed_elsewhere_has_no_interval() -> None:
    result = verify(PUBLISHED, numbers({"sac": [400.0]}, cpu="b"))
    assert result.verdict == NOTHING and "two seeds" in result.rows[0].why


def publish(folder: Path, published: Numbers) -> Path:
    folder.mkdir(parents=True)
    (folder / "statistics.json").write_text(json.dumps(published.statistics))
    columns = list(published.runs[0])
    lines = [json.dumps(columns)[1:-1].replace(", ", ",")]
    for run in published.runs:
        lines.append(",".join('"' + run[name].replace('"', '""') + '"' for name in columns))
    (folder / "runs.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_published_numbers_are_read_back_and_what_is_missing_is_named(tmp_path: Path) -> None:
    assert read_published(tmp_path / "none") is None
    folder = publish(tmp_path / "small", PUBLISHED)
    assert verify(read_published(folder), numbers(SCORES)).verdict == AGREES
    (folder / "runs.csv").unlink()
    with pytest.raises(PublishedError, match=r"runs\.csv: No such file"):
        read_published(folder)
    (folder / "statistics.json").write_text("{")
    with pytest.raises(PublishedError, match=r"statistics\.json: not readable"):
        read_published(folder)


def check_of(tmp_path: Path, result: Verification) -> Any:
    file = tmp_path / "verification.json"
    file.write_text(result.as_json())
    with pytest.raises(SystemExit) as end:
        program.main(["--check", str(file)])
    return end.value.code


def test_the_check_fails_with_a_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_of(tmp_path, verify(None, PUBLISHED)) == 0
    assert check_of(tmp_path, verify(PUBLISHED, PUBLISHED)) == 0
    capsys.readouterr()
    other = numbers({"sac": [1.0, 2.0, 3.5], "mbpo": [7.0, 9.0, 8.0]})
    assert check_of(tmp_path, verify(PUBLISHED, other)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Pendulum-v1, mbpo, final: differs: published 8.1666")
    assert lines[-1].startswith("2 of 4 scores disagree")
    other = numbers({"sac": [1.0, 2.0, 3.5]}, config=STEPS)
    assert check_of(tmp_path, verify(PUBLISHED, other)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Pendulum-v1, sac, final: other settings: published 2.1666")
    assert lines[0].endswith("published with other settings: steps was 100, is 200")
    assert "Nothing of sac was compared" in lines[-1]
