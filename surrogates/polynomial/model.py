"""This file is the fitted polynomial: its monomials, and Bayesian ridge regression with variances of most evidence.

MacKay 1992, doi 10.1162/neco.1992.4.3.415; Bishop 2006, Pattern Recognition and Machine Learning, section 3.5. Model,
in standardised outputs: y = b + Phi w + e, flat prior of b, w ~ N(0, s2 / ratio), e_i ~ N(0, s2 / weight_i). With b
integrated out the evidence is maximal in s2 at a closed form, which leaves one number, `ratio`, to be searched for.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations_with_replacement
from math import comb

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from eutectic.surrogates.base import Array, Domain, Posterior, State
from eutectic.surrogates.calibration import number
from eutectic.surrogates.posteriors.outputs import CONSTANT, FittedOutputs, Rows, fit_outputs
from eutectic.surrogates.scaling import Inputs, inputs

LEAST_NOISE = 1e-12
"""Least noise variance, standardised."""


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """Products of up to three columns; the constant is not among them."""

    inputs: Inputs
    factors: Tensor
    """(k, degree) columns multiplied; the number of columns p stands for the factor 1."""

    def __call__(self, X: Tensor) -> Tensor:
        """Values (..., k) at X (..., d), differentiable."""
        Z = self.inputs(X)
        Z = torch.cat([Z, torch.ones_like(Z[..., :1])], -1) if Z.shape[-1] else X.new_ones(*X.shape[:-1], 1)
        value = Z[..., self.factors[:, 0]]
        for j in range(1, self.factors.shape[1]):
            value = value * Z[..., self.factors[:, j]]
        return value

    def expanded(self, weights: Array, constant: float, names: tuple[str, ...]) -> dict[str, float]:
        """Coefficients by monomial in natural units, from weights (k,) of the scaled ones."""
        labels = self.inputs.labels(names)
        count = len(self.inputs.numeric)
        center, half = self.inputs.center.numpy(), self.inputs.half.numpy()
        total: defaultdict[tuple[int, ...], float] = defaultdict(float)
        total[()] = constant
        for columns, weight in zip(self.factors.tolist(), weights, strict=True):
            parts: dict[tuple[int, ...], float] = {(): float(weight)}
            for j in columns:
                if j < len(labels):
                    a, b = (1 / half[j], -center[j] / half[j]) if j < count else (1.0, 0.0)
                    parts = multiplied(parts, j, float(a), float(b))
            for key, value in parts.items():
                total[key] += value
        return {"*".join(labels[j] for j in key) or "1": total[key] for key in sorted(total, key=lambda k: (len(k), k))}


def multiplied(
    parts: dict[tuple[int, ...], float], column: int, slope: float, offset: float
) -> dict[tuple[int, ...], float]:
    """A polynomial (sorted columns -> coefficient) times (slope * column + offset)."""
    found: defaultdict[tuple[int, ...], float] = defaultdict(float)
    for key, value in parts.items():
        found[tuple(sorted((*key, column)))] += value * slope
        if offset:
            found[key] += value * offset
    return dict(found)


def terms(inputs: Inputs, degree: int) -> Terms:
    """Every monomial up to a degree, without powers and products of indicators of one categorical input."""
    groups = inputs.groups
    found = []
    for d in range(1, degree + 1):
        for columns in combinations_with_replacement(range(len(groups)), d):
            used = [groups[j] for j in columns if groups[j] >= 0]
            if len(set(used)) == len(used):
                found.append((*columns, *(len(groups),) * (degree - d)))
    return Terms(inputs, torch.tensor(np.array(found, dtype=np.int64).reshape(-1, degree)))


def affordable(inputs: Inputs, degree: int, most: int) -> int:
    """The highest degree, at least 1, with at most `most` monomials."""
    p = len(inputs.groups)
    while degree > 1 and comb(p + degree, degree) - 1 > most:
        degree -= 1
    return degree


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """The regression's singular value decomposition: everything the evidence needs."""

    degree: int
    terms: Terms
    center: Array
    """(k,) weighted mean of each monomial, dimensionless."""
    size: Array
    """(k,) standard deviation of each monomial, 1 where it is constant, dimensionless."""
    U: Array
    """(n, r) of the weighted design."""
    s: Array
    """(r,) singular values."""
    V: Array
    """(k, r)."""
    b: Array
    """(n,) weighted outputs, standardised, the intercept taken out."""

    def noise(self, ratio: float) -> float:
        """Likeliest s2 for a ratio (Bishop 2006, eq. 3.95 with n - 1 for n, as the intercept is integrated out)."""
        along = self.U.T @ self.b
        left = max(0.0, float(self.b @ self.b - along @ along))
        quadratic = float((along**2 * ratio / (self.s**2 + ratio)).sum()) + left
        return max(quadratic / max(1, len(self.b) - 1), LEAST_NOISE)

    def loss(self, log_ratio: float) -> float:
        """-2 log evidence (Bishop 2006, eq. 3.86) at the best s2, up to a constant."""
        ratio = float(np.exp(log_ratio))
        return (len(self.b) - 1) * float(np.log(self.noise(ratio))) + float(np.log1p(self.s**2 / ratio).sum())

    def best(self) -> tuple[float, float]:
        """The ratio with the most evidence, and -2 log evidence there."""
        grid = np.linspace(np.log(1e-10), np.log(1e6), 49)
        losses = [self.loss(v) for v in grid]
        i = int(np.argmin(losses))
        low, high = grid[max(0, i - 1)], grid[min(len(grid) - 1, i + 1)]
        found = minimize_scalar(self.loss, bounds=(low, high), method="bounded")
        x = float(found.x) if found.fun < losses[i] else float(grid[i])
        return float(np.exp(x)), self.loss(x)


