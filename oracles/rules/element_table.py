"""This file is the oracle of the user's own table of elements: embodied CO2, energy, water, a company's prices."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from eutectic.oracles.base import Candidate, Evaluation, failed
from eutectic.oracles.elements.data import Array, fractions, symbols
from eutectic.oracles.rules.alloy_rules import linear, mass_fractions
from eutectic.oracles.suggestions import unknown
from eutectic.oracles.tables.sheet import Sheet, read


@dataclass(frozen=True, slots=True)
class ElementTable:
    """Means over a candidate's elements of the columns of a CSV, such as `embodied_co2_kg_per_kg`.

    No interaction and no processing: the sum of w_i v_i over the elements, with mass or atomic fractions w_i.
    """

    file: str
    """The CSV: a column of element symbols and one a property; a cell may be empty where there is no datum."""
    properties: tuple[str, ...]
    """The columns it returns, with the unit in the name."""
    weights: Literal["mass", "atoms"] = "mass"
    """Mass fractions for what is said of a kilogram, atomic fractions for what is said of an atom or a mole."""
    element_column: str = "element"
    """The column of element symbols."""
    source: str = ""
    """Where the table comes from, for the record."""

    inline: ClassVar[bool] = True
    of_materials: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """ValueError on no property or one named twice."""
        if not self.properties or len(set(self.properties)) < len(self.properties):
            raise ValueError("properties: name each column once, and at least one")

    def only(self, names: Sequence[str]) -> "ElementTable":
        """The same table restricted to these columns."""
        return replace(self, properties=tuple(n for n in self.properties if n in set(names)))

    def located(self, folder: str) -> "ElementTable":
        """The same table with its file taken from `folder`."""
        return replace(self, file=str(Path(folder) / self.file))

    def check(self) -> None:
        """ValueError when the file cannot be read, or a cell is no element or no number."""
        sheet = self._sheet()
        self._rows(sheet)
        for name in self.properties:
            sheet.number(name, allow_missing=True)

    def fingerprint(self) -> str:
        """Hash of the file."""
        return self._sheet().sha256

    def refuse(self, variables: Sequence[str], lower: Sequence[float], upper: Sequence[float]) -> str | None:
        """The elements of a composition region without a value, or None; of a bad file `check` says more."""
        assert len(variables) == len(lower) == len(upper)
        elements = [v for v, top in zip(variables, upper, strict=True) if v in symbols() and top > 0]
        try:
            return self._lacking(elements) or None
        except ValueError:
            return None

    def screen(self, candidates: Sequence[Candidate]) -> dict[str, list[float]]:
        """Property -> one value a candidate, NaN where it has no composition or an element has no value."""
        elements, X = fractions(candidates)
        columns = self.screen_fractions(elements, X)
        return {name: [float(v) for v in column] for name, column in columns.items()}

    def screen_fractions(self, elements: Sequence[str], X: Array) -> dict[str, Array]:
        """Property -> (n,) of atomic fractions X (n, k), rows summing to 1; NaN without data."""
        if not elements:
            return {name: np.full(len(X), np.nan) for name in self.properties}
        with np.errstate(divide="ignore", invalid="ignore"):  # a row of zeros has no mass
            W = mass_fractions(elements, X) if self.weights == "mass" else X
        present = X.sum(axis=1) > 0
        return {name: np.where(present, linear(self._column(name, elements), W), np.nan) for name in self.properties}

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        """One evaluation a candidate, without randomness; failed when a column has no value for it."""
        del rng
        start = time.perf_counter()
        try:
            columns, sha256 = self.screen(candidates), self.fingerprint()
        except ValueError as error:
            return [failed(c, "element_table", "bad_input", str(error)) for c in candidates]
        each_s = (time.perf_counter() - start) / max(1, len(candidates))
        record = {"table_sha256": sha256, **({"source": self.source} if self.source else {})}
        evaluations = []
        for i, candidate in enumerate(candidates):
            values = {name: column[i] for name, column in columns.items()}
            reason = "" if all(map(math.isfinite, values.values())) else self._reason(candidate)
            done = Evaluation(candidate.id, "element_table", values, cost_s=each_s, provenance=record)
            evaluations.append(failed(candidate, "element_table", "bad_input", reason) if reason else done)
        return evaluations

    def _sheet(self) -> Sheet:
        return read(self.file, None, ",")

    def _rows(self, sheet: Sheet) -> dict[str, int]:
        """Element symbol -> row; ValueError on what is no element, or one that stands there twice."""
        rows: dict[str, int] = {}
        for i, symbol in enumerate(sheet.text(self.element_column)):
            if symbol not in symbols():
                raise ValueError(f"{sheet.place(i, self.element_column)}: {unknown('element', symbol, symbols())}")
            if symbol in rows:
                raise ValueError(f"{sheet.place(i, self.element_column)}: {symbol} stands there twice")
            rows[symbol] = i
        return rows

    def _column(self, name: str, elements: Sequence[str]) -> Array:
        """(k,) values of k elements, NaN without datum."""
        sheet = self._sheet()
        rows, cells = self._rows(sheet), sheet.number(name, allow_missing=True)
        return np.array([cells[rows[e]] if e in rows else np.nan for e in elements], dtype=np.float64)

    def _lacking(self, elements: Sequence[str]) -> str:
        """The first property without data for some of these elements, and which; empty when there is none."""
        for name in self.properties if elements else ():
            values = self._column(name, elements)
            lacking = ", ".join(e for e, v in zip(elements, values, strict=True) if not math.isfinite(v))
            if lacking:
                return f"{name} has no data for {lacking}"
        return ""

    def _reason(self, candidate: Candidate) -> str:
        """Why a candidate has no value."""
        if not candidate.composition:
            return "the candidate has no composition; a table of elements needs one"
        return self._lacking([e for e, x in candidate.composition.items() if x > 0]) or "no finite value"
