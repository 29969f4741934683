"""This file is the perturb engine: known crystals strained, rattled, and with elements exchanged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.drawing import drawn
from eutectic.generators.structures.generated import GeneratedStructure, Refusal
from eutectic.generators.structures.identity import identity
from eutectic.generators.structures.sources import Known, fingerprint, known_crystals, relative

if TYPE_CHECKING:
    from pymatgen.core import Structure


@dataclass(frozen=True, slots=True)
class Perturb:
    """Crystals near given ones: the cell strained at random, atoms displaced, elements exchanged."""

    pool: str
    """Folder, structure file or CSV of the crystals to begin with."""
    column: str = ""
    """Of a CSV, the column that holds the structures."""
    strain: float = 0.05
    """Standard deviation of each component of the symmetric strain, dimensionless."""
    rattle_angstrom: float = 0.1
    """Standard deviation of each coordinate of the displacements, angstrom."""
    swap: float = 0.0
    """Chance, 0 to 1, that one of its elements is exchanged for another that is allowed."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        for name, value, most in (("strain", self.strain, 0.3), ("rattle_angstrom", self.rattle_angstrom, 1.0)):
            if not 0 <= value <= most:
                raise ValueError(f"{name}: {value:g} is not between 0 and {most:g}")
        if not 0 <= self.swap <= 1:
            raise ValueError(f"swap: {self.swap:g} is no chance between 0 and 1")

    def located(self, folder: str) -> "Perturb":
        """The same with its pool taken from `folder`."""
        return replace(self, pool=relative(self.pool, folder))

    def check(self) -> None:
        """ValueError where the pool cannot be read."""
        known_crystals(self.pool, self.column)

    def understands(self) -> frozenset[str]:
        """What it can be asked for."""
        return frozenset({"elements", "required", "formula", "atoms"})

    @property
    def seconds_each(self) -> float:
        """CPU seconds a crystal."""
        return 0.002

    @property
    def checkpoint(self) -> str:
        """Hash of its options and the pool's files."""
        options = (self.column, self.strain, self.rattle_angstrom, self.swap, fingerprint(self.pool))
        return identity("perturb-1", {"options": options})

    def refuse(self, conditions: Conditions) -> str:
        """Why no crystal of the pool meets the conditions; "" where some do."""
        low, high = conditions.atoms
        if usable(known_crystals(self.pool, self.column), conditions, self.swap > 0):
            return ""
        return f"no crystal of {self.pool} has the elements wanted and {low} to {high} atoms"

    def draw(self, conditions: Sequence[Conditions], draws: Sequence[int]) -> list[GeneratedStructure | Refusal]:
        """One crystal or refusal a pair."""
        return drawn(self.perturbed, self.checkpoint, conditions, draws)

    def perturbed(self, conditions: Conditions, rng: np.random.Generator) -> "tuple[Structure, int | None, str]":
        """A crystal of the pool that meets the conditions, perturbed; ValueError where none does."""
        known = usable(known_crystals(self.pool, self.column), conditions, self.swap > 0)
        if not known:
            raise ValueError(self.refuse(conditions))
        chosen = known[int(rng.integers(len(known)))]
        crystal = chosen.structure.copy(site_properties={})
        if rng.random() < self.swap or not meets(chosen, conditions):
            exchange(crystal, conditions, rng)
        E = rng.normal(0.0, self.strain, (3, 3))
        lattice = crystal.lattice.matrix @ (np.eye(3) + (E + E.T) / 2.0)
        shifts = rng.normal(0.0, self.rattle_angstrom, (len(crystal), 3)) @ np.linalg.inv(lattice)
        made = type(crystal)(lattice, crystal.species, crystal.frac_coords + shifts)
        return made, None, chosen.name


def usable(known: Sequence[Known], conditions: Conditions, swapping: bool) -> list[Known]:
    """The crystals that meet the conditions or, with an exchange of one element, may come to."""
    low, high = conditions.atoms
    sized = [k for k in known if low <= len(k.structure) <= high]
    fine = [k for k in sized if meets(k, conditions)]
    if not swapping or conditions.formula:
        return fine
    return fine + [k for k in sized if not meets(k, conditions) and _one_away(k, conditions)]


def meets(known: Known, conditions: Conditions) -> bool:
    """Has it the elements, or the formula?"""
    own = elements_of(known)
    if conditions.formula:
        reduced = known.structure.composition.reduced_composition.get_el_amt_dict()
        return {e: round(n) for e, n in reduced.items()} == conditions.composition
    return own >= set(conditions.required) and (not conditions.elements or own <= set(conditions.elements))


def _one_away(known: Known, conditions: Conditions) -> bool:
    """Would one exchange give it the elements wanted?"""
    own, allowed = elements_of(known), set(conditions.elements)
    outside = own - allowed if allowed else set()
    lacking = set(conditions.required) - own
    return len(outside) <= 1 and len(lacking) <= 1 and (len(own) > len(own & set(conditions.required)))


@lru_cache(maxsize=65536)
def elements_of(known: Known) -> frozenset[str]:
    """Symbols of its elements."""
    return frozenset(str(e) for e in known.structure.composition.get_el_amt_dict())


def exchange(crystal: "Structure", conditions: Conditions, rng: np.random.Generator) -> None:
    """Replace one element by another that is allowed, so that the conditions hold, in place; nothing where none is."""
    own = sorted(crystal.composition.get_el_amt_dict())
    if conditions.formula:
        i, j = (int(k) for k in rng.permutation(len(own))[:2]) if len(own) > 1 else (0, 0)
        same = crystal.composition[own[i]] == crystal.composition[own[j]]
        crystal.replace_species({own[i]: own[j], own[j]: own[i]} if same else {})
        return
    allowed = conditions.elements or tuple(own)
    lacking = [e for e in conditions.required if e not in own]
    outside = [e for e in own if e not in allowed]
    leaving = outside or [e for e in own if e not in conditions.required]
    coming = lacking or [e for e in allowed if e not in own]
    if leaving and coming:
        old, new = leaving[int(rng.integers(len(leaving)))], coming[int(rng.integers(len(coming)))]
        crystal.replace_species({old: new})
