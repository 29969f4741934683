"""This file is the comparison of criteria that could choose one descriptor among near-ties, on training rows alone.

    EUTECTIC_DATA=... python benchmarks/descriptor_choice.py [--repeats 6]

The perovskites' training split (460 rows) is split again, five folds a repeat: the search of `benchmarks/sisso.py` (up
to 5 operators) runs on four fifths, every criterion picks one of the descriptors it keeps, the threshold is set on the
same four fifths, and the rest judges. No test row is judged or learned from. Prints a markdown table.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.stats import norm, rankdata
from sisso import PEROVSKITE, perovskites

from eutectic.surrogates.base import Array
from eutectic.surrogates.sisso.classification import descriptors, sides
from eutectic.surrogates.sisso.features import Ints, Tree
from eutectic.surrogates.sisso.operators import dimensions
from eutectic.surrogates.sisso.search import Data
from eutectic.surrogates.sisso.separation import Flags, by_threshold, logistic, sigmoid, threshold

Criterion = Callable[[Array, Flags, Ints], Array]
"""Values (k, n), classes (n,), operators (k,) -> scores (k,), larger is better, -inf for what is ruled out."""


def right(values: Array, upper: Flags) -> Array:
    """(k,) number of rows on the right side of the best threshold."""
    out: Array = np.floor(by_threshold(values, upper) * len(upper) + 1e-9)
    return out


def accuracy(values: Array, upper: Flags, _: Ints) -> Array:
    return by_threshold(values, upper)


def area(values: Array, upper: Flags, _: Ints) -> Array:
    ones, ranks = int(upper.sum()), rankdata(values, axis=1)[:, upper].sum(1)
    return np.abs(2 * (ranks - ones * (ones + 1) / 2) / (ones * (len(upper) - ones)) - 1)


def likelihood(values: Array, upper: Flags, _: Ints) -> Array:
    """Mean log-likelihood of a logistic in each descriptor, with the soft targets of Platt (1999)."""
    ones, rest = int(upper.sum()), int((~upper).sum())
    soft = np.where(upper, (ones + 1) / (ones + 2), 1 / (rest + 2))
    scores = []
    for row in (values - values.mean(1, keepdims=True)) / values.std(1, keepdims=True):
        slope, intercept = logistic(row[None], soft, 1e-6)
        chance = np.clip(sigmoid(slope * row + intercept), 1e-12, 1 - 1e-12)
        scores.append(np.where(upper, np.log(chance), np.log(1 - chance)).mean())
    return np.array(scores)


def likelihood_of_ranks(values: Array, upper: Flags, size: Ints) -> Array:
    """The same in normal scores of the ranks, which outliers and poles do not move."""
    return likelihood(norm.ppf((rankdata(values, axis=1) - 0.5) / values.shape[1]), upper, size)


def bootstrap(values: Array, upper: Flags, _: Ints) -> Array:
    """Less the errors at rows left out of 200 resamples, the threshold set again in each.

    Efron and Tibshirani, J. Am. Stat. Assoc. 92, 548 (1997), doi 10.1080/01621459.1997.10474007, eq. 17.
    """
    n, rng = len(upper), np.random.default_rng([0, len(upper)])
    weight = np.array([np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(200)])
    return np.array([-_left_out(row, upper, weight) for row in values])


def _left_out(row: Array, upper: Flags, weight: Ints) -> float:
    """Share of errors of one descriptor (n,) at rows of weight 0 among weight (b, n), all b resamples together."""
    order = np.argsort(row, kind="stable")
    ordered, classes, weight = row[order], upper[order], weight[:, order]
    cuts = np.flatnonzero(ordered[:-1] < ordered[1:])
    zeros = (weight * ~classes).sum(1, keepdims=True)
    wrong = ((weight * classes).cumsum(1) + zeros - (weight * ~classes).cumsum(1))[:, cuts]
    above = wrong.min(1) <= len(row) - wrong.max(1)
    errors = np.where(above[:, None], wrong, len(row) - wrong)
    best = (errors == errors.min(1, keepdims=True)).cumsum(1)
    cut = cuts[(best >= best[:, -1:] // 2 + 1).argmax(1)]  # of equally good cuts the middle one, as in `threshold`
    said = (np.arange(len(row)) > cut[:, None]) == above[:, None]
    unseen = weight == 0
    return float(((said != classes) & unseen).sum() / unseen.sum())


def agreement(values: Array, upper: Flags, _: Ints) -> Array:
    """Agreement of each of the 20 most accurate with the vote of the 20."""
    scores = np.full(len(values), -np.inf)
    top = np.argsort(-by_threshold(values, upper), kind="stable")[:20]
    cuts = np.array([threshold(values[i], upper) for i in top])
    labels = cuts[:, 1:] * (values[top] - cuts[:, :1]) > 0
    vote = labels.mean(0)
    scores[top] = np.where(labels, vote, 1 - vote).mean(1)
    return scores


def simplest(values: Array, upper: Flags, size: Ints) -> Array:
    """The most accurate of the fewest operators that come within one standard error of the best."""
    share = right(values, upper) / len(upper)
    best = float(share.max())
    least = size[share >= best - np.sqrt(best * (1 - best) / len(upper))].min()
    return np.where(size == least, by_threshold(values, upper), -np.inf)


def likelihood_of_close(values: Array, upper: Flags, size: Ints) -> Array:
    count = right(values, upper)
    return np.where(count >= count.max() - 2, likelihood(values, upper, size), -np.inf)


CRITERIA: dict[str, Criterion] = {
    "accuracy, the area under the curve at ties (`sisso`)": accuracy,
    "fewest operators within one standard error": simplest,
    "errors left out of bootstrap resamples": bootstrap,
    "likelihood of a logistic among those two rows from the best": likelihood_of_close,
    "area under the curve": area,
    "likelihood of a logistic in the ranks": likelihood_of_ranks,
    "agreement with the vote of the best 20": agreement,
    "likelihood of a logistic": likelihood,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Criteria for one descriptor, training rows alone")
    parser.add_argument("--repeats", type=int, default=6)
    options = parser.parse_args()
    X, y, names, train, _ = perovskites()
    X, upper = X[train], y[train] == y.max()
    recipe = replace(PEROVSKITE, max_complexity=5, folds=0)
    units = dimensions(recipe.units_of(names))
    data = Data(X, y[train], tuple(range(X.shape[1])), units, (np.arange(len(X)),))
    good = {name: np.zeros((options.repeats, len(X))) for name in CRITERIA}
    for repeat in range(options.repeats):
        rows = np.random.default_rng([77, repeat]).permutation(len(X))
        for fold in np.array_split(rows, 5):
            rest = np.setdiff1d(np.arange(len(X)), fold)
            trees = descriptors(recipe, data.take(rest), upper[rest])
            for name, tree in picked(trees, X[rest], upper[rest]).items():
                good[name][repeat, fold] = (sides(tree, X, rest, upper) == upper)[fold]
    report(good)


def picked(trees: list[Tree], X: Array, upper: Flags) -> dict[str, Tree]:
    """The descriptor each criterion picks, the earlier one at ties."""
    values, size = np.array([tree.values(X) for tree in trees]), np.array([tree.size for tree in trees])
    return {name: trees[int(criterion(values, upper, size).argmax())] for name, criterion in CRITERIA.items()}


def report(good: dict[str, Array]) -> None:
    """Accuracy at held-out rows, and the difference from the first criterion with its standard error over rows."""
    first = next(iter(good.values()))
    print("| criterion | held-out accuracy, % | less that of the first, % |\n|---|---|---|")
    for name, flags in good.items():
        off = (flags - first).mean(0)
        error = 100 * off.std(ddof=1) / np.sqrt(len(off))
        print(f"| {name} | {100 * flags.mean():.2f} | {100 * off.mean():+.2f} ± {error:.2f} |")


if __name__ == "__main__":
    main()
