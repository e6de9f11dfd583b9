"""Makes one Gymnasium simulator by its id, in the form that the benchmark steps."""

import importlib
from difflib import get_close_matches
from typing import Any

import gymnasium
from gymnasium.envs.registration import EnvSpec
from gymnasium.wrappers import OrderEnforcing

from envs.simulation import control_suite
from envs.simulation.action_repeat import ActionRepeat
from envs.simulation.checked import CheckedSimulator
from envs.simulation.errors import (
    BrokenEnvironmentError,
    InvalidEnvironmentError,
    UnknownEnvironmentError,
)
from envs.simulation.mujoco_messages import mujoco_messages_as_warnings
from envs.simulation.recorded_episode import RecordedEpisode
from envs.simulation.snapshot import has_snapshot
from envs.simulation.spaces import is_plain, require_actions, require_observations

Simulator = gymnasium.Env[Any, Any]


def specification(environment_id: str) -> EnvSpec:
    """What Gymnasium knows about an id; `package:Id-v0` imports the package first.

    Raises UnknownEnvironmentError, in one line.
    """
    package, _, name = environment_id.rpartition(":")
    if package:
        _import(environment_id, package)
    if name.startswith(control_suite.NAMESPACE):
        control_suite.register_all()
    found = gymnasium.registry.get(name)
    if found is None:
        raise UnknownEnvironmentError(_unknown(environment_id, name))
    return found


# Their code is hashed with the benchmark's, or their versions stand in the manifest.
_KNOWN_PACKAGES = ("envs", "gymnasium", "dm_control")


def foreign_packages(environment_id: str) -> tuple[str, ...]:
    """The modules that register and define an environment, apart from known packages.

    Raises UnknownEnvironmentError.
    """
    entry = specification(environment_id).entry_point
    module = entry.partition(":")[0] if isinstance(entry, str) else getattr(entry, "__module__", "")
    named = {environment_id.rpartition(":")[0], module} - {""}
    return tuple(sorted(m for m in named if m.partition(".")[0] not in _KNOWN_PACKAGES))


def make_simulator(
    environment_id: str, render_mode: str | None = None, action_repeat: int = 1
) -> Simulator:
    """The simulator, with observations (O,) and actions (A,); the caller truncates its episodes.

    Whatever the benchmark has not seen is checked at each step, and its episodes are recorded so
    that they can be repeated on resume. The wrappers with which an environment is registered stay.

    Raises InvalidEnvironmentError: no such environment, spaces that cannot be used, or an error
    while it is made.
    """
    made = _made(specification(environment_id), environment_id, render_mode)
    try:
        require_actions(environment_id, made.action_space)
        require_observations(environment_id, made.observation_space)
    except InvalidEnvironmentError:
        made.close()
        raise
    seen = has_snapshot(made)
    if not (seen and is_plain(made.observation_space, made.action_space)):
        made = CheckedSimulator(environment_id, made)
    if action_repeat > 1:
        made = ActionRepeat(made, action_repeat)
    return made if seen else RecordedEpisode(environment_id, made)


def _made(spec: EnvSpec, environment_id: str, render_mode: str | None) -> Simulator:
    # Some environments have no such argument.
    rendering = {} if render_mode is None else {"render_mode": render_mode}
    try:
        with mujoco_messages_as_warnings():
            made: Simulator = gymnasium.make(
                spec, max_episode_steps=-1, disable_env_checker=True, **rendering
            )
    except (gymnasium.error.DependencyNotInstalled, ModuleNotFoundError) as error:
        raise UnknownEnvironmentError(
            f"environment {environment_id!r} needs a package that is not installed: {error}"
        ) from error
    except Exception as error:
        raise BrokenEnvironmentError(
            f"environment {environment_id!r} cannot be made: {type(error).__name__}: {error}"
        ) from error
    return made.env if isinstance(made, OrderEnforcing) else made


def _import(environment_id: str, package: str) -> None:
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise UnknownEnvironmentError(
            f"environment {environment_id!r} needs the package {error.name!r}, which is not "
            "installed (or not on PYTHONPATH)"
        ) from error
    except Exception as error:
        raise BrokenEnvironmentError(
            f"environment {environment_id!r}: importing {package!r} raised "
            f"{type(error).__name__}: {error}"
        ) from error


def _unknown(environment_id: str, name: str) -> str:
    """One line that names the value and the closest known id."""
    lowered = {known.lower(): known for known in gymnasium.registry}
    # The namespace is forgotten more often than the name.
    lowered |= {known.rpartition("/")[2].lower(): known for known in gymnasium.registry}
    close = get_close_matches(name.lower(), lowered, n=1)
    hint = f": did you mean {lowered[close[0]]!r}?" if close else ""
    expected = "" if close else "; expected a Gymnasium id such as 'Pendulum-v1' or 'package:Id-v0'"
    return f"unknown environment {environment_id!r}{hint}{expected}"