@dataclass(frozen=True, slots=True, eq=False)
class PolynomialOutput:
    """One output."""

    solved: Solved
    ratio: float
    """Noise variance over prior variance of a coefficient, dimensionless."""
    level: float
    """Noise variance s2, standardised."""
    shift: float
    """Output's unit."""
    scale: float
    """Output's unit."""
    intercept: float
    """Standardised."""
    total: float
    """Sum of the weights."""
    root: Tensor
    """(k, k + 1) symmetric root of the coefficients' posterior covariance, then their mean; standardised."""
    unseen: Posterior
    """Leave-one-out predictions (n, 1), noise included."""
    notes: tuple[str, ...]

    @property
    def differentiable(self) -> bool:
        """Yes."""
        return True

    @property
    def noise(self) -> float:
        """Noise variance of an observation of mean weight, output's unit squared."""
        return self.scale**2 * self.level

    @property
    def state(self) -> dict[str, object]:
        """Degree and the two variances."""
        return {"degree": self.solved.degree, "ratio": self.ratio, "level": self.level}

    def embed(self, X: Tensor) -> Tensor:
        """Standardised monomials (..., k) times `root`."""
        phi = self.solved.terms(X)
        return (phi - torch.tensor(self.solved.center)) / torch.tensor(self.solved.size) @ self.root

    def mean(self, E: Tensor) -> Tensor:
        """Bishop 2006, eq. 3.58."""
        return self.shift + self.scale * (self.intercept + E[..., -1])

    def variance(self, E: Tensor) -> Tensor:
        """Bishop 2006, eq. 3.59 without its noise term, with the intercept's variance."""
        return self.scale**2 * (E[..., :-1].square().sum(-1) + self.level / self.total)

    def covariance(self, A: Tensor, B: Tensor) -> Tensor:
        """The same between two points."""
        return self.scale**2 * (A[..., :-1] @ B[..., :-1].transpose(-1, -2) + self.level / self.total)

    def coefficients(self, names: tuple[str, ...]) -> dict[str, float]:
        """Mean coefficient of each monomial of the inputs in natural units, `1` for the constant."""
        weights = self.scale * self.root[:, -1].numpy() / self.solved.size
        constant = self.shift + self.scale * self.intercept - float(weights @ self.solved.center)
        return self.solved.terms.expanded(weights, constant, names)


