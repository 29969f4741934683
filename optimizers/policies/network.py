"""This file is the network behind a policy or action values: choices so far in, one number for each next choice out."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from eutectic.optimizers.base import Array
from eutectic.optimizers.policies.episodes import Episodes, Index


class ChoiceNet(nn.Module):
    """Two hidden layers over the sum of what was chosen, each choice embedded by itself and by its place.

    The output layer starts at zero: all choices alike.
    """

    def __init__(self, length: int, tokens: int, context: int, hidden: int, rng: np.random.Generator) -> None:
        super().__init__()

        def drawn(*shape: int, scale: float) -> nn.Parameter:
            return nn.Parameter(torch.tensor(rng.normal(scale=scale, size=shape), dtype=torch.float32))

        self.token = drawn(tokens, hidden, scale=0.5)
        self.placed = drawn(length, tokens, hidden, scale=0.15)
        self.place = drawn(length, hidden, scale=0.5)
        self.start = drawn(context, hidden, scale=1.0)
        self.inner = drawn(hidden, hidden, scale=hidden**-0.5)
        self.inner_bias = nn.Parameter(torch.zeros(hidden))
        self.out = nn.Parameter(torch.zeros(hidden, tokens))
        self.out_bias = nn.Parameter(torch.zeros(length, tokens))

    def forward(self, path: Tensor, context: Tensor) -> Tensor:
        """(n, T, tokens) a number for each choice at each place of paths (n, T); context (n, f)."""
        places = torch.arange(path.shape[1])
        chosen = (self.token[path] + self.placed[places, path]).cumsum(1)
        before = torch.cat([torch.zeros_like(chosen[:, :1]), chosen[:, :-1]], dim=1)
        return self._finished(before, context[:, None, :], places)

    def following(self, path: Tensor, context: Tensor) -> Tensor:
        """(n, tokens) a number for each next choice after path (n, t)."""
        t = path.shape[1]
        before = (self.token[path] + self.placed[torch.arange(t), path]).sum(1)
        return self._finished(before, context, torch.tensor(t))

    def _finished(self, before: Tensor, context: Tensor, places: Tensor) -> Tensor:
        first = torch.tanh(before + self.place[places] + context @ self.start)
        second = torch.relu(first @ self.inner + self.inner_bias)
        return second @ self.out + self.out_bias[places]


def tensors(episodes: Episodes) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Path (n, T), options (n, T, tokens), likely (n, T) and context (n, f) as tensors."""
    floats: Sequence[Array] = (episodes.likely, episodes.context)
    likely, context = (torch.as_tensor(a, dtype=torch.float32) for a in floats)
    return torch.as_tensor(episodes.path), torch.as_tensor(episodes.options), likely, context


def after(net: ChoiceNet, path: Index, context: Array) -> Array:
    """(n, tokens) the network's numbers for the next choice."""
    with torch.no_grad():
        numbers = net.following(torch.as_tensor(path), torch.as_tensor(context, dtype=torch.float32))
    return np.asarray(numbers.numpy(), dtype=np.float64)
