"""This file is the density-functional benchmark: lattice constants of Si, Cu and Ni beside all-electron PBE values.

Run it: `python benchmarks/dft.py FOLDER [--engines espresso gpaw] [--elements Si Cu Ni] [--preset standard]`.

Calculations are kept in FOLDER: a second call reads them back. The reference is WIEN2k with PBE in the Delta project
(Lejaeghere et al. 2016, doi 10.1126/science.aad3000), whose volumes and bulk moduli ASE carries (`ase.collections`).
"""

import argparse
import json
import resource
from pathlib import Path

import numpy as np
from ase.build import bulk
from ase.collections import dcdft
from pymatgen.io.ase import AseAtomsAdaptor

from eutectic.oracles.base import Candidate, EngineMissing
from eutectic.oracles.dft.oracle import Dft

DEBIAN = {"Si": "Si.pbe-nl-rrkjus_psl.1.0.0.UPF", "Cu": "Cu.pbe-kjpaw.UPF", "Ni": "Ni.pbe-nd-rrkjus.UPF"}
"""PBE pseudopotentials of Debian's quantum-espresso-data."""
CUBIC_ATOMS = {"Si": 8, "Cu": 4, "Ni": 4}
WANTED = ("lattice_constant_angstrom", "bulk_modulus_gpa", "magnetic_moment_bohr_magnetons_per_atom")


def published(element: str) -> tuple[float, float]:
    """Lattice constant (angstrom) and bulk modulus (GPa) by WIEN2k."""
    row = dcdft.data[element]
    return float((CUBIC_ATOMS[element] * row["wien2k_volume"]) ** (1 / 3)), float(row["wien2k_B"])


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(engine: str, element: str, preset: str, folder: Path) -> dict[str, object]:
    files = {"pseudopotentials": {element: DEBIAN[element]}} if engine == "espresso" else {}
    oracle = Dft(engine, preset=preset, workdir=str(folder), compute=WANTED, **files)
    oracle.check()
    structure = AseAtomsAdaptor.get_structure(bulk(element))  # at the experimental lattice constant
    candidate = Candidate({"element": element}, structure=structure.as_dict())
    before = cpu_s()
    (found,) = oracle.evaluate([candidate], np.random.default_rng(0))
    a, b = published(element)
    constant = found.values.get("lattice_constant_angstrom", float("nan"))
    return {
        "engine": found.provenance.get("engine", engine),
        "element": element,
        "error": found.error,
        "lattice_constant_angstrom": constant,
        "published_angstrom": a,
        "deviation_percent": 100 * (constant / a - 1),
        "bulk_modulus_gpa": found.values.get("bulk_modulus_gpa"),
        "published_gpa": b,
        "moment": found.values.get("magnetic_moment_bohr_magnetons_per_atom"),
        "cpu_s": cpu_s() - before,
        "reused": found.provenance.get("reused"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engines", nargs="+", default=["espresso", "gpaw"])
    parser.add_argument("--elements", nargs="+", default=["Si", "Cu", "Ni"])
    parser.add_argument("--preset", default="standard")
    given = parser.parse_args()
    for engine in given.engines:
        for element in given.elements:
            try:
                row = measure(engine, element, given.preset, given.folder)
            except EngineMissing as problem:
                print(f"{engine}: {problem}")
                break
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
