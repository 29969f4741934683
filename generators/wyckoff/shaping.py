"""This file is the drawing of cells and coordinates for genes: of several tries the first sound one is kept.

The first try takes the likeliest component and its mean at every turn, the others are drawn at a temperature. A
crystal is sound when its atoms are as far from each other, relative to their covalent radii, as those of the training
set are.
"""

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from eutectic.generators.wyckoff.decode import MOST_SITES
from eutectic.generators.wyckoff.genes import Gene, Site
from eutectic.generators.wyckoff.geometry import CELL, Geometry, GeometryNetwork, Mixture
from eutectic.generators.wyckoff.layers import Wishes
from eutectic.generators.wyckoff.network import Sequences
from eutectic.generators.wyckoff.table import PRIMITIVE, Array, Index, family, table

BLOCKS = {3: 32, 5: 32, 8: 16, 12: 8, MOST_SITES: 4}
"""Sites that genes are padded to (the least that holds them) -> rows of a block; ours, by what is cheap."""
STEEPEST = 0.94
"""Largest cosine of a cell's angle."""
LEAST_SINE = 0.15
"""Least volume of a cell with edges of 1."""
IMAGES = np.array(list(itertools.product((-2.0, -1.0, 0.0, 1.0, 2.0), repeat=3)))
"""Cells in which neighbours are sought."""


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A gene without geometry, and the randomness of its tries."""

    group: int
    sites: tuple[tuple[int, int], ...]
    """Position and element of each."""
    targets: Array
    """(p,) standardised."""
    rng: np.random.Generator


@dataclass(frozen=True, slots=True)
class Soundness:
    """How near and how far an atom's nearest neighbour may be, over the sum of their covalent radii."""

    least: float
    most: float


def shape(
    network: GeometryNetwork, written: Sequence[Written], sound: Soundness, temperature: float, tries: int
) -> list[Gene | None]:
    """A gene with geometry each, None where no try was sound; the same to the bit whatever is beside it."""
    lengths = [next(n for n in BLOCKS if n >= len(one.sites)) for one in written]
    shaped: dict[int, Gene] = {}
    for k in range(tries):
        for length, rows in BLOCKS.items():
            alike = [i for i in range(len(written)) if lengths[i] == length and i not in shaped]
            for start in range(0, len(alike), rows):
                block = alike[start : start + rows]
                genes = _block(network, [written[i] for i in block], temperature if k else 0.0, length)
                shaped |= {
                    i: gene for i, gene in zip(block, genes, strict=True) if gene is not None and is_sound(gene, sound)
                }
    return [shaped.get(i) for i in range(len(written))]


@torch.no_grad()
def _block(
    network: GeometryNetwork,
    written: Sequence[Written],
    temperature: float,
    length: int,
) -> list[Gene | None]:
    """One try each; None where the cell is none."""
    b = BLOCKS[length]
    rows = [written[i] if i < len(written) else written[0] for i in range(b)]
    genes = _sequences(rows, length)
    targets = torch.tensor(np.array([row.targets for row in rows]), dtype=torch.float32)
    wishes = Wishes(torch.zeros(b, network.embed.descriptors.shape[0]), targets)
    shown = Geometry(torch.full((b, CELL), math.nan), torch.full((b, length, 3), math.nan))
    free_cells = network.free_cells[genes.groups].numpy()
    mixture = network.of_cells(network.states(genes, wishes, shown)[:, 0])
    for i, one in enumerate(written):
        values = _sampled(mixture, (i,), free_cells[i], one.rng, temperature, angles=False)
        shown.cells[i] = torch.tensor(values, dtype=torch.float32)
    freedom = network.freedom[genes.positions].numpy() * genes.inside.numpy()
    turns = [np.flatnonzero(row) for row in freedom[: len(written)]]
    for turn in range(max((len(t) for t in turns), default=0)):
        mixture = network.of_sites(network.states(genes, wishes, shown)[:, 1:])
        for i, places in enumerate(turns):
            if turn < len(places):
                site = int(places[turn])
                free = np.arange(3) < freedom[i, site]
                values = _sampled(mixture, (i, site), free, written[i].rng, temperature, angles=True)
                shown.parameters[i, site] = torch.tensor(values, dtype=torch.float32)
    volumes = network.guess(genes).double().numpy()
    cells, parameters = shown.cells.double().numpy(), shown.parameters.double().numpy()
    return [_gene(one, cells[i], parameters[i], float(volumes[i])) for i, one in enumerate(written)]


