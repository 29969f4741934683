"""This file is how surrogates may see a variable that is not always there: errors on four small functions.

    python benchmarks/conditional.py [--seeds 6] [--surrogates gp,forest,polynomial]

A second step has two variables of its own. What says whether it is made is a category (of two) or a number (0 to 3,
made at 1). In rows without it its variables stand at the middle of their ranges (`middle`), there beside an indicator
(`indicator`), outside their ranges (`outside`), or every one becomes two, a point of a half circle and without the step
its centre (`arc`: Swersky et al. 2013, arXiv:1409.4011). Median of the root mean square error over the deviation of
1,000 other points, and in brackets the mean log predictive density; 2 % noise.
"""

import argparse
import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from eutectic.optimizers.base import Array
from eutectic.surrogates.base import Domain
from eutectic.surrogates.composite.registry import recipe

ROWS = (20, 50)
WAYS = ("middle", "indicator", "outside", "arc")


def drawn(n: int, rng: np.random.Generator, ordered: bool) -> tuple[Array, Array]:
    """Rows (n, 5): two variables, what says whether there is a second step, its two; and whether (n,) there is."""
    X = rng.random((n, 5))
    X[:, 2] = rng.integers(0, 4 if ordered else 2, n)
    made = X[:, 2] == 1
    X[~made, 3:] = 0.5
    return X, made


def added(X: Array, made: Array) -> Array:
    """A hill away from the middle is added."""
    return np.sin(3 * X[:, 0]) + X[:, 1] ** 2 / 2 + made * (1.5 * np.exp(-8 * _off(X, 0.8, 0.3)) - 0.4)


def unlike(X: Array, made: Array) -> Array:
    """The step's middle is nothing like no step."""
    return X[:, 0] * X[:, 1] + made * (3 * X[:, 3] + 0.5 + np.cos(4 * X[:, 4]))


def multiplied(X: Array, made: Array) -> Array:
    """The step multiplies the rest."""
    step = 0.3 + np.exp(-5 * (X[:, 3] - 0.2) ** 2) * (0.5 + X[:, 4])
    return (1 + np.sin(4 * X[:, 0])) * (1 + X[:, 1]) * np.where(made, step, 1.0)


def alike(X: Array, made: Array) -> Array:
    """A step of nothing is no step."""
    return np.sin(4 * X[:, 0] + X[:, 1]) + made * X[:, 3] * X[:, 4]


def _off(X: Array, a: float, b: float) -> Array:
    return (X[:, 3] - a) ** 2 + (X[:, 4] - b) ** 2


def seen(way: str, X: Array, made: Array) -> Array:
    """What a surrogate is shown of rows X (n, 5)."""
    if way == "indicator":
        return np.column_stack([X, made])
    if way == "outside":
        return np.column_stack([X[:, :3], np.where(made[:, None], X[:, 3:], -0.25)])
    if way == "arc":
        angle = np.pi * (X[:, 3:] - 0.5)
        return np.column_stack([X[:, :3], made[:, None] * np.cos(angle), made[:, None] * np.sin(angle)])
    return X


def error(name: str, way: str, function: object, ordered: bool, n: int, seed: int) -> tuple[float, float]:
    """Relative error and log density of one fit."""
    assert callable(function)
    rng = np.random.default_rng([seed, n])
    (X, made), (T, there) = drawn(n, rng, ordered), drawn(1000, np.random.default_rng(99 + seed), ordered)
    y, wanted = function(X, made), function(T, there)
    y = y + 0.02 * y.std() * rng.normal(size=n)
    Z, U = seen(way, X, made), seen(way, T, there)
    lower, upper = np.minimum(Z.min(0), U.min(0)), np.maximum(Z.max(0), U.max(0))
    codes = (() if ordered else (2,)) + ((5,) if way == "indicator" else ())
    names = tuple(f"x{j}" for j in range(Z.shape[1]))
    said = recipe({"use": name}).fit(Z, y[:, None], names, domain=Domain(lower, upper, codes)).posterior(U)
    off, variance = said.mean[:, 0] - wanted, said.variance[:, 0]
    density = -0.5 * (np.log(2 * np.pi * variance) + off**2 / variance)
    return float(np.sqrt((off**2).mean()) / wanted.std()), float(density.mean())


def main() -> None:
    """Print one row a surrogate, parent, function and number of rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--surrogates", default="gp,forest,polynomial")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"| surrogate | step by | function | rows | {' | '.join(WAYS)} |\n|{'---|' * (4 + len(WAYS))}")
    for name in options.surrogates.split(","):
        for ordered in (False, True):
            for function in (added, unlike, multiplied, alike):
                for n in ROWS:
                    cells = []
                    for way in WAYS:
                        found = [error(name, way, function, ordered, n, seed) for seed in range(options.seeds)]
                        share, density = np.array(found).T
                        cells.append(f"{np.median(share):.3f} ({density.mean():.2f})")
                    parent = "number" if ordered else "category"
                    print(f"| {name} | {parent} | {function.__name__} | {n} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
