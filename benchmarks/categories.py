"""Learned feasibility in categories: evaluations to the first wanted candidate among many that cannot be measured.

Run: python benchmarks/categories.py [--tasks 4] [--seeds 8] [--most 120]

1,276 combinations of three categories (11 cations, 29 metals, 4 halides). A task draws at random: which properties of
cation and metal must suit each other for a candidate to be measurable (the 111 that suit best; all others fail), and
what of all three says how good it is (the 7 best of those are wanted). `goal: satisfy` in batches of five after ten
random ones, with elements as mere names and by their properties (`representation: element_encoding`).
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from eutectic.generators.representations.catalogue import ElementEncoding
from eutectic.generators.representations.elements import COMMON, table
from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.bayesian.satisfy import Satisfy
from eutectic.surrogates.base import Surrogate
from eutectic.surrogates.composite.represented import Represented
from eutectic.surrogates.gp.recipe import GaussianProcess

CATIONS = ("Li", "Na", "K", "Rb", "Cs", "Ag", "Cu", "Tl", "In", "Ga", "Au")
METALS = tuple("Be Mg Ca Sr Ba Ti V Cr Mn Fe Co Ni Zn Cd Hg Ge Sn Pb Y La Sc Al Bi Sb Zr Hf Mo W Pd".split())  # noqa: SIM905
HALIDES = ("F", "Cl", "Br", "I")
MEASURABLE, WANTED, START, BATCH = 111, 7, 10, 5


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Which candidates there are, which can be measured, and what they are worth."""

    space: Space
    X: Array
    measurable: Array
    value: Array
    """Loss of each row; wanted at or below 0."""


def task(seed: int) -> Task:
    rng = np.random.default_rng([17, seed])
    labels = (CATIONS, METALS, HALIDES)
    X = np.stack(np.meshgrid(*(np.arange(len(own)) for own in labels), indexing="ij"), -1).reshape(-1, 3).astype(float)
    space = Space(("a", "b", "x"), ("categorical",) * 3, np.zeros(3), X.max(0), labels, table=X)
    traits = [table(own, COMMON) for own in labels]
    traits = [(own - own.mean(0)) / np.where(own.std(0) > 0, own.std(0), 1.0) for own in traits]
    a, b, x = (own[X[:, j].astype(int)] for j, own in enumerate(traits))
    weights = [rng.normal(size=own.shape[1]) for own in (a, b, a, b, x)]
    suits = np.abs(a @ weights[0] - b @ weights[1] - rng.normal()) + 0.1 * rng.normal(size=len(X))
    measurable = suits <= np.sort(suits)[MEASURABLE - 1]
    loss = np.abs(a @ weights[2] + b @ weights[3] + x @ weights[4] - rng.normal()) + 0.1 * rng.normal(size=len(X))
    return Task(space, X, measurable, loss - np.sort(loss[measurable])[WANTED - 1])


def history_of(one: Task, rows: list[int]) -> History:
    good = one.measurable[rows]
    value = np.where(good, one.value[rows], np.nan)[:, None]
    return History.observed(one.X[rows], np.where(good[:, None], 0.0, np.nan), value)


def first_hit(one: Task, seed: int, recipes: tuple[Surrogate, ...], most: int) -> int:
    rng = np.random.default_rng([3, seed])
    order = rng.permutation(len(one.X))
    rows = [int(i) for i in order[:START]]
    optimizer = Satisfy(Bayesian(), "bayesian").using(recipes)
    while len(rows) < most:
        hit = [k for k, i in enumerate(rows) if one.measurable[i] and one.value[i] <= 0]
        if hit:
            return hit[0] + 1
        history = history_of(one, rows)
        if history.finished.sum() < 2:
            rows += [int(i) for i in order[len(rows) : len(rows) + BATCH]]
            continue
        X = optimizer.ask(one.space, history, BATCH, rng)
        rows += [int(np.flatnonzero((x == one.X).all(1))[0]) for x in X]
    return most


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--most", type=int, default=120)
    given = parser.parse_args()
    torch.set_num_threads(1)
    kinds: dict[str, Callable[[Task], Surrogate]] = {
        "names": lambda _: GaussianProcess(),
        "properties": lambda one: Represented(GaussianProcess(), ElementEncoding().of(one.space), lambda: one.X),
    }
    for k in range(given.tasks):
        one = task(k)
        for kind, recipe in kinds.items():
            start = time.process_time()
            hits = [first_hit(one, seed, (recipe(one), recipe(one)), given.most) for seed in range(given.seeds)]
            error = np.std(hits, ddof=1) / len(hits) ** 0.5
            print(
                f"task {k}, {kind}: {np.mean(hits):.1f} ± {error:.1f}, {time.process_time() - start:.0f} CPU s",
                flush=True,
            )


if __name__ == "__main__":
    main()
