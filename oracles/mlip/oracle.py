"""This file is the `mlip` oracle: alloys and crystals under a machine-learned potential, any ASE calculator by name.

The properties it knows, its options, and which of them cannot work.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from eutectic.oracles.base import Candidate, Evaluation, Revision
from eutectic.oracles.elements.data import SYMBOL
from eutectic.oracles.mlip.coverage import unfit
from eutectic.oracles.mlip.options import Options
from eutectic.oracles.mlip.potential import (
    Potential,
    digest,
    load,
    require_known,
    require_model,
    require_together,
    version,
)
from eutectic.oracles.physics.conditions import ignored
from eutectic.oracles.physics.elasticity import NAMES
from eutectic.oracles.physics.stacking_faults import require_cells
from eutectic.oracles.suggestions import unknown

PROPERTIES = (
    "lattice_constant_angstrom",
    "energy_ev_per_atom",
    "enthalpy_ev_per_atom",
    "volume_angstrom3_per_atom",
    "density_g_per_cm3",
    "bulk_modulus_gpa",
    *NAMES,
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
BY_TEMPERATURE = ("npt_volume_drift_percent", "npt_mean_square_displacement_angstrom2")
"""Properties that depend on `temperature_k`; all others are at rest."""
BY_PRESSURE = (
    "lattice_constant_angstrom",
    "energy_ev_per_atom",
    "enthalpy_ev_per_atom",
    "volume_angstrom3_per_atom",
    "density_g_per_cm3",
    "lowest_phonon_thz",
    "imaginary_phonons",
    *BY_TEMPERATURE,
)
"""Properties that it knows at a `pressure_gpa`; moduli, formation energies and faults are those of no pressure."""
ABOVE_HULL = "energy_above_hull_ev_per_atom"
"""A property where `competing` names phases."""
REVISIONS = {
    **dict.fromkeys(
        ("c11_gpa", "c12_gpa", "c44_gpa", "shear_modulus_gpa", "young_modulus_gpa", "pugh_ratio", "poisson_ratio"),
        Revision(2, "is that of the crystal's standard axes (before: the same only for cubic cells along the axes)"),
    ),
    **dict.fromkeys(
        ("lowest_phonon_thz", "imaginary_phonons"),
        Revision(2, "is looked for on the mesh of the whole supercell (before: with phonopy 4 on a coarser one)"),
    ),
}
"""What an earlier version computed in another way."""
UNSEEN = ("compute", "python", "device", "trust_model", "ignores", "composition_tolerance")
"""Options that no value depends on."""
POSITIVE = (
    "cells",
    "decorations",
    "composition_tolerance",
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
AT_MOST = {
    "force_tolerance_ev_per_angstrom": (0.2, "with larger forces no crystal is relaxed"),
    "stress_tolerance_gpa": (5.0, "with a larger stress no cell is relaxed"),
    "nearest_over_radii": (1.0, "bonds are about as long as that"),
    "phonon_length_angstrom": (100.0, "a longer supercell has tens of thousands of atoms"),
    "phonon_displacement_angstrom": (0.2, "farther out forces are not linear"),
    "temperature_k": (10_000.0, "no crystal survives more"),
    "timestep_fs": (10.0, "a longer step follows no vibration of atoms"),
}
"""Option -> the most that it may be, and why; ours."""


@dataclass(frozen=True, slots=True)
class Mlip:
    """Properties of random alloys (from compositions) or crystals (from structures) under a learned potential, at 0 K.

    Values of alloys come with their standard error over decorations.
    """

    calculator: str = "chgnet"
    """`chgnet` and `sevennet` bring their weights; `mace`, `orb`, `mattersim`, `matgl` need `model` or download theirs;
    `emt` (Al, Cu, Ag, Au, Ni, Pd, Pt) is for tests and teaching."""
    model: str = ""
    """The name of one of the calculator's models, or a file of weights (`matgl`: a folder); empty: its default."""
    trust_model: bool = False
    """Load a file of weights that is more than that: `mace` keeps whole Python objects, and reading such a file runs
    what its author put there. Without it, only files of tensors and numbers are read."""
    python: str = ""
    """Interpreter of another environment that has the calculator and ase, for packages whose pins clash."""
    device: Literal["cpu", "cuda"] = "cpu"
    """On a GPU each evaluation loads the model anew: what a GPU holds cannot be shared with a forked process."""
    batched: Literal["none", "torch-sim"] = "none"
    """`torch-sim` (for `sevennet` and `mace`): all crystals at hand (candidates asked at once, decorations, volumes,
    strains) are computed side by side, one call of the model a step, with the limits, failures and values of one by
    one. A campaign asks for one candidate at a time. On a CPU it gains with cells of a few atoms only."""
    lattice: Literal["fcc", "bcc", "hcp"] = "fcc"
    """Of alloys."""
    cells: int = 2
    """Cells along each edge of an alloy: 4 (fcc, hcp) or 2 (bcc) atoms each."""
    decorations: int = 2
    """Random decorations of an alloy's lattice, or orders of a disordered structure."""
    composition_tolerance: float = 0.05
    """How far an element's fraction in that crystal may be from the one asked; an element that is there has an atom."""
    order: Literal["random", "electrostatic"] = "random"
    """How the partly filled sites of a structure are ordered, `decorations` times in the smallest cell that holds its
    occupancies within `composition_tolerance`: at random, or with the least electrostatic energy."""
    cell: Literal["auto", "free", "volume", "fixed"] = "auto"
    """What of the cell relaxes; auto: an alloy's volume (it is cubic on average), all of a structure's cell."""
    keep_symmetry: bool = False
    """Keep the space group of the start in relaxations."""
    force_tolerance_ev_per_angstrom: float = 0.02
    """Largest force that a relaxation leaves on an atom."""
    stress_tolerance_gpa: float = 0.1
    """Largest stress that it leaves in the cell."""
    steps: int = 300
    """Most steps of a relaxation; then the evaluation has failed as not converged."""
    largest_force_ev_per_angstrom: float = 100.0
    """A crystal with a larger force has exploded."""
    nearest_over_radii: float = 0.5
    """Atoms nearer than so much of the sum of their covalent radii have collapsed."""
    volume_window: tuple[float, float] = (0.6, 1.6)
    """Volume over that of the start; outside, the crystal has fallen apart or collapsed."""
    strain: float = 0.02
    """Largest linear strain, either sign, of the equation of state (7 volumes) and the elastic constants (4 strains a
    direction). Learned energy surfaces are bumpy, and moduli depend on it: copper's B under CHGNet 0.3.0 is 186, 168,
    154 and 138 GPa at 0.005, 0.01, 0.02 and 0.04."""
    references: Mapping[str, str | float] = field(default_factory=dict)
    """Element -> file of its reference structure, or its energy in eV/atom with this model. Without it: fcc, bcc, hcp,
    diamond or cubic as at room temperature, relaxed with this model and kept in the user's cache."""
    competing: str = ""
    """File of structures of competing phases, or a folder of such files; relaxed with this model and kept in the same
    cache. With it, `energy_above_hull_ev_per_atom` is a property: the distance from their and the elements' hull."""
    fault: Literal["rigid", "relaxed"] = "rigid"
    """Stacking faults of fcc alloys unrelaxed, or relaxed normal to the plane; never mix the two."""
    fault_cells: tuple[int, int, int] = (3, 2, 12)
    """Slab: rectangles along [1-10] and [11-2] (2 atoms each a plane), and (111) planes (a multiple of 3)."""
    fault_decorations: int = 2
    """Random decorations of the slab."""
    phonon_length_angstrom: float = 8.0
    """Least edge of the supercell of phonons."""
    phonon_displacement_angstrom: float = 0.02
    """How far an atom is displaced for them."""
    temperature_k: float = 300.0
    """Of the molecular dynamics. Where the space has a variable of this name, each candidate has its own."""
    pressure_gpa: float = 0.0
    """Of relaxations (to the least enthalpy) and of the molecular dynamics. Where the space has a variable of this
    name, each candidate has its own. Moduli, formation energies and faults are known at none only."""
    npt_ps: float = 1.0
    """Length of the molecular dynamics, picoseconds."""
    timestep_fs: float = 2.0
    """Of the molecular dynamics, femtoseconds."""
    guard: str = ""
    """A second calculator whose forces must agree; else a value is marked as out of the potential's domain."""
    guard_limit_ev_per_angstrom: float = 0.5
    """Largest root-mean-square difference of forces between the two, atoms shaken by 0.05 angstrom. CHGNet and 7net-0:
    0.02 in NaCl, 0.06 in copper, 0.12 in nickel, 0.32 in equiatomic FeNiCrCoCu, 5.4 in copper of 2.9 angstrom."""
    ignores: tuple[str, ...] = ()
    """Conditions among the variables of the space, such as `temperature_k`, that its values do not depend on."""
    compute: tuple[str, ...] | None = None
    """Properties to compute; none given: all. A campaign narrows them to those it uses."""

    of_materials: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """ValueError for options that cannot work."""
        require_sound(self)

    @property
    def properties(self) -> tuple[str, ...]:
        """Names it returns."""
        return known_properties(self) if self.compute is None else self.compute

    @property
    def potential(self) -> Potential:
        """What computes."""
        return Potential(self.calculator, self.model, self.python, self.device)

    @property
    def engine(self) -> Potential:
        """The same, as it is loaded."""
        return replace(self.potential, together=self.batched == "torch-sim")

    @property
    def settings(self) -> Mapping[str, object]:
        """The options that a value depends on, by name."""
        pressed = {"relaxed_under_pressure": True} if self.pressure_gpa else {}  # before, at none
        return {name: value for name, value in asdict(self).items() if name not in UNSEEN} | pressed

    @property
    def revisions(self) -> Mapping[str, Revision]:
        """What an earlier version computed in another way."""
        return REVISIONS

    def only(self, names: Sequence[str]) -> "Mlip":
        """The same oracle computing these of its properties."""
        return replace(self, compute=tuple(name for name in self.properties if name in names))

    def located(self, folder: str) -> "Mlip":
        """The same oracle with the files it names taken from the folder."""
        here = Path(folder)
        beside = bool(self.model) and ((here / self.model).exists() or len(Path(self.model).parts) > 1)
        files = {s: str(here / given) if isinstance(given, str) else given for s, given in self.references.items()}
        python = str(here / self.python) if len(Path(self.python).parts) > 1 else self.python
        placed = replace(self, model=str(here / self.model) if beside else self.model, python=python, references=files)
        return replace(placed, competing=str(here / self.competing)) if self.competing else placed

    def prepare(self) -> None:
        """Load the model, so that forked workers share it; what belongs to one process is loaded there."""
        _engine()
        for potential in (self.engine, *self._potentials()[1:]):
            if not potential.python and potential.device == "cpu":
                load(potential)

    def check(self) -> None:
        """EngineMissing when a package is not installed, ValueError when a file cannot be used."""
        for potential in self._potentials():
            require_model(potential, self.trust_model)
            version(potential)
        check, _ = _engine()
        check(self)

    def fingerprint(self) -> str:
        """Hash of the weights and the packages' versions, and of the references' files."""
        parts = [[digest(potential), version(potential)] for potential in self._potentials()]
        files = [Path(given) for given in self.references.values() if isinstance(given, str)]
        there = Path(self.competing or "/dev/null")
        files += sorted(there.iterdir()) if there.is_dir() else [there]
        sums = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()]
        return hashlib.sha256(json.dumps([parts, sums]).encode()).hexdigest()

    def refuse(self, variables: Sequence[str], lower: Sequence[float], upper: Sequence[float]) -> str | None:
        """Why this region cannot be computed: which elements the model does not cover or have no reference state.

        Or which condition among the variables it would not look at; None when nothing stands against it.
        """
        assert len(variables) == len(lower) == len(upper)
        reason = self._unconditional([name for name in variables if name not in self.ignores])
        if reason:
            return reason
        present = [name for name, top in zip(variables, upper, strict=True) if SYMBOL.match(name) and top > 0]
        return unfit(self, present) if present else None

    def _unconditional(self, variables: Sequence[str]) -> str | None:
        """Why a condition among the variables does not go with what is asked, or None."""
        pressed = bool(self.pressure_gpa) or "pressure_gpa" in variables
        unknown_there = [name for name in self.properties if name not in BY_PRESSURE]
        if pressed and self.compute is not None and unknown_there:
            return (
                f"{', '.join(unknown_there)}: known at no pressure only; at pressure_gpa it knows "
                f"{', '.join(BY_PRESSURE)}; ask a second mlip with ignores: [pressure_gpa] for the others"
            )
        used = [name for name, by in (("temperature_k", BY_TEMPERATURE), ("pressure_gpa", self._moved_by_pressure()))
                if set(by) & {*self.properties}]  # fmt: skip
        why = (
            "nothing that is asked of it depends on that; "
            f"by temperature_k {', '.join(BY_TEMPERATURE)} would, by pressure_gpa what a relaxation gives"
        )
        return ignored(variables, used, (), "mlip", why)

    def _moved_by_pressure(self) -> tuple[str, ...]:
        return BY_TEMPERATURE if self.cell == "fixed" else BY_PRESSURE

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        """One evaluation a candidate, in order; EngineMissing when the package or the model is not there."""
        _, evaluate = _engine()
        seeds = [int(rng.integers(2**53)) for _ in candidates]
        return evaluate(self, candidates, seeds)

    def _potentials(self) -> list[Potential]:
        return [self.potential, *([Potential(self.guard, device=self.device)] if self.guard else [])]


Check = Callable[[Options], None]
Evaluate = Callable[[Options, Sequence[Candidate], Sequence[int]], list[Evaluation]]


def _engine() -> tuple[Check, Evaluate]:
    """What checks files and what computes, imported when first needed: both stand on ase."""
    from eutectic.oracles.mlip.evaluation import check, evaluate

    return check, evaluate


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
    for name, (most, why) in AT_MOST.items():
        if getattr(o, name) > most:
            raise ValueError(f"{name} is {getattr(o, name):g}, and at most {most:g}: {why}")
    if not 0.0 < o.strain <= 0.1:
        raise ValueError(f"strain is {o.strain}; a window of strain is more than 0 and at most 0.1")
    low, high = o.volume_window
    if not 0.0 < low < 1.0 < high:
        raise ValueError(f"volume_window is {list(o.volume_window)}; 1 must lie inside it")
    require_cells(o.fault_cells)
    if not abs(o.pressure_gpa) < float("inf"):
        raise ValueError(f"pressure_gpa is {o.pressure_gpa}, no finite number")
    fault = "stacking_fault" in " ".join(o.compute or ())
    if fault and o.lattice != "fcc":
        raise ValueError(f"compute: stacking faults are those of fcc alloys, and lattice is {o.lattice}")
