"""This file is one fitted classification output of SISSO: one or two terms whose linear function parts two classes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from surrogates.base import Array, Posterior
from surrogates.sisso_descriptor import chosen, order_keys
from surrogates.sisso_equation import Equation, evaluate, solve, trees_of
from surrogates.sisso_features import Bank, Grammar, Ints, Rank, Tree, expansions, usable
from surrogates.sisso_fit import Data, grammar_of, materialise
from surrogates.sisso_regress import Regression, regress
from surrogates.sisso_screen import Pool, Screened, check
from surrogates.sisso_separate import Flags, by_overlap, by_threshold, hull_overlap, logistic, sigmoid, threshold

if TYPE_CHECKING:
    from surrogates.sisso import SISSO


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
    recipe: "SISSO", data: Data, start: Mapping[str, object] | None, notes: tuple[str, ...]
) -> "Classification | Regression":
    """Learn one output of two values, or solve the structure of `start`; ValueError for more values.

    While the rows hold one value only, it is predicted as any constant output is.
    """
    classes = np.unique(data.y)
    if len(classes) > 2:
        raise ValueError(f"kind: classification takes two different values of the output, got {len(classes)}")
    if len(classes) == 1:
        alone = "one class so far: it is predicted until the rows hold the other"
        return regress(replace(recipe, folds=0), data, np.full(len(data.y), np.nan), None, (*notes, alone))
    upper = data.y == classes[1]
    trees, said = find(recipe, data, upper) if start is None else (trees_of(start), [])
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


def find(recipe: "SISSO", data: Data, upper: Flags) -> tuple[tuple[Tree, ...], list[str]]:
    """The term, or two terms, that separate best, and what is to be said of the choice."""
    if recipe.terms == 1:
        return chosen(recipe, data, upper)
    by = by_threshold if recipe.criterion == "threshold" else by_overlap
    grammar = grammar_of(recipe)
    bank = materialise(recipe, data, recipe.rungs, lambda values: by(values, upper))
    first = rank_all(data.X, bank, grammar, recipe, lambda values: by(values, upper), frozenset())
    if len(first.trees) < 2:
        return first.trees[:1], []
    mixed = overlapping(first.values[0], upper)
    second = first
    if upper[mixed].any() and (~upper[mixed]).any():
        second = rank_all(
            data.X, bank, grammar, recipe, lambda values: by(values[:, mixed], upper[mixed]), frozenset(first.keys)
        )
    trees = (*first.trees, *(tree for tree in second.trees if tree not in first.trees))
    return best_pair(recipe, trees, data, upper), []


def rank_all(X: Array, bank: Bank, grammar: Grammar, recipe: "SISSO", rank: Rank, skip: frozenset[bytes]) -> Screened:
    """The best `screened` features of the bank and its next rung, every one formed and ranked; orders differ."""
    pool = Pool(20 * (recipe.screened + len(skip)) + 200, merge=False)
    size = max(1, grammar.block // len(X))
    for begin in range(0, len(bank), size):
        part = bank.trees[begin : begin + size]
        pool.offer(_ranked(bank.values[begin : begin + size], grammar, rank), part.__getitem__)
    if recipe.rungs:
        for values, _, _, made in expansions(bank, grammar):
            pool.offer(_ranked(values, grammar, rank), made)
    return check(X, pool, grammar, rank, order_keys, recipe.screened, skip)


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


def best_pair(recipe: "SISSO", trees: tuple[Tree, ...], data: Data, upper: Flags) -> tuple[Tree, ...]:
    """The pair of expressions with the least overlap of convex hulls, or the fewest errors of a line."""
    values = evaluate(trees, data.X)
    values = (values - values.mean(1, keepdims=True)) / values.std(1, keepdims=True)
    best: tuple[float, tuple[Tree, ...]] = (-np.inf, trees[:1])
    for i in range(len(trees) - 1):
        if recipe.criterion == "overlap":
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
