"""What the rules that benchmarks chose are worth on tasks none of them was chosen on: each is switched off in turn.

Run: python benchmarks/ablation.py [--tasks ridge cliff scatter islands] [--rules ...] [--seeds 5] [--evaluations 40]

covariance  the squared exponential where evidence speaks for it (chosen with VehicleSafety, the alloy emulator and the
            crossed barrel in view): Matern 5/2 alone
stretch     constraints' variances that grow far from rows (one start of C2DTLZ2): as they are calibrated
own         a listed design's own deviation (perovskites, AutoAM, P3HT): none
regimes     two regimes beside a cliff (Penicillin, pools): one

ridge    four variables, two smooth objectives along a curved ridge
cliff    three variables, two objectives, of which 40 % of the space has nothing but a flat loss
scatter  a list of 400 rows of five variables, one objective with a deviation of its own in every row
islands  three variables, two objectives, two feasible islands of which the smaller one holds half of the front

`bayesian` with its defaults, batches of 4 after ten uniform rows, the same for all. Score: hypervolume (or, of one
objective, the least loss turned into a share of the range) of what was measured as a share of that of 200,000 draws or
the whole list. Every run is a process of its own, so that nothing learned is shared.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import moocore
import numpy as np
import torch

from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.bayesian import proposal
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.models import belief
from eutectic.optimizers.models.two_regimes import RegimeBelief
from eutectic.optimizers.spaces import region
from eutectic.surrogates.gp.recipe import GaussianProcess

START, BATCH = 10, 4
RULES = ("none", "covariance", "stretch", "own", "regimes")
"""What is switched off."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Losses (n, m) and excesses (n, c) of rows (n, d) of a space."""

    space: Space
    true: Callable[[Array], tuple[Array, Array]]


def box(d: int, table: Array | None = None) -> Space:
    """The unit box."""
    return Space(tuple(f"x{j}" for j in range(d)), ("continuous",) * d, np.zeros(d), np.ones(d), table=table)


def ridge() -> Task:
    def true(X: Array) -> tuple[Array, Array]:
        away = (X[:, 1] - 0.5 - 0.3 * np.sin(3 * X[:, 0])) ** 2 + (X[:, 2] - X[:, 0] ** 2) ** 2 + (X[:, 3] - 0.4) ** 2
        return np.stack([X[:, 0] + 2 * away, (1 - X[:, 0]) ** 2 + 2 * away], 1), np.empty((len(X), 0))

    return Task(box(4), true)


def cliff() -> Task:
    def true(X: Array) -> tuple[Array, Array]:
        there = X[:, 0] + 0.5 * X[:, 1] ** 2 > 0.55
        first = ((X - [0.62, 0.3, 0.7]) ** 2).sum(1)
        second = ((X - [0.8, 0.8, 0.2]) ** 2).sum(1)
        flat = 2.0 + 0.02 * X[:, 2]
        Y = np.stack([np.where(there, first, flat), np.where(there, second, flat)], 1)
        return Y, np.empty((len(X), 0))

    return Task(box(3), true)


def scatter() -> Task:
    rng = np.random.default_rng(31)
    X = rng.random((400, 5))
    loss = ((X - 0.6) ** 2).sum(1) + 0.3 * np.sin(5 * X[:, 0]) + 0.15 * rng.normal(size=400)

    def true(rows: Array) -> tuple[Array, Array]:
        place = np.array([int(np.flatnonzero((x == X).all(1))[0]) for x in rows])
        return loss[place][:, None], np.empty((len(rows), 0))

    return Task(box(5, X), true)


def islands() -> Task:
    centres = np.array([[0.25, 0.3, 0.5], [0.8, 0.75, 0.5]])
    sizes = np.array([0.24, 0.15])

    def true(X: Array) -> tuple[Array, Array]:
        gaps = np.sqrt(((X[:, None] - centres) ** 2).sum(2)) - sizes
        first = X[:, 0] + 0.3 * (X[:, 2] - 0.5) ** 2
        return np.stack([first, 1 - X[:, 1] + 0.2 * np.cos(4 * X[:, 0])], 1), gaps.min(1)[:, None]

    return Task(box(3), true)


TASKS: dict[str, Callable[[], Task]] = {"ridge": ridge, "cliff": cliff, "scatter": scatter, "islands": islands}


def switched_off(rule: str) -> None:
    """Switch a rule off, for the rest of the process."""
    if rule == "stretch":
        GaussianProcess.stretched = lambda self: self  # type: ignore[method-assign]
    if rule == "own":
        belief.deviations = lambda *_: ()  # type: ignore[assignment]
    if rule == "regimes":
        proposal.regimes = lambda *given: RegimeBelief(given[-1], {})  # type: ignore[attr-defined]


def score(task: Task, X: Array) -> float:
    """Of what was measured: hypervolume, or of one objective what is left to the largest loss."""
    every = region.sample(task.space, 200_000, np.random.default_rng(0)) if task.space.table is None else None
    Y, C = task.true(task.space.table if every is None else every)
    best = Y[(C <= 0).all(1)]
    mine, broken = task.true(X)
    mine = mine[(broken <= 0).all(1)]
    if Y.shape[1] == 1:
        return float((best.max() - mine.min()) / np.ptp(best))
    front = np.asarray(moocore.filter_dominated(best))
    low, width = front.min(0), np.ptp(front, axis=0)
    whole = moocore.hypervolume((front - low) / width, ref=np.full(Y.shape[1], 1.1))
    return float(moocore.hypervolume((mine - low) / width, ref=np.full(Y.shape[1], 1.1)) / whole) if len(mine) else 0.0


def run(name: str, rule: str, seed: int, evaluations: int) -> tuple[float, float]:
    """Score and CPU seconds of one search."""
    torch.set_num_threads(1)
    switched_off(rule)
    task, begun = TASKS[name](), time.process_time()
    rng = np.random.default_rng([seed, 0])
    listed = task.space.table
    X = region.sample(task.space, START, rng) if listed is None else listed[rng.permutation(len(listed))[:START]]
    Y, C = task.true(X)
    recipe = GaussianProcess(kernel="matern52") if rule == "covariance" else GaussianProcess()
    optimizer = Bayesian().using((recipe,) * (Y.shape[1] + C.shape[1]))
    while len(X) < evaluations:
        history = History.observed(X, *task.true(X))
        X = np.concatenate([X, propose(optimizer, "", task.space, history, BATCH, np.random.default_rng(seed)).X])
    return score(task, X), time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    parser.add_argument("--rules", nargs="+", choices=RULES, default=list(RULES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--evaluations", type=int, default=40)
    given = parser.parse_args()
    for name in given.tasks:
        for rule in given.rules:
            found = []
            for seed in range(given.seeds):
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    found.append(pool.apply(run, (name, rule, seed, given.evaluations)))
            scores, seconds = np.array(found).T
            error = scores.std(ddof=1) / len(scores) ** 0.5 if len(scores) > 1 else np.nan
            each = ", ".join(f"{value:.4f}" for value in scores)
            print(
                f"| {name} | {rule} | {scores.mean():.4f} ± {error:.4f} | {each} | {seconds.mean():.1f} |", flush=True
            )


if __name__ == "__main__":
    main()
