"""This file is what is believed of every output at once: objectives, constraints, and whether an evaluation fails."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, History, Reason, Space
from eutectic.optimizers.models.complement import total
from eutectic.optimizers.models.correlation import correlation
from eutectic.optimizers.models.kept import learned_once
from eutectic.surrogates.abilities import (
    CurveLearning,
    ReplicaLearning,
    coupled,
    mirrored,
    noise,
    sketched,
    spells,
    stretched,
)
from eutectic.surrogates.base import Domain, FittedSurrogate, State, Surrogate
from eutectic.surrogates.composite.represented import Represented
from eutectic.surrogates.gp.recipe import GaussianProcess


def explained(belief: "Belief", X: Array, values: Array) -> tuple[Reason, ...]:
    """One reason a row of X (k, d) with log acquisition values (k,)."""
    if not len(X):
        return ()
    mean, std = belief.moments(X)
    chance = belief.feasibility(X)
    m = belief.m
    return tuple(
        Reason("bayesian", float(v), tuple(map(float, a[:m])), tuple(map(float, b[:m])), float(p))
        for v, a, b, p in zip(values, mean, std, chance, strict=True)
    )


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """The data of one output: rows X (n, d), values y (n,), noise variance (n,) with NaN where unknown."""

    rows: NDArray[np.int64]
    """(n,) which rows of the history."""
    X: Array
    y: Array
    variance: Array

    def at(self, places: NDArray[np.int64] | NDArray[np.bool_]) -> "Column":
        """The data at some places."""
        return Column(self.rows[places], self.X[places], self.y[places], self.variance[places])


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """One fitted surrogate an output: m objectives, c constraints, then failure (feasible below 0) if any failed."""

    outputs: tuple[FittedSurrogate, ...]
    m: int
    """Number of objectives."""
    constraints: int
    """Number of outcome constraints."""
    own: tuple[float, ...] = ()
    """Variance (m,) a candidate's objectives have of their own, beside what their surrogates say; () for none."""
    correlation: Array = field(default_factory=lambda: np.empty((0, 0)))
    """(k, k) of the errors of the first k outputs; (0, 0) where they are taken as independent."""
    beyond: NDArray[np.bool_] | None = None
    """(n,) the history's rows beyond a cliff, of which the objectives' outputs know nothing; None where there is none.
    The last output then is whether a candidate lies there (above 0)."""

    def moments(self, X: Array) -> tuple[Array, Array]:
        """Mean and standard deviation (n, m + c [+ 1]) of the noise-free outputs at X (n, d)."""
        posteriors = [output.posterior(X) for output in self.outputs]
        mean = np.concatenate([p.mean for p in posteriors], axis=1)
        return mean, np.concatenate([p.std for p in posteriors], axis=1)

    def feasibility(self, X: Array) -> Array:
        """Probability (n,), 0 to 1, that every constraint holds and the evaluation succeeds; outputs independent.

        With normal tails, as in `nehvi.log_feasibility`: what is reported is what was ranked by.
        """
        from scipy.special import ndtr

        chance = np.ones(len(X))
        for output in self.outputs[self.m :]:
            posterior = output.posterior(X)
            chance *= ndtr(-posterior.mean / posterior.std)[:, 0]
        return chance

    def sketched(self) -> "Belief":
        """Nearly the same, sooner, where surrogates can answer so: for looking over long lists."""
        return replace(self, outputs=tuple(map(sketched, self.outputs)))

    @property
    def state(self) -> State:
        """What the next fit may start from."""
        return {"belief": [dict(output.state) for output in self.outputs]}

    @property
    def notes(self) -> tuple[str, ...]:
        """Every output's notes, numbered from 1."""
        return tuple(f"output {j + 1}: {note}" for j, output in enumerate(self.outputs) for note in output.notes)


