"""This file is a search for a narrow feasible valley: eight variables, constraints of 16 to 44 at first, 0 wanted.

    python benchmarks/valley.py [--who bayesian hybrid satisfy nsga2 sobol] [--seeds 3] [--fail 0.4] [--evaluations 192]

Two objectives along a curved valley, whose width is a tenth of the space in seven variables, on a plateau: uniform
points lie 8 to 56 (mostly 16 to 44) above the first constraint, and a few in a million are feasible. A second
constraint cuts the front in pieces.
Printed are, after 48, 96, 144 and 192 evaluations (24 of them even ones at first, then batches of 8),
the least violation (sum of what the constraints are above 0), the feasible candidates and the hypervolume as a share of
what the whole front has, mean over the seeds; `satisfy` turns to the front after five feasible candidates. With
`--fail` that share of the space, in slices, cannot be evaluated.
"""

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from moocore import hypervolume

from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import Array, History, Optimizer, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.bayesian.hybrid import Hybrid
from eutectic.optimizers.bayesian.satisfy import Satisfy
from eutectic.optimizers.designs.sobol import Sobol
from eutectic.optimizers.evolutionary.nsga2 import NSGA2

D, START, BATCH = 8, 24, 8
MARKS = (48, 96, 144, 192)
REFERENCE = np.array([1.5, 1.5])
SPACE = Space(tuple(f"x{j}" for j in range(D)), ("continuous",) * D, np.zeros(D), np.ones(D))
WHO = ("bayesian", "hybrid", "satisfy", "nsga2", "sobol")


def distance(X: Array) -> Array:
    """How far from the valley (n,), 0 to 7; the valley's floor moves with the first variable."""
    floor = 0.5 + 0.3 * np.sin(2.0 * X[:, :1] + np.arange(1, D))
    found: Array = (1 - np.exp(-25 * (X[:, 1:] - floor) ** 2)).sum(1)
    return found


def problem(X: Array, fail: float = 0.0) -> tuple[Array, Array]:
    """Two losses (n, 2) and two constraints (n, 2), feasible where <= 0; NaN where an evaluation fails."""
    radius, angle = 1 + distance(X), 0.5 * np.pi * X[:, 0]
    Y = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    C = np.column_stack([radius**2 - 2.25, np.cos(12 * angle) * radius - 0.8])
    lost = (3.0 * X[:, 4] + 2.0 * X[:, 7]) % 1.0 < fail
    Y[lost], C[lost] = np.nan, np.nan
    return Y, C


def whole_front() -> float:
    """Hypervolume of the feasible front, from a fine cut along the valley's floor."""
    first = np.linspace(0, 1, 20_001)[:, None]
    X = np.column_stack([first, 0.5 + 0.3 * np.sin(2.0 * first + np.arange(1, D))])
    Y, C = problem(X)
    return volume(Y, C)


def volume(Y: Array, C: Array) -> float:
    """Hypervolume of feasible rows below the reference."""
    kept = Y[(np.nan_to_num(C, nan=np.inf) <= 0).all(1)]
    return float(hypervolume(kept, ref=REFERENCE)) if len(kept) else 0.0


def optimizer(name: str, feasible: int) -> Optimizer:
    """The part of that name."""
    if name == "satisfy" and feasible < 5:
        return Satisfy(Bayesian(), "bayesian")
    parts: dict[str, Optimizer] = {"hybrid": Hybrid(), "nsga2": NSGA2(population=24), "sobol": Sobol()}
    return parts.get(name, Bayesian())


def campaign(name: str, seed: int, evaluations: int, fail: float) -> tuple[Array, list[str]]:
    """All candidates (evaluations, 8) of one campaign in their order, and the notes of its batches."""
    X = Sobol().ask(SPACE, History.empty(D, 2, 2), START, np.random.default_rng(seed))
    rounds, state, notes = np.zeros(START, dtype=np.int64), dict[str, object](), list[str]()
    while len(X) < evaluations:
        Y, C = problem(X, fail)
        history = History.observed(X, Y, C)
        seen = replace(history, round=rounds, state=state, reference=REFERENCE)
        index = int(rounds[-1]) + 1
        part = optimizer(name, int(seen.feasible.sum()))
        found = propose(part, name, SPACE, seen, BATCH, np.random.default_rng([seed, index]))
        X, state = np.concatenate([X, found.X]), dict(found.state)
        rounds = np.append(rounds, np.full(len(found.X), index))
        notes += [f"{len(X)}: {note}" for note in found.notes]
    return X, notes


def figures(X: Array, fail: float, front: float) -> list[tuple[float, float, float]]:
    """Least violation, feasible candidates and share of the hypervolume at each of MARKS."""
    rows = []
    for mark in MARKS:
        Y, C = problem(X[:mark], fail)
        violation = np.maximum(C, 0).sum(1)
        feasible = int((np.nan_to_num(C, nan=np.inf) <= 0).all(1).sum())
        rows.append((float(np.nanmin(violation)), float(feasible), volume(Y, C) / front))
    return rows


def main() -> None:
    """Print one row an optimizer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--who", nargs="*", default=list(WHO), choices=WHO)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--fail", type=float, default=0.0)
    parser.add_argument("--evaluations", type=int, default=MARKS[-1])
    parser.add_argument("--notes", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    front = whole_front()
    print("| optimizer | " + " | ".join(f"{mark}" for mark in MARKS) + " | CPU s a batch |")
    print("|---" * (len(MARKS) + 2) + "|")
    for name in options.who:
        begun, runs = time.process_time(), []
        for seed in range(options.seeds):
            X, notes = campaign(name, seed, options.evaluations, options.fail)
            runs.append(figures(X, options.fail, front))
            print(*(notes if options.notes else []), sep="\n", end="\n" if options.notes else "")
        seconds = (time.process_time() - begun) / (options.seeds * (options.evaluations - START) / BATCH)
        cells = [f"{a:.2f}, {b:.0f}, {c:.2f}" for a, b, c in np.mean(runs, axis=0)]
        print(f"| {name} | {' | '.join(cells)} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
