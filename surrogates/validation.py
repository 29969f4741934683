"""This file is what every fit demands of its data: shapes that meet, names that fit, values that are finite."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import numpy as np

from eutectic.surrogates.base import Array


def near(given: str, known: Iterable[str]) -> str:
    """`; did you mean 'gp'? Known: ...`, what is known in order of the alphabet."""
    names = sorted(known)
    nearest = get_close_matches(given, names, 1)
    return (f"; did you mean {nearest[0]!r}?" if nearest else ";") + f" Known: {', '.join(names) or 'none'}"


def checked(what: str, X: Array, Y: Array, names: Sequence[str]) -> tuple[Array, Array, tuple[str, ...]]:
    """X (n, d), Y (n, m) and d input names, x1, x2, ... where none are given.

    what: the model, for messages. ValueError for shapes that clash or a value that is missing or infinite, naming its
    row (from 0) and column.
    """
    X, Y = np.asarray(X, dtype=float), np.asarray(Y, dtype=float)
    Y = Y[:, None] if Y.ndim == 1 else Y
    if X.ndim != 2 or Y.ndim != 2 or len(X) != len(Y) or len(X) == 0:
        raise ValueError(f"{what} needs X (n, d) and Y (n, m) with the same n > 0, got {X.shape} and {Y.shape}")
    names = tuple(names) or tuple(f"x{j + 1}" for j in range(X.shape[1]))
    if len(names) != X.shape[1]:
        raise ValueError(f"{len(names)} names for {X.shape[1]} columns of X")
    require_finite("X", X, names)
    require_finite("Y", Y, tuple(f"output {j + 1}" for j in range(Y.shape[1])))
    return X, Y, names


def require_finite(what: str, values: Array, columns: Sequence[str]) -> None:
    """ValueError naming row (from 0) and column of the first of values (n, k) that is missing or infinite."""
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = (int(i) for i in bad[0])
        raise ValueError(
            f"{what} has {values[row, column]} in row {row}, column {columns[column]!r} "
            f"({len(bad)} missing or infinite in all); fill it or leave the row out"
        )


def columns_of(X: Array, names: Sequence[str]) -> Array:
    """X (n, d) as floats, checked before a prediction; ValueError unless it has a column a name."""
    X = np.asarray(X, dtype=float)
    if X.ndim != 2 or X.shape[1] != len(names):
        raise ValueError(f"X must have {len(names)} columns ({', '.join(names)}), got shape {X.shape}")
    return X
