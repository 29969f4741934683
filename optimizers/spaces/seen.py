"""This file is which rows of a space were proposed before."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """Rows seen (s, d) in the order of a weighted sum (s,), by which the few that may equal another row are found."""

    rows: Array
    total: Array

    def holds(self, X: Array) -> Mask:
        """(n,) True where a row of X (n, d) is among them, to ten decimals."""
        value = weighted(X)
        slack = 1e-9 * (1 + np.abs(X).sum(1))
        first, last = np.searchsorted(self.total, value - slack), np.searchsorted(self.total, value + slack)
        held = np.zeros(len(X), dtype=bool)
        for step in range(int((last - first).max(initial=0))):
            some = np.flatnonzero(first + step < last)
            held[some] |= (np.abs(self.rows[first[some] + step] - X[some]) <= 1e-10).all(1)
        return held


def remember(seen: Array) -> Memory:
    """Rows (s, d) made ready for the question whether others are among them."""
    total = weighted(seen)
    order = np.argsort(total)
    return Memory(seen[order], total[order])


def weighted(X: Array) -> Array:
    """(n,) one number a row of X (n, d), equal for equal rows and hardly ever for others."""
    value: Array = X @ np.modf(np.arange(1, X.shape[1] + 1) * 0.6180339887498949)[0]
    return value


def keys(X: Array) -> list[bytes]:
    """Each row of X (n, d), to ten decimals, as bytes."""
    rounded = np.ascontiguousarray(np.round(X, 10) + 0.0)
    width, everything = rounded.itemsize * X.shape[1], rounded.tobytes()
    return [everything[i : i + width] for i in range(0, len(everything), width)]


def unseen(points: Array, seen: Array) -> NDArray[np.bool_]:
    """(N,) True for rows of points (N, d) that are not among `seen` (s, d), to nine decimals."""
    mask: NDArray[np.bool_] = ~np.isin(_keys(points), _keys(seen))
    return mask


def _keys(X: Array) -> NDArray[np.void]:
    rounded = np.ascontiguousarray(np.round(X, 9) + 0.0)
    return rounded.view(np.dtype((np.void, rounded.shape[1] * rounded.itemsize)))[:, 0]
