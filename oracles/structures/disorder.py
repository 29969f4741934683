"""This file is ordered cells of a disordered crystal: partial occupancies become atoms and vacancies of a supercell.

At random, or with the least electrostatic energy that exchanges find (point charges by Ewald's sum, as in pymatgen's
OrderDisorderedStructureTransformation). Sites too near to each other, of which a crystal fills one at a time, are never
filled together.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from eutectic.oracles.structures.files import NEAREST_ANGSTROM, NEAREST_OVER_RADII

if TYPE_CHECKING:
    from pymatgen.core import Structure

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Order = Literal["random", "electrostatic"]
MOST_SITES = 240
"""Sites of a supercell, at most."""
FARTHEST = 8
"""Times that size up to which the cell that would be needed is looked for, to be named."""
TRIES = 20_000
"""Exchanges that are tried, at most."""
WARMEST, COLDEST = 1.0, 0.01
"""Temperatures of the annealing, in units of the mean change of energy of an exchange."""
MOST_CHOICES = 100_000
"""Assignments of oxidation states that are tried."""
NEUTRAL_E_PER_ATOM = 0.02
"""Charge that the rounding of occupancies may leave."""
EMPTY = -1
"""Of a site without an atom."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Sites of a supercell with the same occupancies."""

    sites: Index
    """(s,) places in the supercell."""
    species: tuple[Any, ...]
    """Of pymatgen, charged where charges are known."""
    counts: Index
    """(k + 1,) how many sites each of the species has, and how many are empty."""


def ordered(
    structure: "Structure", count: int, order: Order, tolerance: float, rng: np.random.Generator
) -> "list[Structure]":
    """`count` ordered cells; ValueError when no cell of up to 240 sites holds the occupancies within `tolerance`.

    `tolerance`: how far an element's share of the atoms, and their number, may be from its own, as a share of the
    atoms. `electrostatic` needs oxidation states, of the file or as pymatgen guesses them.
    """
    charged = _charged(structure) if order == "electrostatic" else structure
    cell = _supercell(charged, tolerance)
    groups = _groups(cell)
    near = _near(cell)
    energy = _energies(cell) if order == "electrostatic" else None
    return [_drawn(cell, groups, near, energy, rng) for _ in range(count)]


def _charged(structure: "Structure") -> "Structure":
    """With the oxidation states of its file, or the common ones (else all of the ICSD) that balance best."""
    from pymatgen.core import Species

    if all(isinstance(s, Species) and s.oxi_state is not None for s in structure.composition.elements):
        return structure
    amounts = structure.composition.element_composition.fractional_composition
    for states in ("common_oxidation_states", "icsd_oxidation_states"):
        lists = [[int(q) for q in getattr(e, states)] for e in amounts.elements]
        choices = itertools.product(*lists) if np.prod([len(own) for own in lists]) <= MOST_CHOICES else iter(())
        best = min(choices, key=lambda qs: abs(_charge(amounts, qs)), default=None)
        if best is not None and abs(_charge(amounts, best)) <= NEUTRAL_E_PER_ATOM:
            charged = structure.copy()
            charged.add_oxidation_state_by_element({e.symbol: q for e, q in zip(amounts.elements, best, strict=True)})
            return charged
    raise ValueError("no oxidation states of its elements balance: give them in the file, or order it at random")


def _charge(amounts: Any, states: Sequence[int]) -> float:
    """Elementary charges per atom."""
    return float(sum(amounts[e] * q for e, q in zip(amounts.elements, states, strict=True)))


