"""This file is the oracle of perovskite_sites.yaml: an invented formation energy of mixed perovskites, quick."""

from math import log

EV_PER_FORMULA = {"La": -9.30, "Ca": -6.58, "Sr": -6.14, "Mn": -4.97, "Fe": -4.27, "Co": -2.93}
"""Formation enthalpy, eV, of the oxide LaO1.5, CaO, SrO, MnO1.5, FeO1.5 or CoO1.5: measured, rounded."""
RADIUS_ANGSTROM = {"La": 1.36, "Ca": 1.34, "Sr": 1.44, "Mn": 0.645, "Fe": 0.645, "Co": 0.61}
"""Ionic radii after Shannon 1976, doi 10.1107/S0567739476001551, twelvefold on A and sixfold on B; O is 1.40."""
BOLTZMANN_EV_PER_K = 8.617e-5


def formation(values: dict[str, float | int | str]) -> dict[str, float]:
    """Formation energy (eV/atom) of (A)(B)O3, of the sites' fractions by element.

    From the binary oxides: the less, the farther the tolerance factor (Goldschmidt 1926, doi 10.1007/BF01507527) is
    from 0.96 and the more holes there are; mixing on a site gains its entropy at 1000 K.
    """
    a = {symbol: float(values[symbol]) for symbol in ("La", "Ca", "Sr")}
    b = {symbol: float(values[symbol]) for symbol in ("Mn", "Fe", "Co")}
    large, small = (sum(x * RADIUS_ANGSTROM[symbol] for symbol, x in site.items()) for site in (a, b))
    tolerance = (large + 1.40) / (2**0.5 * (small + 1.40))
    holes = a["Ca"] + a["Sr"]
    oxides = sum(x * EV_PER_FORMULA[symbol] for symbol, x in {**a, **b}.items())
    entropy = -sum(x * log(x) for x in (*a.values(), *b.values()) if x > 0)
    total = oxides - 0.3 + 60 * (tolerance - 0.96) ** 2 + 0.6 * holes**2 - BOLTZMANN_EV_PER_K * 1000 * entropy
    return {"formation_energy_ev_per_atom": total / 5}
