"""This file is the network that gives genes their cell and free coordinates, by mixtures that are sampled in turn.

First the cell: a mixture of Gaussians over ln(V / N) beside what the elements' volumes add up to, ln(b / a), ln(c / a)
and the cosines, as far as the group's family leaves them free. Then site after site the free coordinates, which are
angles: a mixture of products of von Mises densities, given the cell and the sites already placed. It is learned from
crystals of which the cell and some sites are shown, with a little noise, so that a sampled beginning does not lead
astray.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax, silu, softplus

from eutectic.generators.wyckoff.layers import Embedding, Layer, Shape, Wishes
from eutectic.generators.wyckoff.network import Sequences
from eutectic.generators.wyckoff.table import ELEMENTS, SYSTEMS, table

CELL = 6
"""ln(V / N) beside its guess, ln(b / a), ln(c / a), cos(alpha), cos(beta), cos(gamma)."""
FREE_OF_FAMILY = (
    (1, 1, 1, 1, 1, 1),
    (1, 1, 1, 0, 1, 0),
    (1, 1, 1, 0, 0, 0),
    (1, 0, 1, 0, 0, 0),
    (1, 0, 1, 0, 0, 0),
    (1, 0, 0, 0, 0, 0),
)
"""Of each family in SYSTEMS which numbers of a cell are free."""
WAVES = 4
"""Multiples of a coordinate's angle that a site is embedded by."""
LEAST_SPREAD = 0.008
"""Of a Gaussian: less would be learning crystals by heart."""
MOST_CONCENTRATION = 2500.0
"""Of a von Mises density: a spread of 0.003 of an edge."""
SHOWN_NOISE = (0.02, 0.006)
"""Standard deviations added in training to a cell and to coordinates that are shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """Cells and coordinates of b genes of at most t sites; NaN where they are not known or not free."""

    cells: Tensor
    """(b, 6)."""
    parameters: Tensor
    """(b, t, 3) in cycles, in the order of the free coordinates of each position."""


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """Components k of a density over d numbers, of which some do not count."""

    log_weights: Tensor
    """(..., k)."""
    means: Tensor
    """(..., k, d)."""
    spreads: Tensor
    """(..., k, d): standard deviations, or concentrations of angles."""


class GeometryNetwork(nn.Module):
    """Mixtures of cells and of coordinates."""

    volumes: Tensor
    free_cells: Tensor
    freedom: Tensor
    atoms: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.components = shape.components
        self.embed = Embedding(shape)
        self.register_buffer("volumes", torch.zeros(ELEMENTS))
        self.cell_in = nn.Linear(2 * CELL + 2, shape.width)
        self.site_in = nn.Linear(3 * (2 * WAVES + 1), shape.width)
        self.atoms_in = nn.Linear(2, shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.last = nn.LayerNorm(shape.width)
        self.cell_hidden = nn.Linear(shape.width, shape.width)
        self.cell_out = nn.Linear(shape.width, self.components * (1 + 2 * CELL))
        self.site_hidden = nn.Linear(shape.width, shape.width)
        self.site_out = nn.Linear(shape.width, self.components * (1 + 3 * 3))
        families = torch.tensor([0, *(sum(g > s for s in SYSTEMS) for g in range(1, 231))])
        self.register_buffer("free_cells", torch.tensor(FREE_OF_FAMILY, dtype=torch.bool)[families], persistent=False)
        positions = table().positions
        counts = torch.tensor([len(p.free) for p in positions])
        self.register_buffer("freedom", counts, persistent=False)
        self.register_buffer("atoms", torch.tensor([p.atoms for p in positions]), persistent=False)

    def guess(self, genes: Sequences) -> Tensor:
        """(b,) ln of the volume an atom, angstrom^3, that the elements' own volumes add up to."""
        counts = torch.where(genes.inside, self.atoms[genes.positions], 0).to(torch.float32)
        volumes = (self.volumes[genes.elements] * counts).sum(dim=1) / counts.sum(dim=1)
        return torch.log(volumes.clamp(min=1.0))

    def states(self, genes: Sequences, wishes: Wishes, shown: Geometry) -> Tensor:
        """(b, 1 + t, width) after all layers."""
        counts = torch.where(genes.inside, self.atoms[genes.positions], 0)
        total = counts.sum(dim=1)
        known = ~torch.isnan(shown.cells)
        about = torch.stack([self.guess(genes) - 3.0, torch.log(total.to(torch.float32)) - 1.5], dim=1)
        cells = torch.cat([torch.where(known, shown.cells, 0.0), known.to(torch.float32), about], dim=1)
        first = self.embed.groups(genes.groups) + self.embed.wishes(wishes) + self.cell_in(cells)
        share = counts / total[:, None]
        numbers = torch.stack([share, torch.log(counts.clamp(min=1).to(torch.float32))], dim=2)
        sites = self.embed.positions()[genes.positions] + self.embed.elements()[genes.elements]
        sites = sites + self.atoms_in(numbers) + self.site_in(_waves(shown.parameters))
        tokens = torch.cat([first[:, None], sites], dim=1)
        inside = torch.cat([torch.ones_like(genes.inside[:, :1]), genes.inside], dim=1)
        for layer in self.layers:
            tokens = layer(tokens, inside[:, None, None, :])
        states: Tensor = self.last(tokens)
        return states

    def of_cells(self, states: Tensor) -> Mixture:
        """Mixture over the numbers of the cell, from the first state (b, width)."""
        parts = self.cell_out(silu(self.cell_hidden(states))).unflatten(-1, (self.components, 1 + 2 * CELL))
        spreads = LEAST_SPREAD + 0.3 * softplus(parts[..., 1 + CELL :] - 1.0)
        return Mixture(log_softmax(parts[..., 0], dim=-1), parts[..., 1 : 1 + CELL], spreads)

    def of_sites(self, states: Tensor) -> Mixture:
        """Mixture over the free coordinates of sites, from their states (..., width)."""
        parts = self.site_out(silu(self.site_hidden(states))).unflatten(-1, (self.components, 10))
        cosines, sines, sharpness = parts[..., 1:].unflatten(-1, (3, 3)).unbind(-1)
        means = torch.atan2(sines, cosines + 1e-6) / (2 * math.pi)
        spreads = MOST_CONCENTRATION * torch.sigmoid(2.0 * sharpness - 5.0) + 1e-3
        return Mixture(log_softmax(parts[..., 0], dim=-1), means, spreads)

    def log_densities(
        self, genes: Sequences, wishes: Wishes, shown: Geometry, truth: Geometry
    ) -> tuple[Tensor, Tensor]:
        """Ln of the density of the cell (b,) and of each site's coordinates (b, t), given what is shown."""
        states = self.states(genes, wishes, shown)
        cells = cell_density(self.of_cells(states[:, 0]), truth.cells, self.free_cells[genes.groups])
        places = torch.arange(3, device=states.device)
        free = (places < self.freedom[genes.positions][..., None]) & genes.inside[..., None]
        return cells, site_density(self.of_sites(states[:, 1:]), truth.parameters, free)


