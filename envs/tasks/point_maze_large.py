"""p2e/PointMazeLarge-v0: push a ball through a maze with dead ends; sparse reward."""

import gymnasium

from envs.registry import register
from envs.task import Projection, Task, rewarded, select
from envs.termination import never

HORIZON = 400

gymnasium.register(
    id="p2e/PointMazeLarge-v0",
    entry_point="envs.point_maze:PointMazeEnv",
    max_episode_steps=HORIZON,
    kwargs={"xml_file": "point_maze_large.xml"},
)
register(
    Task(
        id="p2e/PointMazeLarge-v0",
        horizon=HORIZON,
        sparse=True,
        description=(
            "Reward 1 on every step that ends with the ball's centre at most 0.4 m from the goal "
            "(3.6, -2.4) (position: observations 0 and 1, m), otherwise 0; the ball starts at "
            "(-3.6, -2.4), about 22 m of corridor with dead ends away. 20 s in steps of 0.05 s."
        ),
        random_score=0.0,  # measured: mean of 500 episodes, python -m envs.tools.random_scores
        reference_score=169.2,
        reference_source=(
            "Mean return of 200 episodes of a waypoint controller that knows the maze (python -m "
            "envs.tools.reference_scores)."
        ),
        success_description="The ball was at most 0.4 m from the goal after a step.",
        projection=Projection(
            labels=("x (m)", "y (m)"),
            low=(-4.2, -3.0),
            high=(4.2, 3.0),
            bins=28,
            coordinates=select(0, 1),
        ),
        terminated=never,
        success=rewarded,
        random_successes=(0, 1000),
    )
)
