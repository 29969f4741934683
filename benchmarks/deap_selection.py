"""This file is what DEAP's selection answers and costs beside ours: why `nsga2` and `nsga3` use what they use of it.

    python benchmarks/deap_selection.py             CPU milliseconds; NaN, constraints, random state, shifted losses
    python benchmarks/deap_selection.py --figures [--seeds 8]     fronts found with either choice of survivors

Losses are uniform in the unit cube ("many fronts") or lie on a sphere's octant ("one front"). The least of three calls;
making DEAP's individuals, one a candidate, is part of its cost.
"""

import argparse
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent))

import moocore
import numpy as np
from deap import base, tools
from evolution import judged, objectives, ours
from fronts import problems

from eutectic.optimizers.base import Array, History
from eutectic.optimizers.evolutionary.nsga2 import NSGA2
from eutectic.optimizers.evolutionary.nsga3 import NSGA3
from eutectic.optimizers.evolutionary.selection import crowded, pool


class Individual:
    """A candidate as DEAP selects it."""

    def __init__(self, row: int, fitness: base.Fitness) -> None:
        self.row = row
        self.fitness = fitness


def individuals(Y: Array) -> list[Individual]:
    minimised = type("Minimised", (base.Fitness,), {"weights": (-1.0,) * Y.shape[1]})
    return [Individual(row, minimised(values)) for row, values in enumerate(Y)]


def rows(chosen: list[Individual]) -> set[int]:
    return {person.row for person in chosen}


def least(function: Callable[[], object]) -> float:
    """CPU milliseconds."""
    spent = []
    for _ in range(3):
        start = time.process_time()
        function()
        spent.append(1e3 * (time.process_time() - start))
    return min(spent)


