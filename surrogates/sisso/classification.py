"""This file is one fitted classification output of SISSO: one or two terms whose linear function parts two classes.

One term is a descriptor that a threshold splits; cross-validation may choose how deep it nests, by the
one-standard-error rule. Two terms are parted by a line. The chance of a class is Platt's (1999, Probabilistic outputs
for support vector machines, in Advances in Large Margin Classifiers, MIT Press): logistic in the decision function.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from eutectic.surrogates.base import Array, Posterior
from eutectic.surrogates.sisso.deepening import Best, deepen
from eutectic.surrogates.sisso.equation import Equation, evaluate, solve, trees_of
from eutectic.surrogates.sisso.features import Bank, Grammar, Ints, Rank, Tree, expansions, usable
from eutectic.surrogates.sisso.regression import Options as RegressionOptions
from eutectic.surrogates.sisso.regression import Regression, folds_of, regress, simplest
from eutectic.surrogates.sisso.screening import Pool, Screened, check, standard_keys
from eutectic.surrogates.sisso.search import Data, grammar_of, materialise
from eutectic.surrogates.sisso.separation import (
    Flags,
    by_overlap,
    by_threshold,
    hull_overlap,
    logistic,
    sigmoid,
    threshold,
)


class Options(RegressionOptions, Protocol):
    """What a fit reads of the recipe, where each option is explained."""

    @property
    def criterion(self) -> str:
        """`threshold` or `overlap`."""
        ...

    @property
    def deepening(self) -> int:
        """Steps of the search beyond the rungs."""
        ...


def order_keys(values: Array) -> list[bytes]:
    """A key a row of values (k, n); rows that order the data alike, or the other way round, share it."""
    from scipy.stats import rankdata

    return standard_keys(rankdata(values, axis=1))


def descriptors(options: Options, data: Data, upper: Flags) -> list[Tree]:
    """The best descriptors of every complexity, best first, for classes upper (n,)."""
    by = by_threshold if options.criterion == "threshold" else by_overlap
    grammar = grammar_of(options)
    best = Best(options.screened, grammar, lambda values: by(values, upper), order_keys)
    bank = materialise(options, data, options.rungs, best.rank)
    size = max(1, grammar.block // len(data.y))
    for begin in range(0, len(bank), size):
        part = slice(begin, begin + size)
        best.offer(bank.values[part], bank.complexity[part], bank.trees[part].__getitem__)
    if options.rungs:
        for values, _, cost, made in expansions(bank, grammar):
            best.offer(values, cost, made)
    if options.deepening:
        low = materialise(options, data, 2, best.rank)
        deepen(best, data.X, low, data.dimension, options.deepening)
    return best.trees


def chosen(options: Options, data: Data, upper: Flags) -> tuple[tuple[Tree, ...], list[str]]:
    """The best descriptor, none when no input varies; of a complexity that cross-validation allows if that is asked."""
    trees, notes = descriptors(options, data, upper), list[str]()
    if options.folds and trees:
        errors = held_out(options, data, upper)
        limit = simplest(list(errors))
        trees = [tree for tree in trees if tree.size <= limit]
        said = f"chose at most {limit} operators: {100 * (1 - errors[limit].mean()):.1f} % right"
        notes.append(f"{len(folds_of(options, len(upper)))}-fold cross-validation {said}")
    return tuple(trees[:1]), notes


def held_out(options: Options, data: Data, upper: Flags) -> Array:
    """Errors (max_complexity + 1, n), 0 or 1, of the best descriptor of so many operators at most.

    A row is judged by a search that has not seen it; where a descriptor has no value, or that search has
    rows of one class only, the commoner class is believed.
    """
    errors = np.zeros((options.max_complexity + 1, len(upper)))
    for fold in folds_of(options, len(upper)):
        rest = np.setdiff1d(np.arange(len(upper)), fold)
        both = len(np.unique(upper[rest])) == 2
        trees = descriptors(options, data.take(rest), upper[rest]) if both else []
        for limit in range(len(errors)):
            tree = next((tree for tree in trees if tree.size <= limit), None)
            errors[limit, fold] = sides(tree, data.X, rest, upper)[fold] != upper[fold]
    return errors


def sides(tree: Tree | None, X: Array, rows: Ints, upper: Flags) -> Flags:
    """(n,) which rows of X (n, d) a descriptor puts into the upper class when its threshold is set on `rows` alone."""
    commoner = bool(upper[rows].mean() > 0.5)
    if tree is None:
        return np.full(len(X), commoner)
    values = tree.values(X)
    cut, sign = threshold(values[rows], upper[rows])
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(values), sign * (values - cut) > 0, commoner)


@dataclass(frozen=True, slots=True, eq=False)
class Classification:
    """One output that takes two values; the larger is believed where the equation is positive."""

    equation: Equation
    """Decision function: its sign is the class."""
    weights: tuple[float, float]
    """Slope and intercept of the log-odds of the larger value in the decision function (Platt scaling)."""
    classes: tuple[float, float]
    """The output's two values, the smaller first."""
    share: float
    """Share of the larger value in training: what is believed where the formula is undefined."""
    rmse: float
    """Training root mean square error of the predicted mean."""
    accuracy: float
    """Share of training rows on the right side."""
    unseen: Posterior
    """Training rows (n, 1) by the fitted equation (structure and threshold have seen them)."""
    notes: tuple[str, ...]

    @property
    def state(self) -> dict[str, object]:
        """The structure."""
        return self.equation.state

    def moments(self, X: Array, task: Ints) -> tuple[Array, Array]:
        """Mean (n,) and variance (n,) at X (n, d): a value's probability is calibrated on the training rows."""
        return self.moments_of(self.equation.predict(X, task))

    def moments_of(self, decision: Array) -> tuple[Array, Array]:
        """Mean and variance (n,) for values (n,) of the decision function, NaN where undefined."""
        slope, intercept = self.weights
        low, width = self.classes[0], self.classes[1] - self.classes[0]
        chance = np.where(np.isfinite(decision), sigmoid(slope * np.nan_to_num(decision) + intercept), self.share)
        return low + width * chance, width**2 * np.maximum(chance * (1 - chance), 1e-12)

    def undefined(self, X: Array, task: Ints) -> Array:
        """(n,) 1 where the formula has no value at X (n, d), else 0."""
        return (~np.isfinite(self.equation.predict(X, task))).astype(float)

    def labels(self, X: Array) -> Array:
        """(n,) the output's value on each row's side of the line; the commoner one where the formula is undefined."""
        decision = self.equation.predict(X, np.zeros(len(X), dtype=np.int64))
        positive = np.where(np.isfinite(decision), decision > 0, self.share > 0.5)
        return np.where(positive, self.classes[1], self.classes[0])


