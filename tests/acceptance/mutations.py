"""Random damage to nested values, texts and bytes, each with its description in words."""

import copy
import os
import random
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

Place = list[Any]

# What people, editors and attackers may write instead of a number, a name or a section.
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 2, -1, 10**9, 2**63, 10**400, 0.5, -0.5, 1e-300, 1e308),
    *(float("nan"), float("inf"), "", "x", "1", "1e-3", "nan", "smoke", "Pendulum-v1", "sac"),
    *("../../x", "a b", "$(touch executed)", "`touch executed`", "; touch executed #", "\n", "\0"),
    *("é", "x" * 5000, [], [0], [-1], [16], [8, 8, 8], ["8"], [[8]], {}, {"x": 1}, {1: 2}),
)


def places(value: Any, below: Place | None = None) -> Iterator[Place]:
    """The path to each element of nested dicts, lists and tuples."""
    below = below or []
    if isinstance(value, dict):
        items: Any = value.items()
    else:
        items = enumerate(value) if isinstance(value, list | tuple) else ()
    for key, item in items:
        yield [*below, key]
        yield from places(item, [*below, key])


def look_up(value: Any, place: Place) -> Any:
    """The element at a path."""
    for key in place:
        value = value[key]
    return value


def mutated(values: Any, chance: random.Random) -> tuple[Any, str]:
    """Nested parameters with one to three elements deleted, renamed, exchanged or added."""
    values, done = copy.deepcopy(values), []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        place = chance.choice(list(places(values)))
        inside, key = look_up(values, place[:-1]), place[-1]
        way = chance.choice(("delete", "rename", "value", "add", "near", "near", "near", "near"))
        if way == "delete":
            del inside[key]
        elif way == "rename" and isinstance(key, str):
            inside[key + chance.choice("sx_ ")] = inside.pop(key)
        elif way == "add" and isinstance(inside[key], dict):
            inside[key][chance.choice(("x", "seed", "hiden", "__class__", ""))] = 1
        else:
            new = near(inside[key], chance) if way == "near" else chance.choice(VALUES)
            way, inside[key] = "value", copy.deepcopy(new)
        done.append(f"{way} {place}")
        if way == "value":
            done[-1] += f" {look_up(values, place)!r:.40}"
    return values, ", ".join(done)


def near(value: Any, chance: random.Random) -> Any:
    """Another value of the same kind, which may be valid."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return chance.choice((0, 1, 2, 3, 7, value + 1, value - 1, value * 2, value * 10, 10**9))
    if isinstance(value, float):
        return chance.choice((0.0, 1.0, value / 10, value * 10, -value, 1e-30, 1e30))
    if isinstance(value, list):
        return chance.choice((value[:-1], value + value[-1:], value[::-1], value * 3))
    if isinstance(value, dict):
        return dict(list(value.items())[: chance.randrange(len(value) + 1)])
    return chance.choice(("mbpo", "sac", "plan2explore", "MountainCarContinuous-v0", "Hopper-v5"))


def mutated_text(text: str, chance: random.Random) -> tuple[str, str]:
    """A text with one or two characters deleted, doubled or exchanged."""
    done = []
    for _ in range(chance.choice((1, 1, 2))):
        at = chance.randrange(len(text))
        new = chance.choice(("", text[at] * 2, *"0123456789. ", *"{}[]:,-#&*!|'\"%\t\n\x00"))
        text = text[:at] + new + text[at + 1 :]
        done.append(f"character {at} becomes {new!r}")
    return text, ", ".join(done)


def mutated_bytes(data: bytes, chance: random.Random) -> tuple[bytes, str]:
    """Bytes with a flipped bit, a part zeroed, exchanged or cut off, or all replaced."""
    at = chance.randrange(len(data))
    length = chance.choice((1, 16, 512))
    ways = {
        "truncated": data[:at],
        "flipped bit": data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :],
        "zeroed": data[:at] + bytes(len(data[at : at + length])) + data[at + length :],
        "noise": data[:at] + chance.randbytes(length) + data[at + length :],
        "part missing": data[:at] + data[at + length :],
        "appended": data + chance.randbytes(length),
        "empty": b"",
        "foreign": b"seed,step,return\n0,100,1.5\n" * length,
    }
    way = chance.choice(list(ways))
    return ways[way], f"{way} at byte {at}, {length}"


class Malicious:
    """Creates a folder `executed` when it is unpickled unsafely."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("executed",))


def restructured(content: Any, chance: random.Random) -> tuple[Any, str]:
    """Content as torch.load returns it, with an element of another type or shape, or removed.

    A number is never just changed: with a valid checksum that would be a forgery, which no program
    can detect.
    """
    content = copy.deepcopy(content)
    place = chance.choice(list(places(content)))
    inside, old = look_up(content, place[:-1]), look_up(content, place)
    way = chance.choice(("delete", "rename", "kind", "shape", "malicious"))
    if way == "malicious":
        new: Any = Malicious()
    elif way == "shape" and isinstance(old, Tensor):
        new = old.flatten()[:-1] if old.numel() > 1 else torch.cat([old.flatten()] * 3)
    elif way == "shape" and isinstance(old, list) and old:
        new = old[:-1]
    else:
        others: tuple[Any, ...] = (
            None,
            "x",
            b"x",
            1.5,
            -3,
            [],
            {},
            torch.zeros(2, 3),
            ["x"],
            {"x": torch.ones(1)},
        )
        new = chance.choice([other for other in others if type(other) is not type(old)])
    if isinstance(inside, tuple):
        way, new = "kind", None
        inside, place = look_up(content, place[:-2]), place[:-1]
    if way == "delete":
        del inside[place[-1]]
    elif way == "rename" and isinstance(inside, dict):
        inside[f"{place[-1]}x"] = inside.pop(place[-1])
    else:
        inside[place[-1]] = new
    return content, f"{way} {place}" + (f" {new!r:.30}" if way == "kind" else "")
