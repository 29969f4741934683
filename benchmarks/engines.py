"""This file is what the LAMMPS oracle measures of known materials, beside reference values; prints markdown tables.

    python benchmarks/engines.py

Copper, nickel and the built-in potential need nothing but the installation. With EUTECTIC_POTENTIALS naming a folder
that holds FeNiCrCoCu-heafixed.setfl (Farkas and Caro 2018, doi 10.1557/jmr.2018.245; NIST record
2018--Farkas-D--Fe-Ni-Cr-Co-Cu--LAMMPS--ipr2) that potential is measured too; with EUTECTIC_DATA naming one that holds
mpea_md/data_pso_Cu.dat (19,728 rows, doi 10.1038/s41524-025-01600-x) both alloys are compared with rows of that table.
"""

import os
import time
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path

import numpy as np

from eutectic.oracles.base import Candidate
from eutectic.oracles.lammps.alloy import LammpsAlloy

USFE = "unstable_stacking_fault_energy_mj_per_m2"
ISFE = "intrinsic_stacking_fault_energy_mj_per_m2"
COLUMNS = {
    "a": "lattice_constant_angstrom",
    "B": "bulk_modulus_gpa",
    "C11": "c11_gpa",
    "C12": "c12_gpa",
    "C44": "c44_gpa",
    "E": "young_modulus_gpa",
}
REFERENCES = {
    "Cu, experiment": (3.615, 137.0, 168.0, 121.0, 75.0, 130.0, np.nan, 160.0, 45.0),
    "Ni, experiment": (3.52, 184.0, 250.0, 150.0, 124.0, 220.0, np.nan, 280.0, 125.0),
    "Cu, Farkas-Caro, other scripts": (3.620, 137.0, 169.0, 121.0, 76.0, 129.0, 272.0, 191.0, 45.0),
    "Ni, Farkas-Caro, other scripts": (3.520, 183.0, 251.0, 149.0, 127.0, 227.0, 405.0, 368.0, 125.0),
    "FeNiCrCoCu, Farkas-Caro, other scripts": (3.553, 168.5, 224.0, 141.0, 108.0, 193.0, 360.0, 280.0, 64.0),
    "FeNiCrCoCu, built-in, its fit": (3.552, 168.2, 222.7, 140.9, 107.0, np.nan, 357.9, 344.2, 70.8),
}
"""a in angstrom; B, C11, C12, C44, E in GPa; unstable rigid, unstable and intrinsic relaxed in mJ/m2.

Experiment is at room temperature, its fault energies rounded middles of calculated or measured ranges.
"""
EQUIATOMIC = dict.fromkeys(("Fe", "Ni", "Cr", "Co", "Cu"), 0.2)
PURE = {"cells": 2, "decorations": 1, "fault_cells": (3, 2, 12), "fault_decorations": 1}
CUNI = Path(str(distribution("lammps").locate_file("lammps/share/lammps/potentials/CuNi.eam.alloy")))


def ask(oracle: LammpsAlloy, composition: dict[str, float], seed: int = 1) -> tuple[dict[str, float], dict[str, float]]:
    (found,) = oracle.evaluate([Candidate(composition, composition)], np.random.default_rng(seed))
    if found.status != "finished":
        raise SystemExit(f"{composition}: {found.error}")
    return dict(found.values), dict(found.errors)


def measured(rigid: LammpsAlloy, relaxed: LammpsAlloy, composition: dict[str, float]) -> list[str]:
    values, errors = ask(rigid.only([*COLUMNS.values(), USFE]), composition)
    faults, fault_errors = ask(relaxed.only([USFE, ISFE]), composition)
    cells = [cell(values[name], errors.get(name), 4 if title == "a" else 1) for title, name in COLUMNS.items()]
    cells.append(cell(values[USFE], errors.get(USFE), 1))
    return cells + [cell(faults[name], fault_errors.get(name), 1) for name in (USFE, ISFE)]


def cell(value: float, error: float | None, digits: int) -> str:
    if np.isnan(value):
        return ""
    return f"{value:.{digits}f}" + (f" ± {error:.{digits}f}" if error else "")


def reference(name: str) -> None:
    row("*" + name + "*", [cell(value, None, 3 if i == 0 else 1) for i, value in enumerate(REFERENCES[name])])


def row(title: str, cells: list[str]) -> None:
    print(f"| {title} | " + " | ".join(cells) + " |", flush=True)


def header() -> None:
    titles = ["material", *COLUMNS, "USF rigid", "USF relaxed", "ISF relaxed"]
    print("| " + " | ".join(titles) + " |\n" + "|---" * len(titles) + "|")


