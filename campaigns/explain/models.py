"""This file is what an explanation asks: the campaign's surrogates fitted to its record, and its space around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eutectic.campaigns.analysis.labels import number, quantity
from eutectic.campaigns.analysis.parity import outputs_of
from eutectic.campaigns.file.goals import Goal, Limit
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.problem.suitability import fraction_groups
from eutectic.campaigns.record.history import history_of
from eutectic.campaigns.record.outcomes import Ledger
from eutectic.optimizers.base import Array, Space, ordered
from eutectic.optimizers.models import belief
from eutectic.optimizers.models.belief import domain
from eutectic.optimizers.spaces import region
from eutectic.surrogates.base import FittedSurrogate
from eutectic.surrogates.explain.formulas import Coefficient, columns_of
from eutectic.surrogates.explain.inputs import Activity, Inputs, Mask, awake

LEAST = 4
"""Evaluations below which there is nothing to explain."""
LISTED = 20_000
"""Points up to which a space is looked at whole."""
DRAWN = 1_500
"""Points drawn from a larger one."""
SWAPS = 500
"""Random changes of two categories that are tried."""
BEST = 0.25
"""Share of the evaluations that a default threshold lets through."""


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """One property's surrogate, in natural units."""

    name: str
    fitted: FittedSurrogate
    sign: float
    shift: float
    X: Array
    """(n, d) what it learned from."""
    signed: Array
    """(n,) the values as it learned them."""

    @property
    def y(self) -> Array:
        """(n,) values it learned, in the property's unit."""
        return np.asarray(self.sign * self.signed + self.shift)

    def moments(self, X: Array) -> tuple[Array, Array]:
        """Mean and standard deviation (n,) at X (n, d), in the property's unit."""
        said = self.fitted.posterior(X)
        return np.asarray(self.sign * said.mean[:, 0] + self.shift), said.std[:, 0]

    def mean(self, X: Array) -> Array:
        """Mean (n,) at X (n, d), in the property's unit."""
        return self.moments(X)[0]


def learned(ledger: Ledger, problem: Problem) -> tuple[Learned, ...]:
    """Every objective's and learned constraint's surrogate, fitted to the record as the next batch would have it."""
    history = history_of(ledger, problem.space)
    data = belief.columns(history)
    if min((len(column.y) for column in data), default=0) < LEAST:
        return ()
    fitted = belief.learn(problem.space, history, problem.recipes).outputs
    found: dict[str, Learned] = {}
    for (name, sign, shift), column, output in zip(outputs_of(problem), data, fitted, strict=False):
        found.setdefault(name, Learned(name, output, sign, shift, column.X, column.y))
    return tuple(found.values())


def known_units(found: Learned, coefficients: Sequence[Coefficient]) -> tuple[Coefficient, ...]:
    """The same without units where only the inputs' are known, for a property that has one by its name."""
    columns = columns_of(found.fitted)
    rule = columns is not None and columns.classified  # what it compares with 0 has no unit
    known = rule or bool(columns and columns.target_unit) or not quantity(found.name)[1]
    return tuple(coefficients) if known else tuple(replace(c, unit="") for c in coefficients)


def inputs_of(space: Space) -> Inputs:
    """The space's variables as explanations see them; a list's columns of elements that sum to one are a group."""
    box = domain(space)
    whole = tuple(j for j, kind in enumerate(space.kinds) if kind == "integer")
    rules = tuple(Activity(c.column, c.parent, c.values, c.pin) for c in ordered(space))
    return Inputs(space.names, box.lower, box.upper, box.categorical, whole, fraction_groups(space), rules)


def alike(space: Space, inputs: Inputs, X: Array) -> list[tuple[Mask, Inputs, str]]:
    """Rows X (n, d) by which of their columns are active: which (n,), the inputs as numbers there, and where that is.

    Numbers that are not active count as categories, which no formula uses.
    """
    there = awake(X, inputs.conditions)
    patterns = np.unique(there, axis=0)
    if len(patterns) == 1 and patterns.all():
        return [(np.ones(len(X), dtype=bool), inputs, "")]
    found = []
    for pattern in patterns[::-1]:
        rows = (there == pattern).all(1)
        left = tuple(sorted({*inputs.categorical, *(int(j) for j in np.flatnonzero(~pattern))}))
        found.append((rows, replace(inputs, categorical=left), _where(space, inputs, X[rows], pattern)))
    return found


def _where(space: Space, inputs: Inputs, X: Array, pattern: Mask) -> str:
    """What the parents of conditional columns are in rows X (n, d), such as `step_2 = anneal`."""
    parents = sorted({rule.parent for rule in inputs.conditions if pattern[rule.parent]})
    said = []
    for j in parents:
        values = sorted(set(np.round(X[:, j]).astype(int).tolist()))
        labels = space.categories[j] if space.kinds[j] == "categorical" else ()
        said.append(f"{space.names[j]} = {' or '.join(labels[v] if labels else str(v) for v in values)}")
    return ", ".join(said)


def inside(space: Space, X: Array) -> Mask:
    """(n,) True where X (n, d) lies in the space, increments and numbers of elements aside; everywhere for a list."""
    if space.table is not None:
        return np.ones(len(X), dtype=bool)
    mixtures = tuple(replace(m, divisions=None, min_present=1, max_present=None) for m in space.mixtures)
    return region.contains(replace(space, steps=(), mixtures=mixtures), X, 1e-6)


