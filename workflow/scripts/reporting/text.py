"""Turning ids, numbers and commands into words."""

import math
import re
import textwrap
from collections.abc import Sequence
from decimal import Decimal

from p2e.algorithms import is_import_path
from suites.variants import base_algorithm

DISPLAY_NAMES = {"sac": "SAC", "mbpo": "MBPO", "plan2explore": "Plan2Explore", "trpo": "TRPO"}
SUBJECT = "plan2explore"
RIVALS = DISPLAY_NAMES.keys() - {SUBJECT}
COMPOUNDS = ("zero-shot", "few-shot")
ACRONYMS = ("RND",)
MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
LEAST_PLAIN = 1e-6
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# An absolute path: a slash that does not continue a path, followed by a name.
_ABSOLUTE_PATH = re.compile(r"(?<![\w./\-])(?:/[^\s/'\",;:=()\[\]{}<>]+)+/?")
_KEPT_FOLDERS = ("workflow", "results", "reports", "p2e", "envs", "benchmarks", "tests")


def display_name(algorithm: str) -> str:
    """The algorithm's name as in the papers; an unknown name is returned unchanged, and an import
    path is a name by itself.

    A variant's name is its algorithm's and the difference: `Plan2Explore, no curiosity`; of a
    rival `SAC-pink`, without a comma, because sentences list rivals.
    """
    name = base_algorithm(algorithm)
    base = DISPLAY_NAMES.get(name, name if is_import_path(name) else None)
    if base is None or algorithm == name:
        return base or algorithm
    words = algorithm.partition("-")[2].replace("-", " ")
    for written in (*COMPOUNDS, *ACRONYMS):
        words = re.sub(rf"\b{written.replace('-', ' ').lower()}\b", written, words)
    return f"{base}-{words.replace(' ', '-')}" if name in RIVALS else f"{base}, {words}"


def short_name(algorithm: str) -> str:
    """The name for narrow places: for a variant of the subject, only the difference."""
    return display_name(algorithm).removeprefix(f"{DISPLAY_NAMES[SUBJECT]}, ")


def broken(name: str, width: int = 14) -> str:
    """A name wrapped into lines of about `width` characters, for narrow places of a figure.

    An import path may be broken after its dots.
    """
    lines = textwrap.wrap(name.replace(".", ". "), width, break_long_words=False)
    return "\n".join(line.replace(". ", ".") for line in lines)


def task_name(environment: str) -> str:
    """The id of a task without its package and its namespace: `PointMaze-v0`."""
    return environment.rpartition(":")[2].rpartition("/")[2]


def short_task_name(environment: str) -> str:
    """A task's name without its version, for titles and narrow places: `PointMaze`."""
    return re.sub(r"-v\d+$", "", task_name(environment))


def task_words(environment: str) -> list[str]:
    """The words of a task's short name: `Point` and `Maze`."""
    return re.split(r"(?<=[a-z])(?=[A-Z])", short_task_name(environment))


def slug(text: str) -> str:
    """`text` with every character that is unsafe in a file name or an HTML id replaced."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", text)


def without_machine_paths(text: str) -> str:
    """`text` with each absolute path cut to the part that is meaningful on other machines.

    A path through a folder of the project starts at that folder; of any other path only the last
    name is kept.
    """

    def shortened(match: re.Match[str]) -> str:
        parts = [part for part in match.group().split("/") if part]
        known = [place for place, part in enumerate(parts) if part in _KEPT_FOLDERS]
        return "/".join(parts[known[0] :]) if known else parts[-1]

    return _ABSOLUTE_PATH.sub(shortened, text)


def seed_group(seeds: Sequence[int]) -> str:
    """`0`, `0-9` or `0,3,7`: how a group of seeds is written."""
    ordered = sorted(seeds)
    if len(ordered) > 1 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        return f"{ordered[0]}-{ordered[-1]}"
    return ",".join(str(seed) for seed in ordered)


def number(value: float | None, signed: bool = False, scale: float | None = None) -> str:
    """Three significant digits for small numbers, whole numbers with separators for large ones.

    Only zero is written as 0.00; what would round to it has one digit, as in 0.00002.

    Args:
        signed: with a plus sign too.
        scale: a size of which three digits are enough, as of the other numbers of a column. Then
            what would round to zero is zero, as in 0.00 where the scale is 1 and 0 where it is 262;
            only where it is signed, it still says on which side of zero it is.
    """
    if value is None or not math.isfinite(value):
        return "not available"
    size = abs(value)
    written = f"{size:,.{_decimals(max(size, scale or 0.0))}f}"
    if float(written.replace(",", "")) == 0.0:
        if size == 0 or (scale is not None and not signed):
            return written
        if scale is None:
            written = plain(size, 1)
    sign = MINUS if value < 0 else "+" if signed and value > 0 else ""
    return sign + written


def score(value: float | None, signed: bool = False) -> str:
    """A normalised score, a difference of such scores, or a probability: two decimals."""
    return number(value, signed, scale=1.0)


def _decimals(size: float) -> int:
    return 0 if size >= 100 else 1 if size >= 10 else 2


def plain(size: float, digits: int) -> str:
    """A positive number with so many significant digits; times a power of ten only where the zeros
    would have to be counted, as in 3.8 times 10⁻⁸."""
    if size >= LEAST_PLAIN:
        return f"{Decimal(f'{size:.{digits}g}'):f}"
    factor, _, exponent = f"{size:.{digits - 1}e}".partition("e")
    return f"{factor}{TIMES}{power_of_ten(int(exponent))}"


def power_of_ten(exponent: int) -> str:
    """`10⁻⁵`."""
    return f"10{str(exponent).translate(SUPERSCRIPTS)}"


def in_type(formula: str) -> str:
    """A formula in plain characters as it is typeset: `<=`, `+-`, `^2`, `5e-7` and minus signs."""
    signs = {"<=": "≤", ">=": "≥", "+-": "±", "^2": "²", " - ": f" {MINUS} "}
    for plainly, typeset in signs.items():
        formula = formula.replace(plainly, typeset)
    power = re.compile(r"\b(\d+)e(-?\d+)\b")
    return power.sub(lambda found: f"{found[1]}{TIMES}{power_of_ten(int(found[2]))}", formula)


def p_value(value: float | None) -> str:
    """Three decimals; below 0.001 as an inequality."""
    if value is None:
        return "not available"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def duration(seconds: float | None) -> str:
    """Seconds, written in a suitable unit."""
    if seconds is None or not math.isfinite(seconds):
        return "not available"
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def count_of(amount: int, noun: str) -> str:
    """`1 task`, `5 tasks`."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def joined(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def size_range(smallest: int, largest: int, noun: str) -> str:
    """`10 seeds`, `1 seed`, or `8 to 10 seeds` where the numbers differ."""
    if smallest == largest:
        return count_of(smallest, noun)
    return f"{smallest} to {largest} {noun}s"
