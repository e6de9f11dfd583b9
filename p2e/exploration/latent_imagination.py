"""What the policies of Plan2Explore imagine: from where, how far, and whose rows are whose."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.algorithm import Problem, Stateful
from p2e.batch import pick_rows
from p2e.exploration.settings import MODES, Config, ExplorationMode
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import Fields, RowBuffer
from p2e.replay.n_step_returns import multi_step
from p2e.reward_free.continued_starts import ContinuedStarts, Starts
from p2e.world.feature_extractor import FeatureExtractor
from p2e.world.imagination import roll_out
from p2e.world.world_learner import WorldLearner
from p2e.world.world_loss import WorldStates

Transform = Callable[[Fields], Fields]

CANDIDATES = 8  # states, of which the most promising starts an imagination


class Trajectories(NamedTuple):
    """How many trajectories of an imagination follow what, in this order."""

    undirected: int = 0  # random actions
    curious: int = 0  # the explorer
    tasked: int = 0  # the task policy


def imagined_groups(
    starts: int, random_share: float, mode: ExplorationMode, exploring: bool
) -> list[Trajectories]:
    """What is imagined together; the explorer's trajectories are in the first group.

    A trajectory that ends starts again from any start of its group, and the disagreement of the
    first is the unit of what the explorer is paid.

    Args:
        starts: trajectories where one group is all; of each policy as many as there.
        random_share: of them, with random actions.
        exploring: the explorer still has a part in it.
    """
    undirected = round(starts * random_share)
    directed = starts - undirected
    if not exploring:
        return [Trajectories(undirected, tasked=directed)]
    curious = directed // 2
    tasked = directed - curious
    if mode.rewarded:
        return [Trajectories(undirected, curious, tasked)]
    # Random actions take the place of those of a task policy: a blind explorer that imagines
    # little but its own meets the goal of p2e/PointMaze-v0 later, or not at all.
    blind = Trajectories(undirected + tasked, curious)
    return [blind, Trajectories(tasked=tasked)] if mode.adapts and tasked else [blind]


def best_of_each(values: Float[Tensor, "S C"], starts: int) -> Int64[Tensor, "S B"]:
    """Of C candidates in B equal groups, one after the other, the best of each group.

    Raises:
        RuntimeError: the candidates do not divide into `starts` groups.
    """
    groups = values.unflatten(1, (starts, -1))
    first = torch.arange(starts, device=values.device) * groups.shape[2]
    best: Tensor = groups.argmax(dim=2) + first
    return best


class LatentImagination:
    """Rolls explorer and task policy out inside the world model, and keeps the last rows.

    Both learn from the rows of both, but for an explorer that must not know of the task: where the
    task policy goes tells of it, so that such an explorer has a buffer of its own, and imagines as
    much as where there is no task policy.

    Args:
        streams: the name of the random streams of its starts.
        transform: of the imagined steps, before they become rows; None for none.
        continued_share: of the task policy's starts, those from where its last ones ended; they
            are no part of the state.
    """

    def __init__(
        self,
        problem: Problem,
        config: Config,
        world: WorldLearner,
        explorer: SoftActorCritic,
        task_agent: SoftActorCritic,
        streams: str = "starts",
        continued_share: float = 0.0,
        transform: Transform | None = None,
    ) -> None:
        self._config, self._mode = config, MODES[config.mode]
        self._world, self._features = world, FeatureExtractor(world.model)
        self._explorer, self._task_agent = explorer, task_agent
        self._apart = self._mode.adapts and not self._mode.rewarded
        self._action_size = problem.action_size
        self.starts = SeedGenerators(problem.seeds, streams, problem.device)
        self.task_starts = SeedGenerators(problem.seeds, f"task {streams}", problem.device)
        self._continued, self._transform = ContinuedStarts(continued_share), transform
        groups = self._groups(exploring=True)
        self.rows = self._buffer(problem, sum(map(sum, groups)))
        self.explorer_rows = self._buffer(problem, sum(groups[0])) if self._apart else self.rows

    def _buffer(self, problem: Problem, trajectories: int) -> RowBuffer:
        """Room for the rows of the last imaginations."""
        size = self._features.size
        widths = {"observation": size, "next_observation": size, "action": problem.action_size}
        widths |= dict.fromkeys(("reward", "curiosity", "terminated"), 1)
        capacity = self._config.retained_imaginations * self._config.horizon * trajectories
        return RowBuffer(len(problem.seeds), capacity, widths, problem.device)

    def imagine(self, states: WorldStates, replay: RowBuffer, exploring: bool) -> Metrics:
        """Imagine from these states and from those of the replay.

        Args:
            exploring: the explorer still has a part in it.
        """
        groups = self._groups(exploring)
        imagined = [self._roll_out(group, states, replay) for group in groups]
        self._world.curiosity.scale.update(imagined[0]["disagreement"])
        reaching = [self._as_rows(*pair) for pair in zip(imagined, groups, strict=True)]
        for rows in reaching:
            self.rows.add(rows)
        if self._apart and exploring:
            self.explorer_rows.add(reaching[0])
        means = {"disagreement": "disagreement", "imagined_reward": "reward"}
        return {
            name: torch.cat([rows[field] for rows in imagined], dim=2).mean(dim=(1, 2, 3))
            for name, field in means.items()
        }

    def _groups(self, exploring: bool) -> list[Trajectories]:
        sizes = self._config.imagined_starts, self._config.random_share
        return imagined_groups(*sizes, self._mode, exploring)

    def _roll_out(self, group: Trajectories, states: WorldStates, replay: RowBuffer) -> Fields:
        steps, *ends = roll_out(
            self._world.model,
            self._features.of_state,
            partial(self._act, group),
            self._world.curiosity.disagreement,
            *self._states_to_start_from(group, states, replay),
            self._config.horizon,
            self._generators(group),
        )
        if group.tasked:
            self._continued.keep(*(end[:, -group.tasked :] for end in ends))
        return steps

    def _generators(self, group: Trajectories) -> SeedGenerators:
        """Those of the starts: a task policy apart draws nothing that the explorer would draw."""
        return self.task_starts if self._is_apart(group) else self.starts

    def _is_apart(self, group: Trajectories) -> bool:
        """Whether this group is the task policy's, of which the explorer must not notice."""
        return self._apart and group.tasked > 0

    def _as_rows(self, imagined: Fields, group: Trajectories) -> Fields:
        """Imagined steps as rows of the buffer: paid for curiosity, with multi-step returns."""
        disagreement = imagined["disagreement"]
        steps = {name: imagined[name] for name in imagined if name != "disagreement"}
        if self._transform is not None:
            steps = self._transform(steps)
        steps["curiosity"] = self._world.curiosity.reward(disagreement)
        discount, reach = self._config.agent.discount, self._config.multi_step
        rewards = ("reward", "curiosity")
        reaching = multi_step(steps, rewards, discount, reach, group.undirected)
        return {name: x.flatten(1, 2) for name, x in reaching.items()}

    def _states_to_start_from(
        self, group: Trajectories, states: WorldStates, replay: RowBuffer
    ) -> Starts:
        """Random ones of those given; each policy's promising ones, where its last ones ended."""
        generators = self._generators(group)
        seen = states.latent, states.memory
        if self._is_apart(group):
            # A world that must not know of the reward looks for none; the reward's own windows do.
            seen = self._world.rewarding_states
        parts = [random_starts(seen, group.undirected, generators)]
        for agent, number in ((self._explorer, group.curious), (self._task_agent, group.tasked)):
            promising = round(number * self._config.promising_share)
            starts = [random_starts(seen, number - promising, generators)]
            if promising:
                starts.append(self.promising_starts(replay, agent, promising, generators))
            parts.append(together(starts))
        if group.tasked:
            parts[-1] = self._continued.instead_of(parts[-1], generators)
        return together(parts)

    def promising_starts(
        self,
        replay: RowBuffer,
        agent: SoftActorCritic,
        number: int,
        generators: SeedGenerators,
    ) -> Starts:
        """The best of CANDIDATES states each, drawn from all of the replay."""
        rows = replay.sample(generators, number * CANDIDATES)
        latent, memory = self._world.model.encode(rows["observation"]).detach(), rows["memory"]
        best = best_of_each(agent.value(self._features.of_state(latent, memory)), number)
        return pick_rows(latent, best), pick_rows(memory, best)

    def _act(self, group: Trajectories, features: Float[Tensor, "S N F"]) -> Float[Tensor, "S N A"]:
        """Random actions in the first trajectories; the policies that learn share the rest."""
        _, for_explorer, for_task = features.split(group, dim=1)
        return torch.cat(
            [
                self._generators(group).uniform(-1.0, 1.0, group.undirected, self._action_size),
                self._explorer.act(for_explorer, deterministic=False),
                self._task_agent.act(for_task, deterministic=False),
            ],
            dim=1,
        )

    def components(self) -> dict[str, Stateful]:
        """What changes while training."""
        parts: dict[str, Stateful] = {"imagination_buffer": self.rows, "starts": self.starts}
        if not self._apart:
            return parts
        return parts | {
            "explorer_imaginations": self.explorer_rows,
            "task_starts": self.task_starts,
        }


def random_starts(states: Starts, number: int, generators: SeedGenerators) -> Starts:
    """So many of these latents and memories, with replacement."""
    latent, memory = states
    rows = generators.integers(latent.shape[1], number)
    return pick_rows(latent, rows), pick_rows(memory, rows)


def together(parts: list[Starts]) -> Starts:
    """One after the other."""
    latents, memories = zip(*parts, strict=True)
    return torch.cat(latents, dim=1), torch.cat(memories, dim=1)
