"""This file is the oracle of likeness to known materials, learned from what has been made and no list of failures."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from eutectic.oracles.base import Candidate, Evaluation, failed
from eutectic.oracles.elements.chemical_formulas import fractions
from eutectic.oracles.elements.data import symbols
from eutectic.oracles.synthesizability.bagging import Bags, Formula, key, learn, recombined
from eutectic.oracles.synthesizability.formula_list import FormulaList, load

LEAST = 20
"""Known materials below which nothing is learned."""


@dataclass(frozen=True, slots=True)
class Synthesizability:
    """`synthesizability_score`, 0 to 1, of a composition: bagging from known and unlabelled formulas.

    As Frey et al. 2019, doi 10.1021/acsnano.8b08014, and Jang et al. 2020, doi 10.1021/jacs.0c07384, did for crystals
    (Mordelet & Vert 2014, doi 10.1016/j.patrec.2013.06.010). It ranks; it is no probability that a synthesis works.
    """

    known: str
    """Materials that have been made: a CSV with a column of formulas, or a text file (.txt) with one a line."""
    unlabelled: str | None = None
    """Formulas of which nothing is known, in such a file; by default random recombinations of the known ones: their
    amounts, on elements drawn as often as the known materials have them."""
    column: str = "formula"
    """The CSVs' column of formulas."""
    decoys: int = 2000
    """How many recombinations are made, at most."""
    bags: int = 100
    """How many trees are grown, each on its own draw."""
    bag_size: int = 1000
    """How many known and how many unlabelled formulas a tree sees, at most as many as are known."""
    draw: int = 0
    """Seed of all draws: the same files and options give the same scores."""

    properties: ClassVar[tuple[str, ...]] = ("synthesizability_score",)
    inline: ClassVar[bool] = True
    of_materials: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """ValueError on numbers that cannot work."""
        for name, value, least in (
            ("decoys", self.decoys, LEAST),
            ("bags", self.bags, 20),
            ("bag_size", self.bag_size, LEAST),
        ):
            if value < least:
                raise ValueError(f"{name}: {value} is too few; at least {least}")
        if self.draw < 0:
            raise ValueError(f"draw: {self.draw} is negative")

    def located(self, folder: str) -> "Synthesizability":
        """The same oracle with its files taken from `folder`."""
        other = None if self.unlabelled is None else str(Path(folder) / self.unlabelled)
        return replace(self, known=str(Path(folder) / self.known), unlabelled=other)

    def check(self) -> None:
        """ValueError when a list cannot be read or is too short."""
        _unlabelled(*self._lists(), self.decoys, self.draw)

    def fingerprint(self) -> str:
        """Hash of the files."""
        return "-".join(part.sha256 for part in self._lists() if part is not None)

    def refuse(self, variables: Sequence[str], lower: Sequence[float], upper: Sequence[float]) -> str | None:
        """The elements of a composition region that no listed material holds, or None; on bad files `check` speaks."""
        assert len(variables) == len(lower) == len(upper)
        elements = {v for v, top in zip(variables, upper, strict=True) if v in symbols() and top > 0}
        try:
            return self._lacking(elements) or None
        except ValueError:
            return None

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        """One evaluation a candidate; all draws follow from `draw`, none from rng."""
        del rng
        return [self._one(candidate) for candidate in candidates]

    def _lists(self) -> tuple[FormulaList, FormulaList | None]:
        """Known and unlabelled formulas; ValueError when there are too few."""
        known = load(self.known, self.column)
        other = None if self.unlabelled is None else load(self.unlabelled, self.column)
        for name, part in (("known", known), ("unlabelled", other)):
            if part is not None and len(part.formulas) < LEAST:
                said = f"{part.name} holds {len(part.formulas)} different formulas; at least {LEAST} are needed"
                raise ValueError(f"{name}: {said}")
        return known, other

    def _lacking(self, elements: set[str]) -> str:
        """Why materials of these elements cannot be scored; empty when they can."""
        known, other = self._lists()
        listed = {e for part in (known, other) if part is not None for formula in part.formulas for e in formula}
        lacking = ", ".join(sorted(elements - listed))
        return f"no material in {known.name} holds {lacking}" if lacking else ""

    def _trees(self) -> Bags:
        known, other = self._lists()
        return _model(known, other, self.decoys, self.bags, self.bag_size, self.draw)

    def _one(self, candidate: Candidate) -> Evaluation:
        """Score of one candidate."""
        start = time.perf_counter()
        try:
            found = fractions(candidate)
            reason = self._lacking(set(found)) if found else "the candidate has no composition"
            model = self._trees()
        except ValueError as error:
            return failed(candidate, "synthesizability", "bad_input", str(error))
        if reason or found is None:
            return failed(candidate, "synthesizability", "bad_input", reason)
        (score,), (error_of_mean,) = model.score([found])
        if not math.isfinite(error_of_mean):
            return failed(candidate, "synthesizability", "error", "every tree has seen it; grow more `bags`")
        return Evaluation(
            candidate.id,
            "synthesizability",
            {"synthesizability_score": float(score)},
            {"synthesizability_score": float(error_of_mean)},
            cost_s=time.perf_counter() - start,
            provenance={
                "lists_sha256": self.fingerprint(),
                "listed": int(key(found) in model.row),
                "known_above_half": model.recall,
                "unlabelled_above_half": model.passed,
            },
        )


@lru_cache(maxsize=4)
def _model(known: FormulaList, other: FormulaList | None, decoys: int, bags: int, size: int, draw: int) -> Bags:
    """The trees, grown once for the same lists and options."""
    return learn(known.formulas, _unlabelled(known, other, decoys, draw), bags, size, draw)


def _unlabelled(known: FormulaList, other: FormulaList | None, decoys: int, draw: int) -> Sequence[Formula]:
    """The unlabelled formulas that are not known ones; ValueError when there are too few."""
    if other is None:
        found = recombined(known.formulas, decoys, draw)
    else:
        taken = {key(formula) for formula in known.formulas}
        found = [formula for formula in other.formulas if key(formula) not in taken]
    if len(found) < LEAST:
        which = "known: only" if other is None else f"unlabelled: {other.name} holds only"
        raise ValueError(f"{which} {len(found)} formulas to compare with that are not known ones; {LEAST} are needed")
    return found
