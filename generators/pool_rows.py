"""This file is which rows of a pool are one candidate, and what tells candidates apart whose features are equal."""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from eutectic.generators.hints import suggestion
from eutectic.generators.representations.crystals import ORDER, order
from eutectic.optimizers.base import Array, Index
from eutectic.oracles.base import Value
from eutectic.oracles.structures.identity import groups
from eutectic.oracles.tables.sheet import parse

CLOSE = 1e-6
"""Rows that differ by less than this share of every column's range cannot be told apart by an optimizer."""
NAMED = 3
"""Groups of merged rows that are named, at most."""
SOME = 6
"""Cells of a column that are named, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """One feature of the file as columns of the space."""

    title: str
    """What it is called in the file."""
    names: tuple[str, ...]
    values: Array
    """(n, len(names))"""
    cells: tuple[Value, ...]
    """(n,) as the candidates carry them."""
    categories: tuple[str, ...] = ()
    compositions: tuple[Mapping[str, float], ...] = ()
    """(n,) atomic fractions when it is a formula or a structure."""
    structures: tuple[Mapping[str, object], ...] = field(default=())
    """(n,) when it is a structure."""


def distinct(features: Sequence[Feature]) -> Index:
    """For each row (n,), the first row that is the same candidate: equal numbers, categories, amounts and crystals.

    A structure is itself: its descriptors do not make it another's equal, and where one is written twice (in another
    cell, say) its descriptors do not make it two.
    """
    keys: list[tuple[object, ...]] = [() for _ in features[0].cells]
    for feature in features:
        if feature.structures:
            own: Sequence[object] = groups(feature.structures)
        elif feature.compositions:
            own = [tuple(sorted((e, round(x, 9)) for e, x in parts.items())) for parts in feature.compositions]
        else:
            own = [tuple(row) for row in feature.values.tolist()]
        keys = [(*key, part) for key, part in zip(keys, own, strict=True)]
    first: dict[tuple[object, ...], int] = {}
    return np.array([first.setdefault(key, i) for i, key in enumerate(keys)], dtype=np.int64)


def telling_apart(features: Sequence[Feature], rows: Index) -> list[Feature]:
    """Columns more, where different candidates (their rows, (m,)) are equal in all columns: none where none are.

    Of structures first how their elements are ordered, then, as of all else, which of the equal ones it is.
    """
    more: list[Feature] = []
    for feature in features:
        if feature.structures and _tied([*features, *more], rows).max(initial=0):
            values = np.zeros((len(feature.cells), len(ORDER)))
            values[rows] = [order(feature.structures[i]) for i in rows]
            varying = [int(j) for j in np.flatnonzero(np.ptp(values[rows], axis=0) > CLOSE)]
            names = tuple(f"{feature.title} {list(ORDER)[j]}" for j in varying)
            more += [Feature(feature.title, names, values[:, varying], feature.cells)] if varying else []
    place = _tied([*features, *more], rows)
    if place.max(initial=0):
        labels = tuple(str(k + 1) for k in range(int(place.max()) + 1))
        values = np.zeros((len(features[0].cells), 1))
        values[rows, 0] = place
        title = f"{features[-1].title} variant"
        more.append(Feature(title, (title,), values, features[-1].cells, labels))
    return more


def _tied(features: Sequence[Feature], rows: Index) -> Index:
    """For each of these rows (m,), how many before it are equal in all columns."""
    X = np.hstack([feature.values for feature in features])[rows]
    width = np.ptp(X, axis=0)
    scaled = np.round((X - X.min(0)) / np.where(width > 0, width, 1.0) / CLOSE)
    seen: dict[bytes, int] = {}
    place = np.zeros(len(rows), dtype=np.int64)
    for i, row in enumerate(scaled):
        place[i] = seen[row.tobytes()] = seen.get(row.tobytes(), -1) + 1
    return place


def merged(name: str, first: Index, cells: Sequence[Value]) -> str:
    """`data.csv: 8 rows are 4 candidates: rows 1, 2, 3 (TiO2), ...`; empty when each row is one.

    `first` (n,) as `distinct` gives it, `cells` (n,) what a row is called.
    """
    together: dict[int, list[int]] = {}
    for row, of in enumerate(first.tolist()):
        together.setdefault(of, []).append(row + 1)
    several = [(of, rows) for of, rows in together.items() if len(rows) > 1]
    if not several:
        return ""
    listed = [f"rows {_listed(rows)} ({cells[of]})" for of, rows in several[:NAMED]]
    more = f" and {len(several) - NAMED} more such groups" if len(several) > NAMED else ""
    count = "one candidate" if len(together) == 1 else f"{len(together)} candidates"
    return (
        f"{name}: {len(first)} rows are {count}, for nothing that describes a candidate tells "
        f"{'; '.join(listed)}{more} apart"
    )


def alike_categories(name: str, title: str, categories: Sequence[str]) -> str:
    """What is to be said of two categories that differ in blanks or capitals alone; "" where none do."""
    seen: dict[str, str] = {}
    for category in categories:
        plain = " ".join(unicodedata.normalize("NFKC", category).casefold().split())
        other = seen.setdefault(plain, category)
        if other != category:
            return f"{name}: {other!r} and {category!r} in column {title!r} are two categories; write them alike if not"
    return ""


def _listed(rows: Sequence[int]) -> str:
    return ", ".join(map(str, rows[:6])) + (f" and {len(rows) - 6} more" if len(rows) > 6 else "")


def row_key(variables: Mapping[str, Value | None], titles: Sequence[str]) -> tuple[object, ...]:
    """What equal rows share: texts, and numbers as numbers however they are written; None where nothing is given."""
    return tuple(_number(variables.get(title)) for title in titles)


def only_row(places: Mapping[tuple[object, ...], int], titles: Sequence[str], variables: Mapping[str, Value]) -> int:
    """The number of the only row that has what is given, numbers compared to nine digits.

    places: number of each row by its key. ValueError where no row has it, and where several do.
    """
    given = [(j, part) for j, part in enumerate(row_key(variables, titles)) if part is not None]
    said = ", ".join(f"{titles[j]} = {variables[titles[j]]}" for j, _ in given)
    fit = [key for key in places if all(key[j] == part for j, part in given)]
    fit = fit or [key for key in places if all(_close(key[j], part) for j, part in given)]
    if not fit:
        raise ValueError(f"the pool has no row with {said}{_nearest(places, titles, given)}")
    open_to = {title: {key[j] for key in fit} for j, title in enumerate(titles) if j not in dict(given)}
    if len(fit) > 1 and open_to:
        best = max(open_to, key=lambda title: len(open_to[title]))
        values = sorted(map(_shown, open_to[best]))
        some = ", ".join(values[:SOME]) + (", ..." if len(values) > SOME else "")
        have = f"{len(fit)} of {len(places)} rows of the pool have {said}" if given else f"the pool has {len(fit)} rows"
        raise ValueError(f"{have}: give {best} too ({some})")
    return places[fit[0]]


def _nearest(
    places: Mapping[tuple[object, ...], int], titles: Sequence[str], given: Sequence[tuple[int, object]]
) -> str:
    """What the first of these cells that stands nowhere in its column may have been meant to be; "" if none."""
    for j, part in given:
        column = {key[j]: None for key in places}
        numbers = [value for value in column if isinstance(value, float)]
        if isinstance(part, str) and part not in column:
            return suggestion(part, [value for value in column if isinstance(value, str)])
        if isinstance(part, float) and numbers and not any(_close(value, part) for value in numbers):
            return f"; the nearest {titles[j]} is {_shown(min(numbers, key=lambda value: abs(value - part)))}"
    return ""


def _shown(part: object) -> str:
    return f"{part:.10g}" if isinstance(part, float) else str(part)


def _close(a: object, b: object) -> bool:
    """Equal, or numbers equal to nine digits."""
    return a == b or (isinstance(a, float) and isinstance(b, float) and abs(a - b) <= 1e-9 * max(abs(a), abs(b)))


def _number(value: Value | None) -> object:
    if isinstance(value, str):
        found = parse(value)
        return value if found is None or math.isnan(found) else found
    return value if value is None else float(value)
