"""This file is which crystals are alike: repeats of each other, known ones, known but for their order, known types."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eutectic.generators.metrics.rates import Rate, rate

if TYPE_CHECKING:
    from pymatgen.core import Structure

MATCHER = {"ltol": 0.2, "stol": 0.3, "angle_tol": 5.0}
"""Tolerances of pymatgen's StructureMatcher, its defaults, which published novelties use."""
AGAINST = "StructureMatcher, ltol 0.2, stol 0.3, angle 5"


def matcher() -> Any:
    """What tells whether two crystals are one."""
    from pymatgen.analysis.structure_matcher import StructureMatcher

    return StructureMatcher(**MATCHER)


def sites_alone(structure: "Structure") -> "Structure":
    """The crystal with one element on all its sites: how they are arranged, whoever stands on which."""
    from pymatgen.core import Structure

    return Structure(structure.lattice, ["H"] * len(structure), structure.frac_coords)


def unique(structures: "Sequence[Structure]") -> list[bool]:
    """(n,) True for the first of each kind."""
    same = matcher()
    seen: dict[str, list[Structure]] = {}
    found: list[bool] = []
    for structure in structures:
        alike = seen.setdefault(structure.composition.reduced_formula, [])
        found.append(not any(same.fit(structure, other) for other in alike))
        if found[-1]:
            alike.append(structure)
    return found


@dataclass(slots=True)
class Reference:
    """Known crystals, found by formula and by the shape of it."""

    name: str
    formulas: "dict[str, list[Structure]]" = field(default_factory=dict)
    shapes: "dict[tuple[str, int], list[Structure]]" = field(default_factory=dict)
    count: int = 0

    @classmethod
    def of(cls, name: str, structures: "Sequence[Structure]") -> "Reference":
        """The reference of these structures."""
        found = cls(name)
        for structure in structures:
            found.formulas.setdefault(structure.composition.reduced_formula, []).append(structure)
            found.shapes.setdefault(_shape(structure), []).append(structure)
            found.count += 1
        return found

    @property
    def against(self) -> dict[str, str]:
        """What a rate is to say."""
        return {"reference": f"{self.name} ({self.count} crystals)", "matching": AGAINST}

    def holds(self, structure: "Structure", disordered: bool = False) -> bool:
        """Is this crystal among them; `disordered`: or another order of its elements on the same sites?"""
        same, others = matcher(), self.formulas.get(structure.composition.reduced_formula, ())
        if not disordered:
            return any(same.fit(structure, other) for other in others)
        bare = sites_alone(structure)
        return any(same.fit(bare, sites_alone(other)) for other in others)

    def holds_type(self, structure: "Structure") -> bool:
        """Is one of the same type among them, whatever its elements?"""
        same = matcher()
        return any(same.fit_anonymous(structure, other) for other in self.shapes.get(_shape(structure), ()))

    def nearest(self, structure: "Structure") -> "tuple[str, Structure] | None":
        """The known crystal that it is, or is but for the elements, and in what; the nearest, of equals the first."""
        same = matcher()
        for other in self.formulas.get(structure.composition.reduced_formula, ()):
            if same.fit(structure, other):
                return "the same crystal", other
        ways = [
            (same.get_rms_anonymous(structure, other)[0], other) for other in self.shapes.get(_shape(structure), ())
        ]
        alike = [(rms, other) for rms, other in ways if rms is not None]
        return ("the same type", min(alike, key=lambda pair: round(pair[0], 3))[1]) if alike else None


def _shape(structure: "Structure") -> tuple[str, int]:
    """The formula without its elements, and the number of them."""
    return structure.composition.anonymized_formula, len(structure.composition)


def novelty(structures: "Sequence[Structure]", reference: Reference) -> list[Rate]:
    """Rates of what is new: formula, crystal, crystal whatever its order, type."""
    fresh = [structure.composition.reduced_formula not in reference.formulas for structure in structures]
    crystal = [not reference.holds(structure) for structure in structures]
    order = [not reference.holds(structure, disordered=True) for structure in structures]
    kind = [not reference.holds_type(structure) for structure in structures]
    return [
        rate("new formula", fresh, {"reference": reference.against["reference"]}),
        rate("new", crystal, reference.against),
        rate("new whatever the order", order, reference.against),
        rate("new prototype", kind, reference.against),
    ]
