"""This file is crystals with symmetry on the last part of a flow's way: their velocities projected by their operations.

A gene (generators/wyckoff/genes.py) is taken for the state at a time short of the crystal and followed to the end. Of
the network's velocities only what the gene leaves free is kept: of each site the free coordinates that come nearest to
its atoms' velocities (least squares over its operations), of the cell what its family allows. So space group,
positions and formula stay exactly what they are (as SGEquiDiff, arXiv 2505.10994, and DiffCSP++, arXiv 2402.03992,
project).
"""

import functools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from eutectic.generators.diffusion.lattice import Array, rows_of, six
from eutectic.generators.diffusion.network import PeriodicNetwork, State
from eutectic.generators.diffusion.solving import ROWS, SIZES, Standard
from eutectic.generators.wyckoff.genes import Gene, Site, shape_of
from eutectic.generators.wyckoff.table import PRIMITIVE, centring_of, table

FASTER, TOLD = 3.0, 0.8
"""A step goes so many times its part of the way left, the whole at most, and the network is told this part of the time:
a proposal is no state of a flow's way, and told its time the network would say the little that is usually left."""


def refined(
    network: PeriodicNetwork, standard: Standard, genes: Sequence[Gene], begin: float = 0.8, steps: int = 10
) -> list[Gene]:
    """Each gene followed from the time `begin` to 1, with its symmetry; what is beside it does not change it."""
    if not 0 < begin < 1 or steps < 1:
        raise ValueError(f"begin must be between 0 and 1 and steps at least 1, not {begin:g} and {steps}")
    ends: dict[int, Gene] = {}
    sizes = [next(s for s in SIZES if s >= gene.atoms) for gene in genes]
    for size in SIZES:
        alike = [i for i in range(len(genes)) if sizes[i] == size]
        for start in range(0, len(alike), ROWS):
            block = alike[start : start + ROWS]
            rows = [genes[i] for i in block] + [genes[block[0]]] * (ROWS - len(block))
            for step in range(steps):
                at = begin + (1 - begin) * step / steps
                rows = _stepped(network, standard, rows, size, at, (1 - begin) / steps)
            ends |= dict(zip(block, rows, strict=False))
    return [ends[i] for i in range(len(genes))]


@torch.no_grad()
def _stepped(
    network: PeriodicNetwork, standard: Standard, genes: Sequence[Gene], size: int, time: float, step: float
) -> list[Gene]:
    """One step of Euler, projected."""
    cells, fractional = np.zeros((ROWS, 6)), np.zeros((ROWS, size, 3))
    types = np.zeros((ROWS, size), dtype=np.int64)
    for i, gene in enumerate(genes):
        lattice, places, numbers = gene.crystal()
        cells[i] = (six(lattice, len(numbers)) - np.array(standard.mean)) / np.array(standard.spread)
        fractional[i, : len(numbers)], types[i, : len(numbers)] = places, numbers
    state = State(
        torch.tensor(cells, dtype=torch.float32),
        torch.tensor(fractional, dtype=torch.float32),
        torch.tensor(types),
        torch.tensor(types > 0),
        torch.full((ROWS,), TOLD * time),
        torch.full((ROWS, len(network.properties)), torch.nan),
    )
    said, share = network(state), part(time, time + step)
    moved = cells + share * said.cells.double().numpy()
    raw = torch.tensor(moved * np.array(standard.spread) + np.array(standard.mean))
    lattices = rows_of(raw, torch.tensor([gene.atoms for gene in genes])).numpy()
    velocities = share * said.fractional.double().numpy()
    return [_projected(gene, lattices[i], velocities[i, : gene.atoms]) for i, gene in enumerate(genes)]


def part(t: float, end: float) -> float:
    """Which part of the way left is gone from t to `end`; all of it where that is 1."""
    return 1.0 if end >= 1 else min(1.0, FASTER * (end - t) / (1 - t))


def _projected(gene: Gene, lattice: Array, ways: Array) -> Gene:
    """The gene with a cell of its family nearest to that one, and its coordinates gone the part of the ways it may."""
    basis = PRIMITIVE[centring_of(gene.group)]
    a, b, c, alpha, beta, gamma = _of_family(gene.group, np.linalg.inv(basis) @ lattice)
    conventional = ways @ basis
    first, sites = 0, []
    for site in gene.sites:
        position = table().positions[site.position]
        inverse = _inverse(site.position)
        way = inverse @ conventional[first : first + position.atoms].ravel()
        values = np.array(site.parameters) + way
        sites.append(Site(site.position, site.element, tuple(float(v) for v in values - np.floor(values))))
        first += position.atoms
    return replace(gene, sites=tuple(sites), cell=(a, b, c, alpha, beta, gamma))


@functools.cache
def _inverse(row: int) -> Array:
    """(f, 3 m) least-squares inverse of a position's operations, for its free coordinates."""
    position = table().positions[row]
    if not position.free:
        return np.zeros((0, 3 * position.atoms))
    return np.asarray(np.linalg.pinv(position.rotations[:, :, list(position.free)].reshape(-1, len(position.free))))


def _of_family(group: int, vectors: Array) -> list[float]:
    """Edges and angles of a conventional cell, edges that the family makes equal by their geometric mean."""
    edges = shape_of(group, vectors)
    kind = sum(group > last for last in (74, 142, 194))
    if kind in (1, 2):
        edges[0] = edges[1] = float(np.sqrt(edges[0] * edges[1]))
    elif kind == 3:
        edges[0] = edges[1] = edges[2] = float(np.cbrt(edges[0] * edges[1] * edges[2]))
    return edges
