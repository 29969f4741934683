"""This file is what learning a curve is worth: a target density of states searched by curves and by distances alone.

    python benchmarks/curves.py [--seeds 3] [--evaluations 40]

Case: examples/dos_target.yaml (four tight-binding parameters, 121 energies), ten Sobol points, then `bayesian` in
batches of two; both ways from the same points. Printed: the smallest distance after 15, 20, 30 and all evaluations,
and the CPU seconds of the whole campaign.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from eutectic import Campaign
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.surrogates.composite.curve import CurveDistance

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "dos_target.yaml"
PROPERTY = "density_of_states_per_ev"


def deaf(recipe: CurveDistance, X: np.ndarray, curves: np.ndarray) -> CurveDistance:
    """In the place of `CurveDistance.measured`: a recipe that is told no curve learns distances."""
    del X, curves
    return recipe


def smallest(seed: int, distance: str, evaluations: int, learn_curves: bool) -> tuple[list[float], float]:
    """Smallest distances on the way, and CPU seconds."""
    changes = [
        f"seed={seed}",
        f"objectives.{PROPERTY}.distance={distance}",
        f"budget.evaluations={evaluations}",
        "tracking.enabled=false",
        "executor.workers=1",
    ]
    measured = CurveDistance.measured if learn_curves else deaf
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder, patch.object(CurveDistance, "measured", measured):
        with Campaign.from_yaml(EXAMPLE, folder=Path(folder) / "run", overrides=changes) as campaign:
            list(campaign.rounds())
        values = [outcome.values[PROPERTY] for outcome in read_ledger(Path(folder) / "run").finished]
    return [min(values[:k]) for k in (15, 20, 30, len(values))], time.process_time() - began


def main() -> None:
    """Run every case and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--evaluations", type=int, default=40)
    arguments = parser.parse_args()
    for distance in ("rms", "wasserstein", "cosine"):
        for seed in range(1, arguments.seeds + 1):
            for learn_curves in (True, False):
                found, seconds = smallest(seed, distance, arguments.evaluations, learn_curves)
                name = "curves" if learn_curves else "distances"
                print(
                    f"{distance:12}{seed:3}  {name:10}", *(f"{x:8.4f}" for x in found), f"{seconds:6.1f} s", flush=True
                )


if __name__ == "__main__":
    main()
