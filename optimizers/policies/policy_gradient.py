"""This file is the policy gradient: choices that led to good points become likelier, with a baseline and entropy bonus.

REINFORCE (Williams 1992, doi 10.1007/BF00992696) from episodes that others chose, each choice weighted by the ratio of
its probabilities, truncated at one (Espeholt et al. 2018, arXiv 1802.01561, section 4.1): the less likely a bad choice
has become, the less it is pushed down, so that nothing runs away.
"""

from dataclasses import dataclass

import numpy as np
import torch

from eutectic.optimizers.base import Array
from eutectic.optimizers.policies.episodes import Episodes, Index, Mask, utilities
from eutectic.optimizers.policies.network import ChoiceNet, after, tensors

_BATCH = 256
"""Episodes of one gradient step; ours."""


@dataclass(frozen=True, slots=True, eq=False)
class Gradient:
    """A policy and its optimizer's moments."""

    net: ChoiceNet
    entropy: float
    """Weight of the entropy of a choice, nats."""
    adam: torch.optim.Adam
    heat: float = 1.0
    """Temperature of the choices: above 1, more varied than was learned."""

    @classmethod
    def of(cls, net: ChoiceNet, entropy: float, rate: float) -> "Gradient":
        """A policy that has learned nothing yet, at this learning rate."""
        return cls(net, entropy, torch.optim.Adam(net.parameters(), lr=rate))

    def choose(
        self, t: int, path: Index, context: Array, options: Mask, rng: np.random.Generator
    ) -> tuple[Index, Array]:
        """A token (n,) drawn from the policy, and the logarithm of its probability (n,)."""
        del t
        logits = np.where(options, after(self.net, path, context) / self.heat, -np.inf)
        token = (logits + rng.gumbel(size=logits.shape)).argmax(1)
        top = logits.max(1)
        normal = top + np.log(np.exp(logits - top[:, None]).sum(1))
        return token, logits[np.arange(len(token)), token] - normal

    def learn(self, episodes: Episodes, place: Index, steps: int, rng: np.random.Generator) -> None:
        """Steps up the gradient, each over at most 256 episodes; place (n,) 0 the best."""
        worth = utilities(place)
        for _ in range(steps):
            some = rng.permutation(len(worth))[:_BATCH]
            self._step(episodes.rows(some), torch.as_tensor(worth[some], dtype=torch.float32))

    def _step(self, episodes: Episodes, worth: torch.Tensor) -> None:
        path, options, likely, context = tensors(episodes)
        logits = self.net(path, context).masked_fill(~options, -1e9)
        every = torch.log_softmax(logits, dim=2)
        own = every.gather(2, path[:, :, None])[:, :, 0]
        ratio = torch.exp(own.detach() - likely).clamp(max=1.0)
        entropy = -(every.exp() * every.masked_fill(~options, 0.0)).sum(2)
        loss = -(worth[:, None] * ratio * own).mean() - self.entropy * entropy.mean()
        self.adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.adam.step()
