"""This file is the oracle of alloy_and_anneal.yaml: an invented model of ageing a copper alloy, smooth and quick."""

from math import exp, log10, sqrt

RETAINED = {"air": 0.6, "oil": 0.85, "water": 1.0}
"""Share of the solute that a quench keeps in solution, dimensionless."""


def aged(values: dict[str, float | int | str]) -> dict[str, float]:
    """Hardness (HV) and conductivity (per cent of annealed copper) after one ageing or two.

    `values` holds the campaign's variables by name, amounts in wt.%. What precipitates and coarsens follows a
    Hollomon-Jaffe parameter, P = T (20 + log10 t) / 1000 with T in kelvin and t in hours.
    """
    retained = RETAINED[str(values["quench"])]
    solute = retained * (float(values["Cr"]) + 3 * float(values["Zr"]))
    left, coarse = _ageing(float(values["temperature_k"]), float(values["time_h"]), 1.0, 0.0)
    if values["step_2"] == "anneal":
        left, coarse = _ageing(float(values["temperature_2_k"]), float(values["time_2_h"]), left, coarse)
    silver = float(values["Ag"])
    hardness_hv = 55 + 95 * sqrt(solute * (1 - left)) * (1 - 0.8 * coarse) + 8 * silver
    conductivity = 100 - 32 * solute * left - 4 * float(values["Cr"]) * (1 - retained) - 3 * silver
    return {"hardness_hv": hardness_hv, "conductivity_percent_iacs": conductivity}


def _ageing(temperature_k: float, time_h: float, left: float, coarse: float) -> tuple[float, float]:
    """Share of the solute left in solution, and how far precipitates have coarsened (0 to 1), after one ageing."""
    parameter = temperature_k * (20 + log10(time_h)) / 1000
    precipitated = 1 / (1 + exp(-(parameter - 14.2) / 0.8))
    grown = 1 / (1 + exp(-(parameter - 16.5) / 0.6))
    return left * (1 - 0.95 * precipitated), 1 - (1 - coarse) * (1 - grown)
