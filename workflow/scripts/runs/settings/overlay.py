"""Settings laid over other settings."""

from collections.abc import Mapping, Sequence
from typing import Any


def overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`below` overridden by `above`: maps are merged key by key, anything else is replaced.

    Snakemake does the same with `--configfile`.
    """
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if isinstance(value, Mapping) and isinstance(under, Mapping):
            value = overlay(under, value)
        merged[key] = value
    return merged


def nested(keys: Sequence[str], value: Any) -> Any:
    """The value below these keys: {"a": {"b": value}}."""
    for key in reversed(keys):
        value = {key: value}
    return value
