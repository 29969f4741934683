"""This file is the screens' formulas: atomic fractions X (n, k) of k elements -> one number an alloy, NaN without data.

Every function takes the element symbols and X, whose rows sum to 1, and works on all rows at once.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from eutectic.oracles.elements.data import Array, Property, column
from eutectic.oracles.elements.miedema import mixing_enthalpy_kj_per_mol
from eutectic.oracles.elements.neutrality import States, charge_imbalance_e_per_atom, electronegativity_balanced
from eutectic.oracles.physics.measured import AMU_PER_ANGSTROM3_IN_G_PER_CM3

GAS_CONSTANT_J_PER_MOL_K = 8.314462618
"""CODATA 2018, exact."""
ENTHALPY_FLOOR_KJ_PER_MOL = 0.01
"""Omega's denominator is at least this, so that it stays finite; the table's own rounding is fifty times as large."""
_ROUNDING = 1e-9
"""So that an alloy on a threshold, such as CoCrFeMnNi with 8 valence electrons, is on its upper side."""

Rule = Callable[[Sequence[str], Array], Array]


def linear(values: Array, X: Array) -> Array:
    """(n,) sum_i x_i v_i; an element without a value makes its alloys NaN and does no harm where it is absent."""
    unknown = np.isnan(values)
    mean = X @ np.nan_to_num(values)
    return np.where((X[:, unknown] > 0).any(axis=1), np.nan, mean) if unknown.any() else mean


def atomic_mean(name: Property, elements: Sequence[str], X: Array) -> Array:
    """(n,) mean of an element property over atoms."""
    return linear(column(name, elements), X)


def mass_fractions(elements: Sequence[str], X: Array) -> Array:
    """(n, k) mass fractions."""
    weight = X * column("mass_g_per_mol", elements)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def mass_mean(name: Property, elements: Sequence[str], X: Array) -> Array:
    """(n,) mean of an element property over mass."""
    return linear(column(name, elements), mass_fractions(elements, X))


def size_mismatch_percent(radius: Property, elements: Sequence[str], X: Array) -> Array:
    """(n,) 100 sqrt(sum c_i (1 - r_i / r)^2), r the mean radius (Zhang et al. 2008, 10.1002/adem.200700240)."""
    r = column(radius, elements)
    return np.asarray(100.0 * _deviation(r, X) / linear(r, X))


def electronegativity_mismatch(elements: Sequence[str], X: Array) -> Array:
    """(n,) sqrt(sum c_i (chi_i - chi)^2), Pauling units (Fang et al. 2003, 10.1016/S0022-3093(03)00155-8)."""
    return _deviation(column("electronegativity", elements), X)


def _deviation(values: Array, X: Array) -> Array:
    """(n,) sqrt(sum x_i (v_i - v)^2), expanded to matrix products about a nearby centre for the digits' sake."""
    centred = values - (np.nanmean(values) if not np.isnan(values).all() else 0.0)
    variance = linear(centred * centred, X) - linear(centred, X) ** 2
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def mixing_entropy_j_per_mol_k(elements: Sequence[str], X: Array) -> Array:
    """(n,) -R sum c_i ln c_i of the ideal solution (Yeh et al. 2004, 10.1002/adem.200300567)."""
    assert X.shape[1] == len(elements)
    return np.asarray(-GAS_CONSTANT_J_PER_MOL_K * (X * np.log(np.where(X > 0, X, 1.0))).sum(axis=1)) + 0.0


def omega(elements: Sequence[str], X: Array) -> Array:
    """(n,) T_m S_mix / |H_mix|, T_m the mean melting point (Yang & Zhang 2012, 10.1016/j.matchemphys.2011.11.021)."""
    enthalpy_j = 1e3 * np.abs(mixing_enthalpy_kj_per_mol(elements, X))
    melting_k = atomic_mean("melting_temperature_k", elements, X)
    entropy = mixing_entropy_j_per_mol_k(elements, X)
    return np.asarray(melting_k * entropy / np.maximum(enthalpy_j, 1e3 * ENTHALPY_FLOOR_KJ_PER_MOL))


