"""p2e/PointMazeLarge-v0: push a ball through a maze with dead ends; sparse reward."""

from envs.maze_task import register_maze

register_maze(
    "p2e/PointMazeLarge-v0",
    model="point_maze_large.xml",
    horizon=400,
    goal=(3.6, -2.4),
    start="(-3.6, -2.4), about 22 m of corridor with dead ends away. 20 s in steps of 0.05 s.",
    reference_score=169.2,
    half_size=(4.2, 3.0),
    bins=28,
    random_successes=(0, 1000),
)