def _sequences(rows: Sequence[Written], longest: int) -> Sequences:
    """Genes padded to `longest` sites."""
    sites = np.zeros((len(rows), longest, 2), dtype=np.int64)
    for row, one in enumerate(rows):
        sites[row, : len(one.sites)] = one.sites
    lengths = torch.tensor([len(one.sites) for one in rows])
    groups = torch.tensor([one.group for one in rows])
    return Sequences(groups, torch.tensor(sites[..., 0]), torch.tensor(sites[..., 1]), lengths)


def _sampled(
    mixture: Mixture, row: tuple[int, ...], free: Array, rng: np.random.Generator, temperature: float, angles: bool
) -> Array:
    """Numbers drawn from one row of a mixture, NaN where they are not free.

    At temperature 0 the mean of the likeliest component; otherwise weights are raised to 1 / temperature and distances
    from the mean multiplied by the temperature.
    """
    weights = mixture.log_weights[row].double().numpy()
    if temperature == 0:
        k, away = int(np.argmax(weights)), np.zeros(len(free))
    else:
        scaled = np.exp((weights - weights.max()) / temperature)
        total = np.cumsum(scaled)
        k = min(int(np.searchsorted(total, rng.random() * total[-1], side="right")), len(weights) - 1)
        away = temperature * rng.normal(size=len(free))
    spreads = mixture.spreads[row][k].double().numpy()
    if angles:  # a von Mises density of that concentration is nearly normal, of 1 / sqrt(concentration) radians
        spreads = 1.0 / (2 * math.pi * np.sqrt(spreads))
    values = mixture.means[row][k].double().numpy() + away * spreads
    return np.where(free, values, math.nan)


def _gene(one: Written, numbers: Array, parameters: Array, guess: float) -> Gene | None:
    """The gene with that geometry; None when its cell is none."""
    rows = table().positions
    sites = []
    for (position, element), values in zip(one.sites, parameters, strict=False):
        inside = values[: len(rows[position].free)]
        sites.append(Site(position, element, tuple(float(v) for v in inside - np.floor(inside))))
    kind = family(one.group)
    ratio_b = math.exp(numbers[1]) if kind < 3 else 1.0
    ratio_c = math.exp(numbers[2]) if kind < 5 else 1.0
    cosines = np.zeros(3)
    if kind == 0:
        cosines = numbers[3:]
    elif kind == 1:
        cosines[1] = numbers[4]
    elif kind == 4:
        cosines[2] = -0.5
    if np.abs(cosines).max() > STEEPEST:
        return None
    squared = 1 - (cosines**2).sum() + 2 * cosines.prod()
    if squared < LEAST_SINE**2:
        return None
    atoms = sum(rows[position].atoms for position, _ in one.sites)
    share = abs(float(np.linalg.det(PRIMITIVE[table().centring[one.group - 1]])))
    volume = math.exp(numbers[0] + guess) * atoms / share
    a = (volume / (ratio_b * ratio_c * math.sqrt(squared))) ** (1 / 3)
    alpha, beta, gamma = (float(k) for k in np.rad2deg(np.arccos(cosines)))
    return Gene(one.group, tuple(sites), (a, a * ratio_b, a * ratio_c, alpha, beta, gamma))


@functools.cache
def _radii() -> Array:
    from ase.data import covalent_radii

    return np.asarray(covalent_radii, dtype=float)


def nearest(gene: Gene) -> Array:
    """(sites,) distance of each site's first atom to the nearest atom over the sum of their covalent radii."""
    lattice, fractional, numbers = gene.crystal()
    firsts = np.cumsum([0, *(table().positions[s.position].atoms for s in gene.sites)])[:-1]
    return _ratios(lattice, fractional, numbers, firsts)


def _ratios(lattice: Array, fractional: Array, numbers: Index, firsts: Index) -> Array:
    radii = _radii()[numbers]
    apart = fractional[None, :] - fractional[firsts][:, None]
    apart -= np.rint(apart)
    vectors = (apart[:, :, None] + IMAGES) @ lattice
    distances = np.sqrt((vectors**2).sum(axis=-1))
    distances[np.arange(len(firsts)), firsts, len(IMAGES) // 2] = np.inf
    ratios = distances.min(axis=2) / (radii[firsts][:, None] + radii[None])
    return np.asarray(ratios.min(axis=1))


def is_sound(gene: Gene, sound: Soundness) -> bool:
    """Is every atom's nearest neighbour at a distance that occurs?"""
    ratios = nearest(gene)
    return bool(ratios.min() >= sound.least and ratios.max() <= sound.most)
