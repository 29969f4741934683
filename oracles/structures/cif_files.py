"""This file is CIF files read block by block, and what pymatgen's reader would pass over with a warning.

Each doubt has a kind, so that who knows better can say so.
"""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pymatgen.core import Structure

DoubtKind = Literal["symmetry", "formula", "symbols", "distances", "density"]
"""What may be doubted of a file: that its symmetry was understood, that its atoms are those of its formula, that its
symbols are elements, that its atoms are not upon each other, that it is as dense as matter."""
ROUNDED = 1.2e-3
"""Coordinates that differ from a third by less than this share are meant to be it: 0.333 in a file of three digits."""
TWO_ORIGINS = frozenset(
    (48, 50, 59, 68, 70, 85, 86, 88, 125, 126, 129, 130, 133, 134, 137, 138, 141, 142, 201, 203, 222, 224, 227, 228)
)
"""Space groups of which the International Tables list two choices of the origin."""
OCCUPANCY = 1.01
"""Most that the elements on one site may fill it, for rounding's sake."""
RATIO = 0.05
"""Relative difference up to which an element's share is that of the file's formula."""
OPERATIONS = (
    "_symmetry_equiv_pos_as_xyz",
    "_space_group_symop_operation_xyz",
    "_space_group_symop.magn_operation_xyz",
    "_space_group_symop_magn_operation_xyz",
)
SYMBOLS = (
    "_symmetry_space_group_name_H-M",
    "_space_group_name_H-M_alt",
    "_space_group_name_H-M",
    "_symmetry_space_group_name_Hall",
    "_space_group_name_Hall",
)
NUMBERS = ("_symmetry_Int_Tables_number", "_space_group_IT_number")
SYSTEMS = (
    (2, "triclinic"),
    (15, "monoclinic"),
    (74, "orthorhombic"),
    (142, "tetragonal"),
    (167, "trigonal"),
    (194, "hexagonal"),
    (230, "cubic"),
)
"""Last space group of each crystal system."""
LENGTH, DEGREES = 0.01, 0.5
"""Relative difference of edges, and difference of angles, up to which they are equal."""
FORMULAS = ("_chemical_formula_sum", "_chemical_formula_structural")


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why what was read may not be what the file means."""

    kind: DoubtKind
    text: str


def read(text: str) -> "list[tuple[Structure, list[Doubt]]]":
    """The structures in a CIF's text, each with what is doubtful of it; ValueError when a block cannot be read."""
    from pymatgen.io.cif import CifFile

    blocks = CifFile.from_str(text).data.values()
    return [_structure(str(block), block.data) for block in blocks if _holds_atoms(block.data)]


def _holds_atoms(data: Mapping[str, Any]) -> bool:
    return any(key.startswith(("_atom_site_fract", "_atom_site_Cartn", "_atom_site.fract")) for key in data)


def _structure(text: str, data: Mapping[str, Any]) -> "tuple[Structure, list[Doubt]]":
    """One block's structure; warnings become doubts where they change the crystal."""
    from pymatgen.io.cif import CifParser

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parser = CifParser.from_str(text, occupancy_tolerance=OCCUPANCY, frac_tolerance=ROUNDED)
        (structure,) = parser.parse_structures(primitive=False, check_occu=True, on_error="raise")
    negative = [x for x in data.get("_atom_site_occupancy", []) if str(x).strip().startswith("-")]
    if negative:
        raise ValueError(f"an occupancy is {negative[0]}")
    said = [*parser.warnings, *(str(warning.message) for warning in caught)]
    return structure, [
        *_symmetry(said, data),
        *_metric(data, structure),
        *_symbols(said),
        *_formula(said, data, structure),
    ]


