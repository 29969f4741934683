"""This file is what the two networks learn from: genes as tensors, wishes partly left open, losses."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from eutectic.generators.wyckoff.examples import Genes
from eutectic.generators.wyckoff.genes import lattice
from eutectic.generators.wyckoff.geometry import SHOWN_NOISE, Geometry, GeometryNetwork
from eutectic.generators.wyckoff.layers import Wishes
from eutectic.generators.wyckoff.network import GeneNetwork, Sequences
from eutectic.generators.wyckoff.table import ELEMENTS, PRIMITIVE, Array, Index, table

ALL_OPEN, TARGET_OPEN, COMPOSITION_OPEN = 0.3, 0.3, 0.6
"""Shares of the crystals of which all wishes, a target, the composition are left open in training."""
CELL_HIDDEN = 0.4
"""Share of the crystals whose cell is learned at a step; of the others, the coordinates."""
VALIDATED = 600
"""Crystals that are validated on, at most."""
PRIOR_WEIGHT = 1.0
"""Crystals that an element's volume counts for before any is seen."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A property's values made numbers around 0: (asinh(value / unit) - mean) / spread."""

    unit: float
    mean: float
    spread: float

    def __call__(self, values: Array) -> Array:
        """Standardised values, dimensionless."""
        return np.asarray((np.arcsinh(values / self.unit) - self.mean) / self.spread)


def scale_of(values: Array) -> Scale:
    """The scale of a property with these values; NaN are passed over."""
    given = values[~np.isnan(values)]
    unit = float(np.quantile(np.abs(given), 0.75)) or 1.0
    squeezed = np.arcsinh(given / unit)
    return Scale(unit, float(squeezed.mean()), float(squeezed.std()) or 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Tensors:
    """All crystals of a set, padded to the longest."""

    groups: Tensor
    positions: Tensor
    elements: Tensor
    lengths: Tensor
    cells: Tensor
    """(n, 6) as in geometry.py, but ln(V / N) whole."""
    parameters: Tensor
    compositions: Tensor
    targets: Tensor

    def genes(self, rows: Index) -> Sequences:
        """Those genes, padded to the longest of them."""
        picked = torch.as_tensor(rows)
        longest = int(self.lengths[picked].max())
        return Sequences(
            self.groups[picked],
            self.positions[picked, :longest],
            self.elements[picked, :longest],
            self.lengths[picked],
        )

    def wishes(self, rows: Index, rng: np.random.Generator | None, with_composition: bool) -> Wishes:
        """What those crystals are, as wishes, of which chance leaves some open; none are where `rng` is None."""
        composition, targets = self.compositions[rows].clone(), self.targets[rows].clone()
        if not with_composition:
            composition[:] = 0.0
        if rng is not None:
            n = len(rows)
            everything = rng.random(n) < ALL_OPEN
            composition[torch.as_tensor(everything | (rng.random(n) < COMPOSITION_OPEN))] = 0.0
            targets[torch.as_tensor(everything[:, None] | (rng.random(tuple(targets.shape)) < TARGET_OPEN))] = math.nan
        return Wishes(composition, targets)


def cell_numbers(genes: Genes) -> Array:
    """(n, 6): ln of the volume an atom in angstrom^3, ln(b / a), ln(c / a), cosines of the angles."""
    centrings = [table().centring[g - 1] for g in genes.groups]
    shares = np.array([abs(np.linalg.det(PRIMITIVE[c])) for c in centrings])
    volumes = np.array([abs(np.linalg.det(lattice(cell))) for cell in genes.cells])
    edges = np.log(genes.cells[:, :3])
    cosines = np.cos(np.deg2rad(genes.cells[:, 3:]))
    volume = np.log(volumes * shares / genes.atoms)
    return np.column_stack([volume, edges[:, 1] - edges[:, 0], edges[:, 2] - edges[:, 0], cosines])


def compositions(genes: Genes) -> Array:
    """(n, ELEMENTS) atomic fractions."""
    atoms = np.array([p.atoms for p in table().positions])[genes.positions]
    counts = np.zeros((len(genes), ELEMENTS))
    np.add.at(counts, (np.repeat(np.arange(len(genes)), genes.sites), genes.elements), atoms)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def element_volumes(genes: Genes) -> Array:
    """(ELEMENTS,) angstrom^3 an atom that add up best to the crystals' volumes, relative errors squared."""
    fractions, volumes = compositions(genes), np.exp(cell_numbers(genes)[:, 0])
    typical = float(np.median(volumes))
    rows = fractions / volumes[:, None]
    gram = rows.T @ rows + np.eye(ELEMENTS) * PRIOR_WEIGHT * 0.1 / typical**2
    right = rows.T @ np.ones(len(rows)) + PRIOR_WEIGHT * 0.1 / typical
    return np.asarray(np.clip(np.linalg.solve(gram, right), 2.0, 150.0))


def tensors_of(genes: Genes, scales: Mapping[str, Scale]) -> Tensors:
    """Tensors of all crystals; a property that the set lacks is left open."""
    n, longest = len(genes), int(genes.sites.max())
    positions, elements = np.zeros((n, longest), dtype=np.int64), np.zeros((n, longest), dtype=np.int64)
    parameters = np.full((n, longest, 3), np.nan)
    row = np.repeat(np.arange(n), genes.sites)
    column = np.arange(len(genes.positions)) - np.repeat(genes.starts[:-1], genes.sites)
    positions[row, column], elements[row, column] = genes.positions, genes.elements
    parameters[row, column] = genes.parameters
    nothing = np.full(n, np.nan)
    targets = [scale(genes.properties.get(name, nothing)) for name, scale in scales.items()]
    return Tensors(
        groups=torch.as_tensor(genes.groups),
        positions=torch.as_tensor(positions),
        elements=torch.as_tensor(elements),
        lengths=torch.as_tensor(genes.sites),
        cells=torch.as_tensor(cell_numbers(genes), dtype=torch.float32),
        parameters=torch.as_tensor(parameters, dtype=torch.float32),
        compositions=torch.as_tensor(compositions(genes), dtype=torch.float32),
        targets=torch.as_tensor(np.array(targets).T.reshape(n, len(scales)), dtype=torch.float32),
    )


