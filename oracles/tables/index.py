"""This file is how a candidate finds its rows in a table: every key column has levels, a candidate is one of each."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eutectic.oracles.base import Candidate, Value
from eutectic.oracles.elements.chemical_formulas import amounts
from eutectic.oracles.tables.sheet import Sheet, parse


class Levels(Protocol):
    """The distinct cells of a key column."""

    def of_rows(self) -> list[int]:
        """The level of each row."""
        ...

    def of(self, candidate: Candidate) -> int | None:
        """The candidate's level, None when it has none."""
        ...


@dataclass(frozen=True, slots=True)
class Numbers:
    """Levels of a numeric column: cells closer than the tolerance are one level."""

    column: str
    cells: NDArray[np.float64]
    """(n,)"""
    low: NDArray[np.float64]
    """(levels,) smallest cell of each level, ascending."""
    high: NDArray[np.float64]
    """(levels,) largest cell of each level."""
    width: float
    """Absolute tolerance, in the column's unit."""

    @classmethod
    def build(cls, column: str, cells: Sequence[float], tolerance: float) -> "Numbers":
        """Levels of n cells; tolerance is a fraction of their range, or of their size when all are equal."""
        x = np.asarray(cells, dtype=np.float64)
        width = tolerance * (float(np.ptp(x)) or float(np.abs(x).max()) or 1.0)
        distinct = np.unique(x)
        first = np.concatenate([[True], np.diff(distinct) > width])
        return cls(column, x, distinct[first], distinct[np.concatenate([first[1:], [True]])], width)

    def of_rows(self) -> list[int]:
        """The level of each row."""
        return [int(i) for i in np.searchsorted(self.low, self.cells, side="right") - 1]

    def of(self, candidate: Candidate) -> int | None:
        """The level whose range, widened by the tolerance, holds the candidate's number."""
        value = _number(candidate.variables[self.column])
        last = min(int(np.searchsorted(self.low, value + self.width, side="right")) - 1, len(self.low) - 1)
        return next((i for i in (last, last - 1) if i >= 0 and self._holds(i, value)), None)

    def _holds(self, level: int, value: float) -> bool:
        return bool(self.low[level] - self.width <= value <= self.high[level] + self.width)


@dataclass(frozen=True, slots=True)
class Labels:
    """Levels of a text column: the words as written."""

    column: str
    cells: Sequence[str]
    levels: Mapping[str, int]

    @classmethod
    def build(cls, column: str, cells: Sequence[str]) -> "Labels":
        """Levels of n cells, in order of appearance."""
        return cls(column, cells, {label: i for i, label in enumerate(dict.fromkeys(cells))})

    def of_rows(self) -> list[int]:
        """The level of each row."""
        return [self.levels[cell] for cell in self.cells]

    def of(self, candidate: Candidate) -> int | None:
        """The level of the candidate's label."""
        return self.levels.get(str(candidate.variables[self.column]).strip())


@dataclass(frozen=True, slots=True)
class Formulas:
    """Levels of a column of chemical formulas: equal atomic fractions (within 1e-6) are one level."""

    elements: tuple[str, ...]
    rows: tuple[int, ...]
    fractions: NDArray[np.float64]
    """(levels, elements)"""

    @classmethod
    def build(cls, sheet: Sheet, column: str) -> "Formulas":
        """Levels of a sheet's column; ValueError names the first cell that is no formula."""
        parsed = [_fractions(sheet, i, column, cell) for i, cell in enumerate(sheet.text(column))]
        elements = tuple(sorted({e for p in parsed for e in p}))
        X = np.array([[p.get(e, 0.0) for e in elements] for p in parsed])
        levels, rows = np.unique(np.round(X, 6), axis=0, return_inverse=True)
        return cls(elements, tuple(int(i) for i in rows.ravel()), levels)

    def of_rows(self) -> list[int]:
        """The level of each row."""
        return list(self.rows)

    def of(self, candidate: Candidate) -> int | None:
        """The level nearest the candidate's composition, if every fraction agrees within 1.5e-6."""
        composition = {e: f for e, f in (candidate.composition or {}).items() if f > 0}
        if not set(composition) <= set(self.elements):
            return None
        x = np.array([composition.get(e, 0.0) for e in self.elements])
        away = np.abs(self.fractions - x).max(axis=1)
        return int(away.argmin()) if away.min() <= 1.5e-6 else None


@dataclass(frozen=True, slots=True)
class Index:
    """Rows of a sheet by the levels of its key columns."""

    sheet: Sheet
    columns: tuple[Levels, ...]
    by_levels: Mapping[tuple[int, ...], tuple[int, ...]]

    @classmethod
    def build(cls, sheet: Sheet, keys: Sequence[str], composed: Sequence[str], tolerance: float) -> "Index":
        """Index by `keys`, of which `composed` are formulas matched by composition; ValueError on a bad cell."""
        columns = tuple(_levels(sheet, key, key in composed, tolerance) for key in keys)
        by_levels: dict[tuple[int, ...], list[int]] = {}
        for row, levels in enumerate(zip(*(c.of_rows() for c in columns), strict=True)):
            by_levels.setdefault(levels, []).append(row)
        return cls(sheet, columns, {k: tuple(v) for k, v in by_levels.items()})

    def rows(self, candidate: Candidate) -> tuple[int, ...]:
        """The rows (from 0) whose keys are the candidate's; empty when there are none."""
        levels = [c.of(candidate) for c in self.columns]
        return () if None in levels else self.by_levels.get(tuple(i for i in levels if i is not None), ())


def _levels(sheet: Sheet, key: str, composed: bool, tolerance: float) -> Levels:
    """The levels of one key column; a column where every cell but missing ones is a number is numeric."""
    if composed:
        return Formulas.build(sheet, key)
    cells = sheet.text(key)
    empty = [i for i, cell in enumerate(cells) if not cell]
    if empty:
        raise ValueError(f"{sheet.place(empty[0], key)}: empty, and it is one of the keys")
    numbers = sheet.numbers(key)
    return Labels.build(key, cells) if numbers is None else Numbers.build(key, numbers, tolerance)


def _number(value: Value) -> float:
    """A variable as a number, NaN (which equals nothing) for text that is none."""
    found = parse(value) if isinstance(value, str) else float(value)
    return math.nan if found is None else found


def _fractions(sheet: Sheet, row: int, column: str, cell: str) -> dict[str, float]:
    """Atomic fractions of a formula; ValueError names the cell."""
    try:
        atoms = amounts(cell)
    except ValueError as error:
        raise ValueError(f"{sheet.place(row, column)}: {error}") from None
    total = sum(atoms.values())
    return {e: x / total for e, x in atoms.items()}
