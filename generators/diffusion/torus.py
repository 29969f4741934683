"""This file is coordinates on a torus: shortest differences, pairs of noise and atoms, wrapped normals."""

import functools
import itertools

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

IMAGES = 10
"""Cells on either side that a wrapped normal density is summed over: at a deviation of 0.5 the rest is below 1e-16."""
ALTERNATIONS = 2
"""Times that noise is shifted and its points are exchanged in turn; ours."""
TRIED = 4
"""Atoms of which all orders are tried: up to there quicker than solving an assignment."""


def wrapped(difference: Tensor) -> Tensor:
    """The shortest of the differences that are the same on the torus, in -0.5 to 0.5."""
    return difference - torch.round(difference)


def paired(noise: Array, atoms: Array) -> Index:
    """(m, k) which point of the noise goes to which atom, so that squared ways add up to the least; both (m, k, 3)."""
    from scipy.optimize import linear_sum_assignment

    apart = noise[:, None] - atoms[:, :, None]
    apart -= np.rint(apart)
    ways = (apart**2).sum(axis=-1)
    k = ways.shape[1]
    if k <= TRIED:
        orders = np.array(list(itertools.permutations(range(k))), dtype=np.int64)
        return np.asarray(orders[ways[:, np.arange(k), orders].sum(axis=2).argmin(axis=1)])
    return np.array([linear_sum_assignment(each)[1] for each in ways], dtype=np.int64)


def shift(noise: Array, atoms: Array, inside: Mask) -> Array:
    """(b, 1, 3) by which atoms (b, n, 3) are moved together, so that squared ways from noise to them are least.

    A crystal has no origin: only then does what a network sees, differences alone, say which way is the shortest. Of
    each axis by itself, exactly: the mean of the differences unrolled from the best of n places on the circle.
    """
    apart = (noise - atoms) % 1.0
    unrolled = (apart[:, None] - apart[:, :, None]) % 1.0
    weight = inside[:, None, :, None].astype(float)
    count = weight.sum(axis=2)
    mean = (unrolled * weight).sum(axis=2) / count
    spread = ((unrolled - mean[:, :, None]) ** 2 * weight).sum(axis=2)
    spread[~inside] = np.inf
    best = spread.argmin(axis=1)[:, None]
    return np.asarray(np.take_along_axis(apart + mean, best, axis=1))


def nearest(noise: Array, places: Array, types: Index, inside: Mask) -> Array:
    """Noise (b, n, 3) shifted, inverted and with points of one element exchanged, so that ways to places are short.

    A crystal has no origin, its inverted image has the same distances, and atoms of one element are alike: a noise that
    could lead to several of these would be taught the mean of them, which loses a polar axis. Points are not exchanged
    across elements: which of them a point belongs to is given when a structure is predicted. Types (b, n), 0 where
    not known; inside (b, n) true where there is an atom. The ways' mean over the atoms is zero.
    """
    alike = _alike(types)
    straight, turned = (_laid(sign * noise, places, inside, alike) for sign in (1.0, -1.0))
    take = _squared(turned - places, inside) < _squared(straight - places, inside)
    return np.where(take[:, None, None], turned, straight)


def _laid(noise: Array, places: Array, inside: Mask, alike: list[tuple[Index, Index]]) -> Array:
    """`nearest` without inversion."""
    for _ in range(ALTERNATIONS):
        noise = noise - shift(noise, places, inside)
        for rows, atoms in alike:
            own, order = noise[rows, atoms], paired(noise[rows, atoms], places[rows, atoms])
            noise[rows, atoms] = np.take_along_axis(own, order[..., None], axis=1)
    return noise - shift(noise, places, inside)


def _squared(ways: Array, inside: Mask) -> Array:
    """(b,) squared lengths of the shortest ways, added up."""
    return np.asarray((((ways - np.rint(ways)) ** 2) * inside[..., None]).sum(axis=(1, 2)))


def _alike(types: Index) -> list[tuple[Index, Index]]:
    """Rows (m, 1) and atoms (m, k) of one element in types (b, n), those of k atoms together; none for k = 1."""
    found: dict[int, list[tuple[int, list[int]]]] = {}
    for row, elements in enumerate(types.tolist()):
        for element in set(elements) - {0}:
            atoms = [i for i, other in enumerate(elements) if other == element]
            found.setdefault(len(atoms), []).append((row, atoms))
    pairs = [found[k] for k in sorted(found) if k > 1]
    return [(np.array([[row] for row, _ in pair]), np.array([atoms for _, atoms in pair])) for pair in pairs]


def score(away: Tensor, deviation: Tensor) -> Tensor:
    """D ln p / d x of a wrapped normal density at distances `away` from its centre (De Bortoli et al. 2022).

    arXiv 2202.02763, as in DiffCSP (Jiao et al. 2023, arXiv 2309.04475, eq. 6).
    """
    images = torch.arange(-IMAGES, IMAGES + 1, dtype=away.dtype)
    x = away[..., None] + images
    weights = torch.softmax(-0.5 * (x / deviation[..., None]) ** 2, dim=-1)
    return -(weights * x).sum(dim=-1) / deviation**2


@functools.cache
def _rms_table() -> tuple[Array, Array]:
    """Deviations, and the root mean square of deviation times score at each."""
    deviations = np.exp(np.linspace(np.log(1e-3), np.log(1.0), 60))
    x = torch.linspace(-0.5, 0.5, 2001, dtype=torch.float64)
    values = []
    for deviation in deviations:
        s = torch.full_like(x, float(deviation))
        images = torch.arange(-IMAGES, IMAGES + 1, dtype=torch.float64)
        density = torch.exp(-0.5 * ((x[:, None] + images) / deviation) ** 2).sum(dim=1)
        values.append(float(torch.sqrt((density * (s * score(x, s)) ** 2).sum() / density.sum())))
    return deviations, np.array(values)


def scale_of_score(deviation: Tensor) -> Tensor:
    """Root mean square of deviation times score: 1 for a narrow density, towards 0 for a flat one."""
    deviations, values = _rms_table()
    found = np.interp(np.log(deviation.double().numpy()), np.log(deviations), values)
    return torch.as_tensor(np.maximum(found, 1e-3), dtype=deviation.dtype)
