"""This file is the benchmark on the published alloy table: its front found again, with its surrogate and with ours.

    EUTECTIC_DATA=... python benchmarks/replay.py [--seeds 3] [--only published stacked gp auto random] [--results FILE]

The bundled campaign `alloy_replay`: 60 of the 17,298 compositions in the table of Wang et al., npj Comput. Mater. 2025,
doi 10.1038/s41524-025-01600-x, 20 of them at random (the same for all at one seed), then batches of 10 by each
surrogate. The hypervolume of what was found is given as a share of that of the table's own front, at the same
reference point (155 GPa, 320 mJ/m2); decorations of one composition are averaged. Mean and standard deviation over
the seeds.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.record.volume import hypervolume

HERE = Path(__file__).resolve().parents[1]
TABLE = "mpea_md/data_pso_Cu.dat"
MODULUS, ENERGY = "bulk_modulus_gpa", "unstable_stacking_fault_energy_ev"
REFERENCE = (-155.0, -21.84)
ENTRANTS = {
    "published": ["surrogates.default={use: stacked, preset: published}"],
    "stacked": ["surrogates.default={use: stacked}"],
    "gp": ["surrogates.default={use: gp}"],
    "auto": ["surrogates.default={use: auto}"],
    "random": ["optimizers=[{use: sobol, sets: 1}]"],
}
"""Entrant -> what is changed in the bundled campaign."""
MARKS = (30, 40, 60)
"""Evaluations after which the hypervolume is shown."""


def best(data: Path) -> float:
    """Hypervolume of the front of the table, decorations averaged."""
    table = np.loadtxt(data / TABLE)
    _, which = np.unique(table[:, :5], axis=0, return_inverse=True)
    count = np.bincount(which.reshape(-1))
    losses = [-np.bincount(which.reshape(-1), table[:, j]) / count for j in (5, 10)]
    return hypervolume(np.column_stack(losses), REFERENCE)


def run(name: str, seed: int, data: Path) -> dict[str, list[float]]:
    """Hypervolume after each of MARKS, and the CPU seconds a batch, of one campaign."""
    extra = [f"seed={seed}", "tracking.enabled=false", *ENTRANTS[name]]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shutil.copy(data / TABLE, folder)
        shutil.copy(HERE / "examples/alloy_replay.yaml", folder)
        began = time.process_time()
        campaign = Campaign.from_yaml(folder / "alloy_replay.yaml", folder / "run", extra)
        batches = sum(1 for _ in campaign.rounds())
        cpu_s = (time.process_time() - began) / batches
        found = [(-o.values[MODULUS], -o.values[ENERGY]) for o in campaign.ledger.finished]
        campaign.close()
    return {"volumes": [hypervolume(np.array(found[:n]), REFERENCE) for n in MARKS], "cpu_s": [cpu_s]}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=list(ENTRANTS), default=list(ENTRANTS))
    parser.add_argument("--results", type=Path, help="JSON file that keeps the runs; what it holds is not run again")
    arguments = parser.parse_args()
    if not os.environ.get("EUTECTIC_DATA"):
        sys.exit("set EUTECTIC_DATA to the folder that holds mpea_md/")
    data, path = Path(os.environ["EUTECTIC_DATA"]), arguments.results
    kept = json.loads(path.read_text()) if path is not None and path.exists() else {}
    whole = best(data)
    print("| surrogate | " + " | ".join(f"{n} evaluations" for n in MARKS) + " | CPU s a batch |\n" + "|---" * 5 + "|")
    for name in arguments.only:
        for seed in range(arguments.seeds):
            kept[f"{name} {seed}"] = kept.get(f"{name} {seed}") or run(name, seed, data)
            if path is not None:
                path.write_text(json.dumps(kept))
        done = [kept[f"{name} {seed}"] for seed in range(arguments.seeds)]
        share = np.array([one["volumes"] for one in done]) / whole
        spread = share.std(0, ddof=1) if len(done) > 1 else np.full(len(MARKS), np.nan)
        cells = [f"{m:.3f} ± {s:.3f}" for m, s in zip(share.mean(0), spread, strict=True)]
        print(f"| {name} | {' | '.join(cells)} | {np.mean([one['cpu_s'] for one in done]):.1f} |", flush=True)


if __name__ == "__main__":
    main()
