"""The filmed episode: the median of the median seed, whoever looks."""

from pathlib import Path

import pytest

from runs.films.median_episode import median_episode


def write(folder: Path, returns: dict[int, list[float]]) -> Path:
    """final.csv of a run with these returns of each seed's episodes."""
    folder.mkdir()
    rows = ["seed,episode,return,length,success,policy"]
    for seed, of_seed in returns.items():
        rows += [f"{seed},{place},{value},9,0,{folder.name}" for place, value in enumerate(of_seed)]
    (folder / "final.csv").write_text("\n".join(rows) + "\n")
    return folder


def test_it_is_of_the_seed_with_the_median_mean_over_all_runs(tmp_path: Path) -> None:
    folders = [
        write(tmp_path / "a", {0: [0.0, 0.0, 90.0], 1: [100.0, 100.0, 100.0]}),
        write(tmp_path / "b", {2: [60.0, 10.0, 50.0]}),
    ]
    chosen = median_episode(folders)
    # The means are 30, 100 and 40.
    assert (chosen.folder.name, chosen.seed, chosen.episode) == ("b", 2, 2)
    assert (chosen.episodes, chosen.policy) == (3, "b")


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        ({4: [1.0], 3: [2.0]}, (4, 0)),  # the lower of the two in the middle
        ({4: [1.0], 3: [1.0], 5: [1.0]}, (4, 0)),  # 3 and 4 come first of equals
        ({0: [5.0, 7.0, 6.0, 4.0]}, (0, 0)),
        ({0: [5.0, 5.0, 5.0]}, (0, 1)),
    ],
)
def test_of_even_numbers_the_lower_and_of_equals_in_order(
    tmp_path: Path, returns: dict[int, list[float]], expected: tuple[int, int]
) -> None:
    chosen = median_episode([write(tmp_path / "run", returns)])
    assert (chosen.seed, chosen.episode) == expected


def test_a_run_without_scores_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"final\.csv"):
        median_episode([tmp_path])
