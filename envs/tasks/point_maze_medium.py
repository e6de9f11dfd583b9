"""p2e/PointMazeMedium-v0: push a ball through three turns of a maze; sparse reward."""

import gymnasium

from envs.registry import register
from envs.task import Projection, Task, rewarded, select
from envs.termination import never

HORIZON = 200

gymnasium.register(
    id="p2e/PointMazeMedium-v0",
    entry_point="envs.point_maze:PointMazeEnv",
    max_episode_steps=HORIZON,
    kwargs={"xml_file": "point_maze_medium.xml"},
)
register(
    Task(
        id="p2e/PointMazeMedium-v0",
        horizon=HORIZON,
        sparse=True,
        description=(
            "Reward 1 on every step that ends with the ball's centre at most 0.4 m from the goal "
            "(1.8, 1.2) (position: observations 0 and 1, m), otherwise 0; the ball starts at "
            "(-1.8, -1.2), about 11 m of corridor with a dead end away. 10 s in steps of 0.05 s."
        ),
        random_score=0.0,  # measured: mean of 500 episodes, python -m envs.tools.random_scores
        reference_score=84.1,
        reference_source=(
            "Mean return of 200 episodes of a waypoint controller that knows the maze (python -m "
            "envs.tools.reference_scores)."
        ),
        success_description="The ball was at most 0.4 m from the goal after a step.",
        projection=Projection(
            labels=("x (m)", "y (m)"),
            low=(-2.4, -1.8),
            high=(2.4, 1.8),
            bins=24,
            coordinates=select(0, 1),
        ),
        terminated=never,
        success=rewarded,
        random_successes=(0, 1000),
    )
)
