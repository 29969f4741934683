"""This file is genes: a crystal as space group, occupied Wyckoff positions with elements, free coordinates and cell.

From a structure by spglib, in the setting of the table; of the descriptions of one crystal that the Euclidean
normaliser of its group carries into each other (International Tables A, chapter 3.5) always the same one is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eutectic.generators.wyckoff.table import PRIMITIVE, Array, Index, Position, centring_of, family, table

SYMPREC_ANGSTROM = 0.1
"""How far atoms may be from a symmetry, as the sets CDVAE made from the Materials Project take it."""
TOLERANCE = 0.02
"""Fraction of an edge by which spglib's idealised coordinates may miss those of a position."""
NEAR_ONE = 0.995
"""Coordinates above are a little below the next cell's 0."""


@dataclass(frozen=True, slots=True)
class Site:
    """A position with its element."""

    position: int
    """Row of the table."""
    element: int
    """Atomic number."""
    parameters: tuple[float, ...]
    """Free coordinates, in -0.005 to 0.995."""


@dataclass(frozen=True, slots=True)
class Gene:
    """A crystal."""

    group: int
    sites: tuple[Site, ...]
    """By position, then element."""
    cell: tuple[float, float, float, float, float, float]
    """Edges in angstrom and angles in degrees of the conventional cell."""

    @property
    def atoms(self) -> int:
        """Atoms in the primitive cell."""
        return sum(table().positions[site.position].atoms for site in self.sites)

    def crystal(self) -> tuple[Array, Array, Index]:
        """Primitive lattice (3, 3) in angstrom, rows are vectors; fractional coordinates (n, 3); atomic numbers."""
        positions = table().positions
        basis = PRIMITIVE[table().centring[self.group - 1]]
        points = np.concatenate([positions[s.position].coordinates(np.array(s.parameters)) for s in self.sites])
        numbers = np.repeat([s.element for s in self.sites], [positions[s.position].atoms for s in self.sites])
        fractional = points @ np.linalg.inv(basis)
        return basis @ lattice(self.cell), fractional - np.floor(fractional), numbers.astype(np.int64)


def lattice(cell: Sequence[float]) -> Array:
    """Rows are the vectors of edges in angstrom and angles in degrees: a along x, b in the plane xy."""
    a, b, c = cell[:3]
    cosines = np.cos(np.deg2rad(cell[3:]))
    sine = np.sqrt(1 - cosines[2] ** 2)
    y = (cosines[0] - cosines[1] * cosines[2]) / sine
    z = np.sqrt(max(1 - cosines[1] ** 2 - y**2, 0.0))
    return np.array([[a, 0, 0], [b * cosines[2], b * sine, 0], [c * cosines[1], c * y, c * z]])


def encode(cell: Array, fractional: Array, numbers: Index, symprec: float = SYMPREC_ANGSTROM) -> Gene:
    """The gene of a crystal; ValueError when spglib sees no symmetry or its coordinates fit no position.

    `cell`: (3, 3) in angstrom, rows are vectors; `fractional`: (n, 3); `numbers`: (n,) atomic numbers.
    """
    import spglib

    described: Any = (cell, fractional, numbers)
    first = spglib.get_symmetry_dataset(described, symprec=symprec)
    if first is None:
        raise ValueError(f"spglib finds no symmetry within {symprec} angstrom")
    group = int(first.number)
    data = spglib.get_symmetry_dataset(described, symprec=symprec, hall_number=table().hall[group - 1])
    if data is None or int(data.number) != group:
        raise ValueError(f"spglib finds no standard setting of space group {group}")
    letters, elements, points = _orbits(data)
    sites, shape = _best(group, letters, elements, points, np.asarray(data.std_lattice, dtype=float))
    gene = Gene(group, sites, (shape[0], shape[1], shape[2], shape[3], shape[4], shape[5]))
    expected = sum(len(p) for p in points) // round(1 / abs(np.linalg.det(PRIMITIVE[centring_of(group)])))
    if gene.atoms != expected:
        raise ValueError(f"{gene.atoms} atoms by its positions, {expected} in its cell")
    return gene


def shape_of(group: int, vectors: Array) -> list[float]:
    """Edges in angstrom and angles in degrees of rows (3, 3), those angles set right that the group's family fixes."""
    edges = np.linalg.norm(vectors, axis=1)
    unit = vectors / edges[:, None]
    angles = np.rad2deg(np.arccos(np.clip([unit[1] @ unit[2], unit[0] @ unit[2], unit[0] @ unit[1]], -1, 1)))
    kind = family(group)
    if kind == 1:
        angles = np.array([90.0, angles[1], 90.0])
    elif kind > 1:
        angles = np.array([90.0, 90.0, 120.0 if kind == 4 else 90.0])
    return [float(k) for k in (*edges, *angles)]


