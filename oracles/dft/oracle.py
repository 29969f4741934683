"""This file is the `dft` oracle: energies, relaxed cells and moduli by density-functional theory."""

import hashlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from eutectic.oracles.base import Candidate, Evaluation, failed
from eutectic.oracles.dft.calculation import DftFailed, Engine
from eutectic.oracles.dft.espresso import Espresso
from eutectic.oracles.dft.evaluation import evaluation
from eutectic.oracles.dft.gpaw_engine import Gpaw
from eutectic.oracles.elements.data import SYMBOL
from eutectic.oracles.physics.conditions import ignored
from eutectic.oracles.suggestions import unknown

PROPERTIES = (
    "energy_ev_per_atom",
    "enthalpy_ev_per_atom",
    "volume_angstrom3_per_atom",
    "magnetic_moment_bohr_magnetons_per_atom",
    "lattice_constant_angstrom",
    "bulk_modulus_gpa",
    "formation_energy_ev_per_atom",
)
FORMATION = "formation_energy_ev_per_atom"
PRESSED = "what takes a cell to its volume under pressure"
UNPRESSED = (
    "known at no pressure only; ask of `enthalpy_ev_per_atom` under pressure_gpa, or a second dft with "
    "`ignores: [pressure_gpa]` for this one"
)
POSITIVE = (
    "k_spacing_per_angstrom",
    "cutoff_ry",
    "density_cutoff_ry",
    "cutoff_ev",
    "smearing_width_ev",
    "force_tolerance_ev_per_angstrom",
    "mixing_beta",
    "scf_steps",
    "relaxation_steps",
    "composition_tolerance",
)
AT_MOST = {"k_spacing_per_angstrom": 1.0, "smearing_width_ev": 1.0, "force_tolerance_ev_per_angstrom": 0.2}
"""Option -> the most that it may be; twice the coarsest preset's and more; ours."""


