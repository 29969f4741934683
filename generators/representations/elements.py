"""This file is element properties by name: Magpie's table as shipped with matminer.

Ward et al. 2016, doi 10.1038/npjcompumats.2016.28. Where an element has no value, the mean over the elements stands in.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from eutectic.generators.hints import suggestion
from eutectic.optimizers.base import Array

_PERIODIC_TABLE = """
H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb
Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu
Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db
Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og
"""
SYMBOLS = tuple(_PERIODIC_TABLE.split())
"""Element symbols in order of atomic number."""


MAGPIE = {
    "atomic_number": ("Number", ""),
    "mendeleev_number": ("MendeleevNumber", ""),
    "atomic_weight_g_per_mol": ("AtomicWeight", "g/mol"),
    "melting_temperature_k": ("MeltingT", "K"),
    "periodic_group": ("Column", ""),
    "period": ("Row", ""),
    "covalent_radius_pm": ("CovalentRadius", "pm"),
    "electronegativity_pauling": ("Electronegativity", "pauling"),
    "s_valence_electrons": ("NsValence", ""),
    "p_valence_electrons": ("NpValence", ""),
    "d_valence_electrons": ("NdValence", ""),
    "f_valence_electrons": ("NfValence", ""),
    "valence_electrons": ("NValence", ""),
    "s_unfilled_states": ("NsUnfilled", ""),
    "p_unfilled_states": ("NpUnfilled", ""),
    "d_unfilled_states": ("NdUnfilled", ""),
    "f_unfilled_states": ("NfUnfilled", ""),
    "unfilled_states": ("NUnfilled", ""),
    "volume_angstrom3_per_atom": ("GSvolume_pa", "angstrom^3"),
    "band_gap_ev": ("GSbandgap", "eV"),
    "magnetic_moment_bohr": ("GSmagmom", "bohr_magneton"),
    "space_group_number": ("SpaceGroupNumber", ""),
}
"""The 22 properties of Magpie's composition features: our name -> Magpie's name, unit."""
ELEMENTAL = MAGPIE | {
    "atomic_radius_angstrom": ("AtomicRadius", "angstrom"),
    "metallic_radius_pm": ("MiracleRadius", "pm"),
    "first_ionization_energy_ev": ("FirstIonizationEnergy", "eV"),
    "bulk_modulus_gpa": ("BulkModulus", "GPa"),
    "shear_modulus_gpa": ("ShearModulus", "GPa"),
}
"""All properties that can be named."""
COMMON = (
    "atomic_number",
    "electronegativity_pauling",
    "covalent_radius_pm",
    "valence_electrons",
    "mendeleev_number",
    "melting_temperature_k",
)
"""Properties where none are named."""


def resolved(names: Sequence[str]) -> tuple[str, ...]:
    """The properties meant by names, units left out or not; `magpie` stands for its 22. ValueError for another name."""
    found: list[str] = []
    for name in names:
        found += MAGPIE if name == "magpie" else [_resolved(name)]
    return tuple(dict.fromkeys(found))


def _resolved(name: str) -> str:
    meant = [known for known in ELEMENTAL if known == name or known.startswith(f"{name}_")]
    if name in ELEMENTAL or len(meant) == 1:
        return name if name in ELEMENTAL else meant[0]
    near = suggestion(name, ELEMENTAL) or ";"
    raise ValueError(f"properties: {name!r} is unknown{near} Known: magpie, {', '.join(ELEMENTAL)}")


def unit(name: str) -> str:
    """Unit of a property, "" where dimensionless."""
    return ELEMENTAL[name][1]


@lru_cache(maxsize=64)
def table(symbols: tuple[str, ...], properties: tuple[str, ...]) -> Array:
    """(elements, properties) values, units as in the names."""
    from pymatgen.core import Element

    data = _magpie()
    names = [ELEMENTAL[name][0] for name in properties]
    rows = [[float(data.get_elemental_property(Element(s), name)) for name in names] for s in symbols]
    return np.array(rows).reshape(len(symbols), len(properties))


@lru_cache(maxsize=1)
def _magpie():  # type: ignore[no-untyped-def]
    from matminer.utils.data import MagpieData

    return MagpieData(impute_nan=True)
