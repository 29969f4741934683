"""This file is the oracle that looks candidates up in a table of measurements or earlier calculations."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from statistics import fmean, median, stdev
from typing import ClassVar, Literal

import numpy as np

from eutectic.oracles.base import Candidate, EngineMissing, Evaluation, Value, failed
from eutectic.oracles.suggestions import unknown
from eutectic.oracles.tables.index import Index
from eutectic.oracles.tables.sheet import Sheet, read, refuse_dialect


@dataclass(frozen=True, slots=True)
class Table:
    """Properties read from the rows of a CSV whose key columns equal the candidate's variables."""

    file: str
    """The CSV, relative to the campaign file; UTF-8, a header row first unless `columns` is given."""
    properties: tuple[str, ...]
    """The columns it returns, as numbers."""
    keys: tuple[str, ...] | None = None
    """The columns that identify a row; by default those named as the candidate's variables. A column of chemical
    formulas may be a key for candidates that have a composition but no variable of that name."""
    aggregation: Literal["mean", "median", "min", "max", "first"] = "mean"
    """What becomes of rows with the same keys; the mean comes with its standard error."""
    missing: Literal["refuse", "fail"] = "refuse"
    """A property cell without a number: `refuse` the file, or let the candidate `fail` if none of its rows has one."""
    tolerance: float = 1e-9
    """How far a number may lie from the table's, as a fraction of its column's range (dimensionless)."""
    columns: tuple[str, ...] | None = None
    """Column names of a file that has no header row."""
    separator: str = ","
    """What stands between two cells; a blank means any white space."""
    decimal: str = "."
    """What stands before the decimals of a number: a full stop or a comma."""

    inline: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """ValueError on options that cannot work together."""
        if not self.properties:
            raise ValueError("properties: name at least one column of the table")
        both = sorted(set(self.properties) & set(self.keys or ()))
        if both:
            raise ValueError(f"keys: {both[0]!r} is also one of the properties")
        if not 0 <= self.tolerance < 1:
            raise ValueError(f"tolerance: {self.tolerance} is not between 0 and 1")
        refuse_dialect(self.separator, self.decimal)

    def located(self, folder: str) -> "Table":
        """The same table with its file taken from `folder`."""
        return replace(self, file=str(Path(folder) / self.file))

    def check(self) -> None:
        """ValueError when the file cannot be read, a column is missing, or a cell is no number."""
        sheet = self._sheet()
        for name in self.properties:
            sheet.number(name, allow_missing=self.missing == "fail")
        if self.keys:
            _index(sheet, self.keys, (), self.tolerance)

    def fingerprint(self) -> str:
        """Hash of the file."""
        return self._sheet().sha256

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        """One look-up a candidate, without randomness; EngineMissing when the file cannot be used."""
        del rng
        try:
            self.check()
            return [self._one(c) for c in candidates]
        except ValueError as error:
            raise EngineMissing(f"the table cannot be used: {error}; restore {self.file}") from None

    def _sheet(self) -> Sheet:
        return read(self.file, self.columns, self.separator, self.decimal)

    def _one(self, candidate: Candidate) -> Evaluation:
        """The evaluation of one candidate."""
        start, sheet = time.perf_counter(), self._sheet()
        keys = tuple(candidate.variables) if self.keys is None else self.keys
        composed = tuple(k for k in keys if k not in candidate.variables)
        refusal = _refusal(sheet, keys, composed, candidate)
        if refusal:
            return failed(candidate, "table", "error", refusal)
        rows = _index(sheet, keys, composed, self.tolerance).rows(candidate)
        if not rows:
            said = ", ".join(f"{k} = {candidate.variables.get(k, candidate.composition)}" for k in keys)
            return failed(candidate, "table", "error", f"{sheet.name}: no row has {said}")
        values, errors = self._aggregate(sheet, rows)
        lacking = [p for p in self.properties if p not in values]
        if lacking:
            places = sheet.place(rows[0], lacking[0])
            return failed(candidate, "table", "error", f"{places}: no value")
        provenance: Mapping[str, Value] = {"file": sheet.name, "file_sha256": sheet.sha256, "rows": len(rows)}
        cost_s = time.perf_counter() - start
        return Evaluation(candidate.id, "table", values, errors, cost_s=cost_s, provenance=provenance)

    def _aggregate(self, sheet: Sheet, rows: Sequence[int]) -> tuple[dict[str, float], dict[str, float]]:
        """Values and standard errors of the properties over rows with the same keys."""
        values, errors = {}, {}
        for name in self.properties:
            column = sheet.number(name, allow_missing=True)
            cells = [column[i] for i in rows if math.isfinite(column[i])]
            if not cells:
                continue
            values[name] = _AGGREGATIONS[self.aggregation](cells)
            if self.aggregation == "mean" and len(cells) > 1:
                errors[name] = stdev(cells) / math.sqrt(len(cells))
        return values, errors


def _first(cells: Sequence[float]) -> float:
    """The first of replicate values."""
    return cells[0]


_AGGREGATIONS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "mean": fmean,
    "median": median,
    "min": min,
    "max": max,
    "first": _first,
}


def _refusal(sheet: Sheet, keys: Sequence[str], composed: Sequence[str], candidate: Candidate) -> str | None:
    """Why these keys cannot find this candidate in this sheet, or None."""
    absent = [k for k in keys if k not in sheet.columns]
    if absent:
        return f"{sheet.name}: {unknown('column', absent[0], sheet.columns)}"
    if not keys:
        return "the candidate has no variables to look up"
    if composed and candidate.composition is None:
        return f"the candidate has {unknown('variable', composed[0], candidate.variables)}, and no composition"
    return None


@lru_cache(maxsize=16)
def _index(sheet: Sheet, keys: tuple[str, ...], composed: tuple[str, ...], tolerance: float) -> Index:
    """The index of a sheet by these columns, built once."""
    return Index.build(sheet, keys, composed, tolerance)