@dataclass(frozen=True, slots=True, eq=False)
class GeneLearner:
    """The network that writes genes."""

    module: GeneNetwork
    data: Tensors
    rows: Index
    """It learns from these."""
    held_out: Index
    """It is validated on these."""

    @property
    def lengths(self) -> Index:
        """(n,) sites of each row."""
        return np.asarray(self.data.lengths.numpy()[self.rows])

    def loss(self, rows: Index, rng: np.random.Generator) -> Tensor:
        """Mean -ln P of genes."""
        chosen = self.rows[rows]
        groups, sites = self.module.log_probabilities(self.data.genes(chosen), self.data.wishes(chosen, rng, True))
        return -(groups + sites).mean()

    def validate(self) -> dict[str, float]:
        """Nats a gene with all wishes open, of which for the group; and given the composition."""
        parts: dict[str, list[Tensor]] = {"group": [], "sites": [], "given": []}
        for rows in _slices(self.held_out):
            genes, wishes = self.data.genes(rows), self.data.wishes(rows, None, False).without_targets()
            group, site = self.module.log_probabilities(genes, wishes)
            parts["group"].append(group)
            parts["sites"].append(site)
            wishes = self.data.wishes(rows, None, True).without_targets()
            parts["given"].append(torch.add(*self.module.log_probabilities(genes, wishes)))
        means = {name: -float(torch.cat(part).mean()) for name, part in parts.items()}
        whole = means["group"] + means["sites"]
        return {"nll_gene": whole, "nll_group": means["group"], "nll_given_formula": means["given"]}


@dataclass(frozen=True, slots=True, eq=False)
class GeometryLearner:
    """The network that gives genes their geometry."""

    module: GeometryNetwork
    data: Tensors
    rows: Index
    held_out: Index

    @property
    def lengths(self) -> Index:
        """(n,) sites of each row."""
        return np.asarray(self.data.lengths.numpy()[self.rows])

    def loss(self, rows: Index, rng: np.random.Generator) -> Tensor:
        """Mean -ln p of hidden cells, and of the coordinates of hidden sites."""
        cells, sites = self._densities(self.rows[rows], rng, training=True)
        return -cells.sum() / max(1, len(cells)) - sites.sum() / max(1, len(sites))

    def validate(self) -> dict[str, float]:
        """Nats of the cell, and of a site's coordinates with half of the others shown."""
        rng = np.random.default_rng(0)
        parts = [self._densities(rows, rng, training=False) for rows in _slices(self.held_out)]
        cell, site = (-float(torch.cat([part[k] for part in parts]).sum()) for k in (0, 1))
        cells, sites = (max(1, sum(len(part[k]) for part in parts)) for k in (0, 1))
        cell, site = cell / cells, site / sites
        return {"nll_geometry": cell + site, "nll_cell": cell, "nll_site": site}

    def _densities(self, rows: Index, rng: np.random.Generator, training: bool) -> tuple[Tensor, Tensor]:
        """Of the hidden cells, and of the hidden sites with free coordinates, of other crystals."""
        genes = self.data.genes(rows)
        t = genes.positions.shape[1]
        cells = self.data.cells[rows].clone()
        cells[:, 0] -= self.module.guess(genes)
        truth = Geometry(cells, self.data.parameters[rows][:, :t])
        hidden_cell = torch.as_tensor(rng.random(len(rows)) < CELL_HIDDEN)
        hidden_site = torch.as_tensor(rng.random((len(rows), t)) < rng.random((len(rows), 1))) | hidden_cell[:, None]
        hidden_site |= torch.as_tensor(rng.random(len(rows)) < 0.3)[:, None]
        free = (self.module.freedom[genes.positions] > 0) & genes.inside
        shown = Geometry(
            torch.where(hidden_cell[:, None] | ~self.module.free_cells[genes.groups], math.nan, truth.cells),
            torch.where(hidden_site[..., None], math.nan, truth.parameters),
        )
        if training:
            shown = _noisy(shown, rng)
        cell, site = self.module.log_densities(genes, self._wishes(rows, rng if training else None), shown, truth)
        return cell[hidden_cell], site[hidden_site & free & ~hidden_cell[:, None]]

    def _wishes(self, rows: Index, rng: np.random.Generator | None) -> Wishes:
        wishes = self.data.wishes(rows, rng, False)
        return wishes.without_targets() if rng is None else wishes


def _noisy(shown: Geometry, rng: np.random.Generator) -> Geometry:
    """With a little noise, of another size for each crystal."""
    size = rng.random((len(shown.cells), 1))
    cells = shown.cells + torch.as_tensor(
        SHOWN_NOISE[0] * size * rng.normal(size=tuple(shown.cells.shape)), dtype=torch.float32
    )
    noise = SHOWN_NOISE[1] * size[:, :, None] * rng.normal(size=tuple(shown.parameters.shape))
    return Geometry(cells, shown.parameters + torch.as_tensor(noise, dtype=torch.float32))


def _slices(rows: Index) -> Sequence[Index]:
    return [rows[k : k + 200] for k in range(0, min(len(rows), VALIDATED), 200)]
