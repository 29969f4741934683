"""This file is the oracle of quick composition rules: cheap, deterministic, many candidates at once."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from eutectic.oracles.base import Candidate, Evaluation, failed
from eutectic.oracles.elements.data import Array, fractions, symbols
from eutectic.oracles.rules.alloy_rules import rules
from eutectic.oracles.suggestions import unknown

PROPERTIES: tuple[str, ...] = tuple(rules())


@dataclass(frozen=True, slots=True)
class Screens:
    """Rules of thumb on the composition: valence electrons, size mismatch, mixing, density, price, supply."""

    properties: tuple[str, ...] = PROPERTIES
    """Which of the screens to return; all by default."""
    radii: Literal["guo_liu", "miracle"] = "guo_liu"
    """Atomic radii of the size mismatch: those of the published values for high-entropy alloys, or those assessed in
    metallic glasses, which know more elements."""

    inline: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """ValueError on an unknown or doubled screen."""
        for name in self.properties:
            if name not in PROPERTIES:
                raise ValueError(f"properties: {unknown('screen', name, PROPERTIES)}")
        if not self.properties or len(set(self.properties)) < len(self.properties):
            raise ValueError("properties: name each screen once, and at least one")

    def only(self, names: Sequence[str]) -> "Screens":
        """The same screens restricted to these."""
        return replace(self, properties=tuple(n for n in self.properties if n in set(names)))

    def refuse(self, variables: Sequence[str], lower: Sequence[float], upper: Sequence[float]) -> str | None:
        """Why a composition region has alloys without data, or None; variables that are no elements do not count."""
        assert len(variables) == len(lower) == len(upper)
        known = symbols()
        elements = [v for v, top in zip(variables, upper, strict=True) if v in known and top > 0]
        for name in self.properties if elements else ():
            lacking = _lacking(name, self.radii, elements)
            if lacking:
                covered = ", ".join(e for e in elements if e not in lacking.split(", "))
                alone = f"; it has for {covered}" if covered and "-" not in lacking else ""
                return f"{name} has no data for {lacking}{alone}"
        return None

    def screen(self, candidates: Sequence[Candidate]) -> dict[str, list[float]]:
        """Property -> one value a candidate, NaN where it has no composition or an element has no data."""
        elements, X = fractions(candidates)
        columns = self.screen_fractions(elements, X)
        return {name: [float(v) for v in column] for name, column in columns.items()}

    def screen_fractions(self, elements: Sequence[str], X: Array) -> dict[str, Array]:
        """Property -> (n,) of atomic fractions X (n, k), rows summing to 1; the fast path, NaN without data."""
        return screen_fractions(elements, X, self.properties, self.radii)

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        """One evaluation a candidate, without randomness; failed when one of the screens has no value."""
        del rng
        start = time.perf_counter()
        columns = self.screen(candidates)
        each_s = (time.perf_counter() - start) / max(1, len(candidates))
        rows = [{name: column[i] for name, column in columns.items()} for i in range(len(candidates))]
        return [self._evaluation(c, row, each_s) for c, row in zip(candidates, rows, strict=True)]

    def _evaluation(self, candidate: Candidate, values: dict[str, float], cost_s: float) -> Evaluation:
        """The evaluation of one candidate, or the reason why there is none."""
        if not candidate.composition:
            return failed(candidate, "screens", "error", "the candidate has no composition; screens need one")
        missing = [name for name, value in values.items() if not math.isfinite(value)]
        if missing:
            lacking = _lacking(missing[0], self.radii, [e for e, x in candidate.composition.items() if x > 0])
            return failed(candidate, "screens", "error", f"{missing[0]} has no data for {lacking}")
        provenance = {"radii": self.radii} if "atomic_size_mismatch_percent" in values else {}
        return Evaluation(candidate.id, "screens", values, cost_s=cost_s, provenance=provenance)


def screen_fractions(
    elements: Sequence[str], X: Array, names: Sequence[str] = PROPERTIES, radii: str = "guo_liu"
) -> dict[str, Array]:
    """Screen -> (n,) of atomic fractions X (n, k), rows summing to 1; NaN where an element present has no data."""
    known = rules(radii)
    X = np.asarray(X, dtype=np.float64)
    if not elements:
        return {name: np.full(len(X), np.nan) for name in names}
    with np.errstate(divide="ignore", invalid="ignore"):  # a row of zeros has no mean radius or mass: NaN, as it should
        present = X.sum(axis=1) > 0
        return {name: np.where(present, known[name](elements, X), np.nan) for name in names}


def _lacking(name: str, radii: str, elements: Sequence[str]) -> str:
    """The elements, or pairs of them, for which a screen has no data; empty when it has all."""
    rule = rules(radii)[name]
    alone = [e for e in elements if np.isnan(rule([e], np.ones((1, 1)))[0])]
    rest = [e for e in elements if e not in alone]
    pairs = [(a, b) for i, a in enumerate(rest) for b in rest[:i]]
    apart = [f"{a}-{b}" for a, b in pairs if np.isnan(rule([a, b], np.full((1, 2), 0.5))[0])]
    return ", ".join(alone or apart)