def fit(
    degree: int,
    choose: bool,
    most: int,
    X: Array,
    Y: Array,
    names: Sequence[str],
    *,
    variance: Array | None,
    domain: Domain | None,
    start: State | None,
    tune: bool,
) -> FittedOutputs[PolynomialOutput]:
    """A polynomial for every column of Y (n, m), of at most a degree and `most` monomials.

    choose: the degree from 1 up with the most evidence, else the highest. ValueError for data that cannot be learned.
    """
    one = partial(single, degree, choose, most)
    return fit_outputs("a polynomial", one, X, Y, names, variance=variance, domain=domain, start=start, tune=tune)


def single(
    degree: int, choose: bool, most: int, data: Rows, domain: Domain | None, start: Mapping[str, object] | None
) -> PolynomialOutput:
    """One output: solve every degree, keep the one with the most evidence."""
    encoded = inputs(data.X, domain)
    highest = affordable(encoded, degree, most)
    notes = [] if highest == degree else [f"degree {highest}: {degree} has over {most} monomials"]
    if start is not None:
        solved = solve(data, terms(encoded, int(number(start, "degree"))), int(number(start, "degree")))
        return concluded(data, solved, number(start, "ratio"), number(start, "level"), notes)
    if data.constant:
        return concluded(data, solve(data, terms(encoded, 1), 1), 1.0, 1.0, [*notes, CONSTANT])
    degrees = range(1, highest + 1) if choose else (highest,)
    every = [solve(data, terms(encoded, d), d) for d in degrees]
    found = [solved.best() for solved in every]
    i = int(np.argmin([loss for _, loss in found]))
    return concluded(data, every[i], found[i][0], every[i].noise(found[i][0]), notes)


def solve(data: Rows, found: Terms, degree: int) -> Solved:
    """Decompose the weighted, standardised design."""
    shift, scale = data.scaling
    weights = data.weights
    phi = found(torch.tensor(data.X)).numpy()
    center = weights @ phi / weights.sum()
    size = np.sqrt(weights @ (phi - center) ** 2 / weights.sum())
    size = np.where(size > 1e-9, size, 1.0)
    y = (data.y - shift) / scale
    root = np.sqrt(weights)
    design = root[:, None] * (phi - center) / size
    U, s, Vt = np.linalg.svd(design, full_matrices=False)
    return Solved(degree, found, center, size, U, s, Vt.T, root * (y - weights @ y / weights.sum()))


def concluded(data: Rows, solved: Solved, ratio: float, level: float, notes: list[str]) -> PolynomialOutput:
    """The posterior of the coefficients (Bishop 2006, eq. 3.53-3.54)."""
    shift, scale = data.scaling
    V, s = solved.V, solved.s
    along = (V * (np.sqrt(level / (s**2 + ratio)) - np.sqrt(level / ratio))) @ V.T
    root = along + np.sqrt(level / ratio) * np.eye(len(V))
    mean = V @ (s / (s**2 + ratio) * (solved.U.T @ solved.b))
    weights = data.weights
    intercept = float(weights @ (data.y - shift) / scale / weights.sum())
    return PolynomialOutput(
        solved=solved,
        ratio=ratio,
        level=level,
        shift=shift,
        scale=scale,
        intercept=intercept,
        total=float(weights.sum()),
        root=torch.tensor(np.hstack([root, mean[:, None]])),
        unseen=left_out(data, solved, ratio, level),
        notes=tuple(notes),
    )


def left_out(data: Rows, solved: Solved, ratio: float, level: float) -> Posterior:
    """Each row predicted from the others, ratio and noise kept (Rasmussen & Williams 2006, eq. 5.12).

    The flat intercept is projected out of the inverse covariance (Dubrule 1983, doi 10.1007/BF01033232).
    """
    shift, scale = data.scaling
    root = np.sqrt(data.weights)
    inverse = np.eye(len(root)) - (solved.U * (solved.s**2 / (solved.s**2 + ratio))) @ solved.U.T
    inverse -= np.outer(root, root) / float(root @ root)
    y = root * (data.y - shift) / scale
    diagonal = np.maximum(np.diag(inverse), 1e-9)
    mean = (y - inverse @ y / diagonal) / root
    variance = level / diagonal / data.weights
    return Posterior((shift + scale * mean)[:, None], (scale**2 * variance)[:, None])
