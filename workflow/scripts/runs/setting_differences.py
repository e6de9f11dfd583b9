"""The settings in which two runs differ, compared key by key.

A run stays comparable when a setting is added or removed later: a key that is missing from its
manifest counts as its neutral value, with which the program behaves as it did without the setting.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from p2e.config import ConfigError
from runs.settings import with_defaults

# The neutral value of a setting is its default unless listed here, which is the case if the setting
# was removed, so that the code has no default, or if its default is not neutral.
NEUTRAL: dict[str, Any] = {
    "sac.agent.compiled": False,  # now training.compiled
    "mbpo.agent.compiled": False,
    "plan2explore.agent.compiled": False,
    "sac.agent.critic_layer_norm": False,
    "mbpo.agent.critic_layer_norm": False,
    "mbpo.dynamics.max_epochs": None,
    "plan2explore.agent.critic_layer_norm": False,
    "plan2explore.doubt": 0.0,
    "plan2explore.world.prior_weight": 0.0,
    "plan2explore.world.unrolled_steps": 1,
}
# Settings that were renamed without a change of meaning: old name to new name.
RENAMED = {
    "plan2explore.adaptation.doubt": "plan2explore.adaptation.error_discount",
    "plan2explore.intrinsic_weight": "plan2explore.exploration.weight",
}
UNKNOWN = "absent, with no neutral value known"


class Difference(NamedTuple):
    """A setting, as `section.key`, and its values in two runs."""

    key: str
    first: Any
    second: Any


def setting_differences(
    first: Mapping[str, Any], second: Mapping[str, Any], algorithm: str
) -> list[Difference]:
    """The settings in which two configurations of an algorithm differ, in order of their keys.

    A key that only one configuration has, and neither the code nor NEUTRAL knows, is a difference.
    """
    neutral = neutral_values(algorithm)
    one, other = neutral | flat(first), neutral | flat(second)
    return [
        Difference(key, *values)
        for key in sorted(one.keys() | other.keys())
        if (values := (one.get(key, UNKNOWN), other.get(key, UNKNOWN)))[0] != values[1]
    ]


def neutral_values(algorithm: str) -> dict[str, Any]:
    """The neutral value of every setting of an algorithm; of a removed algorithm, of NEUTRAL."""
    try:
        defaults = with_defaults(algorithm, {})
    except ConfigError:  # it was removed, or its package is not here
        defaults = {}
    return flat(defaults) | NEUTRAL


def flat(settings: Any, key: str = "") -> dict[str, Any]:
    """Nested settings as one mapping of `section.key` to values."""
    if not isinstance(settings, Mapping):
        return {key: settings}
    return {
        RENAMED.get(name, name): value
        for part, below in settings.items()
        for name, value in flat(below, f"{key}.{part}" if key else part).items()
    }
