"""How hard the tasks of a suite are to explore: measured chances that undirected noise suffices."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envs.tools.noise_table import NoiseChance


def noise_chances(environments: Iterable[str]) -> list[tuple[str, "list[NoiseChance]"]]:
    """Each measured task with its chances by colour, white noise first.

    Tasks that were not measured, such as those without a success condition, are left out. The table
    is imported here because importing it starts a simulator's libraries.
    """
    from envs.tools.noise_table import read_table

    rows = read_table().values()
    found = ((name, [row for row in rows if row.environment == name]) for name in environments)
    return [(name, chances) for name, chances in found if chances]
