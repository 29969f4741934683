"""This file is the monomials of a polynomial: which there are, their values, and their expansion in natural units."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import comb

import numpy as np
import torch
from torch import Tensor

from surrogates.base import Array
from surrogates.inputs import Inputs


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
