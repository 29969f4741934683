"""This file is the `lammps_alloy` oracle: random fcc solid solutions in LAMMPS, at rest or at a temperature.

What it can compute (`STATICS` at 0 K, `DYNAMICS` above), its options, and which of them cannot work.
"""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from eutectic.oracles.base import Candidate, EngineMissing, Evaluation, Revision, Value, failed
from eutectic.oracles.lammps import at_rest, at_temperature
from eutectic.oracles.lammps.dynamics import BLOCKS, SAMPLE_STEPS
from eutectic.oracles.lammps.session import Unphysical, forget, library, session, version
from eutectic.oracles.physics import decorations, solid_solution
from eutectic.oracles.physics.cif import fcc_cif
from eutectic.oracles.physics.conditions import ignored
from eutectic.oracles.physics.measured import Measured
from eutectic.oracles.physics.stacking_faults import FAULTS, require_cells
from eutectic.oracles.potentials.domain import refuse_region, require_inside
from eutectic.oracles.potentials.files import PotentialFile, is_record
from eutectic.oracles.potentials.resolve import resolve
from eutectic.oracles.suggestions import unknown

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
TWO_STRAINS = Revision(
    2,
    "is that of two hydrostatic strains also beside other elastic properties (before: up to 1 % another number there)",
)
"""Of the bulk modulus at rest."""
UNSEEN = ("compute", "potential", "ignores", "composition_tolerance")
"""Options that no value depends on, or that are written elsewhere in the provenance."""
HOTTEST_K = 10_000.0
"""Hottest temperature that is taken, K; ours: no metal is solid at half of it."""
PRESSURES_GPA = (-20.0, 500.0)
"""Pressures that are taken, GPa; ours, far beyond what potentials are fitted to."""
LONGEST_STEP_FS = 5.0
"""Longest time step, fs; ours: a twentieth of the fastest vibration of these metals, about 100 fs."""
DYNAMIC_OPTIONS = (
    "temperature_k",
    "pressure_gpa",
    "timestep_fs",
    "equilibration_steps",
    "production_steps",
    "thermal_strain",
    "expansion_step_k",
    "swaps",
)
"""Options that statics do not know of."""


