"""The same drawing in fewer bytes: matplotlib writes digits, names and groups that nobody needs."""

import re
import zlib
from collections.abc import Iterable

CURVE = re.compile(r"[A-KN-Yac-ln-y]")  # any command but M, L and z
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
ID, REFERENCE = re.compile(r' id="([^"]+)"'), re.compile(r'(url\(#|href="#)([^)"]+)')
GROUP = re.compile(r"<g[^>]*>|</g>")


def shortened(text: str, name: str) -> str:
    """An SVG with rounded coordinates, and without needless white space, ids and groups.

    The ids that are left begin with a digest of `name`, so that several figures can share a page.
    """
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r' transform="rotate\(-0 [^"]*"', "", text)
    text = re.sub(r' d="([^"]*)"', lambda found: f' d="{short_path(found[1])}"', text)
    text = re.sub(r' (?:x|y|transform)="[^"]*"', lambda found: _two_decimals(found[0]), text)
    text = re.sub(r' style="[^"]*"', lambda found: re.sub(r"([:;]) ", r"\1", found[0]), text)
    text = re.sub(r">\s+<", "><", text)
    return _without_bare_groups(_with_short_ids(text, name)).replace("<defs></defs>", "")


def short_path(data: str) -> str:
    """Path data in steps of a tenth of a point; curves, which only small markers have, keep
    absolute coordinates in hundredths."""
    if CURVE.search(data):
        return " ".join(_two_decimals(data).split())
    lines = []
    for part in re.findall(r"M[^M]*", data):
        numbers = [float(number) for number in NUMBER.findall(part)]
        points = zip(numbers[::2], numbers[1::2], strict=True)
        lines.append(line_path(points, 10) + ("z" if "z" in part else ""))
    return "".join(lines)


def line_path(points: Iterable[tuple[float, float]], parts: int = 1) -> str:
    """A line through points, as path data in steps of 1 / `parts` from one point to the next."""
    (x, y), *others = [(round(x * parts), round(y * parts)) for x, y in points]
    steps: list[tuple[int, int]] = []
    start = _pair(x, y, parts)
    for across, down in others:
        step, before = (across - x, down - y), steps[-1] if steps else (0, 0)
        x, y = across, down
        if step == (0, 0):
            continue
        # One long step says as much as several along the same side of the page.
        level = any(step[i] == before[i] == 0 < step[1 - i] * before[1 - i] for i in (0, 1))
        if level:
            steps[-1] = (before[0] + step[0], before[1] + step[1])
        else:
            steps.append(step)
    if others and not steps:
        steps.append((0, 0))  # a line without length still has ends
    written = " ".join(_pair(*step, parts) for step in steps).replace(" -", "-")
    return f"M{start}l{written}" if written else f"M{start}"


def _pair(across: int, down: int, parts: int) -> str:
    written = (f"{value / parts:.9g}" for value in (across, down))
    return " ".join(re.sub(r"^(-?)0\.", r"\1.", text) for text in written).replace(" -", "-")


def _two_decimals(text: str) -> str:
    return re.sub(r"(\.\d\d)\d+", r"\1", text)


def _with_short_ids(text: str, name: str) -> str:
    """The text without the ids that nothing refers to."""
    prefix = f"f{zlib.crc32(name.encode()):x}"
    referred = dict.fromkeys(found[1] for found in REFERENCE.findall(text))
    short = {id_: f"{prefix}-{place}" for place, id_ in enumerate(referred)}
    text = ID.sub(lambda found: f' id="{short[found[1]]}"' if found[1] in short else "", text)
    return REFERENCE.sub(lambda found: found[1] + short[found[2]], text)


def _without_bare_groups(text: str) -> str:
    """The text without groups that have no attributes, and without those that are empty."""
    text = re.sub(r"<g[^>]*/>", "", text)
    bare: list[bool] = []

    def kept(found: re.Match[str]) -> str:
        if found[0] != "</g>":
            bare.append(found[0] == "<g>")
            return "" if bare[-1] else found[0]
        return "" if bare.pop() else found[0]

    return GROUP.sub(kept, text)
