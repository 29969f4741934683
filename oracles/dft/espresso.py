"""This file is Quantum ESPRESSO: pw.x run through ASE's profile, its input, and what its output means."""

import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from eutectic.oracles.base import EngineMissing, Failure
from eutectic.oracles.dft import pseudopotentials
from eutectic.oracles.dft.calculation import Calculation, Computed, Crystal, DftFailed
from eutectic.oracles.dft.runs import copy_density
from eutectic.oracles.process import converse

RYDBERG_EV = 13.605693
"""eV in a Rydberg, CODATA."""
BOHR_ANGSTROM = 0.529177211
"""Angstrom in a Bohr radius, CODATA."""
CURE = (
    "apt install quantum-espresso quantum-espresso-data, conda install -c conda-forge qe, or module load your cluster's"
)
FREEDOM = {"none": "scf", "ions": "relax", "cell": "vc-relax"}
SMEARING = {"cold": "mv", "gaussian": "gauss", "methfessel-paxton": "mp", "fermi-dirac": "fd"}
TAIL_CHARACTERS = 1500
"""Characters of the end of a log that an error shows."""
SIGNS: tuple[tuple[str, Failure, bool], ...] = (
    (r"convergence NOT achieved|too many bands are not converged|charge is wrong", "not_converged", True),
    (
        r"S matrix not positive definite|problems computing cholesky|eigenvectors failed to converge",
        "not_converged",
        True,
    ),
    (r"maximum number of steps has been reached|bfgs failed", "not_converged", False),
    (r"Error in routine (readpp|read_upf|read_pseudo|upf)|smth_interpol|file .*\.upf not found", "bad_input", False),
    (r"atoms are too close|some nodes have no k-points|atoms #.* overlap|two atoms", "bad_input", False),
    (r"[Ii]nsufficient (virtual )?memory|cannot allocate|Out of memory|Allocat\w* .*fail", "memory", False),
)
"""Words of an output -> class of the failure, and whether slower mixing may help; the first that is found counts."""


@dataclass(frozen=True, slots=True)
class Espresso:
    """pw.x of Quantum ESPRESSO."""

    program: str = "pw.x"
    mpi: str = ""
    """Words before the program, such as `mpirun -np 4`."""
    functional: str = "PBE"
    folder: str = ""
    """Of the pseudopotentials; empty: $ESPRESSO_PSEUDO or Debian's."""
    named: Mapping[str, str] | None = None
    """Element -> file in that folder."""

    def version(self) -> str:
        """`Quantum ESPRESSO 6.7`; EngineMissing when pw.x does not start."""
        launcher = shlex.split(self.mpi)[:1]
        if launcher and shutil.which(launcher[0]) is None:
            raise EngineMissing(f"mpi: there is no program {launcher[0]!r} in PATH; apt install openmpi-bin")
        return _version(self._path())

    def missing(self, elements: Sequence[str]) -> str | None:
        """Which pseudopotentials are not there."""
        for element in elements:
            try:
                self._pseudopotential(element)
            except ValueError as problem:
                return str(problem)
        return None

    def files(self, elements: Sequence[str]) -> dict[str, str]:
        """Name and checksum of each element's pseudopotential; DftFailed when one is missing."""
        try:
            found = {element: self._pseudopotential(element) for element in elements}
        except ValueError as problem:
            raise DftFailed("bad_input", str(problem)) from problem
        return {element: f"{one.path.name} {one.sha256}" for element, one in found.items()}

    def density(self, folder: Path) -> Path | None:
        """What pw.x has saved there."""
        saved = folder / "out" / "eutectic.save"
        return saved if (saved / "charge-density.dat").exists() or (saved / "charge-density.hdf5").exists() else None

    def run(self, calculation: Calculation, folder: Path, density: Path | None) -> Computed:
        """One run of pw.x; DftFailed with the tail of its output."""
        from ase.calculators.espresso import EspressoProfile, EspressoTemplate

        save = folder / "out" / "eutectic.save"
        shutil.rmtree(folder / "out", ignore_errors=True) if density is None else copy_density(density, save, "wfc*")
        command = shlex.join([*shlex.split(self.mpi), self._path()])
        profile = EspressoProfile(command, str(self._folder().resolve()))
        template = EspressoTemplate()
        parameters = self.parameters(calculation, density is not None)
        template.write_input(profile, folder, self.atoms(calculation.crystal), parameters, [])
        began, code = time.perf_counter(), 0
        try:
            template.execute(folder, profile)
        except subprocess.CalledProcessError as problem:
            code = problem.returncode
        except OSError as problem:
            raise EngineMissing(f"{command} cannot be started ({problem.strerror}); {CURE}") from problem
        for wave in (folder / "out").rglob("*wfc*"):
            wave.unlink()
        output = (folder / template.outputname).read_text(encoding="utf-8", errors="replace")
        complaints = (folder / template.errorname).read_text(encoding="utf-8", errors="replace")
        refuse(output, complaints, code)
        return answer(folder / template.outputname, output, calculation, time.perf_counter() - began)

    def parameters(self, calculation: Calculation, reuse: bool) -> dict[str, object]:
        """What ASE writes the input from: namelists, pseudopotentials, k-points."""
        settings, crystal = calculation.settings, calculation.crystal
        count = len(crystal.symbols)
        control = {
            "calculation": FREEDOM[calculation.freedom],
            "prefix": "eutectic",
            "outdir": "./out",
            "disk_io": "low",
            "tprnfor": True,
            "nstep": settings.relaxation_steps,
            "forc_conv_thr": settings.force_tolerance_ev_per_angstrom / RYDBERG_EV * BOHR_ANGSTROM,
            "etot_conv_thr": 10 * settings.scf_tolerance_ev_per_atom * count / RYDBERG_EV,
        }
        system = {
            "ecutwfc": settings.cutoff_ev / RYDBERG_EV,
            "ecutrho": settings.density_cutoff_ev / RYDBERG_EV,
            "occupations": "smearing",
            "smearing": SMEARING[settings.smearing],
            "degauss": settings.smearing_width_ev / RYDBERG_EV,
            **({"nspin": 2} if crystal.moments else {}),
        }
        electrons = {
            "conv_thr": settings.scf_tolerance_ev_per_atom * count / RYDBERG_EV,
            "mixing_beta": settings.mixing_beta,
            "electron_maxstep": settings.scf_steps,
            "startingpot": "file" if reuse else "atomic",
        }
        data = {"control": control, "system": system, "electrons": electrons, "ions": {"ion_dynamics": "bfgs"}}
        cell = {"cell": {"press_conv_thr": 10 * settings.stress_tolerance_gpa}}
        names = {element: self._pseudopotential(element).path.name for element in crystal.elements}
        return {"input_data": {**data, **cell}, "pseudopotentials": names, "kpts": calculation.grid}

    def atoms(self, crystal: Crystal) -> object:
        """ASE's atoms; a starting moment is pw.x's share of the valence electrons, which ASE writes as it stands."""
        from ase import Atoms

        shares = [
            max(-1.0, min(1.0, moment / self._pseudopotential(symbol).valence))
            for symbol, moment in zip(crystal.symbols, crystal.moments, strict=bool(crystal.moments))
        ]
        return Atoms(crystal.symbols, crystal.positions, cell=crystal.cell, pbc=True, magmoms=shares or None)

    def _folder(self) -> Path:
        return Path(self.folder or pseudopotentials.default_folder()).expanduser()

    def _pseudopotential(self, element: str) -> pseudopotentials.Pseudopotential:
        return pseudopotentials.choose(element, self.functional, self._folder(), self.named or {})

    def _path(self) -> str:
        found = shutil.which(str(Path(self.program).expanduser()))
        if found is None:
            raise EngineMissing(f"program: there is no {self.program!r} that can be run; {CURE}")
        return str(Path(found).resolve()) if "/" in self.program else found


