"""How MuJoCo draws on this machine; imports nothing of it, for it looks once, when imported."""

import ctypes


def choose_renderer() -> str:
    """What MUJOCO_GL should be: drawing without a screen, or nothing where its libraries lack."""
    try:
        for library in ("libEGL.so.1", "libGL.so.1"):
            ctypes.CDLL(library)
    except OSError:
        return "disable"
    return "egl"
