"""What can be wrong with an environment; each message is one line for the user."""


class InvalidEnvironmentError(ValueError):
    """An environment that the benchmark cannot use."""


class UnknownEnvironmentError(InvalidEnvironmentError):
    """No environment can be made under the given id."""


class MissingHorizonError(InvalidEnvironmentError):
    """Nobody says after how many steps an episode of the environment is truncated."""


class UnsupportedSpaceError(InvalidEnvironmentError):
    """An environment's observation or action space is not supported by the algorithms."""


class BrokenEnvironmentError(InvalidEnvironmentError):
    """An environment raised an error, or returned something other than it declares."""


class NotDeterministicError(InvalidEnvironmentError):
    """An environment did not repeat an episode: the same random state and the same actions led to
    other observations or rewards, so that its state cannot be restored."""


class WrongValueError(ValueError):
    """A value that an environment returned, and what it should have been."""