@dataclass(frozen=True, slots=True, eq=False)
class SearchRegion:
    """Where counterfactuals are looked for."""

    space: Space
    bare: Space
    """The same without known constraints."""
    listed: Array | None
    """(N, d) the whole space where it is small enough, else None."""
    drawn: Array
    """(n, d) points to begin with otherwise."""

    def near(self, x: Array, rng: np.random.Generator) -> Array:
        """Points of the space to begin with from x (d,)."""
        if self.listed is not None:
            return self.listed
        if self.space.table is not None:
            width = np.where(self.space.upper > self.space.lower, self.space.upper - self.space.lower, 1.0)
            far = (((self.space.table - x) / width) ** 2).sum(1)
            return self.space.table[np.argsort(far)[:LISTED]]
        return np.concatenate([self.drawn, self.snap(_swapped(self.space, x, rng))])

    def snap(self, X: Array) -> Array:
        """The nearest points of the space to X (n, d), those that break a known constraint left out."""
        if not len(X):
            return X
        rows = region.snap(self.bare, X)
        return rows if self.space.known is None else rows[region.contains(self.space, rows, 1e-9)]


def search_region(space: Space, rng: np.random.Generator) -> SearchRegion:
    """What is drawn once for all candidates."""
    listed = region.enumerate_points(space, LISTED)
    drawn = np.empty((0, space.d)) if listed is not None or space.table is not None else _drawn(space, rng)
    return SearchRegion(space, replace(space, known=None), listed, drawn)


def _drawn(space: Space, rng: np.random.Generator) -> Array:
    return region.sample(space, DRAWN, rng)


def _swapped(space: Space, x: Array, rng: np.random.Generator) -> Array:
    """Rows like x (d,) with one category changed, every way there is, and some with two."""
    ways = [(j, code) for j, kind in enumerate(space.kinds) if kind == "categorical"
            for code in range(int(space.upper[j]) + 1) if code != round(x[j])]  # fmt: skip
    one = np.repeat(x[None], len(ways), axis=0)
    for row, (j, code) in zip(one, ways, strict=True):
        row[j] = code
    two = one[rng.integers(0, len(ways), SWAPS)] if ways else one
    for row in two:
        j, code = ways[int(rng.integers(0, len(ways)))]
        row[j] = code
    return np.concatenate([one, two])


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a property is to come to."""

    low: float | None
    """At least this, in the property's unit."""
    high: float | None
    """At most this."""
    text: str

    def lacking(self, values: Array) -> Array:
        """By how much values (n,) miss it (n,), in the property's unit; met where <= 0."""
        below = self.low - values if self.low is not None else np.full(len(values), -np.inf)
        above = values - self.high if self.high is not None else np.full(len(values), -np.inf)
        return np.asarray(np.maximum(below, above))

    def chance(self, mean: float, std: float) -> float:
        """Probability, 0 to 1, of meeting it, for a normal distribution."""
        from scipy.special import ndtr

        if not std > 0:
            return float(self.lacking(np.array([mean]))[0] <= 0)
        below = 0.0 if self.low is None else float(ndtr((self.low - mean) / std))
        above = 1.0 if self.high is None else float(ndtr((self.high - mean) / std))
        return max(above - below, 0.0)


def threshold_of(ledger: Ledger, found: Learned, given: Mapping[str, float]) -> Threshold:
    """The threshold given for a property; else what its constraint asks, or what the best quarter reaches."""
    goal = next((goal for goal in ledger.spec.goals if goal.name == found.name), None)
    if goal is None:
        return _limited([x for x in ledger.spec.limits if x.property == found.name], given.get(found.name))
    return _aimed(goal, given.get(found.name), found.y)


def _aimed(goal: Goal, given: float | None, y: Array) -> Threshold:
    """On an objective's better side."""
    why = "" if given is not None else ", reached by the best quarter of the evaluations"
    if goal.kind == "target":
        assert goal.target is not None
        off = np.quantile(np.abs(y - goal.target), BEST) if given is None else abs(given - goal.target)
        width = goal.tolerance if given is None and goal.tolerance > 0 else float(off)
        why = ", its tolerance" if given is None and goal.tolerance > 0 else why
        text = f"within {number(width)} of the target {number(goal.target)}{why}"
        return Threshold(goal.target - width, goal.target + width, text)
    if goal.kind == "maximize":
        value = float(np.quantile(y, 1 - BEST)) if given is None else given
        return Threshold(value, None, f"at least {number(value)}{why}")
    value = float(np.quantile(y, BEST)) if given is None else given
    return Threshold(None, value, f"at most {number(value)}{why}")


def _limited(limits: Sequence[Limit], given: float | None) -> Threshold:
    """Inside a constraint; a given value replaces the bound of its first side."""
    bounds = {limit.side: limit.bound for limit in limits}
    if given is not None:
        bounds = {limits[0].side: given}
    words = [f"at {'least' if side == 'min' else 'most'} {number(bound)}" for side, bound in bounds.items()]
    why = "" if given is not None else ", its constraint"
    return Threshold(bounds.get("min"), bounds.get("max"), " and ".join(words) + why)