@lru_cache(maxsize=8)
def _version(program: str) -> str:
    """From the first lines pw.x prints for an empty input."""
    heard = converse([program], "/tmp", "", 1_000_000)
    found = re.search(r"Program PWSCF\s+v\.?\s*(\S+)", heard.output)
    if found is None:
        raise EngineMissing(f"{program} does not say what it is: {(heard.complaints or heard.output)[-300:]!r}; {CURE}")
    return f"Quantum ESPRESSO {found.group(1)}"


def refuse(output: str, complaints: str, code: int) -> None:
    """DftFailed when the output of pw.x, its standard error or its exit status says that it failed."""
    said = output + complaints
    for pattern, failure, gentler in SIGNS:
        if found := re.search(pattern, said):
            raise DftFailed(failure, f"pw.x: {found.group(0)}\n{tail(output, complaints)}", gentler)
    if code < 0:
        raise DftFailed("crash", f"pw.x was ended by signal {-code}\n{tail(output, complaints)}")
    if code or "JOB DONE" not in output:
        reason = re.search(r"%{10,}\s*\n\s*(.*?)\n\s*%{10,}", output, re.DOTALL)
        told = " ".join(reason.group(1).split()) if reason else f"exit status {code}, no JOB DONE"
        raise DftFailed("error", f"pw.x: {told}\n{tail(output, complaints)}")


def answer(path: Path, output: str, calculation: Calculation, seconds: float) -> Computed:
    """Energy, crystal and moment of the last geometry of an output that `refuse` let through.

    What could not move is as it was given: the output has fewer digits.
    """
    from ase.io import read

    atoms = read(path, format="espresso-out", index=-1)
    given = calculation.crystal
    cell = atoms.cell.array if calculation.freedom == "cell" else np.array(given.cell)
    moved = Crystal.of(given.symbols, cell, atoms.positions, given.moments)
    crystal = given if calculation.freedom == "none" else moved
    moments = re.findall(r"total magnetization\s*=\s*([-\d.]+)", output)
    moment = float(moments[-1]) if moments and given.moments else None
    return Computed(float(atoms.get_potential_energy()), crystal, moment, seconds)


def tail(output: str, complaints: str) -> str:
    """The end of what it said."""
    return f"{output.strip()[-TAIL_CHARACTERS:]}\n{complaints.strip()[-TAIL_CHARACTERS // 3 :]}".strip()
