"""This file is a count of infeasible proposals: 12 elements, at most 5 present, 1 at.% steps, 3.06e9 points.

    python benchmarks/feasible.py [--proposals 10000] [--who bayesian nsga2 swarm]

Campaigns of ten batches with two objectives, from 20 uniform compositions, until so many were proposed. Whether one is
feasible is decided here from the numbers, not by the code that proposes: whole per cent that sum to 100, at most five
elements above 0. `bayesian` looks less hard than by default (few draws and starts), every other campaign in trust
regions; the population methods have their defaults. Seconds are CPU seconds.
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

from eutectic.generators.composition import Composition
from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import Array, History, Optimizer, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.evolutionary.nsga2 import NSGA2
from eutectic.optimizers.spaces import region
from eutectic.optimizers.swarms.swarm import Swarm

ELEMENTS = ("Al", "Co", "Cr", "Cu", "Fe", "Mn", "Mo", "Nb", "Ni", "Ti", "V", "W")
BATCHES = 10
BATCH = {"bayesian": 10, "nsga2": 100, "swarm": 100}


def losses(X: Array) -> Array:
    """Two smooth conflicting losses (n, 2)."""
    pull, pairs = np.random.default_rng(3).normal(size=(12, 2)), np.random.default_rng(4).normal(size=(2, 12, 12))
    found: Array = X @ pull + np.einsum("ni,mij,nj->nm", X, pairs, X)
    return found


def infeasible(X: Array) -> int:
    """How many rows of X (n, 12) break a rule."""
    percent = np.round(100 * X)
    whole = (np.abs(100 * X - percent) < 1e-9).all(1) & (percent >= 0).all(1)
    return int((~(whole & (percent.sum(1) == 100) & ((X > 0).sum(1) <= 5))).sum())


def optimizer(name: str, seed: int) -> Optimizer:
    """The part of that name."""
    if name == "bayesian":
        return Bayesian(draws=2, samples=32, starts=1, iterations=1, trust="always" if seed % 2 else "never")
    return NSGA2() if name == "nsga2" else Swarm()


def campaign(name: str, space: Space, seed: int) -> Array:
    """All proposals (n, 12) of one campaign."""
    X = region.sample(space, 20, np.random.default_rng(seed))
    rounds, part = np.full(20, -1), optimizer(name, seed)
    state: dict[str, object] = {}
    for batch in range(BATCHES):
        seen = replace(History.observed(X, losses(X)), round=rounds, state=state)
        found = propose(part, name, space, seen, BATCH[name], np.random.default_rng([seed, batch]))
        X, state = np.concatenate([X, found.X]), dict(found.state)
        rounds = np.append(rounds, np.full(len(found.X), batch))
    return X[20:]


def main() -> None:
    """Print one row an optimizer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--proposals", type=int, default=10_000)
    parser.add_argument("--who", nargs="*", default=list(BATCH), choices=list(BATCH))
    options = parser.parse_args()
    torch.set_num_threads(1)
    space = Composition(dict.fromkeys(ELEMENTS, (0.0, 1.0)), step=0.01, max_elements=5).space
    print("| optimizer | proposals | infeasible | repeated in a campaign | CPU s |\n|---|---|---|---|---|")
    for name in options.who:
        begun = time.process_time()
        runs: list[Array] = []
        while sum(len(run) for run in runs) < options.proposals:
            runs.append(campaign(name, space, len(runs)))
        X, seconds = np.concatenate(runs), time.process_time() - begun
        repeated = len(X) - sum(len(np.unique(run, axis=0)) for run in runs)
        print(f"| {name} | {len(X)} | {infeasible(X)} | {repeated} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
