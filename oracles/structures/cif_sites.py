"""This file is the site rows of a CIF, corrected or doubted where a reader would drop an atom or take it for another.

pymatgen reads the first two letters of a symbol as an element, else the first: `Va` (a vacancy) is vanadium to it,
`NH4` nihonium, `Fe,Ni` iron; a symbol that begins with a number (`7Li`), or with `OH`, has no atom at all, and an
occupancy of `.`, which stands for the default of 1, is 0.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from eutectic.oracles.structures.doubts import Doubt

if TYPE_CHECKING:
    from pymatgen.core import Structure

TYPE, LABEL, OCCUPANCY = "_atom_site_type_symbol", "_atom_site_label", "_atom_site_occupancy"
COORDINATES = ("_atom_site_fract_x", "_atom_site_fract_y", "_atom_site_fract_z")
VACANCIES = frozenset(("va", "vac", "vacancy", "vacant", "void", "box", "vc", "empty"))
"""Words (lower case) for a site without an atom."""
GROUP = re.compile(r"(NH[234]|H[23]O|OH[23]?|NO[23]|CO3|SO4|PO4|CH[234]|CN|BH4|ClO[34]|BF4|PF6)(?![a-z])\d*[+-]?")
"""Groups of atoms that are written as if they were one."""
ISOTOPE = re.compile(r"(\d{1,3})([A-Z][a-z]?)(?![a-z])(.*)")
CHARGE = re.compile(r"\(?(\d*\.?\d*[+-]|[+-]\d*\.?\d*)\)?$")
MIXED = re.compile(r"[A-Za-z][^+]*[,/:;&][^+]*[A-Za-z]|[A-Z][a-z]?0?\.\d+[A-Z(]")
"""Two elements in one cell, such as `Fe,Ni` or `Fe0.5Ni0.5`."""
NUCLEI = {("2", "H"): "D", ("3", "H"): "T"}
UNMADE = frozenset(("Rf", "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og"))
"""Elements of which there are no crystals."""
UNKNOWN = ("?", ".", "")
APART = 6e-3
"""Fractional distance up to which a row's site is the one that was read; thirds are moved by 1.2e-3."""


def correct(data: dict[str, Any]) -> None:
    """A block's rows in place, as every reader understands them: isotopes, default occupancies, absent symbols."""
    labels, types = data.get(LABEL), data.get(TYPE)
    if isinstance(types, list) and isinstance(labels, list) and len(types) == len(labels):
        data[TYPE] = [
            _plain(label if cell.strip() in UNKNOWN else cell) for cell, label in zip(types, labels, strict=True)
        ]
    elif isinstance(labels, list) and any(ISOTOPE.fullmatch(label) for label in labels):
        data[LABEL] = [_plain(label) for label in labels]
    if isinstance(data.get(OCCUPANCY), list):
        data[OCCUPANCY] = ["1" if cell.strip() == "." else cell for cell in data[OCCUPANCY]]


def placeless(data: Mapping[str, Any]) -> str:
    """The site without a number for a coordinate, as a sentence: a reader would put `.` at 0; "" where all have one."""
    for key in COORDINATES:
        cells = data.get(key, [])
        for place, cell in enumerate(cells if isinstance(cells, list) else [cells]):
            if cell.strip() in UNKNOWN:
                labels = data.get(LABEL, [])
                site = repr(labels[place]) if isinstance(labels, list) and place < len(labels) else str(place + 1)
                return f"its site {site} has {cell.strip()!r} for {key}: where it lies is not known; leave it out"
    return ""


def _plain(symbol: str) -> str:
    """An isotope's symbol as its element's; deuterium and tritium have their own."""
    isotope = ISOTOPE.fullmatch(symbol.strip())
    if not isotope or not _element(isotope[2]):
        return symbol
    return NUCLEI.get((isotope[1], isotope[2]), isotope[2]) + isotope[3]


def doubts(data: Mapping[str, Any], structure: "Structure", formula: bool) -> Iterator[Doubt]:
    """What of the rows would be read as something else; `formula`: whether the file has one, which says it as well."""
    labels, types = data.get(LABEL), data.get(TYPE)
    if not isinstance(labels, list):
        return
    given = isinstance(types, list)
    for cell in dict.fromkeys(types if isinstance(types, list) else labels):
        said = _strange(cell.strip(), given, formula)
        if said:
            yield Doubt("symbols", said)
    if said := _lost(data, structure):
        yield Doubt("symbols", said)
    flags = data.get("_atom_site_calc_flag", [])
    dummies = [label for label, flag in zip(labels, flags, strict=False) if flag.strip() == "dum"]
    if dummies:
        yield Doubt("symbols", f"its site {dummies[0]!r} is a dummy (`dum`) and no atom; leave it out")
    occupancies = data.get(OCCUPANCY, [])
    open_ = [label for label, cell in zip(labels, occupancies, strict=False) if cell.strip() == "?"]
    if open_:
        yield Doubt("formula", f"the occupancy of its site {open_[0]!r} is not known (`?`) and would be 1")


def _strange(cell: str, given: bool, formula: bool) -> str:
    """Why a symbol (`given`) or label is doubtful; "" where it is not."""
    if " + " in cell:  # of the Pauling file, which pymatgen takes apart
        return ""
    letters = re.match(r"[A-Za-z]*", cell)[0]  # type: ignore[index]
    if letters.lower() in VACANCIES or "□" in cell:
        return f"its atom {cell!r} is a vacancy and no atom; leave it out"
    if GROUP.fullmatch(cell) and (given or not formula):
        return f"its atom {cell!r} is a group of atoms, or one of several elements; name the element"
    if not letters:
        return f"its atom {cell!r} names no element"
    core = CHARGE.sub("", cell) if given else cell
    if MIXED.search(core):
        return f"its atom {cell!r} names several elements; write a row an element, with its occupancy"
    pair = letters[:2].title()
    if pair in UNMADE:
        return f"its atom {cell!r} would be read as {pair}; name the element"
    capitals = letters[:2].isupper() and len(letters) > 1
    if capitals and not given and not formula and _element(pair) and _element(letters[0]):
        return f"its atom {cell!r} may be {pair} or {letters[0]}; name the element ({TYPE})"
    return ""


def _lost(data: Mapping[str, Any], structure: "Structure") -> str:
    """The first filled row of which nothing was read, as a sentence; "" where there is none."""
    columns = [data.get(key) for key in COORDINATES]
    labels = data.get(LABEL)
    if not isinstance(labels, list) or not all(isinstance(column, list) for column in columns):
        return ""
    occupancies = data.get(OCCUPANCY, ["1"] * len(labels))
    read = structure.frac_coords
    for label, *cells in zip(labels, occupancies, *(column or () for column in columns), strict=False):
        numbers = [number(cell) for cell in cells]
        if None in numbers or not numbers[0]:
            continue
        away = np.abs((read - np.array(numbers[1:], dtype=float) + 0.5) % 1.0 - 0.5).max(1)
        if away.min(initial=1.0) > APART:
            return f"its site {label!r} is not among the atoms that would be read; name its element"
    return ""


def _element(name: str) -> bool:
    """Is this an element's symbol, deuterium's and tritium's among them?"""
    from pymatgen.core import Element

    return bool(Element.is_valid_symbol(name))


def number(cell: str) -> float | None:
    """A number without the uncertainty in brackets, None for what is none."""
    try:
        return float(re.sub(r"\(.*", "", cell))
    except ValueError:
        return None
