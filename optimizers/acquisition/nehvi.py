"""This file is how much a candidate is expected to add: noisy expected (hypervolume) improvement, and its logarithm.

It is the acquisition of qNEHVI (Daulton, Balandat and Bakshy 2021, doi 10.48550/arXiv.2105.08195) and, for one
objective, of NEI (Letham et al. 2019, doi 10.1214/18-BA1110), taken to logarithms as in Ament et al. 2023
(doi 10.48550/arXiv.2310.20708). The known and pending points' true values are drawn jointly s times; given a draw the
candidate's outputs are independent normals, so that the expectation over them is exact (a sum over boxes of products
of one-dimensional integrals) and only the fronts are sampled, with what correlated outputs share (`SharedErrors`).
Batches are built greedily: a chosen point joins the pending ones.
"""

from dataclasses import dataclass, replace
from math import prod

import torch
from torch import Tensor

from eutectic.optimizers.acquisition.box_decomposition import Cells, cells
from eutectic.optimizers.acquisition.correlated_errors import SharedErrors
from eutectic.optimizers.acquisition.scalarization import Directions, directions
from eutectic.optimizers.models.belief import Belief
from eutectic.surrogates.base import FittedSurrogate
from eutectic.surrogates.gp.kernels import cholesky
from eutectic.surrogates.posteriors.joint_moments import JointMoments, joint_moments

ELEMENTS = 300_000
"""Numbers an intermediate array may hold: what a processor's cache holds."""
MOST_IN_BOXES = 4
"""Objectives up to which fronts are cut into boxes."""