def classify(
    options: Options, data: Data, start: Mapping[str, object] | None, notes: tuple[str, ...]
) -> "Classification | Regression":
    """Learn one output of two values, or solve the structure of `start`; ValueError for more values.

    While the rows hold one value only, it is predicted as any constant output is.
    """
    classes = np.unique(data.y)
    if len(classes) > 2:
        raise ValueError(f"kind: classification takes two different values of the output, got {len(classes)}")
    if len(classes) == 1:
        alone = "one class so far: it is predicted until the rows hold the other"
        return regress(options, data, np.full(len(data.y), np.nan), None, (*notes, alone), choosing=False)
    upper = data.y == classes[1]
    trees, said = find(options, data, upper) if start is None else (trees_of(start), [])
    equation = line(trees, data, upper)
    decision = equation.predict(data.X, data.task)
    share, ones, rest = float(upper.mean()), int(upper.sum()), int((~upper).sum())
    soft = np.where(upper, (ones + 1) / (ones + 2), 1 / (rest + 2))  # Platt 1999, targets that keep odds finite
    weights = logistic(np.nan_to_num(decision)[None, :], soft, 1e-6)
    blank = Posterior(data.y[:, None], data.y[:, None])
    made = Classification(
        equation, (float(weights[0]), float(weights[1])), (float(classes[0]), float(classes[1])), share,
        0.0, float(((decision > 0) == upper).mean()), blank, (*notes, *said),
    )  # fmt: skip
    mean, variance = made.moments_of(decision)
    rmse = float(np.sqrt(((mean - data.y) ** 2).mean()))
    return replace(made, rmse=rmse, unseen=Posterior(mean[:, None], variance[:, None]))