def single_phase_rule(elements: Sequence[str], X: Array) -> Array:
    """(n,) 0 where no solid solution is expected, else 1 bcc, 2 bcc and fcc, 3 fcc.

    A solid solution has Omega >= 1.1 and delta <= 6.6 % (Yang & Zhang 2012, 10.1016/j.matchemphys.2011.11.021, delta
    with the radii of Guo & Liu); it is fcc from VEC 8.0 on and bcc below 6.87 (Guo et al. 2011, 10.1063/1.3587228).
    """
    delta = size_mismatch_percent("radius_guo_liu_angstrom", elements, X)
    ratio, vec = omega(elements, X), atomic_mean("valence_electrons", elements, X)
    several = (X > 0).sum(axis=1) > 1  # Omega of a pure element is 0, for it mixes nothing
    solution = ~several | ((ratio >= 1.1) & (delta <= 6.6))
    lattice = 1.0 + (vec >= 6.87 - _ROUNDING) + (vec >= 8.0 - _ROUNDING)
    return np.where(np.isnan(delta + ratio + vec), np.nan, np.where(solution, lattice, 0.0))


def density_g_per_cm3(elements: Sequence[str], X: Array) -> Array:
    """(n,) sum c_i M_i / sum c_i V_i with the molar volumes V_i = M_i / rho_i of the solid elements (volumes add)."""
    mass = column("mass_g_per_mol", elements)
    return np.asarray(linear(mass, X) / linear(mass / column("density_g_per_cm3", elements), X))


def crystal_density_g_per_cm3(structure: Mapping[str, object]) -> float:
    """Of a crystal, `pymatgen.core.Structure.as_dict()`: the mass on its sites over the volume of its cell."""
    lattice, sites = structure["lattice"], structure["sites"]
    assert isinstance(lattice, Mapping)
    assert isinstance(sites, Sequence)
    species = [part for site in sites for part in site["species"]]
    weights = column("mass_g_per_mol", [str(part["element"]) for part in species])
    mass = float(weights @ np.array([float(part["occu"]) for part in species]))
    return mass / abs(float(np.linalg.det(np.array(lattice["matrix"])))) * AMU_PER_ANGSTROM3_IN_G_PER_CM3


def crustal_abundance_ppm(elements: Sequence[str], X: Array) -> Array:
    """(n,) 1 / sum(w_i / a_i), the harmonic mean over mass: the scarce elements rule, as they do in a mine."""
    return np.asarray(1.0 / linear(1.0 / column("crustal_abundance_ppm", elements), mass_fractions(elements, X)))


def rules(radii: str = "guo_liu", states: States = "all") -> Mapping[str, Rule]:
    """Every screen by its property name; `radii` is `guo_liu` or `miracle`, `states` a list of oxidation states."""
    radius: Property = "radius_miracle_angstrom" if radii == "miracle" else "radius_guo_liu_angstrom"
    return {
        "valence_electron_concentration": partial(atomic_mean, "valence_electrons"),
        "atomic_size_mismatch_percent": partial(size_mismatch_percent, radius),
        "electronegativity_mismatch": electronegativity_mismatch,
        "mixing_entropy_j_per_mol_k": mixing_entropy_j_per_mol_k,
        "miedema_mixing_enthalpy_kj_per_mol": mixing_enthalpy_kj_per_mol,
        "omega": omega,
        "single_phase_rule": single_phase_rule,
        "melting_temperature_k": partial(atomic_mean, "melting_temperature_k"),
        "density_g_per_cm3": density_g_per_cm3,
        "hhi_production": partial(mass_mean, "hhi_production"),
        "hhi_reserve": partial(mass_mean, "hhi_reserve"),
        "price_usd_per_kg": partial(mass_mean, "price_usd_per_kg"),
        "crustal_abundance_ppm": crustal_abundance_ppm,
        "charge_imbalance_e_per_atom": partial(charge_imbalance_e_per_atom, states=states),
        "electronegativity_balanced": partial(electronegativity_balanced, states=states),
    }