@dataclass(frozen=True, slots=True, eq=False)
class Goal:
    """What is improved upon."""

    tolerance: tuple[float | None, ...]
    """(m,) half-width of a target's window; None for a plain minimised objective."""
    reference: Tensor
    """(m,) worst acceptable losses."""
    settled: Tensor
    """(k, m) `signed` values that are had for sure, beside those of the fixed points; k may be 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """One output, drawn at the fixed points, and what it says about any other point."""

    joint: JointMoments
    """X (r, d) -> mean (r,), variance (r,), covariance (r, b) with the fixed points."""
    values: Tensor
    """(s, b) drawn noise-free outputs at the fixed points."""
    weights: Tensor
    """(b, s) covariance (r, b) @ weights shifts the mean to that of each draw."""
    inverse_factor: Tensor
    """(b, b) inverse Cholesky factor of the fixed points' covariance."""
    own: float = 0.0
    """Variance of a candidate's own (`Belief.own`)."""

    def moments(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (r, s) and standard deviation (r, 1) at X (r, d) given each draw."""
        mean, variance, cross = self.joint(X)
        left = variance - (cross @ self.inverse_factor.T).square().sum(-1)
        left = left.clamp_min(1e-9 * variance.detach()) + self.own
        return mean[:, None] + cross @ self.weights, left.sqrt()[:, None]

    def thinned(self, s: int) -> "Draw":
        """The first s draws."""
        return replace(self, values=self.values[:s], weights=self.weights[:, :s])


@dataclass(frozen=True, slots=True, eq=False)
class Improvement:
    """Expected improvement over s drawn fronts of the fixed points."""

    belief: Belief
    goal: Goal
    fixed: Tensor
    """(b, d) observed, pending and chosen points."""
    normals: Tensor
    """(outputs, s, room) standard normal draws for the fixed points and those to come."""
    observed: int
    """The first so many fixed points were evaluated: that they can be, on this side of a cliff, is no question."""
    draws: tuple[Draw, ...]
    """One an output."""
    open: Cells | Directions
    """What is still to be won."""
    scale: float
    """Volume between the best drawn losses and the reference point."""
    common: SharedErrors | None = None
    """What outputs share of a candidate's errors; None: they are independent given the fixed points."""

    def log(self, X: Tensor) -> Tensor:
        """Logarithm (r,) of expected improvement times probability of feasibility at X (r, d); differentiable."""
        return self.log_of(self.moments(X))

    def value(self, X: Tensor) -> Tensor:
        """The same (r,) without the logarithm, cheap, exact to about 1e-15, for ranking; no gradient."""
        with torch.no_grad():
            found = [self.value_of(self.moments(part)) for part in self.parts(X)]
            return torch.cat(found) if found else X.new_zeros(0)

    def parts(self, X: Tensor, copies: int = 1) -> tuple[Tensor, ...]:
        """X (r, d) in pieces whose intermediate arrays, for so many copies of X, are of bearable size; none of none."""
        return torch.split(X, max(1, ELEMENTS // (copies * self.open.size))) if len(X) else ()

    def moments(self, X: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Mean (r, s) and standard deviation (r, 1) of each output at X (r, d), given each draw."""
        found = [draw.moments(X) for draw in self.draws]
        return found if self.common is None else self.common.apart(found)

    def log_of(self, moments: list[tuple[Tensor, Tensor]]) -> Tensor:
        """`log` (r,) of points of which that is believed."""
        m = self.belief.m
        return self.open.log(moments[:m], self.goal.tolerance, log_feasibility(moments[m:]))

    def value_of(self, moments: list[tuple[Tensor, Tensor]]) -> Tensor:
        """`value` (r,) of points of which that is believed."""
        m = self.belief.m
        return self.open.value(moments[:m], self.goal.tolerance, log_feasibility(moments[m:]))

    def joined(self, x: Tensor) -> "Improvement":
        """The same with x (k, d) among the fixed points."""
        return build(self.belief, self.goal, torch.cat([self.fixed, x]), self.observed, self.normals, self.common)

    def rough(self) -> "Improvement":
        """About the same over one front, that of the means, by sketches of the surrogates: for looking over long lists.

        One front of means tells as much as two that are drawn.
        """
        means = torch.zeros_like(self.normals[:, :1])
        return build(self.belief.sketched(), self.goal, self.fixed, self.observed, means)

    def few(self) -> "Improvement":
        """The same with a quarter of the draws."""
        return self.thinned(-(-self.normals.shape[1] // 4))

    def thinned(self, s: int) -> "Improvement":
        """The same with only the first s draws."""
        shared = None if self.common is None else self.common.thinned(s)
        draws = tuple(draw.thinned(s) for draw in self.draws)
        return replace(self, normals=self.normals[:, :s], draws=draws, open=self.open.thinned(s), common=shared)


def log_feasibility(gates: list[tuple[Tensor, Tensor]]) -> Tensor | None:
    """Log probability (r, s) in each draw that all constraints hold and the evaluation succeeds; None without any.

    From the constraints' moments given the draws, so that beside a chosen point that breaks a constraint in a draw
    nothing is won in that draw.

    Tails are normal on purpose, unlike those of `tails.py`: the probability is weighed against an improvement that
    becomes as small as one likes as the front is found, and a heavy tail never closes the way to a candidate that is
    surely infeasible. Student's beyond three deviations were tried on the toy problem of Gramacy et al. 2016 (doi
    10.1080/00401706.2015.1014065), three seeds: as many feasible candidates, the best of them no better. Where nothing
    is feasible yet, violations are ranked instead (`bayesian/feasibility_first.py`).
    """
    total = None
    for mean, std in gates:
        chance = torch.special.log_ndtr(-mean / std)
        total = chance if total is None else total + chance
    return total


def draw(output: FittedSurrogate, fixed: Tensor, normals: Tensor) -> Draw:
    """Joint draws (s, b) of one output at the fixed points (b, d) from standard normals (s, room)."""
    joint = joint_moments(output, fixed)
    if not len(fixed):
        none = torch.zeros(0, 0, dtype=normals.dtype)
        return Draw(joint, normals[:, :0], normals[:, :0].T, none)
    mean, _, covariance = joint(fixed)
    identity = torch.eye(len(fixed), dtype=mean.dtype)
    factor, _ = cholesky(0.5 * (covariance + covariance.T) + 1e-10 * covariance.diagonal().mean() * identity)
    inverse = torch.linalg.solve_triangular(factor, identity, upper=False)
    z = normals[:, : len(fixed)]
    return Draw(joint, mean + z @ factor.T, inverse.T @ z.T, inverse)


def build(
    belief: Belief, goal: Goal, fixed: Tensor, observed: int, normals: Tensor, common: SharedErrors | None = None
) -> Improvement:
    """The improvement over draws at the fixed points (b, d); normals (outputs, s, at least b)."""
    with torch.no_grad():
        draws = tuple(draw(output, fixed, z) for output, z in zip(belief.outputs, normals, strict=True))
        own = (*belief.own, *[0.0] * (len(draws) - len(belief.own)))
        draws = tuple(replace(d, own=variance) for d, variance in zip(draws, own, strict=True))
        valid = torch.ones(normals.shape[1], len(fixed), dtype=torch.bool)
        for j, constraint in enumerate(draws[belief.m :]):
            known = observed if j >= belief.constraints else 0
            valid[:, known:] &= constraint.values[:, known:] <= 0
        found = front(draws, goal, valid)
        if found.exhausted:
            goal = replace(goal, tolerance=tuple(None if t is None else 0.0 for t in goal.tolerance))
            found = front(draws, goal, valid)
    return Improvement(belief, goal, fixed, normals, observed, draws, found, volume(draws, goal), common)


def volume(draws: tuple[Draw, ...], goal: Goal) -> float:
    """Product over the objectives of the range from the best drawn loss to the reference."""
    losses = [loss(d.values, t) for d, t in zip(draws, goal.tolerance, strict=False)]
    spans = [float(r - v.min()) if v.numel() else 1.0 for r, v in zip(goal.reference, losses, strict=True)]
    return prod(abs(span) for span in spans)


def front(draws: tuple[Draw, ...], goal: Goal, valid: Tensor) -> Cells | Directions:
    """What draws that are `valid` (s, b) and settled values leave: boxes up to four objectives, directions beyond."""
    s, k = len(valid), len(goal.settled)
    values = [torch.cat([d.values, had.expand(s, k)], 1) for d, had in zip(draws, goal.settled.T, strict=False)]
    losses = torch.stack([loss(v, t) for v, t in zip(values, goal.tolerance, strict=True)], -1)
    valid = torch.cat([valid, valid.new_ones(s, k)], 1)
    divide = cells if len(goal.reference) <= MOST_IN_BOXES else directions
    return divide(losses, valid, goal.reference, goal.tolerance)


def loss(values: Tensor, tolerance: float | None) -> Tensor:
    """What is minimised, for drawn `signed` values of any shape."""
    return values if tolerance is None else (values.abs() - tolerance).clamp_min(0)