def _orbits(data: Any) -> tuple[list[str], list[int], list[Array]]:
    """Letter, element and points (m, 3) in the standardised cell of each orbit."""
    to_primitive = {int(p): k for k, p in enumerate(data.mapping_to_primitive)}
    sources = [to_primitive[int(p)] for p in data.std_mapping_to_primitive]
    orbit = np.array([data.crystallographic_orbits[k] for k in sources])
    letters, elements, points = [], [], []
    for label in np.unique(orbit):
        members = np.flatnonzero(orbit == label)
        letters.append(str(data.wyckoffs[sources[members[0]]]))
        elements.append(int(data.std_types[members[0]]))
        points.append(np.asarray(data.std_positions[members], dtype=float))
    return letters, elements, points


def _best(
    group: int, letters: list[str], elements: list[int], points: list[Array], vectors: Array
) -> tuple[tuple[Site, ...], list[float]]:
    """Sites and cell of the description with the earliest letters, elements and coordinates; ValueError: none fits."""
    described = []
    for rotation, shift in table().cosets[group - 1]:
        moved = [p @ rotation.T + shift for p in points]
        sites = _sites(group, letters, elements, moved)
        if sites is not None and any(table().polar[group - 1]):
            sites = _at_origin(group, sites)
        if sites is not None:
            shape = shape_of(group, np.linalg.inv(rotation).T @ vectors)
            described.append((_key(sites), shape, sites))
    if not described:
        raise ValueError(f"the coordinates fit no Wyckoff positions of space group {group}")
    _, shape, sites = min(described, key=lambda one: one[:2])
    return sites, shape


def _key(sites: tuple[Site, ...]) -> tuple[object, ...]:
    """What descriptions are compared by."""
    rounded = tuple(round(p, 2) for s in sites for p in s.parameters)
    return tuple(s.position for s in sites), tuple(s.element for s in sites), rounded


def _sites(group: int, letters: list[str], elements: list[int], points: list[Array]) -> tuple[Site, ...] | None:
    """Sites whose first operations reach the points; None when one is reached by none."""
    positions = table().of(group)
    described = []
    for letter, element, orbit in zip(letters, elements, points, strict=True):
        near = [p for p in positions if p.multiplicity == len(orbit)]
        site = next((s for p in _first(near, letter) if (s := _site(p, element, orbit)) is not None), None)
        if site is None:
            return None
        described.append(site)
    return tuple(sorted(described, key=lambda s: (s.position, s.element, s.parameters)))


def _first(positions: list[Position], letter: str) -> list[Position]:
    """Those positions in order of their freedom, and of one freedom that letter first."""
    return sorted(positions, key=lambda p: (len(p.free), p.letter != letter))


def _site(position: Position, element: int, orbit: Array) -> Site | None:
    """The site with the smallest coordinates that makes the orbit."""
    parameters = position.parameters(orbit, TOLERANCE)
    if not len(parameters) or not _covers(position, parameters[0], orbit):
        return None
    wrapped = parameters - np.floor(parameters)
    wrapped[wrapped > NEAR_ONE] -= 1
    least = min((tuple(float(v) for v in row) for row in wrapped), key=lambda row: [round(v, 2) for v in row])
    return Site(position.row, element, least)


def _covers(position: Position, parameters: Array, orbit: Array) -> bool:
    """Does every point of the position lie on one of the orbit?"""
    apart = position.coordinates(parameters)[:, None] - orbit[None]
    apart -= np.rint(apart)
    return bool((np.abs(apart).max(axis=2).min(axis=1) < 2 * TOLERANCE).all())


def _at_origin(group: int, sites: tuple[Site, ...]) -> tuple[Site, ...] | None:
    """The same crystal with its first site at 0 along the axes where the origin is free."""
    rows = table()
    shift = rows.positions[sites[0].position].coordinates(np.array(sites[0].parameters))[0]
    shift = np.where(rows.polar[group - 1], shift, 0.0)
    moved = []
    for site in sites:
        position = rows.positions[site.position]
        again = _site(position, site.element, _all(position, np.array(site.parameters)) - shift)
        if again is None:
            return None
        moved.append(again)
    return tuple(sorted(moved, key=lambda s: (s.position, s.element, s.parameters)))


def _all(position: Position, parameters: Array) -> Array:
    """Points of a site in the conventional cell, those of the centring included (m, 3)."""
    points = position.coordinates(parameters)
    basis = PRIMITIVE[centring_of(position.group)]
    inside = {tuple(np.round(np.array(k) @ basis, 6) % 1) for k in np.ndindex(3, 3, 3)}
    return np.concatenate([points + np.array(v) for v in sorted(inside)])
