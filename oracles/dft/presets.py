"""This file is the presets of `dft`: one row of numbers each, which single options override."""

from collections.abc import Mapping
from dataclasses import asdict, replace

from eutectic.oracles.dft.calculation import Settings
from eutectic.oracles.dft.espresso import RYDBERG_EV

DENSITY_RATIO = 8.0
"""Density cut-off over plane-wave cut-off: ultrasoft and PAW data sets need more than the 4 of norm-conserving ones."""
MIXING = {"espresso": 0.5, "gpaw": 0.05}
"""First mixing_beta; GPAW's mixer also damps long waves, and is made for 0.05."""
_FAST = Settings(
    functional="PBE",
    k_spacing_per_angstrom=0.5,
    cutoff_ev=0.0,
    density_cutoff_ev=0.0,
    smearing="cold",
    smearing_width_ev=0.2,
    scf_tolerance_ev_per_atom=1e-4,
    force_tolerance_ev_per_angstrom=0.05,
    stress_tolerance_gpa=0.5,
    mixing_beta=0.0,
    scf_steps=80,
    relaxation_steps=50,
)
"""What the presets begin from; ours, for screening."""
PRESETS = {
    "fast": _FAST,
    "standard": replace(
        _FAST,
        k_spacing_per_angstrom=0.35,
        smearing_width_ev=0.1,
        scf_tolerance_ev_per_atom=1e-5,
        force_tolerance_ev_per_angstrom=0.02,
        stress_tolerance_gpa=0.1,
    ),
    "tight": replace(
        _FAST,
        k_spacing_per_angstrom=0.15,
        smearing_width_ev=0.05,
        scf_tolerance_ev_per_atom=1e-6,
        force_tolerance_ev_per_angstrom=0.005,
        stress_tolerance_gpa=0.05,
        scf_steps=150,
        relaxation_steps=100,
    ),
}
"""Ours, each about twice as exact as the one before; cut-offs below."""
CUTOFF_RY = {"fast": 35.0, "standard": 50.0, "tight": 80.0}
"""Quantum ESPRESSO's."""
CUTOFF_EV = {"fast": 350.0, "standard": 500.0, "tight": 800.0}
"""GPAW's."""


def settings(engine: str, preset: str, functional: str, overrides: Mapping[str, object]) -> Settings:
    """The preset with what the user gave in its place (entries that are None leave the preset's)."""
    ev = CUTOFF_RY[preset] * RYDBERG_EV if engine == "espresso" else CUTOFF_EV[preset]
    given = {name: value for name, value in overrides.items() if value is not None}
    cutoff = float(given.pop("cutoff_ev", ev))  # type: ignore[arg-type]
    density = given.pop("density_cutoff_ev", None) or DENSITY_RATIO * cutoff
    row = asdict(PRESETS[preset]) | {"functional": functional, "mixing_beta": MIXING[engine], "cutoff_ev": cutoff}
    return Settings(**(row | {"density_cutoff_ev": float(density) if engine == "espresso" else 0.0} | given))  # type: ignore[arg-type]
