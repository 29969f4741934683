"""This file is structure prediction scored: how many test crystals are found from their composition, and how nearly."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from eutectic.generators.metrics.rates import Measure, Rate, rate

if TYPE_CHECKING:
    from pymatgen.core import Structure

STOL = 0.5
"""The matcher's tolerance of sites, in (volume / atoms)^(1/3), as CDVAE, DiffCSP and all after them have it."""
AGAINST = {"matching": "StructureMatcher, ltol 0.3, stol 0.5, angle 10"}


def match(targets: "Sequence[Structure]", samples: "Sequence[Sequence[Structure]]") -> list[Rate | Measure]:
    """Match rate and RMSE of test crystals (n) against samples of each (k of them), best of k.

    RMSE is over those that match; the corrected one counts the others as `STOL` (Martirossyan et al. 2025, arXiv
    2509.12178), so that matching disorder does not pay.
    """
    from pymatgen.analysis.structure_matcher import StructureMatcher

    same = StructureMatcher(ltol=0.3, stol=STOL, angle_tol=10)
    errors = []
    for target, own in zip(targets, samples, strict=True):
        found = [same.get_rms_dist(target, sample) for sample in own]
        errors.append(min((float(f[0]) for f in found if f is not None), default=math.nan))
    hits = [x for x in errors if math.isfinite(x)]
    k = max((len(own) for own in samples), default=0)
    told = {**AGAINST, "samples": str(k)}
    every = [x if math.isfinite(x) else STOL for x in errors]
    return [
        rate("match", [math.isfinite(x) for x in errors], told),
        Measure("rmse of matches, (volume/atoms)^(1/3)", float(np.mean(hits)) if hits else math.nan, len(hits), told),
        Measure("corrected rmse", float(np.mean(every)) if every else math.nan, len(every), told),
    ]
