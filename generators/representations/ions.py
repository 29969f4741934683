"""This file is ions by name: charge, size and make-up of monatomic and molecular ions.

Radii in pm. Monatomic: Shannon 1976, doi 10.1107/S0567739476001551, as shipped with pymatgen, six neighbours and high
spin where there is a choice. Molecular cations: the effective radii of Kieslich, Sun and Cheetham 2014, doi
10.1039/C4SC02211D, and 2015, doi 10.1039/C5SC00961H. MASS_ONLY cations have none there. Electronegativities are
Pauling's, masses and electrons those of the atoms.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from eutectic.generators.representations.elements import SYMBOLS
from eutectic.optimizers.base import Array

MOLECULES: dict[str, tuple[str, int, float | None, tuple[str, ...]]] = {
    "ammonium": ("N H4", 1, 146.0, ("NH4", "AM")),
    "hydroxylammonium": ("N H4 O", 1, 216.0, ("NH3OH", "HA", "HXA")),
    "methylammonium": ("C N H6", 1, 217.0, ("MA", "CH3NH3")),
    "hydrazinium": ("N2 H5", 1, 217.0, ("N2H5", "HZ", "HZA", "NH3NH2")),
    "azetidinium": ("C3 N H8", 1, 250.0, ("AZ", "(CH2)3NH2")),
    "formamidinium": ("C N2 H5", 1, 253.0, ("FA", "CH(NH2)2", "HC(NH2)2", "NH2CHNH2")),
    "imidazolium": ("C3 N2 H5", 1, 258.0, ("IM", "IMA", "C3N2H5", "C3H5N2")),
    "dimethylammonium": ("C2 N H8", 1, 272.0, ("DMA", "(CH3)2NH2")),
    "ethylammonium": ("C2 N H8", 1, 274.0, ("EA", "C2H5NH3", "CH3CH2NH3")),
    "guanidinium": ("C N3 H6", 1, 278.0, ("GA", "GUA", "C(NH2)3")),
    "tetramethylammonium": ("C4 N H12", 1, 292.0, ("TMA", "(CH3)4N", "N(CH3)4")),
    "trimethylammonium": ("C3 N H10", 1, None, ("TRIMA", "(CH3)3NH")),
    "acetamidinium": ("C2 N2 H7", 1, None, ("AA", "ACA", "CH3C(NH2)2")),
    "propylammonium": ("C3 N H10", 1, None, ("PA", "C3H7NH3")),
    "isopropylammonium": ("C3 N H10", 1, None, ("IPA", "(CH3)2CHNH3")),
    "butylammonium": ("C4 N H12", 1, None, ("BA", "C4H9NH3")),
    "hydronium": ("O H3", 1, None, ("H3O",)),
    "phosphonium": ("P H4", 1, None, ("PH4",)),
    "methylphosphonium": ("C P H6", 1, None, ("CH3PH3",)),
    "arsonium": ("As H4", 1, None, ("AsH4",)),
    "sulfonium": ("S H3", 1, None, ("SH3", "H3S")),
    "hydroxide": ("O H", -1, None, ("OH",)),
    "cyanide": ("C N", -1, None, ("CN",)),
    "azide": ("N3", -1, None, ("N3",)),
    "thiocyanate": ("S C N", -1, None, ("SCN", "NCS")),
    "formate": ("H C O2", -1, None, ("HCOO", "HCO2")),
    "acetate": ("C2 H3 O2", -1, None, ("CH3COO", "OAc")),
    "nitrate": ("N O3", -1, None, ("NO3",)),
    "tetrafluoroborate": ("B F4", -1, None, ("BF4",)),
    "perchlorate": ("Cl O4", -1, None, ("ClO4",)),
    "hexafluorophosphate": ("P F6", -1, None, ("PF6",)),
    "carbonate": ("C O3", -2, None, ("CO3",)),
    "sulfate": ("S O4", -2, None, ("SO4",)),
    "phosphate": ("P O4", -3, None, ("PO4",)),
}
"""Name -> atoms, charge, effective radius in pm (None: no value in the sources), other labels."""
_LABELS = {
    label.casefold() if label == name else label: name
    for name, (_, _, _, others) in MOLECULES.items()
    for label in (name, *others)
}
FEATURES: tuple[str, ...] = (
    "charge",
    "radius_pm",
    "electronegativity_pauling",
    "mass_g_per_mol",
    "atoms",
    "hydrogen_atoms",
    "electrons",
)
"""What is said of an ion; the electronegativity is the mean over its atoms."""
UNITS: tuple[str, ...] = ("", "pm", "pauling", "g/mol", "", "", "")
_CHARGE = re.compile(r"^\[?(?P<body>.+?)\]?(?:\^?\{?(?P<count>\d*)(?P<sign>[+-])\}?|\((?P<roman>[IV]+)\))?$")
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7}
"""Charges as names of compounds give them."""


@dataclass(frozen=True, slots=True)
class Ion:
    """What a label says."""

    name: str
    """Of a molecule or an element's symbol."""
    charge: int | None
    """None: an element whose charge the label does not give."""


