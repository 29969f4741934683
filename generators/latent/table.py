"""This file is the table that an autoencoder learns from: compositions, and numbers beside them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eutectic.generators.hints import hint
from eutectic.optimizers.base import Array
from eutectic.oracles.elements.chemical_formulas import amounts
from eutectic.oracles.elements.data import symbols
from eutectic.oracles.tables.rows import titled

LEAST_ROWS = 20
"""Materials that must be there; ours: of fewer nothing is learned that a pool of them does not hold."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """n materials."""

    elements: tuple[str, ...]
    """That appear in any of them, by atomic number."""
    fractions: Array
    """(n, e) atomic fractions."""
    features: tuple[str, ...]
    numbers: Array
    """(n, f) of these features, as the file has them."""
    sha256: str
    """Of the file."""


def read(path: Path, column: str, features: Sequence[str]) -> Table:
    """A CSV's formulas and features; ValueError with file and line of what cannot be read."""
    if not path.is_file():
        raise ValueError(f"file: no such file: {path}")
    content = path.read_bytes()
    given, rows = titled(str(path))
    for option, names in (("formula", (column,)), ("features", tuple(features))):
        for name in names:
            if name not in given:
                raise ValueError(f"{option}: {path.name} has no column {name!r}{hint(name, given)}")
    if len(rows) < LEAST_ROWS:
        raise ValueError(f"file: {path.name} has {len(rows)} rows; an autoencoder needs {LEAST_ROWS} at least")
    found: list[dict[str, float]] = []
    for line, row in enumerate(rows, start=2):
        try:
            found.append(amounts(row[column]))
        except ValueError as error:
            raise ValueError(f"file: {path.name}, line {line}: {error}") from None
    elements = tuple(e for e in symbols() if any(e in one for one in found))
    fractions = np.array([[one.get(e, 0.0) for e in elements] for one in found])
    numbers = np.array([[_number(path, line, row, f) for f in features] for line, row in enumerate(rows, start=2)])
    fractions = fractions / fractions.sum(axis=1, keepdims=True)
    sha = hashlib.sha256(content).hexdigest()
    return Table(elements, fractions, tuple(features), numbers.reshape(len(rows), len(features)), sha)


def _number(path: Path, line: int, row: dict[str, str], name: str) -> float:
    try:
        value = float(row[name])
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise ValueError(f"file: {path.name}, line {line}: {name} is {row[name]!r}, not a finite number")
    return value
