"""This file is what is wanted of a crystal: elements, formula, size, space group, property targets, a motif."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Literal

from eutectic.generators.hints import hint
from eutectic.oracles.elements.chemical_formulas import amounts
from eutectic.oracles.elements.data import symbols

MotifKind = Literal["kagome", "honeycomb", "lieb", "square", "triangular"]
MOST_ATOMS = 400
"""Atoms of a primitive cell that may be asked for; ours, beyond nearly all published inorganic crystals."""
LAST_SPACE_GROUP = 230
"""There are so many (International Tables for Crystallography, volume A)."""
FIELDS = ("elements", "required", "formula", "atoms", "space_groups", "targets", "guidance", "motif")


@dataclass(frozen=True, slots=True)
class Motif:
    """Sites that are kept as they are: a plane lattice, the elements on it, and how far neighbours are."""

    kind: MotifKind
    """Kagome, honeycomb, Lieb, square or triangular net, in the plane of the first two lattice vectors."""
    elements: tuple[str, ...] = ()
    """Elements that may stand on its sites; () any."""
    spacing_angstrom: float | None = None
    """Distance of neighbours in the net, angstrom; None: the generator's choice."""

    def __post_init__(self) -> None:
        """Raise ValueError for an element that is none, or a distance that is not positive."""
        _require_elements("motif.elements", self.elements)
        if self.spacing_angstrom is not None and not 0.5 <= self.spacing_angstrom <= 20.0:
            raise ValueError(f"motif.spacing_angstrom: {self.spacing_angstrom:g} is not between 0.5 and 20 angstrom")


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is wanted of one crystal; every field may be left out.

    Elements, formula, atoms and space groups are kept exactly by a generator that understands them (`understands`);
    targets are wishes, which its guidance presses.
    """

    elements: tuple[str, ...] = ()
    """Elements that may appear; () any."""
    required: tuple[str, ...] = ()
    """Elements that must appear, each of them."""
    formula: str = ""
    """The exact reduced formula, such as `LiFePO4`; "" any."""
    atoms: tuple[int, int] = (1, 20)
    """Fewest and most atoms of the primitive cell."""
    space_groups: tuple[int, ...] = ()
    """Numbers of the space groups it may have, 1 to 230; () any."""
    targets: Mapping[str, float] = field(default_factory=dict)
    """Property, its unit in its name -> the value wanted, in that unit."""
    guidance: float = 1.0
    """How strongly targets press, dimensionless: 0 not at all, 1 as the data has it, more beyond."""
    motif: Motif | None = None
    """Sites that are kept as they are."""

    def __post_init__(self) -> None:
        """Raise ValueError, naming the field, where nothing could be like this."""
        _require_elements("elements", self.elements)
        _require_elements("required", self.required)
        self._require_atoms()
        self._require_groups()
        if not math.isfinite(self.guidance) or self.guidance < 0:
            raise ValueError(f"guidance: {self.guidance} is not a number of at least 0")
        for name, value in self.targets.items():
            if not math.isfinite(value):
                raise ValueError(f"targets: {name} is {value}, not a finite number")
        present = self.composition or dict.fromkeys(self.required, 1)
        self._require_allowed("formula" if self.formula else "required", present)
        self._require_formula()
        if self.motif is not None and self.elements:
            _require_among("motif.elements", self.motif.elements, self.elements)

    @property
    def composition(self) -> dict[str, int]:
        """Element -> atoms in one formula unit; {} where no formula is given."""
        return reduced(self.formula) if self.formula else {}

    @property
    def units(self) -> range:
        """How many formula units the cell may hold, with a formula; empty without one."""
        total = sum(self.composition.values())
        low, high = self.atoms
        return range(max(1, -(-low // total)), high // total + 1) if total else range(0)

    @property
    def allowed(self) -> tuple[str, ...]:
        """Elements that may appear, of formula and elements; () any."""
        return tuple(self.composition) or self.elements

    def _require_atoms(self) -> None:
        low, high = self.atoms
        if not 1 <= low <= high <= MOST_ATOMS:
            raise ValueError(f"atoms: [{low}, {high}] is not a range within 1 to {MOST_ATOMS}")
        if len(set(self.required)) > high:
            raise ValueError(f"atoms: at most {high} cannot hold the {len(set(self.required))} elements required")

    def _require_groups(self) -> None:
        for group in self.space_groups:
            if not 1 <= group <= LAST_SPACE_GROUP:
                raise ValueError(f"space_groups: {group} is no space group; they are numbered 1 to {LAST_SPACE_GROUP}")

    def _require_allowed(self, name: str, present: Mapping[str, int]) -> None:
        if self.elements:
            _require_among(name, present, self.elements)
        missing = [element for element in self.required if element not in present]
        if self.formula and missing:
            raise ValueError(f"formula: {self.formula} lacks {missing[0]}, which is required")

    def _require_formula(self) -> None:
        total = sum(self.composition.values())
        if self.formula and not self.units:
            low, high = self.atoms
            raise ValueError(
                f"atoms: {self.formula} has {total} atoms a formula unit, and no multiple of it lies in [{low}, {high}]"
            )


def reduced(formula: str) -> dict[str, int]:
    """Element -> atoms of the smallest whole formula unit; ValueError where the amounts are no whole numbers."""
    try:
        found = amounts(formula)
    except ValueError as error:
        raise ValueError(f"formula: {error}") from None
    whole = {element: round(x) for element, x in found.items()}
    if any(abs(x - whole[element]) > 1e-9 for element, x in found.items()):
        raise ValueError(f"formula: {formula!r} has amounts that are no whole numbers; multiply it until they are")
    divisor = reduce(math.gcd, whole.values())
    return {element: x // divisor for element, x in whole.items()}


def wanted(conditions: Conditions) -> tuple[str, ...]:
    """Names of what these conditions ask for beyond the defaults: fields, and each target by its property."""
    default = Conditions()
    fields = [name for name in FIELDS if name != "targets" and getattr(conditions, name) != getattr(default, name)]
    return (*fields, *conditions.targets)


def misunderstood(conditions: Conditions, understands: Collection[str], generator: str) -> str:
    """Which condition a generator does not understand, and which it does; "" where it understands all of them."""
    strange = [name for name in wanted(conditions) if name not in understands]
    if not strange:
        return ""
    kind = "targets" if strange[0] in conditions.targets else strange[0]
    return f"{kind}: {generator} cannot be asked for {strange[0]!r}{hint(strange[0], sorted(understands))}"


def _require_elements(name: str, given: Collection[str]) -> None:
    for element in given:
        if element not in symbols():
            raise ValueError(f"{name}: {element!r} is no element{_near(element)}")
    twice = [element for element in given if list(given).count(element) > 1]
    if twice:
        raise ValueError(f"{name}: {twice[0]} is named twice")


def _near(given: str) -> str:
    """The element meant, where one is near; nothing else, for nobody needs the whole table."""
    said = hint(given, symbols())
    return said if said.startswith("; did you mean") else ""


def _require_among(name: str, given: Collection[str], elements: Collection[str]) -> None:
    for element in given:
        if element not in elements:
            raise ValueError(f"{name}: {element} is not among the elements allowed ({', '.join(elements)})")