@dataclass(frozen=True, slots=True)
class LammpsAlloy:
    """Properties of a random fcc solid solution, averaged over random decorations of its lattice.

    At 0 K, the default, by molecular statics; above by molecular dynamics at `temperature_k` and `pressure_gpa`. Every
    value comes with its standard error over decorations (none for statics of a single decoration).
    """

    potential: str = "builtin"
    """`builtin` (Fe-Ni-Cr-Co-Cu, 5-35 at.% each), the path of a setfl file, or the id of a NIST repository record."""
    potential_sha256: str = ""
    """Checksum the potential's file must have; empty: any (a NIST record is pinned at its first download)."""
    cells: int = 5
    """Cubic cells along each edge of the bulk crystal: 4 cells^3 atoms."""
    composition_tolerance: float = 0.05
    """How far an element's fraction in that crystal may be from the one asked; an element that is there has an atom."""
    decorations: int = 2
    """Random decorations of the bulk crystal."""
    fault: Literal["rigid", "relaxed"] = "rigid"
    """Stacking faults unrelaxed (as in published tables), or relaxed normal to the plane; never mix the two."""
    fault_ions: Literal["ideal", "relaxed"] = "ideal"
    """Atoms of a rigid fault's slab on lattice sites, or relaxed in the perfect slab before it slides."""
    fault_cells: tuple[int, int, int] = (10, 6, 12)
    """Slab: rectangles along [1-10] and [11-2] (2 atoms each a plane), and (111) planes (a multiple of 3)."""
    fault_decorations: int = 12
    """Random decorations of the slab; cheap, and the noise of fault energies falls with their number and area."""
    strain: float = 0.004
    """Finite strain (either sign) of the elastic constants, dimensionless. Coarse tables of some potentials have
    curvatures of their own between their points: 0.01 averages over them (copper in LAMMPS' CuNi: B 141 to 137)."""
    force_tolerance_ev_per_angstrom: float = 1e-4
    """Largest force a relaxation leaves on an atom."""
    lattice_start_angstrom: float = 0.0
    """Where the relaxation starts; 0: the mean of the elements' lattice constants in the potential's headers."""
    temperature_k: float = 0.0
    """0: statics. Above: molecular dynamics there; a candidate whose variables hold `temperature_k` or `pressure_gpa`
    is then measured at those instead, so that conditions can be part of the space."""
    pressure_gpa: float = 0.0
    """Of the molecular dynamics."""
    timestep_fs: float = 2.0
    """Of the molecular dynamics, femtoseconds."""
    equilibration_steps: int = 1500
    """Steps before anything is recorded; strained crystals take a third of them."""
    production_steps: int = 3000
    """Steps that means are taken over, of each run: one at least, two more for the bulk modulus alone, six for other
    elastic properties, two for the thermal expansion."""
    thermal_strain: float = 0.01
    """Finite strain (either sign) of the elastic constants at a temperature, dimensionless."""
    expansion_step_k: float = 100.0
    """Thermal expansion is a central difference of the lattice constant over this much on either side (at most half
    the temperature)."""
    swaps: int = 0
    """Monte-Carlo exchanges of unlike atoms attempted at the temperature before anything is measured, for short-range
    order; 0: the decoration stays random. Ten or more per atom are needed, and each costs about two steps."""
    ignores: tuple[str, ...] = ()
    """Conditions among the variables of the space, such as `temperature_c`, that its values do not depend on."""
    compute: tuple[str, ...] | None = None
    """Properties to compute; none given: all. A campaign narrows them to those it uses."""

    of_materials: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """ValueError for options that cannot work."""
        require_sound(self)

    @property
    def properties(self) -> tuple[str, ...]:
        """Names it returns."""
        if self.compute is not None:
            return self.compute
        return DYNAMICS if self.temperature_k > 0.0 else STATICS

    @property
    def revisions(self) -> Mapping[str, Revision]:
        """What an earlier version computed in another way: the bulk modulus at rest."""
        return {} if self.temperature_k else {"bulk_modulus_gpa": TWO_STRAINS}

    def only(self, names: Sequence[str]) -> "LammpsAlloy":
        """The same oracle computing these of its properties."""
        return replace(self, compute=tuple(name for name in self.properties if name in names))

    def located(self, folder: str) -> "LammpsAlloy":
        """The same oracle with a relative potential path taken from the folder."""
        if self.potential == "builtin" or is_record(self.potential) or Path(self.potential).expanduser().is_absolute():
            return self
        return replace(self, potential=str(Path(folder) / self.potential))

    def prepare(self) -> None:
        """Load the library and the potential's table, so that forked workers find them; starts no MPI."""
        library()
        self._file()

    def check(self) -> None:
        """EngineMissing when LAMMPS does not load, ValueError when the potential cannot be read."""
        self.prepare()

    def fingerprint(self) -> str:
        """Checksum of the potential."""
        return self._file().sha256

    def refuse(self, variables: Sequence[str], lower: Sequence[float], upper: Sequence[float]) -> str | None:
        """Why these fractions (0..1) by element symbol are outside what the potential is made for, or None.

        Of a potential that cannot be read `check` says more.
        """
        try:
            for bounds in (lower, upper):
                self._there(dict(zip(variables, bounds, strict=True)))
        except ValueError as problem:
            return str(problem)
        try:
            potential = self._file()
        except (ValueError, EngineMissing):
            return None
        hot = self.temperature_k > 0.0
        why = "it reads temperature_k (kelvin) and pressure_gpa" if hot else "it computes at 0 K; give temperature_k"
        used = ("temperature_k", "pressure_gpa") if hot else ()
        unread = ignored(variables, used, self.ignores, "lammps_alloy", why)
        return unread or refuse_region(potential, variables, lower, upper)

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        """One evaluation a candidate, in order; EngineMissing when LAMMPS is not there."""
        return [self._one(candidate, int(rng.integers(2**53))) for candidate in candidates]

    def _one(self, candidate: Candidate, seed: int) -> Evaluation:
        began = time.perf_counter()
        try:
            potential = self._file()
            fractions = require_inside(potential, candidate.composition)
            options = self._there(candidate.variables)
            reason = self._unheld(potential, fractions)
            if reason:
                return failed(candidate, "lammps_alloy", "bad_input", reason)
            measured = options._measured(potential, fractions, seed)
        except ValueError as problem:
            return failed(candidate, "lammps_alloy", "error", str(problem))
        except Unphysical as problem:
            forget()
            return failed(candidate, "lammps_alloy", "unphysical", str(problem))
        return Evaluation(
            candidate.id,
            "lammps_alloy",
            values={name: measured.values[name] for name in self.properties},
            errors={name: measured.errors[name] for name in self.properties if name in measured.errors},
            cost_s=time.perf_counter() - began,
            artifacts={
                **_artifacts(dict(zip(potential.elements, fractions.tolist(), strict=True)), measured),
                **decorations.artifact(potential.elements, measured.crystals),
            },
            provenance={
                **self._provenance(potential, seed),
                **options._conditions(),
                "composition": self._realised(potential, fractions),
            },
        )

    def _measured(self, potential: PotentialFile, fractions: npt.NDArray[np.float64], seed: int) -> Measured:
        """By statics in this process's session, or by dynamics, which starts sessions of its own."""
        if self.temperature_k > 0.0:
            return at_temperature.measure(potential, self, fractions, seed)
        return at_rest.measure(session(potential), self, fractions, seed)

    def _unheld(self, potential: PotentialFile, fractions: npt.NDArray[np.float64]) -> str:
        """Why the crystals cannot hold these fractions (k,); empty when they can."""
        slack, names = self.composition_tolerance, potential.elements
        slab = solid_solution.slab(*self.fault_cells).count
        if {*FAULTS} & {*self.properties} and solid_solution.unheld(names, fractions, lambda _: slab, 1, slack):
            return f"fault_cells {list(self.fault_cells)}: {slab} sites do not hold the composition; make it larger"
        return solid_solution.unheld(names, fractions, lambda n: 4 * n**3, self.cells, slack)

    def _there(self, variables: Mapping[str, Value]) -> "LammpsAlloy":
        """At the conditions that the variables hold, if it works at a temperature; ValueError for impossible ones."""
        held = {n: float(variables[n]) for n in ("temperature_k", "pressure_gpa") if n in variables}
        if not self.temperature_k or not held:
            return self
        if not held.get("temperature_k", self.temperature_k) > 0.0:
            raise ValueError(f"temperature_k is {held['temperature_k']:g}; molecular dynamics needs more than 0 K")
        return replace(
            self,
            temperature_k=held.get("temperature_k", self.temperature_k),
            pressure_gpa=held.get("pressure_gpa", self.pressure_gpa),
        )

    def _realised(self, potential: PotentialFile, fractions: npt.NDArray[np.float64]) -> str:
        """The atomic fractions of the bulk crystal, as JSON."""
        sites = 4 * self.cells**3
        shares = solid_solution.counts(fractions, sites) / sites
        return json.dumps({e: round(float(x), 6) for e, x in zip(potential.elements, shares, strict=True) if x > 0})

    def _conditions(self) -> dict[str, float | int | str]:
        """Temperature, pressure and lengths of the runs, for the provenance; nothing at rest."""
        if not self.temperature_k:
            return {}
        return {name: getattr(self, name) for name in DYNAMIC_OPTIONS}

    def _file(self) -> PotentialFile:
        return resolve(self.potential, self.potential_sha256)

    def _provenance(self, potential: PotentialFile, seed: int) -> dict[str, float | int | str]:
        options = {name: value for name, value in asdict(self).items() if name not in UNSEEN}
        if not self.temperature_k:
            options = {name: value for name, value in options.items() if name not in DYNAMIC_OPTIONS}
        text = json.dumps({**options, "potential": potential.sha256}, sort_keys=True)
        return {
            "engine": f"lammps {version()}",
            "potential": potential.name,
            "potential_sha256": potential.sha256,
            "settings_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "seed": seed,
        }


def require_sound(options: "LammpsAlloy") -> None:
    """ValueError for options that cannot work."""
    require_conditions(options.temperature_k, options.pressure_gpa)
    _require_names(options)
    if not 0.0 < options.composition_tolerance < 1.0:
        raise ValueError(f"composition_tolerance is {options.composition_tolerance}; it is a fraction, above 0")
    for name in ("cells", "decorations", "fault_decorations"):
        if getattr(options, name) < 1:
            raise ValueError(f"{name} is {getattr(options, name)}; it must be at least 1")
    require_cells(options.fault_cells)
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
        raise ValueError(f"lammps_alloy: {unknown('property', name, known)}")


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


def _artifacts(shares: dict[str, float], measured: Measured) -> dict[str, str]:
    """Values by decoration, and the average cell where there is a crystal."""
    files = {decorations.SAMPLES: json.dumps(measured.samples)}
    if measured.lattice_angstrom:
        files["average_cell.cif"] = fcc_cif(shares, measured.lattice_angstrom)
    return files