def known_materials() -> None:
    header()
    for element in ("Cu", "Ni"):
        for strain in (0.004, 0.01):
            rigid = LammpsAlloy(potential=str(CUNI), strain=strain, **PURE)
            cells = measured(rigid, replace(rigid, fault="relaxed"), {element: 1.0})
            row(f"{element}, CuNi of the wheel, strain {strain}", cells)
        reference(f"{element}, experiment")
    row("FeNiCrCoCu, built-in", measured(LammpsAlloy(), LammpsAlloy(fault="relaxed"), EQUIATOMIC))
    reference("FeNiCrCoCu, built-in, its fit")
    if farkas := farkas_path():
        for element in ("Cu", "Ni"):
            pure = LammpsAlloy(potential=farkas, **PURE), LammpsAlloy(potential=farkas, fault="relaxed", **PURE)
            row(f"{element}, Farkas-Caro", measured(*pure, {element: 1.0}))
            reference(f"{element}, Farkas-Caro, other scripts")
        many = {"potential": farkas, "cells": 6, "decorations": 6}
        row("FeNiCrCoCu, Farkas-Caro", measured(LammpsAlloy(**many), LammpsAlloy(fault="relaxed", **many), EQUIATOMIC))
        reference("FeNiCrCoCu, Farkas-Caro, other scripts")


def farkas_path() -> str:
    path = Path(os.environ.get("EUTECTIC_POTENTIALS", ".")) / "FeNiCrCoCu-heafixed.setfl"
    return str(path) if path.exists() else ""


def headline_cost() -> None:
    """CPU seconds and standard errors of one evaluation at the defaults, over random compositions."""
    oracle = LammpsAlloy().only(["bulk_modulus_gpa", USFE])
    print("\n| cells | decorations | slabs | CPU s | scatter of B / GPa | stated | scatter of USF / mJ/m2 | stated |")
    print("|---" * 8 + "|")
    rng = np.random.default_rng(0)
    seconds, errors, pairs = [], [], []
    ask(oracle, EQUIATOMIC)
    for seed, fractions in enumerate(rng.dirichlet(np.full(5, 40.0), size=12)):
        composition = dict(zip(EQUIATOMIC, fractions.tolist(), strict=True))
        began = time.process_time()
        first, stated = ask(oracle, composition, 2 * seed)
        seconds.append(time.process_time() - began)
        second, _ = ask(oracle, composition, 2 * seed + 1)
        pairs.append([(first[name] - second[name]) ** 2 / 2 for name in oracle.compute])
        errors.append([stated[name] ** 2 for name in oracle.compute])
    scatter, stated_rms = np.sqrt(np.mean(pairs, axis=0)), np.sqrt(np.mean(errors, axis=0))
    cost = f"{np.mean(seconds):.2f}"
    figures = [f"{x:.2f}" for x in (scatter[0], stated_rms[0], scatter[1], stated_rms[1])]
    print(
        f"| {oracle.cells} | {oracle.decorations} | {oracle.fault_decorations} | {cost} | " + " | ".join(figures) + " |"
    )


def published_rows(oracle: LammpsAlloy, title: str, rows: int = 24) -> None:
    """B and rigid USF against the published table's: mean absolute error, bias, correlation."""
    path = Path(os.environ.get("EUTECTIC_DATA", ".")) / "mpea_md" / "data_pso_Cu.dat"
    if not path.exists():
        return
    table = np.loadtxt(path)
    table = table[np.random.default_rng(5).choice(len(table), rows, replace=False)]
    published = np.column_stack([table[:, 5], table[:, 10] / (43.5152 * 25.1235) * 16021.766])
    ours = []
    for fractions in (table[:, :5] + 5.0) / 100.0:
        composition = dict(zip(("Cu", "Cr", "Co", "Fe", "Ni"), fractions.tolist(), strict=True))
        values, _ = ask(oracle.only(["bulk_modulus_gpa", USFE]), composition)
        ours.append([values["bulk_modulus_gpa"], values[USFE]])
    off = np.array(ours) - published
    for i, name in enumerate(("B", "USF rigid")):
        r = np.corrcoef(published[:, i], np.array(ours)[:, i])[0, 1]
        figures = [f"{np.abs(off[:, i]).mean():.2f}", f"{off[:, i].mean():+.2f}", f"{r:.3f}"]
        row(f"{title} | {name}", figures)


if __name__ == "__main__":
    known_materials()
    headline_cost()
    print("\n| potential | property | mean absolute error | bias | r |\n|---|---|---|---|---|")
    published_rows(LammpsAlloy(), "built-in")
    if farkas_path():
        published_rows(LammpsAlloy(potential=farkas_path()), "Farkas-Caro")
        published_rows(LammpsAlloy(potential=farkas_path(), fault_ions="relaxed"), "Farkas-Caro, ions relaxed first")