@lru_cache(maxsize=1024)
def ion(label: str) -> Ion | None:
    """The ion of a label such as Pb, Pb2+, Cs+, MA, methylammonium or [CH3NH3]+; None where it names none."""
    match = _CHARGE.match(label.strip())
    if match is None:
        return None
    sign = {"+": 1, "-": -1, None: 0}[match["sign"]]
    charge = sign * int(match["count"] or 1) if sign else _ROMAN.get(match["roman"] or "")
    found = _called(match["body"], charge)
    if found is None and match["count"] and "^" not in label:  # NH4+ has four hydrogen atoms and one charge
        found = _called(match["body"] + match["count"], sign)
    return found


def _called(body: str, charge: int | None) -> Ion | None:
    """The ion that a label's formula or name and its charge, if it gives one, agree on."""
    molecule = _LABELS.get(body) or _LABELS.get(body.casefold().removesuffix(" cation"))
    if molecule is not None:
        own = MOLECULES[molecule][1]
        return Ion(molecule, own) if charge in (None, own) else None
    return Ion(body, charge) if body in SYMBOLS else None


def charged(ions: Sequence[Ion]) -> list[Ion]:
    """Elements given the charge that most of the others can have, or the nearest to it that they have themselves."""
    from pymatgen.core import Element

    states = [(own.charge,) if own.charge is not None else Element(own.name).common_oxidation_states for own in ions]
    shared = Counter(state for own in states for state in own)
    usual = min(shared, key=lambda state: (-shared[state], abs(state), -state)) if shared else 0
    return [
        Ion(own.name, min(able, key=lambda state: (abs(state - usual), -state)) if able else 0)
        for own, able in zip(ions, states, strict=True)
    ]


def radius_pm(own: Ion) -> float:
    """Radius in pm; NaN where the sources have none."""
    if own.name in MOLECULES:
        known = MOLECULES[own.name][2]
        return np.nan if known is None else known
    from pymatgen.core import Element

    listed = Element(own.name).data.get("Shannon radii") or {}
    places = listed.get(str(own.charge), {}) if isinstance(listed, dict) else {}
    for place in ("VI", "VIII", "IV", "IVSQ", "IVPY", "V", "VII", "XII", "IX", "X", "III", "II"):
        spins = places.get(place)
        if spins:
            spin = "High Spin" if "High Spin" in spins else sorted(spins)[0]
            return round(100 * float(spins[spin]["ionic_radius"]), 1)
    return np.nan


def descriptors(labels: Sequence[str]) -> Array:
    """(labels, FEATURES) of ions; labels that name none, and values that the sources lack, have the column's mean."""
    from pymatgen.core import Composition

    values = np.full((len(labels), len(FEATURES)), np.nan)
    places = [k for k, label in enumerate(labels) if ion(label) is not None]
    for k, own in zip(places, charged([found for k in places if (found := ion(labels[k]))]), strict=True):
        made = Composition(MOLECULES[own.name][0] if own.name in MOLECULES else own.name)
        electrons = sum(e.Z * count for e, count in made.items()) - (own.charge or 0)
        pull = sum(e.X * count for e, count in made.items()) / made.num_atoms
        values[k] = (own.charge, radius_pm(own), pull, made.weight, made.num_atoms, made["H"], electrons)
    known = np.isfinite(values)
    mean = np.where(known, values, 0.0).sum(0) / np.maximum(known.sum(0), 1)
    filled: Array = np.where(known, values, mean)
    return filled
