"""This file is a short run of molecular dynamics at constant pressure: does the crystal survive, and does it grow?"""

from dataclasses import dataclass

import numpy as np
from ase import Atoms, units
from ase.md.nptberendsen import NPTBerendsen
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary

from eutectic.oracles.mlip.potential import Unphysical
from eutectic.oracles.mlip.relaxation import Limits, nearest, quiet, require_physical

COMPRESSIBILITY_PER_GPA = 0.007
"""Of a typical metal; it only sets how fast the pressure is approached."""
LOOK_STEPS = 20
"""Steps between two looks at the crystal."""
MELTED = 0.1
"""Share of the atoms off their sites from which on a crystal has melted."""


@dataclass(frozen=True, slots=True)
class Run:
    """Conditions of the run."""

    temperature_k: float
    pressure_gpa: float
    picoseconds: float
    timestep_fs: float


def survive(crystal: Atoms, run: Run, limits: Limits, rng: np.random.Generator) -> dict[str, float]:
    """Volume drift against the relaxed crystal and mean-square displacement, means over the second half of the run.

    Berendsen's thermostat and barostat (1984, 10.1063/1.448118). Unphysical when the crystal explodes, collapses or
    melts: when more than a tenth of the atoms are over half a nearest-neighbour distance from their sites.
    """
    moving = crystal.copy()
    moving.calc = crystal.calc
    steps = max(2 * LOOK_STEPS, round(1000.0 * run.picoseconds / run.timestep_fs))
    drifts, squares = [], []
    with quiet():
        MaxwellBoltzmannDistribution(moving, temperature_K=run.temperature_k, rng=rng)
        Stationary(moving)
        dynamics = _dynamics(moving, run)
        for done in range(LOOK_STEPS, steps + 1, LOOK_STEPS):
            dynamics.run(LOOK_STEPS)
            require_physical(moving, crystal, limits)
            square = _squares(moving, crystal)
            off = float((np.sqrt(square) > 0.5 * nearest(crystal)).mean())
            if off > MELTED:
                raise Unphysical(
                    f"melted: {100 * off:.0f} % of the atoms left their sites within {done * run.timestep_fs / 1000:g} "
                    f"ps at {run.temperature_k:g} K"
                )
            if 2 * done > steps:
                drifts.append(100.0 * (moving.get_volume() / crystal.get_volume() - 1.0))
                squares.append(float(square.mean()))
    return {
        "npt_volume_drift_percent": float(np.mean(drifts)),
        "npt_mean_square_displacement_angstrom2": float(np.mean(squares)),
    }


def _dynamics(moving: Atoms, run: Run) -> NPTBerendsen:
    return NPTBerendsen(
        moving,
        timestep=run.timestep_fs * units.fs,
        temperature_K=run.temperature_k,
        taut=100 * units.fs,
        pressure_au=run.pressure_gpa * units.GPa,
        taup=500 * units.fs,
        compressibility_au=COMPRESSIBILITY_PER_GPA / units.GPa,
    )


def _squares(moving: Atoms, crystal: Atoms) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Squared displacement (n,) of each atom from its site, the crystal's drift apart, angstrom^2."""
    steps = moving.get_scaled_positions(wrap=False) - crystal.get_scaled_positions(wrap=False)
    steps = steps @ crystal.cell.array
    return np.asarray(((steps - steps.mean(axis=0)) ** 2).sum(axis=1))
