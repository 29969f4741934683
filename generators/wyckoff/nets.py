"""This file is plane nets of one element as Wyckoff positions: where symmetry alone makes a kagome or another net.

A position is one when its atoms, in a cell of its group's family and at a height of its own, are measured to be the net
(generators/structures/nets.py). What relaxes with its symmetry keeps it.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eutectic.generators.structures.conditions import Motif, MotifKind
from eutectic.generators.structures.nets import holds
from eutectic.generators.wyckoff.genes import lattice
from eutectic.generators.wyckoff.masks import Goal
from eutectic.generators.wyckoff.table import GROUPS, centring_of, family, table

TRIED = {3: (3.0, 3.0, 5.1, 90.0, 90.0, 90.0), 4: (3.0, 3.0, 5.1, 90.0, 90.0, 120.0)}
"""Tetragonal and hexagonal cells that positions are tried in: edges in angstrom, angles in degrees; any would do."""
HEIGHT = 0.137
"""Free coordinate along the axis that they are tried at, at which nothing is special."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A net that must be there."""

    kind: MotifKind
    elements: tuple[int, ...]
    """Atomic numbers that may stand on it."""


@functools.cache
def letters(kind: MotifKind) -> Mapping[int, tuple[int, ...]]:
    """Of each space group that has such positions the letters, counted from 0; groups with a primitive lattice."""
    found: dict[int, tuple[int, ...]] = {}
    for group in range(1, GROUPS + 1):
        if family(group) in TRIED and centring_of(group) == "P":
            cell = lattice(TRIED[family(group)])
            own = [k for k, _ in enumerate(table().of(group)) if _is_net(kind, group, k, cell)]
            found |= {group: tuple(own)} if own else {}
    return found


def _is_net(kind: MotifKind, group: int, letter: int, cell: object) -> bool:
    position = table().of(group)[letter]
    if set(position.free) - {2}:
        return False
    points = position.coordinates(np.full(len(position.free), HEIGHT)) % 1
    return not holds(Motif(kind), np.asarray(cell), points, np.ones(len(points), dtype=np.int64))


@functools.lru_cache(maxsize=1024)
def possible(goal: Goal, wish: Wish, groups: tuple[int, ...]) -> Mapping[int, tuple[tuple[int, int], ...]]:
    """Letters and elements of nets in each of the groups (of all, where () is given) that the goal leaves room for."""
    found: dict[int, tuple[tuple[int, int], ...]] = {}
    for group, own in letters(wish.kind).items():
        if groups and group not in groups:
            continue
        pairs = [(k, z) for k in own for z in wish.elements if _fits(goal, group, k, z)]
        found |= {group: tuple(pairs)} if pairs else {}
    return found


def _fits(goal: Goal, group: int, letter: int, element: int) -> bool:
    rest = goal.beside(element, table().of(group)[letter].atoms)
    return rest is not None and rest.fits(group, letter)
