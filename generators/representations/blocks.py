"""This file is a representation as a surrogate sees it: blocks of named features side by side."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array
from eutectic.surrogates.base import Domain

if TYPE_CHECKING:
    from torch import Tensor


Transform = Callable[["Tensor"], "Tensor"]
"""Coordinates (..., d) -> values (..., k), float64."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some features of a representation."""

    names: tuple[str, ...]
    """Feature names (f), the unit in the name."""
    transform: Transform
    """Coordinates (..., d) -> features (..., f)."""
    differentiable: bool
    """Does its gradient lead anywhere?"""
    units: tuple[str, ...] = ()
    """Unit of each feature, "" where dimensionless; () when all are."""
    categories: tuple[int, ...] = ()
    """For each feature its number of categories, 0 for a number; () when all are numbers."""
    whole: bool = False
    """Are its features fractions of a whole, which sum to one?"""
    conditional: tuple[int, ...] = ()
    """Places of features that mean something in some rows only."""
    descriptors: Mapping[int, Array] = field(default_factory=dict)
    """Place of a category -> (labels, k) what is known of each of its labels."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Blocks side by side."""

    blocks: tuple[Block, ...]
    sequence: tuple[int, int] | None = None
    """Number and length of the sequences the features spell; None when they are none."""
    labels: tuple[str, ...] = ()
    """Of the categories that such sequences are made of."""

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names (f)."""
        return tuple(name for block in self.blocks for name in block.names)

    @property
    def units(self) -> tuple[str, ...]:
        """Unit of each feature, "" where dimensionless."""
        return tuple(unit for block in self.blocks for unit in block.units or ("",) * len(block.names))

    @property
    def categories(self) -> tuple[int, ...]:
        """For each feature its number of categories, 0 for a number."""
        return tuple(count for block in self.blocks for count in block.categories or (0,) * len(block.names))

    @property
    def mixtures(self) -> tuple[tuple[int, ...], ...]:
        """Groups of features that sum to one."""
        ends = list(accumulate(len(block.names) for block in self.blocks))
        return tuple(
            tuple(range(end - len(block.names), end))
            for block, end in zip(self.blocks, ends, strict=True)
            if block.whole and len(block.names) > 1
        )

    @property
    def conditional(self) -> tuple[int, ...]:
        """Features that mean something in some rows only."""
        starts = accumulate((len(block.names) for block in self.blocks), initial=0)
        return tuple(start + k for start, block in zip(starts, self.blocks, strict=False) for k in block.conditional)

    @property
    def descriptors(self) -> dict[int, Array]:
        """Category -> (labels, k) what is known of each of its labels."""
        starts = accumulate((len(block.names) for block in self.blocks), initial=0)
        parts = zip(starts, self.blocks, strict=False)
        return {start + k: known for start, block in parts for k, known in block.descriptors.items()}

    @property
    def differentiable(self) -> bool:
        """Do gradients lead anywhere?"""
        return any(block.differentiable for block in self.blocks)

    def domain(self, X: Array) -> Domain:
        """Range of the features of rows X (n, d); categories have all their codes."""
        import torch

        values = self(torch.as_tensor(X, dtype=torch.float64)).numpy()
        counts = np.array(self.categories)
        codes = counts > 0
        lower = np.where(codes, 0.0, values.min(0))
        upper = np.where(codes, counts - 1.0, values.max(0))
        categorical = tuple(int(j) for j in np.flatnonzero(codes))
        return Domain(lower, upper, categorical, self.sequence, self.mixtures, self.conditional, self.descriptors)

    def __call__(self, X: "Tensor") -> "Tensor":
        """Features (..., f) of coordinates X (..., d), float64."""
        import torch

        return torch.cat([block.transform(X.to(torch.float64)) for block in self.blocks], -1)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a finite space, found again by their values."""

    table: Array
    """(N, d)."""
    index: dict[bytes, int]

    def find(self, X: Array) -> NDArray[np.int64]:
        """(n,) number of each row of X (n, d), or of the nearest, every column scaled by its range."""
        X = np.ascontiguousarray(X, dtype=float) + 0.0
        found = np.array([self.index.get(row.tobytes(), -1) for row in X], dtype=np.int64)
        width = np.ptp(self.table, axis=0)
        width = np.where(width > 0, width, 1.0)
        for i in np.flatnonzero(found < 0):
            found[i] = int((((self.table - X[i]) / width) ** 2).sum(1).argmin())
        return found

    def listed(self, values: Array) -> Transform:
        """The transform that looks up values (N, k) of the rows; its gradient is zero."""

        def look(X: "Tensor") -> "Tensor":
            import torch

            found = values[self.find(X.detach().reshape(-1, X.shape[-1]).numpy())]
            out = torch.as_tensor(found).reshape(*X.shape[:-1], values.shape[-1])
            return out + 0.0 * X.sum(-1, keepdim=True) if X.requires_grad else out

        return look


def rows_of(table: Array) -> Rows:
    """The rows of a table (N, d); -0.0 is 0.0."""
    table = np.ascontiguousarray(table, dtype=float) + 0.0
    return Rows(table, {row.tobytes(): i for i, row in enumerate(table)})
