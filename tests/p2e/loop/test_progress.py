"""The progress messages of a training run."""

import io

from p2e.loop.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


LOSSES = {
    "actor_loss": 3.70123456,
    "critic_loss": 2.59,
    "alpha": 0.2752,
    "world_loss": 0.0396,
    "intrinsic_reward": 0.383,
    "actor_gradient_norm": 77.0,
}


def test_a_log_gets_plain_lines_with_the_quantities_by_name() -> None:
    stream = io.StringIO()
    progress = Progress(total=1000, done=0, stream=stream, seconds_between_lines=0)
    progress.losses(4, LOSSES)
    progress.losses(5, dict.fromkeys(LOSSES, -8888.0))
    for _ in range(7):
        progress.step()
    progress.episode(seed=4, episode=12, episode_return=109.104)
    progress.close()
    (line,) = stream.getvalue().splitlines()
    for part in (
        "step 7/1000",
        "seed 4",
        "episode 12",
        "reward 109.10",
        "intrinsic reward 0.383",
        "actor loss 3.701",
        "critic loss 2.59",
        "alpha 0.2752",
        "world loss 0.0396",
    ):
        assert part in line.split(" | "), part
    assert "77" not in line and "8888" not in line  # nothing else, and no other seed's
    assert "\r" not in line and "\x1b" not in line


def test_losses_that_an_algorithm_lacks_are_left_out() -> None:
    stream = io.StringIO()
    progress = Progress(total=10, done=3, stream=stream, seconds_between_lines=0)
    progress.episode(0, 0, -1.5)
    progress.losses(0, {"alpha": 0.5})
    progress.step()
    progress.episode(0, 1, 2.0)
    assert stream.getvalue().splitlines() == [
        "step 3/10 | seed 0 | episode 0 | reward -1.50",
        "step 4/10 | seed 0 | episode 1 | reward 2.00 | alpha 0.5",
    ]


def test_a_log_gets_at_most_one_line_in_the_interval() -> None:
    stream = io.StringIO()
    progress = Progress(total=10, done=0, stream=stream, seconds_between_lines=3600)
    for episode in range(50):
        progress.episode(0, episode, 0.0)
    progress.say("resumed")
    assert [line.split(" | ")[0] for line in stream.getvalue().splitlines()] == [
        "step 0/10",
        "resumed",
    ]


def test_a_terminal_gets_a_bar() -> None:
    stream = Terminal()
    progress = Progress(total=20, done=5, stream=stream)
    progress.losses(0, LOSSES)
    for step in range(15):
        progress.step()
        progress.episode(0, step, 1.25)
    progress.say("a line of its own")
    progress.close()
    text = stream.getvalue()
    assert "a line of its own\n" in text and "20/20" in text
    assert "reward 1.25" in text and "critic loss 2.59" in text
