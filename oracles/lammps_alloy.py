"""This file is the `lammps_alloy` oracle: molecular statics of random fcc solid solutions with LAMMPS."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from oracles.alloy_domain import refuse_region, require_inside
from oracles.base import Candidate, EngineMissing, Evaluation, failed
from oracles.cif import fcc_cif
from oracles.potential_files import PotentialFile, is_record, resolve

PROPERTIES = (
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


@dataclass(frozen=True, slots=True)
class LammpsAlloy:
    """Properties of a random solid solution at 0 K, averaged over random decorations of its lattice.

    Every value comes with its standard error over decorations (none with a single decoration).
    """

    potential: str = "builtin"
    """`builtin` (Fe-Ni-Cr-Co-Cu, 5-35 at.% each), the path of a setfl file, or the id of a NIST repository record."""
    potential_sha256: str = ""
    """Checksum the potential's file must have; empty: any (a NIST record is pinned at its first download)."""
    cells: int = 5
    """Cubic cells along each edge of the bulk crystal: 4 cells^3 atoms."""
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
    compute: tuple[str, ...] | None = None
    """Properties to compute; none given: all. A campaign narrows them to those it uses."""

    def __post_init__(self) -> None:
        """ValueError for options that cannot work."""
        from oracles.alloy_domain import nearest

        for name in self.compute or ():
            if name not in PROPERTIES:
                raise ValueError(f"lammps_alloy computes no {name!r}{nearest(name, PROPERTIES)}")
        for name in ("cells", "decorations", "fault_decorations"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        along, across, layers = self.fault_cells
        if along < 1 or across < 1 or layers < 9 or layers % 3:
            raise ValueError(f"fault_cells is {list(self.fault_cells)}: its planes must be a multiple of 3, 9 or more")
        if self.fault == "relaxed" and self.fault_ions == "relaxed":
            raise ValueError("fault_ions: relaxed is for fault: rigid; relaxed faults relax the perfect slab anyway")
        if not 0.0 < self.strain <= 0.02:
            raise ValueError(f"strain is {self.strain}; elastic constants need more than 0 and at most 0.02")
        if not 0.0 < self.force_tolerance_ev_per_angstrom <= 0.01:
            raise ValueError(
                f"force_tolerance_ev_per_angstrom is {self.force_tolerance_ev_per_angstrom}, not in (0, 0.01]"
            )

    @property
    def properties(self) -> tuple[str, ...]:
        """Names it returns."""
        return PROPERTIES if self.compute is None else self.compute

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
        from oracles import lammps_engine

        lammps_engine.library()
        self._file()

    def check(self) -> None:
        """EngineMissing when LAMMPS does not load, ValueError when the potential cannot be read."""
        self.prepare()

    def fingerprint(self) -> str:
        """Checksum of the potential."""
        return self._file().sha256

    def refuse(self, variables: Sequence[str], lower: Sequence[float], upper: Sequence[float]) -> str | None:
        """Why these fractions (0..1) by element symbol are outside what the potential is made for, or None."""
        return refuse_region(self._file(), variables, lower, upper)

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        """One evaluation a candidate, in order; EngineMissing when LAMMPS is not there."""
        return [self._one(candidate, int(rng.integers(2**53))) for candidate in candidates]

    def _one(self, candidate: Candidate, seed: int) -> Evaluation:
        from oracles import alloy_properties, lammps_engine

        began = time.perf_counter()
        try:
            potential = self._file()
            fractions = require_inside(potential, candidate.composition)
            session = lammps_engine.session(potential)
            measured = alloy_properties.measure(session, self, fractions, seed)
        except ValueError as problem:
            return failed(candidate, "lammps_alloy", "error", str(problem))
        except lammps_engine.Unphysical as problem:
            lammps_engine.forget()
            return failed(candidate, "lammps_alloy", "unphysical", str(problem))
        return Evaluation(
            candidate.id,
            "lammps_alloy",
            values={name: measured.values[name] for name in self.properties},
            errors={name: measured.errors[name] for name in self.properties if name in measured.errors},
            cost_s=time.perf_counter() - began,
            artifacts={
                "decorations.json": json.dumps(measured.samples),
                "average_cell.cif": fcc_cif(
                    dict(zip(potential.elements, fractions.tolist(), strict=True)), measured.lattice_angstrom
                ),
            },
            provenance=self._provenance(potential, seed),
        )

    def _file(self) -> PotentialFile:
        return resolve(self.potential, self.potential_sha256)

    def _provenance(self, potential: PotentialFile, seed: int) -> dict[str, float | int | str]:
        from oracles import lammps_engine

        options = {name: value for name, value in asdict(self).items() if name not in ("compute", "potential")}
        text = json.dumps({**options, "potential": potential.sha256}, sort_keys=True)
        return {
            "engine": f"lammps {lammps_engine.version()}",
            "potential": potential.name,
            "potential_sha256": potential.sha256,
            "settings_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "seed": seed,
        }


__all__ = ["PROPERTIES", "EngineMissing", "LammpsAlloy"]
