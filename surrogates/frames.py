"""This file is how tables come in and go out: DataFrames, Series and arrays of numbers, columns matched by name.

Nothing here imports pandas: whatever has `columns` is a frame, whatever has `name` and is one-dimensional a series.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from eutectic.surrogates.base import Array

if TYPE_CHECKING:
    import pandas as pd

INVENTED = "x"
"""Columns without names are called x1, x2, ..."""


def near(given: str, known: Iterable[str]) -> str:
    """`; did you mean 'gp'? Known: ...`, what is known in order of the alphabet."""
    names = sorted(known)
    nearest = get_close_matches(given, names, 1)
    return (f"; did you mean {nearest[0]!r}?" if nearest else ";") + f" Known: {', '.join(names) or 'none'}"


def invented(d: int) -> tuple[str, ...]:
    """The names of d columns that nobody named."""
    return tuple(f"{INVENTED}{j + 1}" for j in range(d))


def column_names(what: str, table: Any) -> tuple[str, ...]:
    """The names of a frame's columns or of a series, () of anything else; ValueError for two columns of one name."""
    if hasattr(table, "columns"):
        names = tuple(str(name) for name in table.columns)
    else:
        name = getattr(table, "name", None)
        names = () if name is None or np.ndim(table) != 1 else (str(name),)
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"{what} has {names.count(doubled[0])} columns called {doubled[0]!r}")
    return names


def numbers(what: str, table: Any, names: Sequence[str] = ()) -> Array:
    """The table as floats, of the same shape (a series: (n,)); `names` picks and orders a frame's columns.

    ValueError naming row (from 0) and column for text, dates, complex numbers; what is missing becomes NaN.
    """
    if hasattr(table, "columns"):
        known = {str(name): name for name in table.columns}
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ValueError(f"{what} has no column {unknown[0]!r}{near(unknown[0], known)}")
        chosen = [known[name] for name in (names or column_names(what, table))]
        columns = [_plain(what, table[name], (str(name),)) for name in chosen]
        return np.column_stack(columns) if columns else np.empty((len(table), 0))
    return _plain(what, table, tuple(names) or column_names(what, table))


def matched(what: str, table: Any, names: Sequence[str]) -> Array:
    """The table as floats, a frame's columns in the order of d names; ValueError for other names or another width.

    A frame may have other names where the fit was made without any.
    """
    own = column_names(what, table) if hasattr(table, "columns") else ()
    if own and set(own) != set(names) and not (tuple(names) == invented(len(names)) and len(own) == len(names)):
        unknown = [name for name in own if name not in names]
        lacking = [name for name in names if name not in own]
        said = f"no column {lacking[0]!r}" if lacking else f"a column {unknown[0]!r} that is no input"
        raise ValueError(f"{what} has {said}{near(lacking[0], own) if lacking else near(unknown[0], names)}")
    return numbers(what, table, names if own and set(own) == set(names) else ())


def same_rows(X: Any, Y: Any, names: Sequence[str]) -> None:
    """ValueError where frames or series hold their rows under other labels, or a column of Y is one of X.

    names: the columns of X that are taken, () for all.
    """
    ours, theirs = (getattr(table, "index", None) for table in (X, Y))
    indexed = all(hasattr(index, "equals") for index in (ours, theirs))
    if indexed and len(X) == len(Y) and not ours.equals(theirs):  # type: ignore[union-attr]
        raise ValueError("the rows of X and Y have other labels, or another order: take them from one frame, or say "
                         "with reset_index(drop=True) that they belong together as they stand")  # fmt: skip
    shared = [name for name in column_names("Y", Y) if name in (tuple(names) or column_names("X", X))]
    if shared and hasattr(X, "columns"):
        raise ValueError(f"{shared[0]!r} is a column of Y and of X; leave it out of X")


def coded(table: Any, names: Sequence[str], categories: Sequence[Sequence[str]]) -> Array:
    """Rows (n, d) of a frame with a column a variable, labels of categories as their codes.

    ValueError for a column that is missing, a label that is unknown, and a value that is missing.
    """
    columns = []
    for j, name in enumerate(names):
        labels = tuple(categories[j]) if categories else ()
        own = {str(given): given for given in table.columns}
        if name not in own:
            raise ValueError(f"the table has no column {name!r}{near(name, own)}")
        column = table[own[name]]
        columns.append(_codes(name, column, labels) if labels else _plain("the table", column, (name,)))
    return np.column_stack(columns) if columns else np.empty((len(table), 0))


def framed(X: Array, names: Sequence[str], categories: Sequence[Sequence[str]]) -> "pd.DataFrame":
    """Rows X (n, d) as a frame, codes of categories as their labels."""
    import pandas as pd

    columns: dict[str, object] = {}
    for j, name in enumerate(names):
        labels = categories[j] if categories else ()
        columns[name] = [labels[round(x)] for x in X[:, j]] if labels else X[:, j]
    return pd.DataFrame(columns)


def _codes(name: str, column: Any, labels: tuple[str, ...]) -> Array:
    """The place (n,) of each label; whole numbers that are no labels are codes already."""
    codes = []
    for value in np.asarray(column, dtype=object):
        text = str(value)
        code = labels.index(text) if text in labels else value
        if isinstance(code, bool) or not isinstance(code, Real) or code not in range(len(labels)):
            raise ValueError(f"column {name!r}: {value!r} is none of its categories{near(text, labels)}")
        codes.append(float(code))
    return np.array(codes)


def _plain(what: str, values: Any, columns: tuple[str, ...]) -> Array:
    """The values as floats; ValueError for what is no number."""
    array = np.asarray(values)
    if array.dtype.kind in "biuf":
        return np.asarray(array, dtype=float)
    cells: Any = np.array(values, dtype=object)
    flat: Any = cells.reshape(len(cells), -1) if cells.ndim else cells.reshape(1, 1)
    out = np.full(flat.shape, np.nan)
    for row, column in np.ndindex(flat.shape):
        cell: Any = flat[row, column]
        if isinstance(cell, Real):
            out[row, column] = float(cell)
        elif not _missing(cell):
            where = f"column {columns[column]!r}" if column < len(columns) else f"column {column + 1}"
            text = "text" if isinstance(cell, str) else f"{type(cell).__name__}"
            raise ValueError(f"{what} has {cell!r} ({text}) in row {row}, {where}, where a number is needed; "
                             "give categories as codes 0, 1, ... and name their columns in `domain`")  # fmt: skip
    return out.reshape(cells.shape)


def _missing(cell: object) -> bool:
    """Is it None, or one of the values that libraries write for a missing one?"""
    return cell is None or type(cell).__name__ in ("NAType", "NaTType")
