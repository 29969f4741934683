"""This file is the element properties behind the screens, read once from the installed pymatgen and matminer."""

import csv
import warnings
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from oracles.base import Candidate
from oracles.element_constants import CRUSTAL_ABUNDANCE_PPM, GUO_LIU_RADII_ANGSTROM

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
    """The symbols of the elements 1 to 118, by atomic number."""
    from pymatgen.core import Element

    return tuple(Element.from_Z(z).symbol for z in range(1, 119))


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
