"""This file is all that can be said of a set of crystals without computing an energy, in the order it is read in."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eutectic.generators.metrics.coverage import coverage, diversity
from eutectic.generators.metrics.novelty import AGAINST, Reference, novelty, unique
from eutectic.generators.metrics.rates import Measure, Rate, rate
from eutectic.generators.metrics.validity import validity

if TYPE_CHECKING:
    from pymatgen.core import Structure

COVERED = 1000
"""Crystals of a reference that coverage is measured against, at most, evenly spaced: it compares all with all."""


def evaluation(
    structures: "Sequence[Structure]", reference: Reference | None, known: "Sequence[Structure]"
) -> list[Rate | Measure]:
    """Rates of validity, uniqueness, novelty and coverage, and measures of diversity; `known`: the reference's own."""
    told: list[Rate | Measure] = [*validity(structures), rate("unique", unique(structures), {"matching": AGAINST})]
    if reference is not None:
        told += novelty(structures, reference)
        step = max(1, len(known) // COVERED)
        told += coverage(structures, known[::step][:COVERED])
    return told + list(diversity(structures))
