"""Whether the pictures of an episode show a body, and whether it moves in them.

Only for simulators that MuJoCo computes, because they say which parts of a picture are a body: a
picture without the bodies that can move differs from the picture of a film where they are.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from envs.simulation.make import Simulator
from runs.films.film_frames import FrameSampler
from runs.films.mujoco_parts import mujoco_parts

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
MOST_LOOKS = 8  # a look renders the picture once more
# Of 255 levels of a colour: more than what the noise of a renderer changes.
VISIBLE = 30
# The ball of the large maze, the smallest body of the benchmark's tasks, covers 0.04% of a picture.
LEAST_SHARE = 0.0002


@dataclass
class BodyWatch:
    """Looks at a few pictures of an episode, spaced evenly."""

    simulator: Simulator
    looks: FrameSampler[tuple[Picture, Mask]] = field(
        default_factory=lambda: FrameSampler(MOST_LOOKS)
    )

    def look(self, step: int, picture: Picture) -> None:
        """Note the picture of this step, and where in it the bodies are."""
        if mujoco_parts(self.simulator) is not None and self.looks.wants(step):
            self.looks.add((picture, pixels_of_bodies(self.simulator, picture)))

    def fault(self) -> str:
        """Why the pictures are no film, in a few words; empty where they are one."""
        if mujoco_parts(self.simulator) is None:
            return ""
        seen = [mask.mean() >= LEAST_SHARE for _, mask in self.looks.kept]
        if sum(seen) < len(seen) / 2:
            return f"no body is to be seen in {len(seen) - sum(seen)} of {len(seen)} pictures"
        if len(seen) > 1 and not self._moves():
            return "the body does not move"
        return ""

    def _moves(self) -> bool:
        (first, _), *others = self.looks.kept
        near = np.any([mask for _, mask in self.looks.kept], axis=0)
        return any((first != picture)[near].any() for picture, _ in others)


def pixels_of_bodies(simulator: Simulator, picture: Picture) -> Mask:
    """Where a picture (H, W, 3) of the simulator shows a body that can move, as (H, W)."""
    parts = mujoco_parts(simulator)
    assert parts is not None
    colours = parts[0].geom_rgba
    movable = parts[0].body_weldid[parts[0].geom_bodyid] != 0  # 0 is the world
    before = colours.copy()
    try:
        colours[movable, 3] = 0.0
        without = np.asarray(simulator.render(), np.int16)
    finally:
        colours[:] = before
    mask: Mask = np.abs(without - picture).max(axis=-1) > VISIBLE
    return mask
