"""This file is the benchmark against the published alloy table: 60 evaluations with the case study's own potential.

    EUTECTIC_DATA=... EUTECTIC_POTENTIALS=... python benchmarks/published.py --dir runs/published

The bundled campaign with the Farkas-Caro potential (doi 10.1557/jmr.2018.245) and rigid faults is compared with the
19,728 molecular-dynamics rows of Wang et al., npj Comput. Mater. 2025, doi 10.1038/s41524-025-01600-x. A row dominates
a candidate beyond noise when it is better in both properties by more than two standard deviations of a difference
between one row (repeatability of the table: 0.23 GPa, 3.1 mJ/m2) and our value (its standard error).
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.file.examples import bundled
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.optimizers.base import Array

PROPERTIES = ("bulk_modulus_gpa", "unstable_stacking_fault_energy_mj_per_m2")
REPEATABILITY = np.array([0.23, 3.1])
"""Pooled standard deviation over repeated compositions of the table, GPa and mJ/m2."""
FAULT_AREA_ANGSTROM2 = 43.5152 * 25.1235
MJ_PER_M2 = 16021.766
"""One eV/angstrom^2 in mJ/m2."""


def published(data: Path) -> Array:
    """Bulk modulus (GPa) and unstable stacking fault energy (mJ/m2) of the table, (n, 2)."""
    table = np.loadtxt(data / "mpea_md/data_pso_Cu.dat")
    return np.column_stack([table[:, 5], table[:, 10] / FAULT_AREA_ANGSTROM2 * MJ_PER_M2])


def dominators(outcome: Outcome, rows: Array, sigmas: float) -> int:
    """Rows better than the outcome in both properties by more than `sigmas` deviations of the difference."""
    value = np.array([outcome.values[p] for p in PROPERTIES])
    error = np.array([outcome.errors.get(p, 0.0) for p in PROPERTIES])
    return int((rows > value + sigmas * np.hypot(REPEATABILITY, error)).all(1).sum())


def main() -> None:
    """Run the campaign and print its front beside the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--fault-ions", default="relaxed", choices=["ideal", "relaxed"])
    arguments = parser.parse_args()
    data, potentials = os.environ.get("EUTECTIC_DATA"), os.environ.get("EUTECTIC_POTENTIALS")
    if not data or not potentials:
        sys.exit("set EUTECTIC_DATA and EUTECTIC_POTENTIALS")
    potential = Path(potentials).resolve() / "FeNiCrCoCu-heafixed.setfl"
    settings = ("name=published", f"seed={arguments.seed}", f"oracles.md.potential={potential}")
    settings += (f"oracles.md.fault_ions={arguments.fault_ions}", "tracking.enabled=false")
    with Campaign.from_yaml(bundled("multi_principal_alloy.yaml"), arguments.dir, settings) as campaign:
        for finished in campaign.rounds():
            print(f"round {finished.index}: hypervolume {finished.hypervolume:.0f}", flush=True)
        front = campaign.pareto()
    rows = published(Path(data))
    print("| candidate | B, GPa | USFE, mJ/m2 | rows better in both | beyond noise (2 sigma) |")
    print("|---|---|---|---|---|")
    for outcome in front:
        b, usfe = (outcome.values[p] for p in PROPERTIES)
        better, beyond = dominators(outcome, rows, 0), dominators(outcome, rows, 2)
        print(f"| {outcome.number} | {b:.1f} | {usfe:.1f} | {better} | {beyond} |")


if __name__ == "__main__":
    main()
