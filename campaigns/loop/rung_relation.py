"""This file is how one rung of the ladder stands to the top: the values of both, and the relation they have shown.

The top's value is taken as a line in the lower rung's with a normal scatter about it, y = a + b x + e, learned by
conjugate Bayesian regression (Gelman et al. 2013, Bayesian Data Analysis, chapter 14) from the candidates known on both
rungs. Before there are any, the rungs are taken to agree up to a scatter of half the spread seen on the lower one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eutectic.campaigns.file.goals import Goal, Limit
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.optimizers.base import Array

SLOPE, OFFSET, SCATTER = 0.5, 1.0, 0.5
"""Prior deviations of the slope from 1 and of the offset from 0, and the scatter, in spreads of the lower rung."""
WEIGHT = 2.0
"""How many observations the prior scatter counts for."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One thing that candidates are ranked by: an objective's loss, or the excess over a limit."""

    property: str
    goal: Goal | None
    limit: Limit | None
    laddered: bool
    """Do the rungs return it?"""

    def value(self, outcome: Outcome, rung: int) -> tuple[float, float]:
        """What a rung said of it (signed, or the excess) and its standard error; NaN where it said nothing."""
        found = [e for e in outcome.evaluations if e.status == "finished" and self.property in e.values]
        found = [e for e in found if e.fidelity == rung or not self.laddered]
        if not found:
            return np.nan, np.nan
        value, error = found[-1].values[self.property], found[-1].errors.get(self.property, np.nan)
        if self.goal is not None:
            return self.goal.signed(value), error
        assert self.limit is not None
        return self.limit.excess(value), error

    def drawn(self, known: Sequence[Outcome], rung: int, top: int, s: int, rng: np.random.Generator) -> Array | None:
        """Draws (s, n) of the loss (or excess) on the top rung of n outcomes; None where nobody returns it there."""
        x, error = np.array([self.value(o, rung) for o in known]).reshape(-1, 2).T
        if not np.isfinite(x).all() or not len(x):
            return None
        y, final = np.array([self.value(o, top) for o in known]).reshape(-1, 2).T
        x = x + np.nan_to_num(error) * rng.standard_normal((s, len(x)))
        signed = carried(x, y, s, rng) if self.laddered else x
        settled = np.isfinite(y) & self.laddered
        signed[:, settled] = y[settled] + np.nan_to_num(final[settled]) * rng.standard_normal((s, int(settled.sum())))
        return signed if self.goal is None else np.vectorize(self.goal.loss, otypes=[float])(signed)


def quantities(problem: Problem) -> list[Quantity]:
    """The objectives, then the limits, of a campaign."""
    mine = problem.ladder.properties
    goals = [Quantity(goal.name, goal, None, goal.name in mine) for goal in problem.spec.goals]
    return [*goals, *(Quantity(x.property, None, x, x.property in mine) for x in problem.spec.limits)]


def said(outcome: Outcome, rung: int) -> bool:
    """Did a rung give values of this candidate?"""
    return any(e.fidelity == rung and e.status == "finished" for e in outcome.evaluations) and outcome.number > 0


def carried(x: Array, y: Array, s: int, rng: np.random.Generator) -> Array:
    """Draws (s, n) of the top's values from draws x (s, n) of a lower rung's and its known values y (n,), else NaN."""
    middle, spread = float(x.mean()), float(x.std()) or 1.0
    u = (x - middle) / spread
    both = np.isfinite(y)
    shape, scale = 0.5 * WEIGHT, 0.5 * WEIGHT * SCATTER**2
    precision = np.diag([SCATTER**2 / OFFSET**2, SCATTER**2 / SLOPE**2])
    mean = np.array([0.0, 1.0])
    if both.any():
        design = np.column_stack([np.ones(int(both.sum())), u[:, both].mean(0)])
        target = (y[both] - middle) / spread
        total = precision + design.T @ design
        center = np.linalg.solve(total, precision @ mean + design.T @ target)
        scale += 0.5 * float(target @ target + mean @ precision @ mean - center @ total @ center)
        shape, mean, precision = shape + 0.5 * len(target), center, total
    variance = max(scale, 1e-12) / rng.gamma(shape, size=s)
    root = np.linalg.inv(np.linalg.cholesky(precision))
    line = mean + np.sqrt(variance)[:, None] * (rng.standard_normal((s, 2)) @ root)
    scatter = np.sqrt(variance)[:, None] * rng.standard_normal(u.shape)
    drawn: Array = middle + spread * (line[:, :1] + line[:, 1:] * u + scatter)
    return drawn
