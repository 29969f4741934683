"""This file is the convolutional surrogate with and without the crystals that an oracle has measured.

    python benchmarks/decorations.py DATA [--slabs 12] [--rows 30 60 120] [--seeds 0 1 2]

Uniform compositions of FeNiCrCoCu are measured by `lammps_alloy` (built-in potential, 5 cells, 2 decorations, so many
slabs) and kept in the file DATA. Surrogates learn from some of them, and predict 60 others, whose values are means over
4 decorations and 48 slabs. `told`: the convolutional network learns from the elements on the sites of every decoration
and slab with its own value, as it does in a campaign; otherwise from random sequences with the mean. Mean absolute
error over the seeds, and how many per cent of the test values the 95 % intervals hold. Seconds are CPU seconds a fit.
"""

import argparse
import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from eutectic.generators.composition import Composition
from eutectic.generators.representations.catalogue import ElementSequence
from eutectic.optimizers.base import Array
from eutectic.optimizers.spaces import region
from eutectic.oracles.base import Evaluation
from eutectic.oracles.lammps.alloy import LammpsAlloy
from eutectic.oracles.physics.decorations import seen
from eutectic.surrogates.base import Domain, Replicas
from eutectic.surrogates.composite.represented import Represented
from eutectic.surrogates.gp.recipe import GaussianProcess
from eutectic.surrogates.neural.cnn import CNN

ALLOY = Composition(dict.fromkeys(("Cu", "Cr", "Co", "Fe", "Ni"), (0.05, 0.35)))
PROPERTIES = {"bulk_modulus_gpa": "GPa", "unstable_stacking_fault_energy_mj_per_m2": "mJ/m²"}
LEARNED, TESTED = 120, 60


def measured(path: Path, slabs: int) -> tuple[Array, list[Evaluation]]:
    """Compositions (n, 5), the last TESTED of them for testing, and what LAMMPS says; kept in the file."""
    X = region.sample(ALLOY.space, LEARNED + TESTED, np.random.default_rng(0))
    held = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    candidates = ALLOY.generate(X, np.random.default_rng(0))
    for i in range(len(held), len(X)):
        tests = i >= LEARNED
        oracle = LammpsAlloy(decorations=4 if tests else 2, fault_decorations=48 if tests else slabs)
        (found,) = oracle.only(tuple(PROPERTIES)).evaluate(candidates[i : i + 1], np.random.default_rng([1, i]))
        assert found.status == "finished", found.error
        held.append(found.to_json())
        with path.open("a") as file:
            file.write(json.dumps(held[-1]) + "\n")
    return X, [Evaluation.from_json(content) for content in held]


def recipes(X: Array, told: list[Replicas | None]) -> dict[str, Any]:
    """What is compared."""
    sequence = Represented(CNN(), ElementSequence().of(ALLOY.space), lambda: X)
    return {
        "gp": GaussianProcess(),
        "cnn, fractions": CNN(),
        "cnn, random sequences": sequence,
        "cnn, told": sequence.with_replicas(X, told),
    }


def replicas(evaluation: Evaluation, name: str) -> Replicas:
    """What a value is the mean of."""
    found = seen(evaluation)[name]
    return Replicas(found.elements, found.codes, found.values)


def trial(X: Array, evaluations: list[Evaluation], name: str, rows: int, seed: int) -> dict[str, tuple[float, ...]]:
    """Mean absolute error, coverage and CPU seconds of each surrogate."""
    y = np.array([e.values[name] for e in evaluations])
    noise = np.array([e.errors[name] ** 2 for e in evaluations])
    train = np.random.default_rng(seed).permutation(LEARNED)[:rows]
    told: list[Replicas | None] = [replicas(evaluations[i], name) for i in train]
    box = Domain(ALLOY.space.lower, ALLOY.space.upper)
    T, truth = X[LEARNED:], y[LEARNED:]
    found = {}
    for label, recipe in recipes(X[train], told).items():
        began = time.process_time()
        fitted = recipe.fit(X[train], y[train, None], ALLOY.space.names, variance=noise[train, None], domain=box)
        cost = time.process_time() - began
        posterior = fitted.posterior(T)
        error = np.abs(posterior.mean[:, 0] - truth)
        inside = error < 1.96 * np.sqrt(posterior.variance[:, 0] + noise[LEARNED:])
        found[label] = (float(error.mean()), 100 * float(inside.mean()), cost)
    return found


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--slabs", type=int, default=12)
    parser.add_argument("--rows", nargs="+", type=int, default=[30, 60, 120])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    X, evaluations = measured(options.data, options.slabs)
    print("| property | surrogate | rows | mean absolute error | 95 % intervals hold, % | CPU s |")
    print("|---" * 6 + "|")
    for name, unit in PROPERTIES.items():
        for rows in options.rows:
            runs = [trial(X, evaluations, name, rows, seed) for seed in options.seeds]
            for label in runs[0]:
                table = np.array([run[label] for run in runs])
                error, inside, cost = table.mean(0)
                spread = table[:, 0].std()
                print(f"| {name} | {label} | {rows} | {error:.3f} ± {spread:.3f} {unit} | {inside:.0f} | {cost:.1f} |")


if __name__ == "__main__":
    main()
