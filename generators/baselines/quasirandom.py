"""This file is special quasi-random structures: sites exchanged until pairs are as frequent as in a random alloy."""

from dataclasses import dataclass

import numpy as np

from eutectic.generators.structures.generated import Array, Index

WARMEST, COLDEST = 0.1, 1e-4
"""Temperatures of the annealing at its beginning and end, in units of the mismatch."""
FARTHER = 0.1
"""What a shell counts, relative to the one before it: so little that a nearer one is not given up for it."""
ENOUGH = 1e-12
"""A mismatch below it is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Which sites are neighbours: site, neighbour, shell from 0, each (p,), both directions."""

    first: Index
    second: Index
    shell: Index


def correlations(types: Index, neighbours: Neighbours) -> Array:
    """Warren-Cowley parameters (shells, k, k), dimensionless: 1 - P(j beside i) / x_j; 0 in a random alloy.

    Cowley 1950, doi 10.1103/PhysRev.77.669, eq. 1, of each pair of elements. types: (sites,) from 0 to k - 1, each of
    them on some site.
    """
    fractions = np.bincount(types) / len(types)
    joint = _pairs(types, neighbours, len(fractions))
    parameters: Array = 1.0 - joint / (fractions[:, None] * fractions[None, :])
    return parameters


def special(types: Index, neighbours: Neighbours, steps: int, rng: np.random.Generator) -> Index:
    """The occupation (sites,) with the same elements whose pairs are most like those of a random alloy.

    Zunger, Wei, Ferreira and Bernard 1990, doi 10.1103/PhysRevLett.65.353: the pair correlations of the first shells
    match those of the infinite random alloy; here by exchange of two sites under simulated annealing, the best kept.
    """
    k = int(types.max()) + 1
    now = types.copy()
    ideal = np.outer(np.bincount(now), np.bincount(now)) / len(now) ** 2
    cost = best_cost = _mismatch(now, neighbours, ideal)
    best = now.copy()
    for step in range(steps if k > 1 else 0):
        if best_cost < ENOUGH:
            break
        temperature = WARMEST * (COLDEST / WARMEST) ** (step / steps)
        i, j = (int(n) for n in rng.integers(len(now), size=2))
        if now[i] == now[j]:
            continue
        now[i], now[j] = now[j], now[i]
        other = _mismatch(now, neighbours, ideal)
        if other > cost and rng.random() >= np.exp((cost - other) / temperature):
            now[i], now[j] = now[j], now[i]
            continue
        cost = other
        if cost < best_cost:
            best_cost, best = cost, now.copy()
    return best


def _pairs(types: Index, neighbours: Neighbours, k: int) -> Array:
    """Share of each pair of elements in each shell, (shells, k, k), each shell adding up to one."""
    code = (neighbours.shell * k + types[neighbours.first]) * k + types[neighbours.second]
    number = int(neighbours.shell.max()) + 1
    counts = np.bincount(code, minlength=number * k * k).reshape(number, k, k)
    shares: Array = counts / counts.sum(axis=(1, 2), keepdims=True)
    return shares


def _mismatch(types: Index, neighbours: Neighbours, ideal: Array) -> float:
    """How far pairs are from a random alloy's, the nearer shells first."""
    off = np.abs(_pairs(types, neighbours, len(ideal)) - ideal).sum(axis=(1, 2))
    return float(off @ FARTHER ** np.arange(len(off)))
