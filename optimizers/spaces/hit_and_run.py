"""This file is a convex polytope (bounds, inequalities, equalities): its centre, and hit-and-run inside it."""

from dataclasses import dataclass

import numpy as np

from eutectic.optimizers.base import Array

_THIN = 1e-9
"""Radius of the largest ball in a region, bounds scaled to 1, below which it is taken for one of fewer dimensions."""


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """All x (d,) with lower <= x <= upper, matrix x <= bound and sums x = total."""

    lower: Array
    upper: Array
    matrix: Array
    """(c, d)"""
    bound: Array
    """(c,)"""
    sums: Array
    """(e, d)"""
    total: Array
    """(e,)"""

    def inequalities(self) -> tuple[Array, Array]:
        """Bounds and constraints together: A (2 d + c, d), b (2 d + c,) with A x <= b."""
        eye = np.eye(len(self.lower))
        return np.vstack([eye, -eye, self.matrix]), np.concatenate([self.upper, -self.lower, self.bound])

    def centre(self) -> Array | None:
        """Centre (d,) of the largest ball that fits among the inequalities, None when nothing does.

        Where no ball fits, a point in the relative interior: the mean of points as far as possible from each face.
        """
        A, b = self.inequalities()
        length = np.linalg.norm(A - A @ self._across() @ self._across().T, axis=1)
        point, radius = self._furthest(A, b, length)
        if point is None or radius > _THIN:
            return point
        points = [self._furthest(A, b, np.eye(len(b))[row])[0] for row in range(len(b))]
        found = [p for p in points if p is not None]
        return np.mean(found, axis=0) if found else None

    def directions(self, x: Array) -> Array:
        """Orthonormal basis (d, r) of the moves that stay in the polytope from its relative interior point x (d,)."""
        A, b = self.inequalities()
        tight = A[b - A @ x <= _THIN * 10]
        _, values, basis = np.linalg.svd(np.vstack([self.sums, tight, np.zeros((1, len(x)))]))
        rank = int((values > 1e-10).sum())
        return np.asarray(basis[rank:].T)

    def _across(self) -> Array:
        """Orthonormal basis (d, e) of the directions the sums forbid."""
        if not len(self.sums):
            return np.zeros((len(self.lower), 1))
        basis, values, _ = np.linalg.svd(self.sums.T, full_matrices=False)
        return np.asarray(basis[:, values > 1e-10])

    def _furthest(self, A: Array, b: Array, length: Array) -> tuple[Array | None, float]:
        """The point with the largest r such that A x + r length <= b."""
        from scipy.optimize import linprog

        d = len(self.lower)
        answer = linprog(
            np.append(np.zeros(d), -1.0),
            A_ub=np.column_stack([A, length]),
            b_ub=b,
            A_eq=np.column_stack([self.sums, np.zeros(len(self.sums))]) if len(self.sums) else None,
            b_eq=self.total if len(self.sums) else None,
            bounds=[(None, None)] * d + [(0.0, float(np.ptp(np.append(self.upper, self.lower))) + 1.0)],
        )
        return (answer.x[:d], float(answer.x[d])) if answer.status == 0 else (None, 0.0)


def walk(system: System, start: Array, n: int, rng: np.random.Generator) -> Array:
    """(n, d) nearly uniform points of a polytope: n chains of hit-and-run (Smith 1984) from its centre `start` (d,).

    doi:10.1287/opre.32.6.1296. Directions of the second half follow the spread of the first, which lets thin
    polytopes mix; they are drawn from chains kept apart, so that the target stays the uniform distribution.
    """
    basis = system.directions(start)
    if not basis.shape[1]:
        return np.repeat(start[None, :], n, axis=0)
    steps = 40 + 10 * basis.shape[1]
    scale = np.ptp(np.vstack([system.lower, system.upper]), axis=0)
    shape = _factor((basis.T * np.where(scale > 0, scale, 1.0) ** 2) @ basis)
    for _ in range(3):  # the pilot chains learn the shape
        pilot = _chains(system, start, basis @ shape, 32 * (basis.shape[1] + 1), steps, rng)
        shape = _factor(np.atleast_2d(np.cov((pilot - start) @ basis, rowvar=False)))
    X = _chains(system, start, basis @ shape, n, steps * 3, rng)
    return np.clip(X, system.lower, system.upper)


def _factor(covariance: Array) -> Array:
    """A square root (r, r) of a covariance that may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, values.max() * 1e-12)))


def _chains(system: System, start: Array, moves: Array, n: int, steps: int, rng: np.random.Generator) -> Array:
    """Chains (n, d) of so many steps from `start`; moves (d, r) turn a normal draw into a direction."""
    A, b = system.inequalities()
    X = np.repeat(start[None, :], n, axis=0)
    gap = b - X @ A.T
    for _ in range(steps):
        direction = rng.standard_normal((n, moves.shape[1])) @ moves.T
        slope = direction @ A.T
        slope[np.abs(slope) < 1e-13 * np.abs(direction).max(1, keepdims=True)] = 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.maximum(gap, 0.0) / slope
        high = np.where(slope > 0, reach, np.inf).min(1)
        low = np.where(slope < 0, reach, -np.inf).max(1)
        length = low + rng.random(n) * (high - low)
        X += length[:, None] * direction
        gap = b - X @ A.T
    return X
