"""What the point mazes have in common as tasks."""

import gymnasium

from envs.registry import register
from envs.task import Projection, Task, rewarded, select
from envs.termination import never


def register_maze(
    environment_id: str,
    model: str,
    horizon: int,
    goal: tuple[float, float],
    start: str,
    reference_score: float,
    half_size: tuple[float, float],
    bins: int,
    random_successes: tuple[int, int],
) -> None:
    """Registers a maze with Gymnasium, and declares its task.

    Args:
        model: the file of the MuJoCo model in envs/assets.
        goal: x and y, m; `start` is the rest of the sentence that says where the ball starts.
        reference_score: mean return of 200 episodes of the waypoint controller.
        half_size: the maze reaches from -half_size to +half_size along x and y, m.
    """
    gymnasium.register(
        id=environment_id,
        entry_point="envs.point_maze:PointMazeEnv",
        max_episode_steps=horizon,
        kwargs={"xml_file": model},
    )
    (x, y), (width, height) = goal, half_size
    register(
        Task(
            id=environment_id,
            horizon=horizon,
            sparse=True,
            description=(
                "Reward 1 on every step that ends with the ball's centre at most 0.4 m from the "
                f"goal ({x}, {y}) (position: observations 0 and 1, m), otherwise 0; the ball "
                f"starts at {start}"
            ),
            random_score=0.0,  # measured: mean of 500 episodes, python -m envs.tools.random_scores
            reference_score=reference_score,
            reference_source=(
                "Mean return of 200 episodes of a waypoint controller that knows the maze (python "
                "-m envs.tools.reference_scores)."
            ),
            return_range=(0.0, float(horizon)),
            success_description="The ball was at most 0.4 m from the goal after a step.",
            projection=Projection(
                labels=("x (m)", "y (m)"),
                low=(-width, -height),
                high=(width, height),
                bins=bins,
                coordinates=select(0, 1),
            ),
            terminated=never,
            success=rewarded,
            random_successes=random_successes,
        )
    )