def domain(space: Space) -> Domain:
    """The box surrogates scale their inputs by; an element that may be absent starts at 0."""
    lower = np.array(space.lower, dtype=float)
    for mixture in space.mixtures:
        for member, or_zero in zip(mixture.members, mixture.or_zero, strict=True):
            lower[member] = 0.0 if or_zero else lower[member]
    codes = tuple(j for j, kind in enumerate(space.kinds) if kind == "categorical")
    groups = tuple(mixture.members for mixture in space.mixtures)
    conditional = tuple(sorted({condition.column for condition in space.conditions}))
    return Domain(lower, np.array(space.upper, dtype=float), codes, mixtures=groups, conditional=conditional)


def columns(history: History) -> list[Column]:
    """The data of each output; the failure indicator (1 failed, -1 not) comes last where anything failed."""
    values = np.concatenate([history.signed, history.C], axis=1)
    noise = np.concatenate([history.noise, history.C_noise], axis=1)
    found = []
    for j in range(values.shape[1]):
        rows = np.isfinite(values[:, j]) & ~history.failed
        found.append(Column(np.flatnonzero(rows), history.X[rows], values[rows, j], noise[rows, j] ** 2))
    if history.failed.any():
        rows = history.failed | history.finished
        verdict = np.where(history.failed[rows], 1.0, -1.0)
        found.append(Column(np.flatnonzero(rows), history.X[rows], verdict, np.full(len(verdict), np.nan)))
    return found


def learn(space: Space, history: History, recipes: Sequence[Surrogate]) -> Belief:
    """Fit one recipe an output (m + c of them; the failure indicator gets a Gaussian process), from history.state.

    Outputs that have the same coupled recipe are fitted at once; `split` of what it learned gives them one by one.
    """
    return learned_once(_learn, space, history, recipes)


def _learn(space: Space, history: History, recipes: Sequence[Surrogate]) -> Belief:
    data = columns(history)
    starts = history.state.get("belief")
    starts = starts if isinstance(starts, list) and len(starts) == len(data) else [None] * len(data)
    whole = complete(recipes, history)
    outputs = fitted(space, whole, data, starts)
    m = history.signed.shape[1]
    errors = correlation(outputs[:m], [c.rows for c in data[:m]], [c.y for c in data[:m]])
    return Belief(outputs, m, history.C.shape[1], deviations(space, history, outputs[:m]), errors)


def fitted(
    space: Space, recipes: Sequence[Surrogate], data: Sequence[Column], starts: Sequence[State | None]
) -> tuple[FittedSurrogate, ...]:
    """Each column of data fitted by its recipe from its start; what is coupled at once.

    Of two columns that are one number, such as both ends of a window, the second is the first one's mirror image.
    """
    found: dict[int, FittedSurrogate] = {}
    for group in together(recipes):
        image = reflected(found, recipes, data, group[0]) if len(group) == 1 else None
        if image is not None:
            found[group[0]] = image
            continue
        part = aligned([data[j] for j in group])
        Y, variance = np.stack([c.y for c in part], 1), np.stack([c.variance for c in part], 1)
        start = starts[group[0]] if len(group) == 1 else merged([starts[j] for j in group])
        whole: Any = recipes[group[0]].fit(
            part[0].X, Y, space.names, variance=variance, domain=domain(space), start=start
        )
        found.update(zip(group, whole.split() if len(group) > 1 else [whole], strict=True))
    return tuple(found[j] for j in range(len(recipes)))


def reflected(
    found: dict[int, FittedSurrogate], recipes: Sequence[Surrogate], data: Sequence[Column], j: int
) -> FittedSurrogate | None:
    """Column j's surrogate from that of a column with which it adds up to one number in every row; None without one."""
    for i, fit in found.items():
        one, other = data[i], data[j]
        alike = recipes[i] == recipes[j] and np.array_equal(one.rows, other.rows)
        if not alike or not np.array_equal(one.variance, other.variance, equal_nan=True):
            continue
        whole = total(one.y, other.y)
        image = None if whole is None else mirrored(fit, whole)
        if image is not None:
            return image
    return None


