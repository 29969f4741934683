"""This file is the element properties behind the screens, read once from the installed pymatgen and matminer.

Two tables that no installed package ships (Guo and Liu's radii, abundances in the crust) are typed here from their
publications.
"""

import csv
import re
import warnings
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eutectic.oracles.base import Candidate

Array = NDArray[np.float64]
Property = Literal[
    "mass_g_per_mol",
    "density_g_per_cm3",
    "melting_temperature_k",
    "electronegativity",
    "valence_electrons",
    "radius_guo_liu_angstrom",
    "radius_miracle_angstrom",
    "hhi_production",
    "hhi_reserve",
    "price_usd_per_kg",
    "crustal_abundance_ppm",
]
SYMBOL = re.compile(r"^([A-Z][a-z]|[BCFHIKNOPSUVWY])$")
"""What looks like the symbol of an element."""
PERIODIC_TABLE = """
H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr
Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe
Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn
Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og
"""
GUO_LIU_RADII_ANGSTROM: dict[str, float] = {
    "Li": 1.519, "Be": 1.128, "B": 0.820, "C": 0.773, "N": 0.750, "O": 0.730, "Na": 1.857, "Mg": 1.601, "Al": 1.432,
    "Si": 1.153, "P": 1.060, "S": 1.020, "K": 2.310, "Ca": 1.976, "Sc": 1.641, "Ti": 1.462, "V": 1.316, "Cr": 1.249,
    "Mn": 1.350, "Fe": 1.241, "Co": 1.251, "Ni": 1.246, "Cu": 1.278, "Zn": 1.395, "Ga": 1.392, "Ge": 1.240,
    "Rb": 2.440, "Sr": 2.152, "Y": 1.802, "Zr": 1.603, "Nb": 1.429, "Mo": 1.363, "Ru": 1.338, "Rh": 1.345,
    "Pd": 1.375, "Ag": 1.445, "Cd": 1.568, "In": 1.659, "Sn": 1.620, "Cs": 2.650, "Ba": 2.176, "La": 1.879,
    "Ce": 1.825, "Sm": 1.810, "Gd": 1.801, "Tb": 1.781, "Dy": 1.774, "Ho": 1.766, "Er": 1.756, "Lu": 1.735,
    "Hf": 1.578, "Ta": 1.430, "W": 1.367, "Re": 1.375, "Os": 1.352, "Ir": 1.357, "Pt": 1.387, "Au": 1.442,
    "Tl": 1.716, "Pb": 1.750, "Th": 1.800,
}  # fmt: skip
"""Atomic radii, angstrom, of the published delta values of high-entropy alloys: Guo & Liu 2011,
10.1016/S1002-0071(12)60080-X (there after Senkov & Miracle 2001, 10.1016/S0025-5408(01)00715-2). Lanthanides whose
value there is not a metallic radius (Pr, Nd, Pm, Tm, Yb) are left out; so are Eu, U and the elements it has not."""

CRUSTAL_ABUNDANCE_PPM: dict[str, float] = {
    "H": 1.40e3, "He": 8e-3, "Li": 20.0, "Be": 2.8, "B": 10.0, "C": 200.0, "N": 19.0, "O": 4.61e5, "F": 585.0,
    "Ne": 5e-3, "Na": 2.36e4, "Mg": 2.33e4, "Al": 8.23e4, "Si": 2.82e5, "P": 1.05e3, "S": 350.0, "Cl": 145.0,
    "Ar": 3.5, "K": 2.09e4, "Ca": 4.15e4, "Sc": 22.0, "Ti": 5.65e3, "V": 120.0, "Cr": 102.0, "Mn": 950.0,
    "Fe": 5.63e4, "Co": 25.0, "Ni": 84.0, "Cu": 60.0, "Zn": 70.0, "Ga": 19.0, "Ge": 1.5, "As": 1.8, "Se": 0.05,
    "Br": 2.4, "Kr": 1e-4, "Rb": 90.0, "Sr": 370.0, "Y": 33.0, "Zr": 165.0, "Nb": 20.0, "Mo": 1.2, "Ru": 1e-3,
    "Rh": 1e-3, "Pd": 0.015, "Ag": 0.075, "Cd": 0.15, "In": 0.25, "Sn": 2.3, "Sb": 0.2, "Te": 1e-3, "I": 0.45,
    "Xe": 3e-5, "Cs": 3.0, "Ba": 425.0, "La": 39.0, "Ce": 66.5, "Pr": 9.2, "Nd": 41.5, "Sm": 7.05, "Eu": 2.0,
    "Gd": 6.2, "Tb": 1.2, "Dy": 5.2, "Ho": 1.3, "Er": 3.5, "Tm": 0.52, "Yb": 3.2, "Lu": 0.8, "Hf": 3.0, "Ta": 2.0,
    "W": 1.25, "Re": 7e-4, "Os": 1.5e-3, "Ir": 1e-3, "Pt": 5e-3, "Au": 4e-3, "Hg": 0.085, "Tl": 0.85, "Pb": 14.0,
    "Bi": 8.5e-3, "Th": 9.6, "U": 2.7,
}  # fmt: skip
"""Mass of the element in the continental crust, mg/kg: CRC Handbook of Chemistry and Physics, 92nd ed. (2011),
section 14, "Abundance of Elements in the Earth's Crust and in the Sea"."""