def cell_density(mixture: Mixture, cells: Tensor, free: Tensor) -> Tensor:
    """Ln density (...) of cells (..., 6) over the numbers that are free."""
    away = (torch.where(free, cells, 0.0)[..., None, :] - mixture.means) / mixture.spreads
    each = -0.5 * away**2 - torch.log(mixture.spreads) - 0.5 * math.log(2 * math.pi)
    return torch.logsumexp(mixture.log_weights + torch.where(free[..., None, :], each, 0.0).sum(-1), dim=-1)


def site_density(mixture: Mixture, parameters: Tensor, free: Tensor) -> Tensor:
    """Ln density (...) of coordinates (..., 3), in cycles, over those that are free."""
    angles = 2 * math.pi * (torch.where(free, parameters, 0.0)[..., None, :] - mixture.means)
    bessel = torch.log(torch.special.i0e(mixture.spreads))
    each = mixture.spreads * (torch.cos(angles) - 1.0) - bessel
    return torch.logsumexp(mixture.log_weights + torch.where(free[..., None, :], each, 0.0).sum(-1), dim=-1)


def _waves(parameters: Tensor) -> Tensor:
    """(b, t, 27) sines and cosines of multiples of coordinates that are known, and whether they are."""
    known = ~torch.isnan(parameters)
    angles = 2 * math.pi * torch.where(known, parameters, 0.0)[..., None] * torch.arange(1, WAVES + 1)
    waves = torch.cat([torch.sin(angles), torch.cos(angles)], dim=-1) * known[..., None]
    return torch.cat([waves, known[..., None].to(waves.dtype)], dim=-1).flatten(-2)
