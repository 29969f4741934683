"""This file is what `lammps_alloy` can compute, and which options cannot work."""

from typing import TYPE_CHECKING

from oracles.alloy_domain import nearest

if TYPE_CHECKING:
    from oracles.lammps_alloy import LammpsAlloy

STATICS = (
    "bulk_modulus_gpa",
    "c11_gpa",
    "c12_gpa",
    "c44_gpa",
    "shear_modulus_gpa",
    "young_modulus_gpa",
    "pugh_ratio",
    "poisson_ratio",
    "lattice_constant_angstrom",
    "cohesive_energy_ev_per_atom",
    "mixing_enthalpy_ev_per_atom",
    "fcc_bcc_energy_difference_ev_per_atom",
    "unstable_stacking_fault_energy_mj_per_m2",
    "intrinsic_stacking_fault_energy_mj_per_m2",
)
"""At 0 K."""
DYNAMICS = (
    *STATICS[:9],
    "density_g_per_cm3",
    "thermal_expansion_per_k",
    "mean_square_displacement_angstrom2",
    "fcc_fraction",
    "warren_cowley",
)
"""At `temperature_k`."""
HOTTEST_K = 10_000.0
PRESSURES_GPA = (-20.0, 500.0)
LONGEST_STEP_FS = 5.0
SAMPLE_STEPS = 50
"""Steps of molecular dynamics that one recorded mean covers."""
BLOCKS = 10
"""Blocks of recorded means that standard errors are made from."""


def require_sound(options: "LammpsAlloy") -> None:
    """ValueError for options that cannot work."""
    require_conditions(options.temperature_k, options.pressure_gpa)
    _require_names(options)
    for name in ("cells", "decorations", "fault_decorations"):
        if getattr(options, name) < 1:
            raise ValueError(f"{name} is {getattr(options, name)}; it must be at least 1")
    along, across, layers = options.fault_cells
    if along < 1 or across < 1 or layers < 9 or layers % 3:
        raise ValueError(f"fault_cells is {list(options.fault_cells)}: its planes must be a multiple of 3, 9 or more")
    if options.fault == "relaxed" and options.fault_ions == "relaxed":
        raise ValueError("fault_ions: relaxed is for fault: rigid; relaxed faults relax the perfect slab anyway")
    if not 0.0 < options.strain <= 0.02:
        raise ValueError(f"strain is {options.strain}; elastic constants need more than 0 and at most 0.02")
    if not 0.0 < options.force_tolerance_ev_per_angstrom <= 0.01:
        raise ValueError(
            f"force_tolerance_ev_per_angstrom is {options.force_tolerance_ev_per_angstrom}, not in (0, 0.01]"
        )
    if options.temperature_k > 0.0:
        _require_dynamics(options)
    elif options.pressure_gpa or options.swaps:
        given = "pressure_gpa" if options.pressure_gpa else "swaps"
        raise ValueError(
            f"{given} is {getattr(options, given)} at temperature_k 0, where statics at rest are computed; "
            "it is for a temperature_k above 0"
        )


def require_conditions(temperature_k: float, pressure_gpa: float) -> None:
    """ValueError for a temperature or a pressure that no crystal is at."""
    if not 0.0 <= temperature_k <= HOTTEST_K:
        raise ValueError(
            f"temperature_k is {temperature_k:g}; possible are 0 (statics) to {HOTTEST_K:g} K (kelvin, not Celsius)"
        )
    low, high = PRESSURES_GPA
    if not low <= pressure_gpa <= high:
        raise ValueError(f"pressure_gpa is {pressure_gpa:g}; possible are {low:g} to {high:g} GPa, 0 for ambient")


def _require_names(options: "LammpsAlloy") -> None:
    hot = options.temperature_k > 0.0
    known, others = (DYNAMICS, STATICS) if hot else (STATICS, DYNAMICS)
    for name in options.compute or ():
        if name in known:
            continue
        if name in others:
            when = "0 K only; leave out temperature_k" if hot else "finite temperature; give temperature_k above 0"
            raise ValueError(f"lammps_alloy computes {name} at {when}")
        raise ValueError(f"lammps_alloy computes no {name!r}{nearest(name, known)}")


def _require_dynamics(options: "LammpsAlloy") -> None:
    if options.cells < 3:
        raise ValueError(f"cells is {options.cells}; at a temperature the crystal needs 3 or more along each edge")
    if not 0.0 < options.timestep_fs <= LONGEST_STEP_FS:
        raise ValueError(
            f"timestep_fs is {options.timestep_fs:g}; more than 0 and at most {LONGEST_STEP_FS:g} is stable"
        )
    least = BLOCKS * SAMPLE_STEPS
    for name in ("equilibration_steps", "production_steps"):
        if getattr(options, name) < least:
            raise ValueError(f"{name} is {getattr(options, name)}; it must be at least {least}")
    if not 0.0 < options.thermal_strain <= 0.03:
        raise ValueError(f"thermal_strain is {options.thermal_strain:g}; it must be more than 0 and at most 0.03")
    if not 0.0 < options.expansion_step_k <= 500.0:
        raise ValueError(f"expansion_step_k is {options.expansion_step_k:g}; it must be more than 0 and at most 500")
    if options.swaps < 0:
        raise ValueError(f"swaps is {options.swaps}; it must be 0 or more")