def find(options: Options, data: Data, upper: Flags) -> tuple[tuple[Tree, ...], list[str]]:
    """The term, or two terms, that separate best, and what is to be said of the choice."""
    if options.terms == 1:
        return chosen(options, data, upper)
    by = by_threshold if options.criterion == "threshold" else by_overlap
    grammar = grammar_of(options)
    bank = materialise(options, data, options.rungs, lambda values: by(values, upper))
    first = rank_all(data.X, bank, grammar, options, lambda values: by(values, upper), frozenset())
    if len(first.trees) < 2:
        return first.trees[:1], []
    mixed = overlapping(first.values[0], upper)
    second = first
    if upper[mixed].any() and (~upper[mixed]).any():
        second = rank_all(
            data.X, bank, grammar, options, lambda values: by(values[:, mixed], upper[mixed]), frozenset(first.keys)
        )
    trees = (*first.trees, *(tree for tree in second.trees if tree not in first.trees))
    return best_pair(options, trees, data, upper), []


def rank_all(X: Array, bank: Bank, grammar: Grammar, options: Options, rank: Rank, skip: frozenset[bytes]) -> Screened:
    """The best `screened` features of the bank and its next rung, every one formed and ranked; orders differ."""
    pool = Pool(20 * (options.screened + len(skip)) + 200, merge=False)
    size = max(1, grammar.block // len(X))
    for begin in range(0, len(bank), size):
        part = bank.trees[begin : begin + size]
        pool.offer(_ranked(bank.values[begin : begin + size], grammar, rank), part.__getitem__)
    if options.rungs:
        for values, _, _, made in expansions(bank, grammar):
            pool.offer(_ranked(values, grammar, rank), made)
    return check(X, pool, grammar, rank, order_keys, options.screened, skip)


def _ranked(values: Array, grammar: Grammar, rank: Rank) -> Array:
    """Scores (k,) of features (k, n), 0 for those that cannot be used."""
    scores = np.zeros(len(values))
    good = usable(values, grammar.max_magnitude)
    scores[good] = rank(values[good])
    return scores


def overlapping(values: Array, upper: Flags) -> Flags:
    """(n,) rows in the overlap of the classes' intervals in one feature (n,)."""
    low = max(values[upper].min(), values[~upper].min())
    high = min(values[upper].max(), values[~upper].max())
    return np.asarray((values >= low) & (values <= high))


def best_pair(options: Options, trees: tuple[Tree, ...], data: Data, upper: Flags) -> tuple[Tree, ...]:
    """The pair of expressions with the least overlap of convex hulls, or the fewest errors of a line."""
    values = evaluate(trees, data.X)
    values = (values - values.mean(1, keepdims=True)) / values.std(1, keepdims=True)
    best: tuple[float, tuple[Tree, ...]] = (-np.inf, trees[:1])
    for i in range(len(trees) - 1):
        if options.criterion == "overlap":
            scores = np.array([-hull_overlap(values[[i, j]].T, upper) for j in range(i + 1, len(trees))])
        else:
            scores = by_threshold(_discriminants(values[i], values[i + 1 :], upper), upper)
        j = int(scores.argmax())
        if scores[j] > best[0] + 1e-12:
            best = (float(scores[j]), (trees[i], trees[i + 1 + j]))
    return best[1]


def _discriminants(one: Array, others: Array, upper: Flags) -> Array:
    """(k, n) Fisher's linear discriminant of one (n,) with each of others (k, n), all standardised."""
    label = upper - upper.mean()
    same, a, b = others @ one / len(one), float(one @ label), others @ label
    out: Array = (a - same * b)[:, None] * one + (b - same * a)[:, None] * others
    return out


def line(trees: tuple[Tree, ...], data: Data, upper: Flags) -> Equation:
    """Decision function: a direction by logistic regression, cut where it errs least; positive for the upper class."""
    plain = solve(trees, data.X, data.y, data.tasks)
    values = np.nan_to_num(plain.terms(data.X))
    slopes = np.ones(len(trees))
    if len(trees) > 1:
        middle, scale = values.mean(1, keepdims=True), np.maximum(values.std(1, keepdims=True), 1e-300)
        slopes = logistic((values - middle) / scale, upper.astype(float))[:-1] / scale[:, 0]
    cut, sign = threshold(slopes @ values, upper)
    return replace(plain, slopes=sign * slopes[None, :], intercepts=np.array([-sign * cut]))
