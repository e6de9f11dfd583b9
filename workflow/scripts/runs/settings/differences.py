"""The settings in which two runs differ, compared key by key.

A run stays comparable when a setting is added or removed later: a key that is missing from its
manifest counts as its neutral value, with which the program behaves as it does without the setting.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from p2e.config import ConfigError
from runs.settings.overlay import nested, overlay
from runs.settings.run_settings import with_defaults

# The neutral value of a setting is its default unless listed here, which is the case if the setting
# was removed, so that the code has no default, or if its default is not neutral.
NEUTRAL: dict[str, Any] = {
    **{f"{name}.agent.compiled": False for name in ("sac", "mbpo", "plan2explore")},
    **{f"{name}.agent.clip_norm": None for name in ("sac", "mbpo", "plan2explore")},
    # Now the whole run is kept, and no published run is longer.
    **{f"{name}.buffer_capacity": 1_000_000 for name in ("sac", "mbpo", "plan2explore")},
    "mbpo.dynamics.max_epochs": None,
    "plan2explore.adaptation.continued_share": 0.5,
    "plan2explore.adaptation.error_discount": 0.5,
    "plan2explore.adaptation.multi_step": 5,
    "plan2explore.doubt": 0.0,
    "plan2explore.exploration_steps": "three quarters of the run's",
    "plan2explore.promising_share": 0.5,
    "plan2explore.random_share": 0.25,
    "plan2explore.real_from_replay": "true where real_share is 1, else false",
    "plan2explore.replayed_share": 0.5,
    "plan2explore.retained_imaginations": 4,
    "plan2explore.task_weight": 1.0,
    "plan2explore.world.clip_norm": 1.0,
    "plan2explore.world.disagreement": "latent",
    "plan2explore.world.ensemble_hidden": [64, 64],
    "plan2explore.world.members": 5,
    "plan2explore.world.prior_weight": 0.0,
    "plan2explore.world.rare_share": 0.25,
    "plan2explore.world.unknown": 2.0,
    "plan2explore.world.unrolled_steps": 1,
    "plan2explore.world.warmup_updates": 100,
}
# Settings that were renamed without a change of meaning: old name to new name.
RENAMED = {
    "plan2explore.adaptation.doubt": "plan2explore.adaptation.error_discount",
    "plan2explore.adaptation.updates": "plan2explore.adaptation_updates",
    "plan2explore.intrinsic_weight": "plan2explore.exploration.weight",
}
# Removed settings of a task policy that learns from imagined rows alone. The other modes have none:
# there these settings said nothing, and old runs have other values of them.
OF_IMAGINED_TASK_POLICY = (
    "plan2explore.adaptation.continued_share",
    "plan2explore.adaptation.error_discount",
    "plan2explore.adaptation.multi_step",
    "plan2explore.replayed_share",
)
IMAGINING = ("zero-shot", "few-shot")
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
    one, other = neutral | with_effect(flat(first)), neutral | with_effect(flat(second))
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


def with_effect(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by key, without removed ones that said nothing beside the others."""
    silent: set[str] = set()
    if settings.get("plan2explore.mode") not in IMAGINING:
        silent.update(OF_IMAGINED_TASK_POLICY)
    if settings.get("plan2explore.mode") != "few-shot":
        silent.add("plan2explore.exploration_steps")
    all_real = settings.get("plan2explore.real_share") == 1
    if settings.get("plan2explore.real_from_replay") is all_real:
        silent.add("plan2explore.real_from_replay")
    return {key: value for key, value in settings.items() if key not in silent}


def known_and_removed(
    algorithm: str, settings: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings of an algorithm, as they were written at some time, apart: those that the code may
    know, nested and under their names of today; and the removed ones that had an effect, by key.

    Raises:
        ConfigError: when there is no such algorithm.
    """
    of_today = flat(with_defaults(algorithm, {}))
    known: dict[str, Any] = {}
    removed: dict[str, Any] = {}
    for key, value in with_effect(flat(settings, algorithm)).items():
        if key in NEUTRAL and key not in of_today:
            removed[key] = value
        else:
            names = key.removeprefix(f"{algorithm}.").split(".")
            known = overlay(known, nested(names, value))
    return known, removed
