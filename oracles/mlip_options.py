"""This file is what the options of the `mlip` oracle may be, and the properties it knows."""

from typing import TYPE_CHECKING

from oracles.mlip_engine import require_known, require_together
from oracles.names import unknown

if TYPE_CHECKING:
    from oracles.mlip import Mlip

PROPERTIES = (
    "lattice_constant_angstrom",
    "energy_ev_per_atom",
    "volume_angstrom3_per_atom",
    "density_g_per_cm3",
    "bulk_modulus_gpa",
    "c11_gpa",
    "c12_gpa",
    "c44_gpa",
    "shear_modulus_gpa",
    "young_modulus_gpa",
    "pugh_ratio",
    "poisson_ratio",
    "formation_energy_ev_per_atom",
    "mixing_enthalpy_ev_per_atom",
    "unstable_stacking_fault_energy_mj_per_m2",
    "intrinsic_stacking_fault_energy_mj_per_m2",
    "lowest_phonon_thz",
    "imaginary_phonons",
    "npt_volume_drift_percent",
    "npt_mean_square_displacement_angstrom2",
)
ABOVE_HULL = "energy_above_hull_ev_per_atom"
"""A property where `competing` names phases."""
POSITIVE = (
    "cells",
    "decorations",
    "fault_decorations",
    "steps",
    "force_tolerance_ev_per_angstrom",
    "stress_tolerance_gpa",
    "largest_force_ev_per_angstrom",
    "nearest_over_radii",
    "phonon_length_angstrom",
    "phonon_displacement_angstrom",
    "temperature_k",
    "npt_ps",
    "timestep_fs",
    "guard_limit_ev_per_angstrom",
)


def known_properties(o: "Mlip") -> tuple[str, ...]:
    """Names of all properties that it can compute with these options."""
    return (*PROPERTIES, ABOVE_HULL) if o.competing else PROPERTIES


def require_sound(o: "Mlip") -> None:
    """ValueError with what was given and what may be."""
    require_known(o.calculator)
    if o.batched == "torch-sim":
        require_together(o.calculator)
    if o.guard:
        require_known(o.guard)
    if o.guard == o.calculator and not o.model:
        raise ValueError(f"guard: {o.guard} cannot disagree with itself; name another calculator")
    for name in o.compute or ():
        if name == ABOVE_HULL and not o.competing:
            raise ValueError(f"compute: {name} needs `competing: FILE`, the structures of competing phases")
        if name not in known_properties(o):
            raise ValueError(f"compute: {unknown('property', name, PROPERTIES)}")
    for name in POSITIVE:
        if not getattr(o, name) > 0:
            raise ValueError(f"{name} is {getattr(o, name)}; it must be positive")
    if not 0.0 < o.strain <= 0.1:
        raise ValueError(f"strain is {o.strain}; a window of strain is more than 0 and at most 0.1")
    low, high = o.volume_window
    if not 0.0 < low < 1.0 < high:
        raise ValueError(f"volume_window is {list(o.volume_window)}; 1 must lie inside it")
    along, across, layers = o.fault_cells
    if along < 1 or across < 1 or layers < 9 or layers % 3:
        raise ValueError(f"fault_cells is {list(o.fault_cells)}: its planes must be a multiple of 3, 9 or more")
    if o.temperature_k > 10000.0:
        raise ValueError(f"temperature_k is {o.temperature_k}; no crystal survives 10000 K")
    fault = "stacking_fault" in " ".join(o.compute or ())
    if fault and o.lattice != "fcc":
        raise ValueError(f"compute: stacking faults are those of fcc alloys, and lattice is {o.lattice}")
