"""How MuJoCo renders on this machine. Does not import MuJoCo, which reads MUJOCO_GL on import."""

import ctypes


def choose_renderer() -> str:
    """The value of MUJOCO_GL: off-screen rendering, or empty without the libraries for it."""
    try:
        for library in ("libEGL.so.1", "libGL.so.1"):
            ctypes.CDLL(library)
    except OSError:
        return "disable"
    return "egl"
