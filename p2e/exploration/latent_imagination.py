"""What the policies of Plan2Explore imagine: from which starts, how far, and what it pays."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.algorithm import Problem
from p2e.batch import pick_rows
from p2e.exploration.settings import Config
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import Fields, RowBuffer
from p2e.replay.n_step_returns import n_step_returns
from p2e.world.imagination import Starts, roll_out
from p2e.world.world_learner import WorldLearner

# Share of the trajectories that follow uniform random actions. Without them a policy that has
# settled never imagines another action, and stays where it is.
RANDOM_SHARE = 0.25
PROMISING_SHARE = 0.5  # of each policy's starts, those with the highest of several values
PROVEN_SHARE = 1 / 3  # of the task policy's starts, those from which it was worth most
CANDIDATES = 8  # states, of which the most promising or the best proven starts an imagination
RETAINED = 4  # updates for which imagined rows are kept; older latents are stale


class Trajectories(NamedTuple):
    """How many trajectories follow random actions, the explorer and the task policy, in this
    order."""

    random: int = 0
    explorer: int = 0
    task: int = 0


def joint_trajectories(config: Config) -> Trajectories:
    """A share with random actions; explorer and task policy halve the rest."""
    random = round(config.imagined_starts * RANDOM_SHARE)
    explorer = (config.imagined_starts - random) // 2
    return Trajectories(random, explorer, config.imagined_starts - random - explorer)


class LatentImagination:
    """Rolls policies out inside the world model.

    Args:
        starts: random streams of the starts and of the random actions.
    """

    def __init__(
        self,
        problem: Problem,
        config: Config,
        world: WorldLearner,
        explorer: SoftActorCritic,
        task_agent: SoftActorCritic,
        trajectories: Trajectories,
        starts: SeedGenerators,
    ) -> None:
        self._config, self._world, self._features = config, world, world.features
        self._explorer, self._task_agent = explorer, task_agent
        self._action_size = problem.action_size
        self.trajectories, self.starts = trajectories, starts
        # Where the trajectories of the last roll-out began, and what they were worth to the task.
        self.proven = RowBuffer(
            len(problem.seeds),
            sum(trajectories),
            {
                "observation": problem.observation_size,
                "memory": config.world.memory_size,
                "worth": 1,
            },
            problem.device,
        )
        self._ends: list[Tensor] = []  # latents and memories at the end of the last roll-out

    @torch.no_grad()
    def roll_out(self, states: Starts, replay: RowBuffer) -> Fields:
        """Imagined steps: name -> (S, horizon, trajectories, width).

        Args:
            states: latents and memories, some of which are starts; the promising ones come from
                the replay.
        """
        latent, memory = self._choose_starts(states, replay)
        steps, *self._ends = roll_out(
            self._features,
            self._act,
            self._world.curiosity.disagreement,
            latent,
            memory,
            self._config.horizon,
            self.starts,
        )
        if self.trajectories.task:
            began = {"observation": self._world.model.decode(latent), "memory": memory}
            self.proven.add(began | {"worth": self._worth(steps)})
        return steps

    def as_rows(self, steps: Fields) -> Fields:
        """Imagined steps as rows of the imagination buffer, with the reward for curiosity and with
        returns of several steps: name -> (S, horizon * trajectories, width)."""
        paid = dict(steps)
        paid["curiosity"] = self._curiosity(paid.pop("disagreement"), paid.pop("reached"), steps)
        reaching = n_step_returns(
            paid,
            ("reward", "curiosity"),
            self._config.agent.discount,
            self._config.multi_step,
            self.trajectories.random,
        )
        return {name: x.flatten(1, 2) for name, x in reaching.items()}

    def _curiosity(
        self, disagreement: Tensor, reached: Tensor, steps: Fields
    ) -> Float[Tensor, "S T N 1"]:
        """What each step pays for curiosity."""
        of_steps = steps["observation"], steps["action"], reached, disagreement
        features, action, reached, known = (x.flatten(1, 2) for x in of_steps)
        latent = self._features.latent_of(features)
        rows = self._world.decoded(latent, action, reached)
        paid = self._world.intrinsic_reward(latent, rows, known.squeeze(-1))
        return paid.view(disagreement.shape)

    def _act(self, features: Float[Tensor, "S N F"]) -> Float[Tensor, "S N A"]:
        _, of_explorer, of_task = features.split(self.trajectories, dim=1)
        random = self.starts.uniform(-1.0, 1.0, self.trajectories.random, self._action_size)
        explorer = self._explorer.act(of_explorer, deterministic=False)
        task = self._task_agent.act(of_task, deterministic=False)
        return torch.cat([random, explorer, task], dim=1)

    def _choose_starts(self, states: Starts, replay: RowBuffer) -> Starts:
        """Random ones of these states, the promising ones of each policy, and for the task policy
        proven ones."""
        proven = round(self.trajectories.task * PROVEN_SHARE) if self.proven.size else 0
        parts = [random_starts(states, self.trajectories.random, self.starts)]
        for agent, number in (
            (self._explorer, self.trajectories.explorer),
            (self._task_agent, self.trajectories.task - proven),
        ):
            promising = round(number * PROMISING_SHARE)
            parts.append(random_starts(states, number - promising, self.starts))
            if promising:
                parts.append(self._promising_starts(replay, agent, promising))
        if proven:
            parts.append(self._proven_starts(proven))
        return together(parts)

    def _promising_starts(self, replay: RowBuffer, agent: SoftActorCritic, number: int) -> Starts:
        """From where a policy expects most, out of several states drawn from all of the replay.

        Drawn uniformly, nearly all starts lie where the agents spend their time. What an agent is
        after, the frontier or a reward that was met a few times, is then hardly ever imagined: a
        state that holds one row in a thousand starts one trajectory in eight updates. Choosing the
        best of a few candidates (as in tournament selection) starts there more often, and leaves
        every state a chance.
        """
        rows = replay.sample(self.starts, number * CANDIDATES)
        features = self._features.of_observation(rows["observation"], rows["memory"])
        latent, memory = self._features.latent_of(features), rows["memory"]
        best = best_of_each(agent.value(features), number)
        return pick_rows(latent, best), pick_rows(memory, best)

    def _proven_starts(self, number: int) -> Starts:
        """From where the last imagination was worth most, each the best out of several; seen again
        as the world model is now.

        A policy that meets a sparse reward first passes its goal, mostly at speed. The few states
        from which it could stay have no better value than the others, as long as hardly anything is
        imagined there, but what the world model predicts from there shows it. What was good once is
        tried again until something is better (as in the archive of Go-Explore, Ecoffet et al. 2021,
        arXiv:2004.12919).
        """
        rows = self.proven.sample(self.starts, number * CANDIDATES)
        best = best_of_each(rows["worth"].squeeze(-1), number)
        latent = self._world.model.encode(pick_rows(rows["observation"], best))
        return latent, pick_rows(rows["memory"], best)

    def _worth(self, steps: Fields) -> Float[Tensor, "S N 1"]:
        """The task's return of each trajectory: predicted rewards, then the task policy's value."""
        discount = self._config.agent.discount
        worth = self._task_agent.value(steps["next_observation"][:, -1]).unsqueeze(-1)
        for reward, terminated in zip(
            reversed(steps["reward"].unbind(1)),
            reversed(steps["terminated"].unbind(1)),
            strict=True,
        ):
            worth = reward + discount * (1 - terminated) * worth
        return worth


def imagination_buffer(
    problem: Problem, config: Config, features: int, trajectories: int
) -> RowBuffer:
    """A buffer for the rows of the last imaginations of so many trajectories."""
    widths = {"observation": features, "next_observation": features, "action": problem.action_size}
    widths |= dict.fromkeys(("reward", "curiosity", "terminated"), 1)
    capacity = RETAINED * config.horizon * trajectories
    return RowBuffer(len(problem.seeds), capacity, widths, problem.device)


def imagined_means(imagined: list[Fields]) -> Metrics:
    """Mean disagreement and mean predicted reward of all imagined steps."""
    fields = {"disagreement": "disagreement", "imagined_reward": "reward"}
    return {
        name: torch.cat([steps[field] for steps in imagined], dim=2).mean(dim=(1, 2, 3))
        for name, field in fields.items()
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


def best_of_each(values: Float[Tensor, "S C"], starts: int) -> Int64[Tensor, "S B"]:
    """Of C candidates in B equal groups, one after the other, the best of each group.

    Raises:
        RuntimeError: the candidates do not divide into `starts` groups.
    """
    groups = values.unflatten(1, (starts, -1))
    first = torch.arange(starts, device=values.device) * groups.shape[2]
    best: Tensor = groups.argmax(dim=2) + first
    return best