def pruned(Y: Array, k: int) -> list[Individual]:
    """DEAP's selection called again and again, as few leaving at a time as with ours."""
    left = individuals(Y)
    while len(left) > k:
        leaving = min(len(left) - k, max(1, min(len(left) // 10, (len(left) - k + 1) // 2)))
        left = tools.selNSGA2(left, len(left) - leaving, nd="log")
    return left


def losses(kind: str, n: int, m: int) -> Array:
    rng = np.random.default_rng(0)
    if kind == "many fronts":
        return rng.random((n, m))
    octant = np.abs(rng.normal(size=(n, m)))
    return octant / np.linalg.norm(octant, axis=1, keepdims=True)


def costs() -> None:
    """Sorting n, and choosing n among 2 n."""
    print("| losses | moocore sorts n | DEAP `log` | DEAP `standard` ", end="")
    print("| ours keeps n of 2n | `selNSGA2` | `selNSGA2` pruning |\n|" + "---|" * 7)
    for m in (2, 3):
        for n in (100, 400, 1000):
            for kind in ("many fronts", "one front"):
                Y = losses(kind, 2 * n, m)
                half, everyone = Y[:n], pool(History.observed(Y, Y))
                spent = (
                    least(lambda half=half: moocore.pareto_rank(half)),
                    least(lambda half=half: tools.sortLogNondominated(individuals(half), len(half))),
                    least(lambda half=half: tools.sortNondominated(individuals(half), len(half))),
                    least(lambda everyone=everyone, n=n: crowded(everyone, n)),
                    least(lambda Y=Y, n=n: tools.selNSGA2(individuals(Y), n, nd="log")),
                    least(lambda Y=Y, n=n: pruned(Y, n)),
                )
                print(f"| {n}, {m}, {kind} | " + " | ".join(f"{ms:.2f}" for ms in spent) + " |", flush=True)
    print("\n| losses | ours keeps n of 2n by niches | `selNSGA3` |\n|---|---|---|")
    for m, divisions in ((2, 99), (3, 12)):
        W = tools.uniform_reference_points(m, divisions)
        for n in (100, 400, 1000):
            Y = losses("one front", 2 * n, m)
            everyone, optimizer = pool(History.observed(Y, Y)), NSGA3(divisions=divisions, adaptive=False)
            own = least(lambda o=optimizer, p=everyone, n=n: o.keep(p, n, np.random.default_rng(0)))
            theirs = least(lambda Y=Y, n=n, W=W: tools.selNSGA3(individuals(Y), n, W))
            print(f"| {n}, {m} | {own:.2f} | {theirs:.2f} |", flush=True)


def answers() -> None:
    """What DEAP answers where a campaign is no textbook."""
    rng = np.random.default_rng(1)
    Y = rng.random((40, 2))
    broken = Y.copy()
    broken[::5, 0] = np.nan
    for nd in ("standard", "log"):
        kept = rows(tools.selNSGA2(individuals(broken), 20, nd=nd))
        print(f"NaN, {nd}: of 8 candidates without a value {len(kept & set(range(0, 40, 5)))} are among 20 survivors")
    constrained = type("Constrained", (base.ConstrainedFitness,), {"weights": (-1.0, -1.0)})
    little, much = (constrained(y, [over]) for y, over in (((0.5, 0.5), 0.01), ((0.4, 0.4), 99.0)))
    print(f"constraints: by 0.01 dominates by 99: {little.dominates(much)}, back {much.dominates(little)}")
    held, over = constrained((0.5, 0.5), [0.0]), constrained((0.4, 0.4), [99.0])
    print(f"constraints: feasible dominates broken by 99 that has values: {held.dominates(over)}")
    people = [Individual(row, constrained(y, None)) for row, y in enumerate(Y)]
    try:
        tools.sortNondominated(people, 20)
        print("constraints: sorted")
    except TypeError as error:
        print(f"constraints: sortNondominated raises TypeError: {error}")
    people = individuals(Y)
    tools.emo.assignCrowdingDist(people)
    state = random.getstate()
    tools.selTournamentDCD(people, 20)
    print(f"random state: selTournamentDCD leaves Python's alone: {random.getstate() == state}")
    numbers = np.random.get_state()[2]  # noqa: NPY002
    W = tools.uniform_reference_points(3, 12)
    front = losses("one front", 200, 3)
    tools.selNSGA3(individuals(front), 92, W)
    print(f"random state: selNSGA3 leaves NumPy's alone: {np.random.get_state()[2] == numbers}")  # noqa: NPY002
    plane = np.concatenate([np.eye(3), rng.dirichlet(np.ones(3), 197)])
    theirs, own = changed(plane, W)
    print(f"losses shifted by 0, 1, 10: of 92 survivors {theirs} of selNSGA3 and {own} of ours are others")


def changed(front: Array, W: Array) -> tuple[int, int]:
    """How many survivors by niches, DEAP's and ours, are others once losses are shifted; the same random numbers."""
    theirs, own = [], []
    optimizer = NSGA3(divisions=12, adaptive=False)
    for moved in (front, front + np.array([0.0, 1.0, 10.0])):
        np.random.seed(0)  # noqa: NPY002  (DEAP draws from here alone)
        theirs.append(rows(tools.selNSGA3(individuals(moved), 92, W)))
        everyone = pool(History.observed(moved, moved))
        own.append(set(optimizer.keep(everyone, 92, np.random.default_rng(0)).place.tolist()))
    return len(theirs[1] - theirs[0]), len(own[1] - own[0])


def figures(seeds: int) -> None:
    """Hypervolume and distance of 10,000 evaluations, as in benchmarks/evolution.py, for both choices of survivors."""
    print("| problem | `pruned` | `published` (DEAP) | CPU ms a batch |\n|---|---|---|---|")
    for name in ("zdt1", "zdt3", "tnk", "dtlz2"):
        problem, cells, spent = problems()[name], [], []
        size = 92 if objectives(problem) == 3 else 100
        for survival in ("pruned", "published"):
            runs = [ours(NSGA2(size, survival=survival), problem, 10_000, size, seed) for seed in range(seeds)]
            scores = np.array([judged(Y, problem.front) for Y, _ in runs])
            mean, error = scores.mean(0), scores.std(0, ddof=1) / np.sqrt(seeds)
            cells.append(f"{mean[0]:.4f} ± {error[0]:.4f} / {mean[1]:.4f} ± {error[1]:.4f}")
            spent.append(f"{1e3 * np.mean([seconds for _, seconds in runs]):.1f}")
        print(f"| {name} | {cells[0]} | {cells[1]} | {spent[0]} / {spent[1]} |", flush=True)


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--figures", action="store_true")
    parser.add_argument("--seeds", type=int, default=8)
    options = parser.parse_args()
    if options.figures:
        figures(options.seeds)
    else:
        costs()
        answers()


if __name__ == "__main__":
    main()
