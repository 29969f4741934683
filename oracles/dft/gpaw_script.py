"""This file is a program for the Python that has GPAW: FOLDER/task.json in, FOLDER/answer.json out.

It is never imported; it imports nothing of this project and works with the ASE of that Python.
"""

import json
import sys
from pathlib import Path
from typing import Any

SMEARING = {
    "cold": "marzari-vanderbilt",
    "gaussian": "methfessel-paxton",
    "methfessel-paxton": "methfessel-paxton",
    "fermi-dirac": "fermi-dirac",
}


def main(folder: Path) -> None:
    """Compute, and write the answer or the class of the failure; other errors end the program with their traceback."""
    from gpaw import KohnShamConvergenceError
    from gpaw.mpi import world

    task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    try:
        answer = compute(task, folder)
    except KohnShamConvergenceError as error:
        answer = {"failure": "not_converged", "error": str(error) or "no convergence", "gentler": True}
    except FileNotFoundError as error:
        answer = {"failure": "bad_input", "error": str(error), "gentler": False}
    if world.rank == 0:
        (folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


def compute(task: Any, folder: Path) -> dict[str, Any]:
    """Energy (eV), geometry (angstrom) and moment of one calculation."""
    from ase import Atoms

    crystal, settings = task["crystal"], task["settings"]
    moments = crystal["moments"] or None
    atoms = Atoms(crystal["symbols"], crystal["positions"], cell=crystal["cell"], pbc=True, magmoms=moments)
    atoms.calc = calculator(task, folder)
    if task["freedom"] != "none" and not relaxed(atoms, task["freedom"], settings):
        steps = settings["relaxation_steps"]
        return {"failure": "not_converged", "error": f"forces left after {steps} steps", "gentler": False}
    return {
        "failure": "",
        "energy_ev": float(atoms.get_potential_energy(force_consistent=True)),
        "cell": atoms.cell.array.tolist(),
        "positions": atoms.positions.tolist(),
        "moment": float(atoms.get_magnetic_moment()) if moments else None,
    }


def calculator(task: Any, folder: Path) -> Any:
    """GPAW with the task's settings."""
    from gpaw import GPAW, PW, setup_paths

    settings, spin = task["settings"], bool(task["crystal"]["moments"])
    if task["setups"]:
        setup_paths.insert(0, task["setups"])
    occupations = {"name": SMEARING[settings["smearing"]], "width": settings["smearing_width_ev"]}
    if occupations["name"] == "methfessel-paxton":
        occupations["order"] = 0 if settings["smearing"] == "gaussian" else 1
    mixer = {"backend": "pulay", "beta": settings["mixing_beta"], "nmaxold": 5, "weight": 50}
    return GPAW(
        mode=PW(settings["cutoff_ev"]),
        xc=task["functional"],
        kpts={"size": task["grid"], "gamma": True},
        occupations=occupations,
        mixer={**mixer, "method": "sum" if spin else "separate"},
        convergence={"energy": settings["scf_tolerance_ev_per_atom"] / 4},  # GPAW's is an electron's
        maxiter=settings["scf_steps"],
        spinpol=spin,
        txt=str(folder / "gpaw.txt"),
    )


def relaxed(atoms: Any, freedom: str, settings: Any) -> bool:
    """Move ions, or ions and cell, until forces and stresses are small; whether they became so."""
    from ase.optimize import BFGS

    try:
        from ase.filters import FrechetCellFilter as CellFilter
    except ImportError:  # before ASE 3.23
        from ase.constraints import ExpCellFilter as CellFilter
    force = settings["force_tolerance_ev_per_angstrom"]
    if freedom == "cell":
        # the filter's generalised force is stress times volume: both limits hold with the smaller of the two
        stress = settings["stress_tolerance_gpa"] / 160.21766208
        force = min(force, stress * atoms.get_volume())
    moving = CellFilter(atoms) if freedom == "cell" else atoms
    return bool(BFGS(moving, logfile=None).run(fmax=force, steps=settings["relaxation_steps"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
