"""This file is structure prediction on the Materials Project's test split: types given, one sample and twenty.

    EUTECTIC_DATA=/folder/with/mp_structures python benchmarks/structure_prediction.py [--n 300] [--samples 20]
        [--who wyckoff substitution random]

Crystals of `mp_20_biternary_test.csv.gz` drawn by chance; each generator is asked for the exact formula and number of
atoms, draws 0 to 19 of a stream of the crystal's own. StructureMatcher 0.3, 0.5, 10; of several samples the nearest.
The corrected RMSE counts what does not match as 0.5. `substitution` exchanges elements in the first of the two tables
that `wyckoff` was trained on. Crystals whose formula is in these, as another polymorph mostly, are told apart.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure

from benchmarks.crystal_generators import formula
from benchmarks.train_default import TRAINED, folder, test_set, training_set
from eutectic.generators.baselines.random_crystal import RandomCrystal
from eutectic.generators.baselines.substitution import Substitution
from eutectic.generators.learning import datasets
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure
from eutectic.generators.wyckoff.engine import Wyckoff
from eutectic.optimizers.base import Array

LIMIT = 0.5
"""What a structure that does not match counts as, the matcher's own limit."""


def engine_of(who: str) -> Any:
    if who == "random":
        return RandomCrystal()
    return Wyckoff() if who == "wyckoff" else Substitution(pool=str(folder() / TRAINED[0]))


def crystals(rows: Sequence[int], whole: datasets.Structures) -> list[Structure]:
    """Some crystals of a table."""
    return [Structure(*(whole.crystal(int(i))[k] for k in (0, 2, 1))) for i in rows]


def distances(who: str, truth: Sequence[Structure], samples: int) -> tuple[Array, float, float]:
    """(n, samples) root mean square distance, NaN without a match; share of draws answered; CPU ms of a draw."""
    engine, matcher = engine_of(who), StructureMatcher(ltol=0.3, stol=LIMIT, angle_tol=10)
    found, answered, spent = np.full((len(truth), samples), np.nan), 0, 0.0
    for i, crystal in enumerate(truth):
        wanted = Conditions(formula=crystal.composition.reduced_formula, atoms=(len(crystal), len(crystal)))
        began = time.process_time()
        made = engine.draw([wanted] * samples, [1000 * i + k for k in range(samples)])
        spent += time.process_time() - began
        for k, one in enumerate(made):
            if isinstance(one, GeneratedStructure):
                answered += 1
                said = matcher.get_rms_dist(Structure.from_dict(one.structure()), crystal)
                found[i, k] = np.nan if said is None else said[0]
    return found, answered / found.size, 1000 * spent / found.size


def line(title: str, found: Array) -> str:
    """Match rate, RMSE of what matches and the corrected one, of the nearest of the samples (n, k)."""
    nearest = np.where(np.isnan(found), np.inf, found).min(1)
    matched, n = np.isfinite(nearest), len(nearest)
    share = matched.mean()
    rmse = nearest[matched].mean() if matched.any() else np.nan
    corrected = np.where(matched, nearest, LIMIT).mean()
    spread = 196 * np.sqrt(share * (1 - share) / n)
    return f"{title}: n {n}, match {100 * share:.1f} ± {spread:.1f} %, RMSE {rmse:.4f}, corrected {corrected:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--who", nargs="+", default=["wyckoff", "substitution", "random"])
    given = parser.parse_args()
    torch.set_num_threads(1)
    trained, test = training_set(), test_set()
    known = {formula(trained.crystal(i)[2]) for i in range(len(trained))}
    rows = np.random.default_rng(0).permutation(len(test))[: given.n]
    truth = crystals(rows, test)
    seen = np.array([formula(test.crystal(int(i))[2]) in known for i in rows])
    for who in given.who:
        found, answered, ms = distances(who, truth, given.samples)
        print(f"{who}: {100 * answered:.1f} % of draws answered, {ms:.1f} CPU ms a draw", flush=True)
        for title, own in (
            ("all", found),
            ("formula not trained on", found[~seen]),
            ("formula trained on", found[seen]),
        ):
            for k in (1, given.samples):
                print(line(f"{who}, {title}, best of {k}", own[:, :k]), flush=True)


if __name__ == "__main__":
    main()
