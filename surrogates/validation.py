"""This file is what every fit demands of its data: shapes that meet, names that fit, values that are finite."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from eutectic.surrogates.base import Array, Domain
from eutectic.surrogates.frames import column_names, invented, matched, numbers, same_rows

LARGEST = 1e150
"""Largest number that is learned from: of larger ones a sum of squares overflows."""
SMALLEST = 1e-150
"""What some value of an output must exceed, unless all are 0: squares of smaller ones are 0."""


def checked(
    what: str, X: Any, Y: Any, names: Sequence[str], domain: Domain | None = None
) -> tuple[Array, Array, tuple[str, ...]]:
    """X (n, d), Y (n, m) and d input names: those given, else those of a frame's columns, else x1, x2, ...

    what: the model, for messages. ValueError for shapes that clash, a domain of another width, text, and a value that
    is missing or infinite, naming its row (from 0) and column.
    """
    given = tuple(names)
    same_rows(X, Y, given)
    names, outputs = given or column_names("X", X), column_names("Y", Y)
    X, Y = numbers("X", X, given), numbers("Y", Y)
    X = X[:, None] if X.ndim == 1 and len(names) == 1 and len(X) == len(Y) else X
    Y = Y[:, None] if Y.ndim == 1 else Y
    if X.ndim != 2 or Y.ndim != 2 or len(X) != len(Y) or len(X) == 0:
        raise ValueError(f"{what} needs X (n, d) and Y (n, m) with the same n > 0, got {X.shape} and {Y.shape}")
    names = names or invented(X.shape[1])
    if len(names) != X.shape[1]:
        raise ValueError(f"{len(names)} names for {X.shape[1]} columns of X")
    if domain is not None and not len(domain.lower) == len(domain.upper) == len(names):
        raise ValueError(f"the domain has {len(domain.lower)} columns and X {len(names)} ({', '.join(names)})")
    require_finite("X", X, names)
    outputs = outputs or tuple(f"output {j + 1}" for j in range(Y.shape[1]))
    require_finite("Y", Y, outputs)
    require_bearable("X", X, names)
    require_bearable("Y", Y, outputs)
    require_visible(Y, outputs)
    return X, Y, names


def known_variance(variance: Any, Y: Array) -> Array:
    """Noise variances (n, m), NaN where unknown; ValueError for another shape or a negative one."""
    if variance is None:
        return np.full(Y.shape, np.nan)
    values = numbers("variance", variance)
    if values.size != Y.size or len(values) != len(Y):
        raise ValueError(f"variance has shape {values.shape}, one number for each of Y {Y.shape} is needed")
    if (values < 0).any():
        raise ValueError(f"variance has {values[values < 0][0]:g}, and none is below 0")
    return values.reshape(Y.shape)


def require_finite(what: str, values: Array, columns: Sequence[str]) -> None:
    """ValueError naming row (from 0) and column of the first of values (n, k) that is missing or infinite."""
    if np.isfinite(values).all():
        return
    bad = np.argwhere(~np.isfinite(values))
    row, column = (int(i) for i in bad[0])
    raise ValueError(
        f"{what} has {values[row, column]} in row {row}, column {columns[column]!r} "
        f"({len(bad)} missing or infinite in all); fill it or leave the row out"
    )


def require_bearable(what: str, values: Array, columns: Sequence[str]) -> None:
    """ValueError naming row (from 0) and column of the first of values (n, k) whose square is no number any more."""
    large = np.argwhere(np.abs(values) > LARGEST)
    if len(large):
        row, column = (int(i) for i in large[0])
        raise ValueError(
            f"{what} has {values[row, column]:g} in row {row}, column {columns[column]!r}: variances of numbers beyond "
            f"{LARGEST:g} cannot be computed; give it in another unit, or its logarithm"
        )


def require_visible(Y: Array, columns: Sequence[str]) -> None:
    """ValueError naming the first column of Y (n, m) so small everywhere that its variance is 0 in floating point."""
    size = np.abs(Y).max(0)
    for name, largest in zip(columns, size.tolist(), strict=True):
        if 0 < largest < SMALLEST:
            raise ValueError(
                f"Y has nothing above {largest:g} in column {name!r}: variances of numbers below {SMALLEST:g} are 0; "
                "give it in another unit, or its logarithm"
            )


def columns_of(X: Any, names: Sequence[str]) -> Array:
    """X (n, d) as floats, checked before a prediction; a frame's columns are matched by name, whatever their order.

    ValueError unless it has a finite number in a column for each name.
    """
    series = len(names) == 1 and np.ndim(X) == 1 and len(column_names("X", X)) == 1
    values = matched("X", X, names)
    values = values[:, None] if series else values
    if values.ndim != 2 or values.shape[1] != len(names):
        raise ValueError(f"X must have {len(names)} columns ({', '.join(names)}), got shape {values.shape}")
    require_finite("X", values, names)
    return values