def _supercell(structure: "Structure", tolerance: float) -> "Structure":
    """The smallest supercell that holds the occupancies, the most nearly cubic of its size."""
    most = max(1, MOST_SITES // len(structure))
    lengths = np.array(structure.lattice.abc)
    shapes = [
        (a, b, c) for a in range(1, most + 1) for b in range(1, most // a + 1) for c in range(1, most // (a * b) + 1)
    ]
    shapes.sort(key=lambda r: (r[0] * r[1] * r[2], float(np.ptp(np.array(r) * lengths))))
    worst, kinds = np.inf, _kinds(structure)
    for size, same in itertools.groupby(shapes, key=lambda r: r[0] * r[1] * r[2]):
        away = _missed(kinds, size)
        worst = min(worst, away)
        if away <= tolerance:
            cell: Structure = structure.copy()
            cell.make_supercell(next(same))
            return cell
    far = next((n for n in range(most + 1, FARTHEST * most) if _missed(kinds, n) <= tolerance), None)
    lost = (
        "an element has no site in any"
        if np.isinf(worst)
        else f"a share of the atoms is missed by {worst:.3g} in the best"
    )
    needed = "" if far is None else f"; one of {far * len(structure):,} sites ({far:,} cells of {len(structure)}) would"
    raise ValueError(
        f"no cell of up to {MOST_SITES} sites holds its occupancies: {lost}, over composition_tolerance "
        f"{tolerance:g}{needed}"
    )


def _kinds(structure: "Structure") -> list[tuple[tuple[str, ...], Array, int]]:
    """Of sites with the same occupancies: symbols and occupancies (k), and how many sites there are."""
    return [
        (tuple(str(s.symbol) for s, _ in parts), np.array([x for _, x in parts]), len(places))
        for parts, places in _alike(structure).items()
    ]


def _missed(kinds: "Sequence[tuple[tuple[str, ...], Array, int]]", size: int) -> float:
    """How far an element's share of the atoms, or their number, is from its own in a supercell of so many cells.

    A share of the atoms; infinite where an element is lost.
    """
    wanted: dict[str, float] = {}
    realised: dict[str, float] = {}
    for symbols, occupancies, places in kinds:
        number = _counts(occupancies, places * size)
        for symbol, x, n in zip(symbols, occupancies, number, strict=False):
            wanted[symbol] = wanted.get(symbol, 0.0) + float(x) * places * size
            realised[symbol] = realised.get(symbol, 0.0) + float(n)
    if any(realised[e] == 0 < wanted[e] for e in wanted):
        return float("inf")
    total, there = sum(wanted.values()), sum(realised.values())
    return max(abs(there / total - 1), *(abs(realised[e] / there - wanted[e] / total) for e in wanted))


def _alike(structure: "Structure") -> dict[tuple[tuple[Any, float], ...], list[int]]:
    """Species and occupancies -> the sites that have them."""
    found: dict[tuple[tuple[Any, float], ...], list[int]] = {}
    for i, site in enumerate(structure):
        key = tuple(sorted(((s, round(float(x), 6)) for s, x in site.species.items()), key=lambda part: str(part[0])))
        found.setdefault(key, []).append(i)
    return found


def _counts(occupancies: Array, sites: int) -> Index:
    """(k + 1,) sites of each of k species and empty ones, by largest remainder."""
    whole = (
        np.append(occupancies, max(0.0, 1.0 - float(occupancies.sum()))) * sites / max(1.0, float(occupancies.sum()))
    )
    number = np.floor(whole + 1e-9).astype(np.int64)
    rest = np.argsort(-np.round(whole - number, 9), kind="stable")[: sites - int(number.sum())]
    number[rest] += 1
    return number


def _groups(cell: "Structure") -> list[Group]:
    return [
        Group(np.array(places), tuple(s for s, _ in parts), _counts(np.array([x for _, x in parts]), len(places)))
        for parts, places in _alike(cell).items()
    ]


def _near(cell: "Structure") -> npt.NDArray[np.bool_]:
    """(n, n) whether two sites are too near to be filled together, whatever is on them."""
    from ase.data import atomic_numbers, covalent_radii

    radii = np.array([min(covalent_radii[atomic_numbers[s.symbol]] for s in site.species.elements) for site in cell])
    distance = cell.distance_matrix
    near = distance < np.maximum(NEAREST_ANGSTROM, NEAREST_OVER_RADII * (radii[:, None] + radii))
    np.fill_diagonal(near, False)
    return np.asarray(near)


def _energies(cell: "Structure") -> Array:
    """(n, n) whose quadratic form with the charges on the sites is the electrostatic energy, eV."""
    from pymatgen.analysis.ewald import EwaldSummation
    from pymatgen.core import Species, Structure

    units = Structure(cell.lattice, [Species("H", 1)] * len(cell), cell.frac_coords)
    return np.asarray(EwaldSummation(units).total_energy_matrix, dtype=float)


def _drawn(
    cell: "Structure",
    groups: Sequence[Group],
    near: npt.NDArray[np.bool_],
    energy: Array | None,
    rng: np.random.Generator,
) -> "Structure":
    """One ordered cell: a random draw, and exchanges until none are too near (and the energy is least)."""
    species = [s for group in groups for s in group.species]
    charges = np.array([*(float(getattr(s, "oxi_state", 0) or 0) for s in species), 0.0])
    filled, first = np.full(len(cell), EMPTY), 0
    for group in groups:
        kinds = [*range(first, first + len(group.species)), EMPTY]
        filled[group.sites] = rng.permutation(np.repeat(kinds, group.counts))
        first += len(group.species)
    filled = _settled(filled, groups, charges, near, energy, rng)
    if _clashes(filled, near):
        raise ValueError("its occupancies put atoms upon each other in every order that was tried")
    there = np.flatnonzero(filled != EMPTY)
    from pymatgen.core import Structure

    return Structure(cell.lattice, [species[filled[i]] for i in there], cell.frac_coords[there])


def _clashes(filled: Index, near: npt.NDArray[np.bool_]) -> int:
    there = filled != EMPTY
    return int(near[np.ix_(there, there)].sum()) // 2


def _settled(
    filled: Index,
    groups: Sequence[Group],
    charges: Array,
    near: npt.NDArray[np.bool_],
    energy: Array | None,
    rng: np.random.Generator,
) -> Index:
    """The draw after exchanges within the groups: fewer clashes first, then, if wanted, by annealing less energy."""
    mixed = [group for group in groups if np.count_nonzero(group.counts) > 1]
    clashes = _clashes(filled, near)
    if not mixed or (energy is None and not clashes):
        return filled
    weights = np.array([len(group.sites) for group in mixed], dtype=float)
    tries = min(TRIES, 200 * int(weights.sum()))
    value = 0.0 if energy is None else float(charges[filled] @ energy @ charges[filled])
    best, scale = (clashes, value, filled.copy()), 0.0
    for step in range(tries):
        group = mixed[int(rng.choice(len(mixed), p=weights / weights.sum()))]
        i, j = rng.choice(group.sites, 2, replace=False)
        if filled[i] == filled[j]:
            continue
        other = filled.copy()
        other[i], other[j] = filled[j], filled[i]
        worse = _clashes(other, near) if clashes or near[i].any() or near[j].any() else 0
        after = 0.0 if energy is None else float(charges[other] @ energy @ charges[other])
        scale = 0.95 * scale + 0.05 * abs(after - value) if scale else abs(after - value)
        heat = scale * WARMEST * (COLDEST / WARMEST) ** (step / tries)
        if worse < clashes or (
            worse == clashes and rng.random() < np.exp(min(0.0, (value - after) / max(heat, 1e-12)))
        ):
            filled, clashes, value = other, worse, after
            best = min(best, (clashes, value, filled), key=lambda one: one[:2])
        if energy is None and not clashes:
            return filled
    return best[2]
