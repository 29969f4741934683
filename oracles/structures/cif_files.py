"""This file is CIF files read block by block, and what pymatgen's reader would pass over with a warning.

Each doubt has a kind, so that who knows better can say so.
"""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from eutectic.oracles.structures import cif_sites
from eutectic.oracles.structures.doubts import Doubt

if TYPE_CHECKING:
    from pymatgen.core import Structure
    from pymatgen.symmetry.groups import SpaceGroup

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
STATED = ("_cell_volume", "_exptl_crystal_density_diffrn")
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
CELL = tuple(f"_cell_length_{axis}" for axis in "abc") + tuple(f"_cell_angle_{x}" for x in ("alpha", "beta", "gamma"))
ATOMS = ("_atom_site_fract", "_atom_site_Cartn", "_atom_site.fract")
"""How the names begin under which atoms have places."""
OCCUPANCY_OF_SITES = "_atom_site_occupancy"
VOLUME, CONTENT = 0.02, 0.1
"""Relative differences up to which volume and density are those that are stated."""
CENTRED = {"F": 4, "I": 2, "A": 2, "B": 2, "C": 2, "R": 3}
"""Points of the lattice in a cell."""
FORMULAS = ("_chemical_formula_sum", "_chemical_formula_structural")


def read(text: str) -> "list[tuple[Structure, list[Doubt]]]":
    """The structures in a CIF's text, each with what is doubtful of it; ValueError when a block cannot be read.

    Blocks of one name are several; `CifFile` would keep the last.
    """
    from pymatgen.io.cif import CifBlock

    found = []
    for part in re.split(r"^[^\S\n]*data_", f"\n{text}", flags=re.MULTILINE | re.IGNORECASE)[1:]:
        if not any(key.lower() in part.lower() for key in ATOMS):
            continue
        block = CifBlock.from_str(f"data_{part}")
        if any(key.startswith(ATOMS) for key in block.data):
            cif_sites.correct(block.data)
            found.append(_structure(str(block), block.data))
    return found


def _structure(text: str, data: Mapping[str, Any]) -> "tuple[Structure, list[Doubt]]":
    """One block's structure; warnings become doubts where they change the crystal."""
    from pymatgen.io.cif import CifParser

    _refuse_cell(data)
    if not any(_given(data, (key,)) for key in OPERATIONS):
        _group(_given(data, SYMBOLS))  # pymatgen, which makes its operations, finds it there
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parser = CifParser.from_str(text, occupancy_tolerance=OCCUPANCY, frac_tolerance=ROUNDED)
        (structure,) = parser.parse_structures(primitive=False, check_occu=True, on_error="raise")
    said = [*parser.warnings, *(str(warning.message) for warning in caught)]
    formula = _given(data, FORMULAS)
    return structure, [
        *_symmetry(said, data),
        *_metric(data, structure),
        *cif_sites.doubts(data, structure, bool(formula)),
        *_symbols(said),
        *_formula(said, data, structure),
        *_size(data, structure),
    ]


def _refuse_cell(data: Mapping[str, Any]) -> None:
    """ValueError where the cell or a site's place is not said in full, or an edge or an occupancy is negative."""
    for key in CELL:
        if not _given(data, (key,)):
            raise ValueError(f"its cell is not said in full: there is no {key}")
    for key, what in (
        *((f"_cell_length_{axis}", f"edge {axis} of its cell") for axis in "abc"),
        (OCCUPANCY_OF_SITES, "occupancy"),
    ):
        cells = data.get(key, [])
        negative = [x for x in ([cells] if isinstance(cells, str) else cells) if str(x).strip().startswith("-")]
        if negative:
            raise ValueError(f"an {what} is {negative[0]}")
    if not any(key.startswith("_atom_site_fract") for key in data):
        raise ValueError("its atoms have no fractional coordinates (_atom_site_fract_x)")
    if said := cif_sites.placeless(data):
        raise ValueError(said)


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
    if _given(data, ("_cell_modulation_dimension",)) not in ("", "0") or any("_ssg_" in key for key in data):
        yield Doubt("symmetry", "it is modulated, and only its average structure would be there")
    given = next((key for key in OPERATIONS if _given(data, (key,))), None)
    if given is not None:
        rows = data[given] if isinstance(data[given], list) else [data[given]]
        if "magn" not in given:  # of which the number is the parent's
            yield from _too_few(rows, symbol, number)
        return
    group = _group(symbol)
    if group is not None and number.isdigit() and group.int_number != int(number):
        yield Doubt(
            "symmetry",
            f"its space group is {symbol!r}, which is {group.int_number}, and {number}, and its symmetry "
            "operations are not given; write the operations (_space_group_symop_operation_xyz)",
        )
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


def _too_few(operations: Sequence[str], symbol: str, number: str) -> Iterator[Doubt]:
    """Fewer operations than the group has without its centring: only a part of the atoms would be there."""
    from pymatgen.symmetry.groups import sg_symbol_from_int_number

    own = _number(symbol, number)
    if not 1 <= own <= 230:
        return
    group = _group(sg_symbol_from_int_number(own))
    assert group is not None
    least = group.order // CENTRED.get(str(group.symbol)[0], 1)
    if len(operations) < least:
        yield Doubt(
            "symmetry",
            f"its space group {symbol or number} has {group.order} symmetry operations, and {len(operations)} of them "
            "are given, so that a part of the atoms would be there",
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
    if number.isdigit():
        return int(number)
    group = _group(symbol)
    return 0 if group is None else int(group.int_number)


@lru_cache(maxsize=512)
def _group(symbol: str) -> "SpaceGroup | None":
    """The space group of a symbol, None where pymatgen knows none; made once, for its operations take long to make."""
    from pymatgen.symmetry.groups import SpaceGroup

    try:
        return SpaceGroup(symbol.replace(" ", ""))
    except (ValueError, KeyError):
        return None


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


def _size(data: Mapping[str, Any], structure: "Structure") -> Iterator[Doubt]:
    """A volume or density that the file states and the crystal has not."""
    volume, density = (cif_sites.number(_given(data, (key,))) for key in STATED)
    if volume and abs(structure.volume / volume - 1) > VOLUME:
        yield Doubt("density", f"its cell has {structure.volume:.5g} angstrom^3, and is said to have {volume:g}")
    if density and abs(structure.density / density - 1) > CONTENT:
        yield Doubt("density", f"its density is {structure.density:.4g} g/cm3, and is said to be {density:g}")
