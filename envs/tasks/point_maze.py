"""p2e/PointMaze-v0: push a ball through a U-shaped corridor; sparse reward."""

from envs.maze_task import register_maze

register_maze(
    "p2e/PointMaze-v0",
    model="point_maze.xml",
    horizon=200,
    goal=(-1.6, 0.65),
    start="(-1.6, -0.65), behind a wall, about 7 m of corridor away.",
    reference_score=121.2,
    half_size=(2.0, 1.2),
    bins=24,
    random_successes=(0, 2000),
)
