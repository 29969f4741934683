"""This file is the deep Q-network: the value of each choice learned from a replay, beside a slower copy of itself.

Mnih et al. 2015, doi 10.1038/nature14236, with the choice of the best next one by the network and its value by the copy
(van Hasselt et al. 2016, doi 10.1609/aaai.v30i1.10295) and Peng's Q(lambda), which hands the reward at the end down
several choices at once (Peng and Williams 1996, doi 10.1007/BF00114731).
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch

from eutectic.optimizers.base import Array
from eutectic.optimizers.policies.episodes import Episodes, Index, Mask, rewards
from eutectic.optimizers.policies.network import ChoiceNet, after, tensors

_BATCH = 128
"""Episodes of one gradient step; ours."""
_LAMBDA = 0.7
"""Share of the return beyond the next step in an action's goal (Peng and Williams 1996, lambda returns); ours."""
_FOLLOW = 0.05
"""Share of the network that its copy takes over at each step."""


@dataclass(frozen=True, slots=True, eq=False)
class ActionValues:
    """A network of action values, its copy, and its optimizer's moments."""

    net: ChoiceNet
    explore: float
    """Choices of an episode, on average, that are made at random."""
    target: ChoiceNet
    """The copy, which follows slowly."""
    adam: torch.optim.Adam
    heat: float = 1.0
    """Times as many random choices."""

    @classmethod
    def of(cls, net: ChoiceNet, explore: float, rate: float) -> "ActionValues":
        """Values that have learned nothing yet, at this learning rate."""
        return cls(net, explore, copy.deepcopy(net), torch.optim.Adam(net.parameters(), lr=rate))

    def choose(
        self, t: int, path: Index, context: Array, options: Mask, rng: np.random.Generator
    ) -> tuple[Index, Array]:
        """The token (n,) of highest value, or a random one; its probability does not matter here (n,)."""
        del t
        values = np.where(options, after(self.net, path, context), -np.inf)
        values += 1e-9 * rng.random(values.shape)  # ties are broken at random
        chance = np.where(options, rng.random(options.shape), -1.0)
        random = rng.random(len(values)) < min(0.5, self.heat * self.explore / len(self.net.place))
        return np.where(random, chance.argmax(1), values.argmax(1)), np.zeros(len(values))

    def learn(self, episodes: Episodes, place: Index, steps: int, rng: np.random.Generator) -> None:
        """Steps of the network towards its targets, each over at most 128 episodes; place (n,) 0 the best."""
        worth = rewards(place)
        for _ in range(steps):
            some = rng.permutation(len(worth))[:_BATCH]
            self._step(episodes.rows(some), torch.as_tensor(worth[some], dtype=torch.float32))

    def _step(self, episodes: Episodes, worth: torch.Tensor) -> None:
        path, options, _, context = tensors(episodes)
        values = self.net(path, context)
        own = values.gather(2, path[:, :, None])[:, :, 0]
        with torch.no_grad():
            best = values.masked_fill(~options, -torch.inf).argmax(2)
            ahead = self.target(path, context).gather(2, best[:, :, None])[:, :, 0].clamp(-1.0, 1.0)
            goal = torch.empty_like(own)
            goal[:, -1] = worth
            for t in range(path.shape[1] - 2, -1, -1):
                goal[:, t] = (1 - _LAMBDA) * ahead[:, t + 1] + _LAMBDA * goal[:, t + 1]
        loss = torch.nn.functional.smooth_l1_loss(own, goal)
        self.adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.adam.step()
        with torch.no_grad():
            for slow, fast in zip(self.target.parameters(), self.net.parameters(), strict=True):
                slow.lerp_(fast, _FOLLOW)
