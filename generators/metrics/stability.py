"""This file is which crystals are stable, unique and new, and how far they move when they relax."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from eutectic.generators.metrics.novelty import matcher
from eutectic.generators.metrics.rates import Measure, Rate, rate

if TYPE_CHECKING:
    from pymatgen.core import Structure

STABLE_EV_PER_ATOM = 0.001
"""Up to here above the hull a crystal counts as stable: 1 meV an atom."""
METASTABLE_EV_PER_ATOM = 0.1
"""Up to here it counts as metastable, as in most published rates."""
UNMATCHED = 0.5
"""What a crystal that matches nothing counts as in a corrected RMSE, in (volume / atoms)^(1/3): the matcher's `stol`
(Martirossyan et al. 2025, arXiv 2509.12178)."""


def stable_unique_new(
    above_hull: Sequence[float], unique: Sequence[bool], new: Sequence[bool], against: Mapping[str, str]
) -> list[Rate]:
    """Rates over n crystals: stable, metastable, and these that are unique and new (S.U.N., M.S.U.N.).

    above_hull: eV/atom, NaN where nothing could be computed (it counts as not stable).
    """
    rates = []
    for name, limit in (("stable", STABLE_EV_PER_ATOM), ("metastable", METASTABLE_EV_PER_ATOM)):
        below = [e <= limit for e in above_hull]
        both = [b and u and n for b, u, n in zip(below, unique, new, strict=True)]
        told = {**against, "threshold": f"{1000 * limit:g} meV/atom above the hull"}
        rates += [rate(name, below, told), rate(f"{name}, unique and new", both, told)]
    return rates


def moved(made: "Structure", relaxed: "Structure") -> float:
    """Root-mean-square displacement of the sites, in (volume / atoms)^(1/3); NaN where it became another crystal."""
    found = matcher().get_rms_dist(made, relaxed)
    return math.nan if found is None else float(found[0])


def relaxation(
    made: "Sequence[Structure]", relaxed: "Sequence[Structure]", against: Mapping[str, str]
) -> list[Rate | Measure]:
    """How many crystals stay what they are, and how far their sites move."""
    share = [moved(a, b) for a, b in zip(made, relaxed, strict=True)]
    lengths = [(b.volume / len(b)) ** (1 / 3) for b in relaxed]
    angstrom = [x * length for x, length in zip(share, lengths, strict=True) if math.isfinite(x)]
    whole = [x * length if math.isfinite(x) else UNMATCHED * length for x, length in zip(share, lengths, strict=True)]
    kept = [math.isfinite(x) for x in share]
    return [
        rate("keeps its structure", kept, against),
        Measure("rmsd_angstrom, median of those that keep it", _median(angstrom), len(angstrom), against),
        Measure("corrected_rmsd_angstrom, mean (others count as 0.5 of a spacing)", _mean(whole), len(whole), against),
    ]


def burden(hits: int, evaluations: int, against: Mapping[str, str]) -> Measure:
    """Evaluations a hit; infinite without any."""
    return Measure("evaluations a hit", evaluations / hits if hits else math.inf, evaluations, against)


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if values else math.nan


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan
