"""This file is how models see inputs: numbers scaled by the domain.

Kernels see the unit box with category codes as they are, models without a kernel -1..1 with categories one-hot.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from eutectic.surrogates.base import Array, Domain


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Coordinates (..., d) -> columns (..., p): the numeric ones, then an indicator a category."""

    numeric: tuple[int, ...]
    center: Tensor
    """(numeric,) natural units."""
    half: Tensor
    """(numeric,) half-widths, natural units; 1 where the domain has no width."""
    categorical: tuple[tuple[int, int], ...]
    """Column and number of categories."""

    def __call__(self, X: Tensor) -> Tensor:
        """Columns (..., p) of X (..., d), differentiable in the numeric ones."""
        parts = [(X[..., list(self.numeric)] - self.center) / self.half]
        for column, count in self.categorical:
            codes = torch.arange(count, dtype=X.dtype)
            parts.append(((X[..., column, None] - codes).abs() < 0.5).to(X.dtype))
        return torch.cat(parts, -1)

    def columns(self, X: Array) -> Array:
        """The same (n, p) of an array X (n, d)."""
        out: Array = self(torch.as_tensor(X, dtype=torch.float64)).numpy()
        return out

    @property
    def groups(self) -> tuple[int, ...]:
        """(p,) -1 for a numeric column, else the number of its categorical input: indicators of one exclude another."""
        return (
            *(-1 for _ in self.numeric),
            *(j for j, (_, count) in enumerate(self.categorical) for _ in range(count)),
        )

    def labels(self, names: Sequence[str]) -> tuple[str, ...]:
        """(p,) names of the columns; an indicator is called `name=code`."""
        return (
            *(names[j] for j in self.numeric),
            *(f"{names[j]}={code}" for j, count in self.categorical for code in range(count)),
        )


ROUNDING = 1e-12
"""Share of an output's size up to which its variation is rounding: below it the output is constant."""


def standardisation(y: Array) -> tuple[float, float, bool]:
    """Mean and scale of an output y (n,), in its unit, and whether it varies.

    The scale is the standard deviation; of a constant output its size, 1 where it is 0: whatever the unit, what is
    predicted is the same.
    """
    shift, size = float(y.mean()), float(np.abs(y).max(initial=0.0))
    spread = float(y.std(ddof=1)) if len(y) > 1 else 0.0
    varies = spread > ROUNDING * size
    return shift, spread if varies else size or 1.0, varies


def inputs(X: Array, domain: Domain | None) -> Inputs:
    """The encoding for rows X (n, d) in a domain, or in their own range where none is given."""
    domain = domain or Domain(X.min(0), X.max(0))
    lower, upper = np.asarray(domain.lower, dtype=float), np.asarray(domain.upper, dtype=float)
    numeric = tuple(j for j in range(X.shape[1]) if j not in domain.categorical)
    width = (upper - lower)[list(numeric)]
    half = np.where(width > 0, 0.5 * width, 1.0)
    center = (0.5 * (lower + upper))[list(numeric)]
    counts = tuple((j, round(float(upper[j])) + 1) for j in domain.categorical)
    return Inputs(numeric, torch.tensor(center), torch.tensor(half), counts)


def unit_box(domain: Domain) -> tuple[Tensor, Tensor]:
    """Offset and width (d,) that take natural units to the unit box, category codes left as they are."""
    lower = torch.tensor(domain.lower, dtype=torch.float64)
    width = torch.tensor(domain.upper, dtype=torch.float64) - lower
    width = torch.where(width > 0, width, torch.ones_like(width))
    codes = list(domain.categorical)
    lower[codes], width[codes] = 0.0, 1.0
    return lower, width
