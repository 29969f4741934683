"""This file is the oracle of heat_treatment.yaml: an invented tempering model, smooth and quick."""

from math import exp, log10

SEVERITY = {"water": 1.0, "oil": 0.6, "air": 0.25}
"""How hard each quench hits, dimensionless."""


def temper(values: dict[str, float | int | str]) -> dict[str, float]:
    """Hardness (GPa), distortion (micrometre) and cost (EUR) of one heat treatment.

    `values` holds the campaign's variables by name. Softening follows a Hollomon-Jaffe parameter,
    P = T (20 + log10 t) / 1000 with T in kelvin and t in hours (all cycles together).
    """
    temperature_k, time_h = float(values["temperature_k"]), float(values["time_h"])
    cycles, severity = int(values["cycles"]), SEVERITY[str(values["quench"])]
    parameter = temperature_k * (20 + log10(time_h * cycles)) / 1000
    hardness_gpa = 2.5 + 4.5 * severity**0.5 / (1 + exp((parameter - 14) / 1.5)) + 0.25 * (cycles - 1)
    distortion_um = 12 + 70 * severity**2 * exp(-(parameter - 9) / 4) + 4 * (cycles - 1)
    cost_eur = 0.004 * (temperature_k - 300) * time_h**0.5 * cycles
    return {"hardness_gpa": hardness_gpa, "distortion_um": distortion_um, "cost_eur": cost_eur}
