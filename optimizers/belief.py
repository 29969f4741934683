"""This file is what is believed of every output at once: objectives, constraints, and whether an evaluation fails."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizers.base import Array, History, Space
from surrogates.base import Domain, FittedSurrogate, State, Surrogate


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """The data of one output: rows X (n, d), values y (n,), noise variance (n,) with NaN where unknown."""

    X: Array
    y: Array
    variance: Array


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """One fitted surrogate an output: m objectives, c constraints, then failure (feasible below 0) if any failed."""

    outputs: tuple[FittedSurrogate, ...]
    m: int
    """Number of objectives."""
    constraints: int
    """Number of outcome constraints."""

    def moments(self, X: Array) -> tuple[Array, Array]:
        """Mean and standard deviation (n, m + c [+ 1]) of the noise-free outputs at X (n, d)."""
        posteriors = [output.posterior(X) for output in self.outputs]
        mean = np.concatenate([p.mean for p in posteriors], axis=1)
        return mean, np.concatenate([p.std for p in posteriors], axis=1)

    def feasibility(self, X: Array) -> Array:
        """Probability (n,), 0 to 1, that every constraint holds and the evaluation succeeds; outputs independent."""
        from scipy.special import ndtr

        chance = np.ones(len(X))
        for output in self.outputs[self.m :]:
            posterior = output.posterior(X)
            chance *= ndtr(-posterior.mean / posterior.std)[:, 0]
        return chance

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
    return Domain(lower, np.array(space.upper, dtype=float), codes)


def columns(history: History) -> list[Column]:
    """The data of each output; the failure indicator (1 failed, -1 not) comes last where anything failed."""
    values = np.concatenate([history.signed, history.C], axis=1)
    noise = np.concatenate([history.noise, history.C_noise], axis=1)
    found = []
    for j in range(values.shape[1]):
        rows = np.isfinite(values[:, j]) & ~history.failed
        found.append(Column(history.X[rows], values[rows, j], noise[rows, j] ** 2))
    if history.failed.any():
        rows = history.failed | history.finished
        verdict = np.where(history.failed[rows], 1.0, -1.0)
        found.append(Column(history.X[rows], verdict, np.full(len(verdict), np.nan)))
    return found


def learn(space: Space, history: History, recipes: Sequence[Surrogate]) -> Belief:
    """Fit one recipe an output (m + c of them; the failure indicator gets a Gaussian process), from history.state."""
    data = columns(history)
    starts = history.state.get("belief")
    starts = starts if isinstance(starts, list) and len(starts) == len(data) else [None] * len(data)
    fitted = [
        recipe.fit(c.X, c.y[:, None], space.names, variance=c.variance[:, None], domain=domain(space), start=start)
        for recipe, c, start in zip(complete(recipes, history), data, starts, strict=True)
    ]
    return Belief(tuple(fitted), history.signed.shape[1], history.C.shape[1])


def complete(recipes: Sequence[Surrogate], history: History) -> list[Surrogate]:
    """One recipe an output, a Gaussian process where none is given; ValueError when their number fits nothing."""
    from surrogates.gp import GaussianProcess

    wanted = history.signed.shape[1] + history.C.shape[1]
    if len(recipes) not in (0, wanted):
        raise ValueError(f"{len(recipes)} surrogate recipes for {wanted} objectives and constraints: give one for each")
    failure: list[Surrogate] = [GaussianProcess()] if history.failed.any() else []
    return [*(recipes or [GaussianProcess()] * wanted), *failure]
