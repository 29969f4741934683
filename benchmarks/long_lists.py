"""Long lists: seconds a batch of five, and the value it has beside that of judging every row in full at every place.

Run: python benchmarks/long_lists.py [--rows 100000] [--objectives 2 3 4] [--known 60 500] [--all]

The list is rows drawn from a lattice of five fractions in steps of 1 at.%, moved a little off it; two to four smooth
objectives that go against each other. `fit` is what the surrogates take, `choice` all the rest of the batch; processor
time of one thread. `--all` judges every row in full, too: minutes.
"""

import argparse
import multiprocessing
import resource
import time
from dataclasses import replace

import numpy as np
import torch

from eutectic.generators.composition import Composition
from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.bayesian.proposal import judged
from eutectic.optimizers.models.belief import learn
from eutectic.optimizers.spaces import region

BATCH = 5


def problem(rows: int, m: int, known: int, seed: int) -> tuple[Space, History]:
    space = Composition(dict.fromkeys(("Fe", "Ni", "Cr", "Co", "Cu"), (0.05, 0.35)), 0.01).space
    lattice = region.enumerate_points(space)
    assert lattice is not None
    rng = np.random.default_rng(seed)
    X = lattice[rng.integers(0, len(lattice), rows)] + rng.normal(size=(rows, 5)) * 1e-3
    X = np.clip(X, 0.05, 0.35)
    listed = replace(space, table=X, mixtures=(), kinds=("continuous",) * 5)
    own = X[rng.choice(rows, known, replace=False)]
    return listed, History.observed(own, losses(own, m))


def losses(X: Array, m: int) -> Array:
    rng, Z = np.random.default_rng(5), (X - 0.05) / 0.3
    centres = rng.random((m, 5))
    parts = [((Z - centre) ** 2).sum(1) + 0.3 * np.sin(3 * Z @ rng.normal(size=5)) for centre in centres]
    return np.stack(parts, 1)


def measured(rows: int, m: int, known: int, seed: int, whole: bool) -> dict[str, object]:
    torch.set_num_threads(1)
    space, history = problem(rows, m, known, seed)
    optimizer = Bayesian()
    history = replace(history, state=learn(space, history, ()).state)
    start = time.process_time()
    belief = learn(space, history, ())
    fit = time.process_time() - start
    start = time.process_time()
    proposals = optimizer.propose(space, history, BATCH, np.random.default_rng(0))
    batch = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    values = [reason.acquisition or -np.inf for reason in proposals.reasons]
    found: dict[str, object] = {"fit": fit, "choice": batch - fit, "MB": memory, "value": values}
    if whole:
        start = time.process_time()
        fronts = judged(optimizer, space, history, BATCH, np.random.default_rng(0), belief)[2]
        found |= {"every row": scored(fronts, space), "every row s": time.process_time() - start}
    return found


def scored(fronts, space: Space) -> list[float]:  # type: ignore[no-untyped-def]
    """Log acquisition of five rows, each the best of all."""
    assert space.table is not None
    rows, values = torch.tensor(space.table), []
    for _ in range(BATCH):
        best = int(fronts.value(rows).argmax())
        values.append(float(fronts.log(rows[best : best + 1])[0]))
        fronts = fronts.joined(rows[best : best + 1])
    return values


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--objectives", type=int, nargs="+", default=[2, 3, 4])
    parser.add_argument("--known", type=int, nargs="+", default=[60, 500])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--all", action="store_true")
    given = parser.parse_args()
    for m in given.objectives:
        for known in given.known:
            for seed in range(given.seeds):
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    one = pool.apply(measured, (given.rows, m, known, seed, given.all))
                said = ", ".join(
                    f"{name} {np.round(value, 3).tolist() if isinstance(value, list) else format(value, '.2f')}"
                    for name, value in one.items()
                )
                print(f"{given.rows:,} rows, {m} objectives, {known} known, seed {seed}: {said}", flush=True)


if __name__ == "__main__":
    main()
