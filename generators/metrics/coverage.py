"""This file is how a set of crystals covers another, and how diverse it is."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from eutectic.generators.crystals.rows import composed
from eutectic.generators.metrics.rates import Measure, Rate, rate
from eutectic.generators.representations.crystals import described
from eutectic.optimizers.base import Array

if TYPE_CHECKING:
    from pymatgen.core import Structure

NEAR = 1.0
"""Distance within which a crystal covers another: root mean square over columns, each in standard deviations of the
reference's. Ours: cheap, and to be compared between generators here only, not with published coverages."""


def fingerprints(structures: "Sequence[Structure]") -> Array:
    """(n, k) what elements and structure of each are like; rows of NaN where it has no symmetry that can be told."""
    rows = []
    for structure in structures:
        fractions = structure.composition.fractional_composition.get_el_amt_dict()
        elements = composed({str(e): float(x) for e, x in fractions.items()})
        try:
            rows.append(np.array([*elements, *described(structure.as_dict())]))
        except ValueError:
            rows.append(np.full(len(elements) + 10, np.nan))
    return np.array(rows)


def coverage(made: "Sequence[Structure]", reference: "Sequence[Structure]") -> list[Rate]:
    """Precision: made crystals near a reference one; recall: reference crystals near a made one."""
    A, B = fingerprints(made), fingerprints(reference)
    width = np.nanstd(B, axis=0)
    width = np.where(width > 0, width, 1.0)
    gap = np.sqrt((((A[:, None, :] - B[None, :, :]) / width) ** 2).mean(-1))
    gap = np.where(np.isnan(gap), np.inf, gap)
    told = {"distance": f"{NEAR} standard deviation of 22 descriptors", "reference": f"{len(reference)} crystals"}
    return [
        rate("coverage, precision", (gap.min(1, initial=np.inf) <= NEAR).tolist(), told),
        rate("coverage, recall", (gap.min(0, initial=np.inf) <= NEAR).tolist(), told),
    ]


def diversity(structures: "Sequence[Structure]") -> list[Measure]:
    """How many formulas, systems and elements there are, and how far compositions are apart on average."""
    n = len(structures)
    amounts = [s.composition.fractional_composition.get_el_amt_dict() for s in structures]
    elements = sorted({str(e) for a in amounts for e in a})
    X = np.array([[a.get(e, 0.0) for e in elements] for a in amounts]).reshape(n, len(elements))
    far = 0.5 * np.abs(X[:, None, :] - X[None, :, :]).sum(-1)
    apart = float(far[np.triu_indices(n, 1)].mean()) if n > 1 else math.nan
    return [
        Measure("distinct formulas", float(len({s.composition.reduced_formula for s in structures})), n),
        Measure("distinct chemical systems", float(len({s.composition.chemical_system for s in structures})), n),
        Measure("distinct elements", float(len(elements)), n),
        Measure("mean distance of compositions, 0 to 1", apart, n),
    ]
