"""This file is the oracle of quick composition rules: cheap, deterministic, many candidates at once."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np

from eutectic.oracles.base import Candidate, Evaluation, Revision, Value, failed
from eutectic.oracles.elements.data import Array, fractions, symbols
from eutectic.oracles.elements.neutrality import States
from eutectic.oracles.rules.alloy_rules import Rule, crystal_density_g_per_cm3, rules
from eutectic.oracles.suggestions import unknown

PROPERTIES: tuple[str, ...] = tuple(rules())
DENSITY = "density_g_per_cm3"
CHARGED = {"charge_imbalance_e_per_atom", "electronegativity_balanced"}
CRYSTALS = Revision(2, "is a known crystal's own (before: that of a mixture of its elements)")
"""Of the density."""
CHARGES = Revision(2, "is tried with all known oxidation states (before: with the common ones)")
"""Of neutrality."""


@dataclass(frozen=True, slots=True)
class Screens:
    """Rules of thumb on the composition: valence electrons, size mismatch, mixing, density, price, supply."""

    properties: tuple[str, ...] = PROPERTIES
    """Which of the screens to return; all by default."""
    radii: Literal["guo_liu", "miracle"] = "guo_liu"
    """Atomic radii of the size mismatch: those of the published values for high-entropy alloys, or those assessed in
    metallic glasses, which know more elements."""

    oxidation_states: Literal["all", "icsd", "common"] = "all"
    """What charges are tried with: `icsd`, states of at least 1 % of an element's entries in the ICSD; `common`, the
    usual ones (without Cu2O and UO2); `all`, these and every positive state that is known."""

    crystals: bool = field(default=False, repr=False, metadata={"option": False})
    """Whether all candidates come with their crystals."""

    inline: ClassVar[bool] = True
    of_materials: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """ValueError on an unknown or doubled screen."""
        for name in self.properties:
            if name not in PROPERTIES:
                raise ValueError(f"properties: {unknown('screen', name, PROPERTIES)}")
        if not self.properties or len(set(self.properties)) < len(self.properties):
            raise ValueError("properties: name each screen once, and at least one")

    @property
    def revisions(self) -> Mapping[str, Revision]:
        """What an earlier version computed in another way."""
        states = dict.fromkeys(CHARGED, CHARGES) if self.oxidation_states == "all" else {}
        return {DENSITY: CRYSTALS, **states}

    def only(self, names: Sequence[str]) -> "Screens":
        """The same screens restricted to these."""
        return replace(self, properties=tuple(n for n in self.properties if n in set(names)))

    def of_crystals(self) -> "Screens":
        """The same for candidates with a structure: their density needs no data of elements."""
        return replace(self, crystals=True)

    def refuse(self, variables: Sequence[str], lower: Sequence[float], upper: Sequence[float]) -> str | None:
        """Why a composition region has alloys without data, or None; variables that are no elements do not count."""
        assert len(variables) == len(lower) == len(upper)
        known = symbols()
        elements = [v for v, top in zip(variables, upper, strict=True) if v in known and top > 0]
        for name in self.properties if elements else ():
            if name == DENSITY and self.crystals:  # each crystal's own
                continue
            lacking = self._lacking(name, elements)
            if lacking:
                covered = ", ".join(e for e in elements if e not in lacking.split(", "))
                alone = f"; it has for {covered}" if covered and "-" not in lacking else ""
                return f"{name} has no data for {lacking}{alone}"
        return None

    def screen(self, candidates: Sequence[Candidate]) -> dict[str, list[float]]:
        """Property -> one value a candidate, NaN where it has no composition or an element has no data.

        The density of a candidate whose crystal is known is the crystal's own.
        """
        elements, X = fractions(candidates)
        values = {name: column.tolist() for name, column in self.screen_fractions(elements, X).items()}
        if DENSITY in values:
            for i, candidate in enumerate(candidates):
                if candidate.structure:
                    values[DENSITY][i] = crystal_density_g_per_cm3(candidate.structure)
        return values

    def screen_fractions(self, elements: Sequence[str], X: Array) -> dict[str, Array]:
        """Property -> (n,) of atomic fractions X (n, k), rows summing to 1; the fast path, NaN without data."""
        return screen_fractions(elements, X, self.properties, self.radii, self.oxidation_states)

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
            lacking = self._lacking(missing[0], [e for e, x in candidate.composition.items() if x > 0])
            reason = f"has no data for {lacking}" if lacking else "has too many states to try; take a shorter list"
            return failed(candidate, "screens", "error", f"{missing[0]} {reason}")
        told = self._provenance(candidate, values)
        return Evaluation(candidate.id, "screens", values, cost_s=cost_s, provenance=told)

    def _provenance(self, candidate: Candidate, values: Mapping[str, float]) -> dict[str, Value]:
        """Which tables and lists the values stand on."""
        told: dict[str, Value] = {"radii": self.radii} if "atomic_size_mismatch_percent" in values else {}
        told |= {"oxidation_states": self.oxidation_states} if CHARGED & {*values} else {}
        return told | ({"density": "of the crystal"} if DENSITY in values and candidate.structure else {})

    def _lacking(self, name: str, elements: Sequence[str]) -> str:
        """The elements, or pairs of them, for which a screen has no data; empty when it has all."""
        return _lacking(elements, rules(self.radii, self.oxidation_states)[name])


def screen_fractions(
    elements: Sequence[str],
    X: Array,
    names: Sequence[str] = PROPERTIES,
    radii: str = "guo_liu",
    states: States = "all",
) -> dict[str, Array]:
    """Screen -> (n,) of atomic fractions X (n, k), rows summing to 1; NaN where an element present has no data."""
    known = rules(radii, states)
    X = np.asarray(X, dtype=np.float64)
    if not elements:
        return {name: np.full(len(X), np.nan) for name in names}
    with np.errstate(divide="ignore", invalid="ignore"):  # a row of zeros has no mean radius or mass: NaN, as it should
        present = X.sum(axis=1) > 0
        return {name: np.where(present, known[name](elements, X), np.nan) for name in names}


def _lacking(elements: Sequence[str], rule: Rule) -> str:
    """The elements, or pairs of them, for which the rule of a screen has no data; empty when it has all."""
    alone = [e for e in elements if np.isnan(rule([e], np.ones((1, 1)))[0])]
    rest = [e for e in elements if e not in alone]
    pairs = [(a, b) for i, a in enumerate(rest) for b in rest[:i]]
    apart = [f"{a}-{b}" for a, b in pairs if np.isnan(rule([a, b], np.full((1, 2), 0.5))[0])]
    return ", ".join(alone or apart)
