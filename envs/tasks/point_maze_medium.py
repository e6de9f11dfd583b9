"""p2e/PointMazeMedium-v0: push a ball through three turns of a maze; sparse reward."""

from envs.maze_task import register_maze

register_maze(
    "p2e/PointMazeMedium-v0",
    model="point_maze_medium.xml",
    horizon=200,
    goal=(1.8, 1.2),
    start="(-1.8, -1.2), about 11 m of corridor with a dead end away. 10 s in steps of 0.05 s.",
    reference_score=84.1,
    half_size=(2.4, 1.8),
    bins=24,
    random_successes=(0, 1000),
)