def deviations(space: Space, history: History, outputs: Sequence[FittedSurrogate]) -> tuple[float, ...]:
    """Inferred noise (m,) that is taken for the designs' own; () unless the space is a list.

    A listed design is measured once, and it is its measured value that counts: where no standard error says how much of
    it is chance, what neighbours cannot tell of it is to be won or lost with it (the nugget of Gramacy and Lee 2012,
    doi 10.1007/s11222-010-9224-x). The rule was chosen by benchmarks/pools.py: perovskites, AutoAM and P3HT.
    """
    if space.table is None:
        return ()
    told = [bool(np.isfinite(errors).any()) for errors in history.noise.T]
    return tuple(0.0 if known else float(noise(output)[0]) for output, known in zip(outputs, told, strict=True))


def together(recipes: Sequence[Surrogate]) -> list[list[int]]:
    """Outputs by what is fitted at once: those that have the same coupled recipe; every other one alone."""
    groups: list[list[int]] = []
    for j, recipe in enumerate(recipes):
        mates = next((group for group in groups if coupled(recipe) and recipes[group[0]] == recipe), None)
        if mates is None:
            groups.append([j])
        else:
            mates.append(j)
    return groups


def aligned(data: Sequence[Column]) -> list[Column]:
    """The same outputs at the rows that all of them have."""
    common = reduce(np.intersect1d, [column.rows for column in data])
    return [column.at(np.searchsorted(column.rows, common)) for column in data]


def merged(starts: Sequence[State | None]) -> State | None:
    """The states of outputs that are fitted at once as one, None when any is missing."""
    outputs = [output for start in starts for output in (start or {}).get("outputs", [])]  # type: ignore[attr-defined]
    return {"outputs": outputs} if len(outputs) == len(starts) else None


def complete(recipes: Sequence[Surrogate], history: History) -> list[Surrogate]:
    """One recipe an output, a Gaussian process where none is given; ValueError when their number fits nothing.

    Most points lie where the search is, and tell little of how far a process errs elsewhere: a feasible region apart
    is given up for sure too soon. Constraints' variances are stretched, so that it is found (chosen by
    benchmarks/surrogated.py, one start of C2DTLZ2).
    """
    wanted = history.signed.shape[1] + history.C.shape[1]
    if len(recipes) not in (0, wanted):
        raise ValueError(f"{len(recipes)} surrogate recipes for {wanted} objectives and constraints: give one for each")
    m = history.signed.shape[1]
    whole = with_replicas_and_curves(recipes or [GaussianProcess()] * wanted, history)
    failure: list[Surrogate] = [classifier(recipes)] if history.failed.any() else []
    return [*whole[:m], *map(stretched, whole[m:]), *failure]


def classifier(recipes: Sequence[Surrogate]) -> Surrogate:
    """What learns whether an evaluation fails: a Gaussian process over what the first output's surrogate sees.

    What tells how large a property is (elements by their properties, say) tells what can be measured at all, too.
    """
    first = recipes[0] if recipes else None
    if not isinstance(first, Represented) or spells(first.representation):
        return GaussianProcess()
    return replace(first, recipe=GaussianProcess(), known_replicas={})


def with_replicas_and_curves(recipes: Sequence[Surrogate], history: History) -> list[Surrogate]:
    """The recipes of m + c outputs, told what else is known of the rows: what values are means of, curves."""
    whole = list(recipes)
    for j, curves in history.curves.items():
        recipe = whole[j]
        whole[j] = recipe.measured(history.X, curves) if isinstance(recipe, CurveLearning) else recipe
    if not history.replicas:
        return whole
    return [
        recipe.with_replicas(history.X, [row[j] for row in history.replicas])
        if isinstance(recipe, ReplicaLearning)
        else recipe
        for j, recipe in enumerate(whole)
    ]