@lru_cache(maxsize=1)
def table() -> dict[Property, dict[str, float]]:
    """Property -> element symbol -> value; an element without the datum is absent."""
    tables: dict[Property, dict[str, float]] = {
        "radius_guo_liu_angstrom": GUO_LIU_RADII_ANGSTROM,
        "radius_miracle_angstrom": _miracle_radii(),
        "price_usd_per_kg": _prices(),
        "crustal_abundance_ppm": CRUSTAL_ABUNDANCE_PPM,
    }
    return tables | _periodic_table() | _hhi()


def column(name: Property, elements: Sequence[str]) -> Array:
    """(k,) one property of k elements, NaN where there is no datum; cached tables underneath."""
    known = table()[name]
    return np.array([known.get(e, np.nan) for e in elements], dtype=np.float64)


@lru_cache(maxsize=1)
def symbols() -> tuple[str, ...]:
    """The symbols of the elements 1 to 118, by atomic number; known without loading pymatgen."""
    return tuple(PERIODIC_TABLE.split())


def _periodic_table() -> dict[Property, dict[str, float]]:
    """Masses, densities of the solids, melting points, Pauling electronegativities, valence electrons (pymatgen)."""
    from pymatgen.core import Element

    tables: dict[Property, dict[str, float]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen warns where it has no datum; absence is what we record
        elements = [Element(s) for s in symbols()]
        rows = {
            e.symbol: (e.atomic_mass, e.density_of_solid, e.melting_point, e.X, valence_electrons(e.Z, e.group))
            for e in elements
        }
    names: list[Property] = [
        "mass_g_per_mol", "density_g_per_cm3", "melting_temperature_k", "electronegativity", "valence_electrons",
    ]  # fmt: skip
    for i, name in enumerate(names):
        scale = 1e-3 if name == "density_g_per_cm3" else 1.0  # kg/m3 in pymatgen
        cells = {s: row[i] for s, row in rows.items() if row[i] is not None}
        tables[name] = {s: float(v) * scale for s, v in cells.items() if np.isfinite(float(v))}
    return tables


def valence_electrons(atomic_number: int, group: int) -> int:
    """Electrons outside the closed shells, d electrons counted and f not (Guo et al. 2011, 10.1063/1.3587228).

    The group number up to 12, ten less from 13 on, 3 for lanthanides and actinides, 2 for helium.
    """
    if atomic_number == 2:
        return 2
    if 57 <= atomic_number <= 71 or 89 <= atomic_number <= 103:
        return 3
    return group if group <= 12 else group - 10


def _miracle_radii() -> dict[str, float]:
    """Radii assessed in metallic glasses, angstrom: Miracle et al. 2010, 10.1179/095066010X12646898728200."""
    folder = files("matminer").joinpath("utils", "data_files", "magpie_elementdata")
    lines = folder.joinpath("MiracleRadius.table").read_text(encoding="utf-8").splitlines()
    cells = dict(zip(symbols(), (line.strip() for line in lines), strict=False))
    return {s: float(c) / 100.0 for s, c in cells.items() if c and c not in {"NA", "None"} and float(c) > 0}


def _hhi() -> dict[Property, dict[str, float]]:
    """Herfindahl-Hirschman indices, dimensionless: Gaultois et al. 2013, 10.1021/cm400893e (pymatgen)."""
    text = files("pymatgen.analysis").joinpath("hhi_data.csv").read_text(encoding="utf-8")
    rows = [line.split(",") for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {
        "hhi_production": {symbol: float(production) for symbol, production, _ in rows},
        "hhi_reserve": {symbol: float(reserve) for symbol, _, reserve in rows},
    }


def _prices() -> dict[str, float]:
    """USD/kg of the pure elements as collected by pymatgen 2013-2020; the cheapest entry where there are several."""
    text = files("pymatgen.analysis").joinpath("costdb_elements.csv").read_text(encoding="utf-8")
    prices: dict[str, float] = {}
    for symbol, price, *_ in csv.reader(text.splitlines(), quotechar="|"):
        prices[symbol] = min(float(price), prices.get(symbol, np.inf))
    return prices


def fractions(candidates: Sequence[Candidate]) -> tuple[list[str], Array]:
    """Elements (k) that any candidate holds, sorted, and atomic fractions (n, k); a row of 0 without a composition."""
    elements = sorted({e for c in candidates for e in c.composition or {}})
    X = np.array([[(c.composition or {}).get(e, 0.0) for e in elements] for c in candidates], dtype=np.float64)
    return elements, X.reshape(len(candidates), len(elements))
