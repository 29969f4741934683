"""This file is the periodic network: messages between all atoms of a cell, by their fractional differences.

Waves of the differences are periodic by themselves, and a common shift of all atoms changes nothing (Jiao et al. 2023,
DiffCSP, arXiv 2309.04475, eq. 9). The first layer of a message is split by what it looks at, twice as cheap as joining.
Property embeddings, which adapters bring into each layer, begin at zero: before they are trained they change nothing.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from eutectic.generators.wyckoff.layers import Property, descriptors
from eutectic.generators.wyckoff.table import ELEMENTS

MASK = 0
"""The type of an atom whose element is not yet revealed."""
TIMES = 16
"""Waves that the time is given by."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a network."""

    width: int = 128
    layers: int = 4
    waves: int = 8
    """Multiples of a difference's angle."""
    properties: tuple[str, ...] = ()
    """What may be asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """b crystals on their way from noise, padded to n atoms."""

    cells: Tensor
    """(b, 6) standardised."""
    fractional: Tensor
    """(b, n, 3)."""
    types: Tensor
    """(b, n) atomic numbers, MASK where not revealed."""
    inside: Tensor
    """(b, n) true where there is an atom."""
    time: Tensor
    """(b,) 0 noise to 1 crystal."""
    targets: Tensor
    """(b, p) standardised properties, NaN where left open."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What the network says of a state."""

    cells: Tensor
    """(b, 6)."""
    fractional: Tensor
    """(b, n, 3), its mean over the atoms removed."""
    types: Tensor
    """(b, n, ELEMENTS) logits; that of MASK is barred."""


class PeriodicNetwork(nn.Module):
    """One network for both interpolants."""

    described: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.waves = shape.waves
        self.register_buffer("described", torch.zeros(ELEMENTS, descriptors().shape[1]))
        self.element = nn.Embedding(ELEMENTS, width)
        self.element_numbers = nn.Linear(self.described.shape[1], width, bias=False)
        self.time = nn.Linear(2 * TIMES, width)
        self.size = nn.Linear(2, width)
        self.properties = nn.ModuleDict({name: Property(width) for name in shape.properties})
        self.layers = nn.ModuleList(_Messages(width, 6 * shape.waves) for _ in range(shape.layers))
        self.last = nn.LayerNorm(width)
        self.to_cells = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 6))
        self.to_fractional = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 3))
        self.to_types = nn.Linear(width, ELEMENTS)

    def condition(self, targets: Tensor) -> Tensor:
        """(b, width) of (b, p)."""
        total = targets.new_zeros(len(targets), self.time.out_features)
        for column, embed in enumerate(self.properties.values()):
            total = total + embed(targets[:, column])
        return total

    def forward(self, state: State) -> Step:
        """All at once."""
        weight = state.inside.to(state.cells.dtype)
        counts = weight.sum(dim=1, keepdim=True)
        angles = state.time[:, None] * math.pi * 2.0 ** torch.linspace(-2, 6, TIMES)
        size = torch.cat([torch.log(counts), counts / 20], dim=1)
        whole = self.time(torch.cat([torch.sin(angles), torch.cos(angles)], dim=1)) + self.size(size)
        h = self.element(state.types) + self.element_numbers(self.described)[state.types] + whole[:, None]
        edges = _edges(state.fractional, self.waves)
        condition = self.condition(state.targets)
        for layer in self.layers:
            h = layer(h, edges, state.cells, weight, condition)
        h = self.last(h)
        mean = (h * weight[..., None]).sum(dim=1) / counts
        fractional = self.to_fractional(h) * weight[..., None]
        fractional = (fractional - fractional.sum(dim=1, keepdim=True) / counts[..., None]) * weight[..., None]
        types = self.to_types(h)
        barred = torch.zeros(ELEMENTS)
        barred[MASK] = -1e9
        return Step(self.to_cells(mean), fractional, types + barred)


class _Messages(nn.Module):
    """A layer of messages between all pairs of atoms."""

    def __init__(self, width: int, edges: int) -> None:
        super().__init__()
        self.before = nn.LayerNorm(width)
        self.of_receiver = nn.Linear(width, width)
        self.of_sender = nn.Linear(width, width, bias=False)
        self.of_edge = nn.Linear(edges, width, bias=False)
        self.of_cell = nn.Linear(6, width, bias=False)
        self.message = nn.Linear(width, width)
        self.update = nn.Linear(2 * width, width)
        self.updated = nn.Linear(width, width)
        self.adapter = nn.Linear(width, width, bias=False)

    def forward(self, h: Tensor, edges: Tensor, cells: Tensor, weight: Tensor, condition: Tensor) -> Tensor:
        """(b, n, width)."""
        x = self.before(h)
        received = self.of_receiver(x) + self.of_cell(cells)[:, None]
        pairs = silu(received[:, :, None] + self.of_sender(x)[:, None] + self.of_edge(edges))
        share = weight / weight.sum(dim=1, keepdim=True)
        mean = torch.matmul(share[:, None, None], silu(self.message(pairs))).squeeze(2)
        hidden = silu(self.update(torch.cat([x, mean], dim=-1)))
        return torch.add(h + self.updated(hidden), self.adapter(condition)[:, None])


def _edges(fractional: Tensor, waves: int) -> Tensor:
    """(b, n, n, 6 waves): sines and cosines of multiples of the differences."""
    apart = fractional[:, None] - fractional[:, :, None]
    angles = 2 * math.pi * apart[..., None] * torch.arange(1, waves + 1)
    return torch.cat([torch.sin(angles), torch.cos(angles)], dim=-1).flatten(-2)
