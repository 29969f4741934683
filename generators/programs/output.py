"""This file is crystals that a program has written: every whole one, and what is wrong with the rest."""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from eutectic.generators.structures.conditions import Conditions
from eutectic.oracles.structures.doubts import DoubtKind
from eutectic.oracles.structures.files import read_all

if TYPE_CHECKING:
    from pymatgen.core import Structure

ACCEPTED: tuple[DoubtKind, ...] = ("symmetry", "formula", "symbols", "distances", "density", "periodicity")
"""Doubts about files that are put aside: whether a crystal could be one is judged afterwards, for all generators."""


def written(folder: Path) -> "tuple[list[Structure], str]":
    """The crystals in a folder, in the order of their files' names, and the first thing that is wrong; "" nothing.

    Where there is an extended XYZ file it alone is read: beside it, MatterGen's zip of CIFs holds the same crystals in
    other cells. Of a file that breaks off, the whole crystals before count.
    """
    several = sorted([*folder.rglob("*.extxyz"), *folder.rglob("*.xyz")])
    found: list[Structure] = []
    wrong = ""
    for path in several or sorted(folder.rglob("*.cif")):
        try:
            found += read_all(str(path), ACCEPTED)
        except ValueError as error:
            found += _whole(path) if several else []
            wrong = wrong or str(error)
    return found, wrong


def _whole(path: Path) -> "list[Structure]":
    """The frames of a broken extended XYZ file before the one that breaks off."""
    from ase.io import read
    from pymatgen.io.ase import AseAtomsAdaptor

    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    found: list[Structure] = []
    start = 0
    while start < len(lines):
        try:
            size = int(lines[start])
            text = "\n".join(lines[start : start + size + 2]) + "\n"
            if len(lines) < start + size + 2:
                break
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found.append(AseAtomsAdaptor.get_structure(read(io.StringIO(text), format="extxyz")))
        except (ValueError, KeyError, IndexError, OSError):
            break
        start += size + 2
    return found


def unwanted(structure: "Structure", conditions: Conditions) -> str:
    """Which condition on elements, formula or atoms a crystal breaks; "" none: many a program keeps none of them."""
    own = {str(e): round(n) for e, n in structure.composition.reduced_composition.get_el_amt_dict().items()}
    low, high = conditions.atoms
    if not structure.is_ordered:
        return "its sites are partly filled"
    if conditions.formula and own != conditions.composition:
        return f"it is {structure.composition.reduced_formula}, not {conditions.formula}"
    alien = sorted(set(own) - set(conditions.allowed)) if conditions.allowed else []
    if alien:
        return f"it has {alien[0]}, which is not allowed"
    lacking = [element for element in conditions.required if element not in own]
    if lacking:
        return f"it lacks {lacking[0]}, which is required"
    return "" if low <= len(structure) <= high else f"its cell has {len(structure)} atoms, not {low} to {high}"


def reasons(number: int, wanted: int, fate: str, wrong: str) -> str:
    """Why there are fewer crystals than wanted, as a sentence."""
    wrote = f"the program wrote {number} of {wanted} crystals" if number else "the program wrote no crystal"
    return "; ".join(part for part in (wrote, fate, wrong) if part)