def _given(data: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    """The first of these entries that says something."""
    for key in keys:
        for name in (key, key + "_"):
            value = str(data.get(name, "")).strip()
            if value not in ("", "?", "."):
                return value
    return ""


def _symmetry(said: list[str], data: Mapping[str, Any]) -> Iterator[Doubt]:
    symbol, number = _given(data, SYMBOLS), _given(data, NUMBERS)
    if any(_given(data, (key,)) for key in OPERATIONS):
        return
    if _number(symbol, number) in TWO_ORIGINS and not symbol.replace(" ", "").endswith((":1", ":2", "S", "Z")):
        yield Doubt(
            "symmetry",
            f"its space group {symbol or number!r} has two choices of origin, its symmetry operations are not given, "
            "and its atoms are others with each; write the operations (_space_group_symop_operation_xyz)",
        )
    if not any("Defaulting to P1" in text for text in said):
        return
    if symbol.replace(" ", "").upper() not in ("", "P1") or number not in ("", "1"):
        yield Doubt(
            "symmetry",
            f"its space group {symbol or number!r} is not understood and its symmetry operations are not given, so "
            "that only the atoms listed would be there; write the operations (_space_group_symop_operation_xyz)",
        )


def _metric(data: Mapping[str, Any], structure: "Structure") -> Iterator[Doubt]:
    """A cell that is none of its space group, in the axes that its operations would be taken in."""
    if any(_given(data, (key,)) for key in OPERATIONS):
        return
    symbol = _given(data, SYMBOLS)
    number = _number(symbol, _given(data, NUMBERS))
    a, b, c = structure.lattice.abc
    alpha, beta, gamma = structure.lattice.angles

    def same(one: float, other: float) -> bool:
        return abs(one - other) <= LENGTH * max(one, other)

    square = [abs(angle - 90.0) <= DEGREES for angle in (alpha, beta, gamma)]
    hexagonal = same(a, b) and square[:2] == [True, True] and abs(gamma - 120.0) <= DEGREES
    fits = {
        "monoclinic": sum(square) >= 2,
        "orthorhombic": all(square),
        "tetragonal": all(square) and same(a, b),
        "trigonal": hexagonal,
        "hexagonal": hexagonal,
        "cubic": all(square) and same(a, b) and same(b, c),
    }
    system = next((name for most, name in SYSTEMS if number <= most), "")
    if not fits.get(system, True):
        cell = ", ".join(f"{x:.4g}" for x in (a, b, c, alpha, beta, gamma))
        yield Doubt("symmetry", f"its cell ({cell}) is none of its space group {symbol or number}, which is {system}")


def _number(symbol: str, number: str) -> int:
    """The space group's number, 0 where it is not known."""
    from pymatgen.symmetry.groups import SpaceGroup

    if number.isdigit():
        return int(number)
    try:
        return int(SpaceGroup(symbol.replace(" ", "")).int_number)
    except (ValueError, KeyError):
        return 0


def _symbols(said: list[str]) -> Iterator[Doubt]:
    for text in dict.fromkeys(said):
        symbol, parsed, element = text.partition(" parsed as ")
        if parsed and "\n" not in text and not symbol.lower().startswith(element.lower()):
            yield Doubt("symbols", f"its atom {symbol!r} would be read as {element}; name the element")


def _formula(said: list[str], data: Mapping[str, Any], structure: "Structure") -> Iterator[Doubt]:
    """Atoms that the file's own formula has and its sites have not, or in another ratio."""
    from pymatgen.core import Composition

    if any("implicit hydrogens" in text for text in said):
        yield Doubt("formula", "its hydrogens are attached to other atoms and have no sites of their own")
    written = _given(data, FORMULAS).strip("'\"")
    try:
        formula = Composition(written.replace("D", "H") if "Dy" not in written and "Db" not in written else written)
    except (ValueError, TypeError):
        return
    if not formula:
        return
    own, meant = (c.element_composition.fractional_composition for c in (structure.composition, formula))
    absent = [e.symbol for e in meant.elements if e not in own]
    more = [e.symbol for e in own.elements if e not in meant and e.symbol != "D"]
    if absent or more:
        which = f"{', '.join(absent)}, which no site holds" if absent else f"no {', '.join(more)}, which its sites hold"
        yield Doubt("formula", f"its formula {written!r} has {which}: {structure.composition.reduced_formula} is there")
    elif any(abs(own[e] - meant[e]) > RATIO * meant[e] for e in meant.elements):
        there = structure.composition.reduced_formula
        yield Doubt("formula", f"its formula {written!r} is not that of its sites, {there}")
