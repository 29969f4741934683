"""This file is the alloy engine: solid solutions on fcc, bcc and hcp lattices, and ordered cells."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from eutectic.generators.baselines.lattices import LATTICES, ORDERS, LatticeName, OrderName, shells, supercell
from eutectic.generators.baselines.quasirandom import Neighbours, special
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.decoration import UNDERSTOOD, usual
from eutectic.generators.structures.drawing import drawn
from eutectic.generators.structures.generated import Array, GeneratedStructure, Refusal
from eutectic.generators.structures.identity import identity

if TYPE_CHECKING:
    from pymatgen.core import Structure

TRIES = 20
"""How often another kind of cell is tried where one gave a crystal that a smaller cell describes."""
SYMPREC_ANGSTROM = 0.01
"""Symmetry is looked for up to this displacement; ours, as the sites are exact but for rounding."""
ANGSTROM3_OF_CM3_PER_MOL = 1.0 / 0.602214076
"""Volume an atom, from the molar volume of an element."""


@dataclass(frozen=True, slots=True)
class Alloy:
    """Solid solutions on fcc, bcc and hcp cells of any size, and the ordered cells L1_2, L1_0, B2 and D0_3.

    Each kind that can hold what is wanted is as likely as any other. Atomic volumes of the elements are added (Zen's
    law). A solution has no symmetry of its own, so that where space groups are wanted only ordered cells are drawn.
    """

    lattices: tuple[LatticeName, ...] = ("fcc", "bcc", "hcp")
    """Of solid solutions; [] none."""
    ordered: tuple[OrderName, ...] = ("L1_2", "L1_0", "B2", "D0_3")
    """Ordered cells; [] none."""
    decoration: Literal["special", "random"] = "special"
    """Of solid solutions: `special` quasi-random structures, whose pairs are as frequent as in an infinite random alloy
    as far as the cell allows (Zunger et al. 1990, doi 10.1103/PhysRevLett.65.353), or sites occupied at random."""
    shells: int = 2
    """Shells of neighbours whose pairs a special quasi-random structure gets right."""
    steps: int = 2000
    """Exchanges of two sites tried for one."""
    most_elements: int = 4
    """Most elements of a solution, where no formula is given."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        for name, value, most in (
            ("shells", self.shells, 4),
            ("steps", self.steps, 1_000_000),
            ("most_elements", self.most_elements, 8),
        ):
            if not 1 <= value <= most:
                raise ValueError(f"{name}: {value} is not between 1 and {most}")
        if not self.lattices and not self.ordered:
            raise ValueError(f"lattices: none, and no ordered cells; name some of {', '.join(get_args(LatticeName))}")

    def understands(self) -> frozenset[str]:
        """What it can be asked for."""
        return UNDERSTOOD

    @property
    def seconds_each(self) -> float:
        """CPU seconds a crystal."""
        return 0.02

    @property
    def checkpoint(self) -> str:
        """Hash of its options and the versions of what finds neighbours and symmetry."""
        options = {
            "lattices": self.lattices,
            "ordered": self.ordered,
            "decoration": (self.decoration, self.shells, self.steps),
            "most_elements": self.most_elements,
        }
        return identity("alloy-1", options, "pymatgen", "spglib")

    def refuse(self, conditions: Conditions) -> str:
        """Why none of its cells meets the conditions; "" where some do."""
        if self._orders(conditions) or self._solutions(conditions):
            return ""
        low, high = conditions.atoms
        wanted = [f"{low} to {high} atoms"]
        wanted += [f"the elements {', '.join(conditions.required)}"] if conditions.required else []
        wanted += [f"the formula {conditions.formula}"] if conditions.formula else []
        wanted += [f"space group {', '.join(map(str, conditions.space_groups))}"] if conditions.space_groups else []
        return f"none of {', '.join((*self.lattices, *self.ordered))} has {' and '.join(wanted)}"

    def draw(self, conditions: Sequence[Conditions], draws: Sequence[int]) -> list[GeneratedStructure | Refusal]:
        """One crystal or refusal a pair."""
        return drawn(self._alloy, self.checkpoint, conditions, draws)

    def _alloy(self, conditions: Conditions, rng: np.random.Generator) -> "tuple[Structure, int | None, str]":
        """An ordered cell or a solid solution that meets the conditions; ValueError where there is none."""
        orders, solutions = self._orders(conditions), self._solutions(conditions)
        if not orders and not solutions:
            raise ValueError(self.refuse(conditions))
        makers: list[tuple[str, Callable[[Conditions, np.random.Generator], Structure]]] = []
        makers += [(name, partial(_ordered, name)) for name in orders]
        makers += [(lattice, partial(self._solution, lattice, sizes)) for lattice, sizes in solutions.items()]
        for _ in range(TRIES):
            name, make = makers[int(rng.integers(len(makers)))]
            crystal = make(conditions, rng)
            group, primitive = _symmetry(crystal)
            if primitive == len(crystal):
                return crystal, group, name
        raise ValueError(f"only crystals that a smaller cell describes (tried {TRIES} times)")

    def _orders(self, conditions: Conditions) -> list[OrderName]:
        """The ordered cells that meet the conditions."""
        low, high = conditions.atoms
        formula = tuple(sorted(conditions.composition.values(), reverse=True))
        enough = len(conditions.required) <= 2 <= len(conditions.allowed or usual())
        return [
            name
            for name in self.ordered
            if enough
            and low <= len(ORDERS[name].kinds) <= high
            and (not formula or formula == _reduced(*ORDERS[name].counts))
            and (not conditions.space_groups or ORDERS[name].space_group in conditions.space_groups)
        ]

    def _solutions(self, conditions: Conditions) -> dict[LatticeName, tuple[int, ...]]:
        """The lattices of solutions that meet the conditions, and how many sites their cells can have."""
        if conditions.space_groups:
            return {}
        low, high = conditions.atoms
        total = sum(conditions.composition.values()) or 1
        pure = len(conditions.allowed) == 1
        least = max(low, len(conditions.required))
        most = len(conditions.composition) or self.most_elements
        found: dict[LatticeName, tuple[int, ...]] = {}
        for name in self.lattices if len(conditions.required) <= most else ():
            basis = len(LATTICES[name].basis)
            sizes = [n for n in range(least, high + 1) if n % basis == 0 and n % total == 0]
            if sizes := [n for n in sizes if not pure or n == basis]:
                found[name] = tuple(sizes)
        return found

    def _solution(
        self, name: LatticeName, sizes: Sequence[int], conditions: Conditions, rng: np.random.Generator
    ) -> "Structure":
        """A solid solution in a cell of one of these sizes."""
        lattice = LATTICES[name]
        sites = sizes[int(rng.integers(len(sizes)))]
        amounts = _amounts(conditions, sites, self.most_elements, sites == len(lattice.basis), rng)
        cell, positions = supercell(lattice, sites, rng)
        types = rng.permutation(np.repeat(np.arange(len(amounts)), list(amounts.values())))
        if self.decoration == "special" and len(amounts) > 1:
            types = special(types, Neighbours(*shells(cell, positions, self.shells)), self.steps, rng)
        symbols = list(amounts)
        return _scaled(cell, [symbols[int(kind)] for kind in types], positions @ np.linalg.inv(cell))