@dataclass(frozen=True, slots=True)
class Dft:
    """Density-functional theory with Quantum ESPRESSO or GPAW, of a structure or of a composition on a small cell.

    Calculations keep their folders: what had finished before an interruption is read back, not computed again.
    """

    engine: Literal["espresso", "gpaw"]
    """`espresso` (pw.x) or `gpaw`; both are called as programs."""
    program: str = "pw.x"
    """Quantum ESPRESSO: the program, by name or path."""
    python: str = "/usr/bin/python3"
    """GPAW: the Python that has it."""
    mpi: str = ""
    """What stands before the program, such as `mpirun -np 4`."""
    pseudopotential_folder: str = ""
    """Of UPF files (empty: $ESPRESSO_PSEUDO, or Debian's), or of GPAW setups to look in first."""
    pseudopotentials: dict[str, str] = field(default_factory=dict)
    """Quantum ESPRESSO: element to file name, for elements of which the folder has several (or none so named)."""
    functional: Literal["PBE", "PBEsol", "LDA"] = "PBE"
    """Pseudopotentials made for another are refused. GPAW has setups for PBE and LDA."""
    preset: Literal["fast", "standard", "tight"] = "standard"
    """Numbers for all that follows; each can be given by itself."""
    k_spacing_per_angstrom: float | None = None
    """Largest distance of k-points (reciprocal vectors with their 2 pi): 0.5, 0.35, 0.15 by preset."""
    cutoff_ry: float | None = None
    """Quantum ESPRESSO, plane waves, rydberg: 35, 50, 80."""
    density_cutoff_ry: float | None = None
    """Quantum ESPRESSO, charge density, rydberg: 8 times `cutoff_ry`."""
    cutoff_ev: float | None = None
    """GPAW, plane waves, eV: 350, 500, 800."""
    smearing: Literal["cold", "gaussian", "methfessel-paxton", "fermi-dirac"] = "cold"
    """Of the occupations; cold is Marzari and Vanderbilt's."""
    smearing_width_ev: float | None = None
    """0.2, 0.1, 0.05 eV by preset."""
    force_tolerance_ev_per_angstrom: float | None = None
    """Largest force a relaxation leaves: 0.05, 0.02, 0.005 by preset."""
    mixing_beta: float | None = None
    """Share of the new density in the first attempt, dimensionless: 0.5 with Quantum ESPRESSO, 0.05 with GPAW."""
    scf_steps: int | None = None
    """Steps the electrons may take in the first attempt: 80, 80, 150 by preset."""
    relaxation_steps: int | None = None
    """Steps the ions may take: 50, 50, 100 by preset."""
    retries: int = 2
    """Further attempts when the electrons do not converge, each with 0.4 of the mixing and twice the steps."""
    spin: Literal["auto", "none", "collinear"] = "auto"
    """`auto`: polarised where Fe, Co, Ni, Mn or Cr are (they start ferromagnetic) or `moments` says so."""
    moments: dict[str, float] = field(default_factory=dict)
    """Element to starting moment in Bohr magnetons; a structure's own (`magmom`) come first."""
    relax: Literal["none", "ions", "volume", "cell"] = "volume"
    """What may move before anything is measured. `volume`: the cell keeps its shape and goes to the minimum of its
    equation of state, ions relaxed at each volume; no basis-set stress enters, which `cell` suffers from at `fast`."""
    pressure_gpa: float = 0.0
    """With `relax: volume`, hydrostatic: the cell goes to the least enthalpy under it (`enthalpy_ev_per_atom`), where
    energy, volume, lattice constant, moment and bulk modulus are taken. A candidate whose variables hold `pressure_gpa`
    has its own. Formation energies are known at none only."""
    lattice: Literal["fcc", "bcc"] = "fcc"
    """Of a candidate that is a composition."""
    cells: int = 1
    """Cubic cells along each edge then: 4 cells^3 atoms (fcc) or 2 cells^3 (bcc), the elements on random sites."""
    order: Literal["random", "electrostatic"] = "random"
    """How the partly filled sites of a structure are ordered, in the smallest cell that holds its occupancies within
    `composition_tolerance`: at random, or with the least electrostatic energy."""
    composition_tolerance: float = 0.05
    """How far an element's fraction in that cell may be from the one asked; an element that is there has an atom."""
    ignores: tuple[str, ...] = ()
    """Conditions among the variables of the space, such as `temperature_k`, that its values do not depend on."""
    lattice_start_angstrom: float = 0.0
    """Where that cell starts; 0: from the volumes of the elements."""
    references: dict[str, str] = field(default_factory=dict)
    """Element to structure file, for elements whose crystal is not a simple one (O, N, Mn, ...)."""
    workdir: str = "dft"
    """Folder of the calculations, relative to the campaign file."""
    reference_cache: str = ""
    """Folder of the elements' energies; empty: the user's cache folder, shared by all campaigns."""
    compute: tuple[str, ...] | None = None
    """Properties to compute; none given: all. A campaign narrows them to those it uses."""

    of_materials: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """ValueError for options that cannot work."""
        for name in self.compute or ():
            if name not in PROPERTIES:
                raise ValueError(f"dft: {unknown('property', name, PROPERTIES)}")
        for name in POSITIVE:
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ValueError(f"{name} is {value}; it must be above 0")
            if value is not None and value > AT_MOST.get(name, math.inf):
                raise ValueError(f"{name} is {value:g}; with more than {AT_MOST[name]:g} no value can be trusted")
        if self.cells < 1 or self.retries < 0 or self.lattice_start_angstrom < 0:
            raise ValueError("cells must be at least 1, retries and lattice_start_angstrom at least 0")
        if not abs(self.pressure_gpa) < float("inf"):
            raise ValueError(f"pressure_gpa is {self.pressure_gpa}, no finite number")
        if self.pressure_gpa and self.relax != "volume":
            raise ValueError(f"pressure_gpa: {PRESSED} is `relax: volume`; with `relax: {self.relax}` it has no effect")
        if self.pressure_gpa and self.compute and FORMATION in self.compute:
            raise ValueError(f"{FORMATION}: {UNPRESSED}")
        other = {"espresso": ("cutoff_ev",), "gpaw": ("cutoff_ry", "density_cutoff_ry", "pseudopotentials")}
        for name in other[self.engine]:
            if getattr(self, name):
                raise ValueError(f"{name} is not an option of engine: {self.engine}")
        if self.engine == "gpaw" and self.functional == "PBEsol":
            raise ValueError("GPAW comes with setups for PBE and LDA, none for PBEsol; take engine: espresso")
        if self.mixing_beta is not None and self.mixing_beta > 1:
            raise ValueError(f"mixing_beta is {self.mixing_beta}; it is a share, at most 1")
        if self.density_cutoff_ry and self.density_cutoff_ry < 4 * (self.cutoff_ry or 0.0):
            raise ValueError("density_cutoff_ry must be at least 4 times cutoff_ry")

    @property
    def properties(self) -> tuple[str, ...]:
        """Names it returns."""
        every = tuple(name for name in PROPERTIES if not self.pressure_gpa or name != FORMATION)
        return every if self.compute is None else self.compute

    def only(self, names: Sequence[str]) -> "Dft":
        """The same oracle computing these of its properties."""
        return replace(self, compute=tuple(name for name in self.properties if name in names))

    def located(self, folder: str) -> "Dft":
        """The same oracle with relative paths taken from the folder."""
        paths = {name: getattr(self, name) for name in ("workdir", "reference_cache", "pseudopotential_folder")}
        for name in ("program", "python"):
            if "/" in getattr(self, name):
                paths[name] = getattr(self, name)
        placed: dict[str, Any] = {n: str(Path(folder) / Path(path).expanduser()) for n, path in paths.items() if path}
        references = {e: str(Path(folder) / Path(path).expanduser()) for e, path in self.references.items()}
        return replace(self, **placed, references=references)

    def check(self) -> None:
        """EngineMissing when the program does not start; ValueError when files named in the options are not there."""
        self.program_of().version()
        for element, path in self.references.items():
            if not Path(path).is_file():
                raise ValueError(f"references: there is no file {path} for {element}")
        absent = self.program_of().missing(sorted(self.pseudopotentials))
        if absent:
            raise ValueError(absent)

    def fingerprint(self) -> str:
        """Hash of the engine's version and of the files that the options name."""
        named = self.program_of().files(sorted(self.pseudopotentials)) if self.pseudopotentials else {}
        files = {e: hashlib.sha256(Path(path).read_bytes()).hexdigest() for e, path in self.references.items()}
        return hashlib.sha256(json.dumps([self.program_of().version(), named, files]).encode()).hexdigest()

    def refuse(self, variables: Sequence[str], lower: Sequence[float], upper: Sequence[float]) -> str | None:
        """Why this region cannot be computed: a pseudopotential is missing, a condition is not looked at; or None."""
        del lower
        pressed = "pressure_gpa" in variables and "pressure_gpa" not in self.ignores
        if pressed and self.compute is not None and FORMATION in self.compute:
            return f"{FORMATION}: {UNPRESSED}"
        used, more = (("pressure_gpa",), "") if self.relax == "volume" else ((), f"; {PRESSED} is `relax: volume`")
        reason = ignored(variables, used, self.ignores, "dft", f"it computes at 0 K{more}")
        if reason:
            return reason
        present = [name for name, most in zip(variables, upper, strict=True) if SYMBOL.match(name) and most > 0]
        return self.program_of().missing(present)

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        """One evaluation a candidate, in order; EngineMissing when the program is not there."""
        return [self._one(candidate, int(rng.integers(2**53))) for candidate in candidates]

    def _one(self, candidate: Candidate, seed: int) -> Evaluation:
        began = time.perf_counter()
        try:
            return evaluation(self, candidate, seed, began)
        except DftFailed as problem:
            return replace(failed(candidate, "dft", problem.failure, str(problem)), cost_s=time.perf_counter() - began)

    def program_of(self) -> Engine:
        """The engine with its program, folders and functional."""
        folder = self.pseudopotential_folder
        if self.engine == "gpaw":
            return Gpaw(self.python, self.mpi, self.functional, folder)
        return Espresso(self.program, self.mpi, self.functional, folder, self.pseudopotentials)
