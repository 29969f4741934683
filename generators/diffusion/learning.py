"""This file is what the periodic network learns from: crystals as tensors, paired noise, types partly revealed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from eutectic.generators.diffusion.interpolants import Interpolant, between, losses
from eutectic.generators.diffusion.lattice import six
from eutectic.generators.diffusion.network import MASK, PeriodicNetwork, State
from eutectic.generators.diffusion.solving import Standard
from eutectic.generators.diffusion.torus import Index, nearest
from eutectic.generators.learning.datasets import Structures
from eutectic.generators.wyckoff.learning import Scale

REVEALED = 0.4
"""Share of the crystals whose types are all given, so that one network also predicts structures of a composition."""
LEFT_OPEN = 0.3
"""Share of the targets that is left open in training."""
FLOOR = 0.02
"""Least standard deviation of a cell's number: in a set of cubic cells some are constant."""
VALIDATED = 512
"""Crystals that are validated on, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Crystals:
    """n crystals, padded to the largest."""

    cells: Tensor
    """(n, 6) standardised."""
    fractional: Tensor
    types: Tensor
    sizes: Index
    targets: Tensor

    def state(self, rows: Index) -> State:
        """Those crystals, padded to the largest of them."""
        most = int(self.sizes[rows].max())
        inside = torch.tensor(np.arange(most)[None] < self.sizes[rows][:, None])
        return State(
            self.cells[rows],
            self.fractional[rows, :most],
            self.types[rows, :most],
            inside,
            torch.ones(len(rows)),
            self.targets[rows],
        )


def standard_of(structures: Structures) -> Standard:
    """Of the cells of a set."""
    numbers = np.array([six(structures.lattices[i], n) for i, n in enumerate(structures.sizes)])
    spread = np.maximum(numbers.std(axis=0), FLOOR)
    return Standard(tuple(float(v) for v in numbers.mean(axis=0)), tuple(float(v) for v in spread))


def crystals_of(structures: Structures, standard: Standard, scales: Mapping[str, Scale]) -> Crystals:
    """As tensors."""
    n, most = len(structures), int(structures.sizes.max())
    cells = np.array([six(structures.lattices[i], k) for i, k in enumerate(structures.sizes)])
    fractional, types = np.zeros((n, most, 3)), np.zeros((n, most), dtype=np.int64)
    for i in range(n):
        _, places, numbers = structures.crystal(i)
        fractional[i, : len(numbers)], types[i, : len(numbers)] = places, numbers
    nothing = np.full(n, np.nan)
    columns = [scale(structures.properties.get(name, nothing)) for name, scale in scales.items()]
    return Crystals(
        torch.tensor((cells - np.array(standard.mean)) / np.array(standard.spread), dtype=torch.float32),
        torch.tensor(fractional, dtype=torch.float32),
        torch.tensor(types),
        structures.sizes,
        torch.tensor(np.array(columns).T.reshape(n, len(scales)), dtype=torch.float32),
    )


@dataclass(frozen=True, slots=True, eq=False)
class PeriodicLearner:
    """The periodic network with its crystals."""

    module: PeriodicNetwork
    kind: Interpolant
    data: Crystals
    rows: Index
    held_out: Index
    revealed: float = REVEALED
    """Share of the crystals whose types are all given."""

    @property
    def lengths(self) -> Index:
        """(n,) atoms of each row."""
        return self.data.sizes[self.rows]

    def loss(self, rows: Index, rng: np.random.Generator) -> Tensor:
        """Mean loss; crystals are inverted at random, which changes no distance."""
        return self._losses(self.rows[rows], rng, training=True).mean()

    def validate(self) -> dict[str, float]:
        """Loss of the crystals held out, at times and noise that are always the same."""
        rng = np.random.default_rng(0)
        chosen = self.held_out[:VALIDATED]
        parts = [self._losses(chosen[k : k + 64], rng, training=False) for k in range(0, len(chosen), 64)]
        return {"loss_held_out": float(torch.cat(parts).mean())}

    def _losses(self, rows: Index, rng: np.random.Generator, training: bool) -> Tensor:
        crystal = self.data.state(rows)
        if training:
            sign = torch.tensor(rng.choice([-1.0, 1.0], size=(len(rows), 1, 1)), dtype=torch.float32)
            crystal = replace(crystal, fractional=crystal.fractional * sign)
        b, n = crystal.types.shape
        noise = self._noise(crystal, rng)
        time = torch.tensor(rng.random(b), dtype=torch.float32)
        revealed = rng.random((b, n)) < time.numpy()[:, None]
        revealed |= (rng.random(b) < self.revealed)[:, None]
        types = torch.where(torch.tensor(revealed) & crystal.inside, crystal.types, MASK)
        targets = crystal.targets
        if training:
            targets = torch.where(torch.tensor(rng.random(tuple(targets.shape)) < LEFT_OPEN), torch.nan, targets)
        cells, fractional = between(self.kind, time, noise, crystal)
        said = self.module(State(cells, fractional, types, crystal.inside, time, targets))
        return losses(self.kind, said, noise, crystal, time, types)

    def _noise(self, crystal: State, rng: np.random.Generator) -> State:
        """Normal cells and coordinates; in a flow uniform points, laid so that ways to the crystal are short."""
        b, n = crystal.types.shape
        cells = torch.tensor(rng.normal(size=(b, 6)), dtype=torch.float32)
        if self.kind == "diffusion":
            fractional = rng.normal(size=(b, n, 3))
        else:
            places, types = crystal.fractional.numpy().astype(float), crystal.types.numpy()
            fractional = nearest(rng.random((b, n, 3)), places, types, crystal.inside.numpy())
        return replace(crystal, cells=cells, fractional=torch.tensor(fractional, dtype=torch.float32))