def _ordered(name: OrderName, conditions: Conditions, rng: np.random.Generator) -> "Structure":
    """An ordered cell with two elements on it."""
    order = ORDERS[name]
    if conditions.formula and order.counts[0] != order.counts[1]:
        pair = sorted(conditions.composition, key=lambda e: -conditions.composition[e])
    else:
        pair = _elements(conditions, 2, rng)
    return _scaled(order.vectors, [pair[kind] for kind in order.kinds], order.fractional)


def _elements(conditions: Conditions, number: int, rng: np.random.Generator) -> list[str]:
    """So many elements in random order, with those that are required."""
    others = [e for e in conditions.allowed or usual() if e not in conditions.required]
    chosen = [*conditions.required, *rng.permutation(others)[: number - len(conditions.required)]]
    return [str(e) for e in rng.permutation(chosen)]


def _amounts(
    conditions: Conditions, sites: int, most: int, may_be_pure: bool, rng: np.random.Generator
) -> dict[str, int]:
    """Sites of each element."""
    if conditions.formula:
        units = sites // sum(conditions.composition.values())
        return {element: n * units for element, n in conditions.composition.items()}
    top = min(most, sites, len(conditions.allowed or usual()))
    least = max(len(conditions.required), 1 if may_be_pure else 2)
    elements = _elements(conditions, int(rng.integers(min(least, top), top + 1)), rng)
    cuts = np.sort(rng.permutation(sites - 1)[: len(elements) - 1] + 1)
    parts = np.diff([0, *cuts, sites])
    return {e: int(n) for e, n in zip(elements, parts, strict=True)}


def _scaled(vectors: Array, symbols: Sequence[str], fractional: Array) -> "Structure":
    """The crystal, its volume the sum of its elements' atomic volumes; ValueError where one is not known."""
    from pymatgen.core import Element, Structure

    volume = 0.0
    for symbol in symbols:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of an element that pymatgen has no data on
            molar = Element(symbol).molar_volume
        if not molar:
            raise ValueError(f"no atomic volume of {symbol}")
        volume += float(molar) * ANGSTROM3_OF_CM3_PER_MOL
    crystal = Structure(vectors, list(symbols), fractional)
    crystal.scale_lattice(volume)
    return crystal


def _symmetry(crystal: "Structure") -> tuple[int, int]:
    """Number of its space group, and atoms of its primitive cell."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of how spglib is going to report errors
        data = SpacegroupAnalyzer(crystal, symprec=SYMPREC_ANGSTROM).get_symmetry_dataset()
    if data is None:
        raise ValueError(f"no symmetry can be told of {crystal.composition.formula}")
    return int(data.number), int(max(data.mapping_to_primitive)) + 1


def _reduced(first: int, second: int) -> tuple[int, int]:
    """Numbers of atoms in the formula unit."""
    return (1, 1) if first == second else (first, second)
