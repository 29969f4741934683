"""This file is the mixing enthalpies of element pairs in the liquid after Miedema's model.

Values: Takeuchi & Inoue 2005, 10.2320/matertrans.46.2817 (from de Boer et al., Cohesion in Metals, 1988), whole
kJ/mol at equal fractions, as shipped by matminer (`MiedemaLiquidDeltaHf.tsv`, BSD licence).
"""

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@lru_cache(maxsize=1)
def pairs_kj_per_mol() -> dict[frozenset[str], float]:
    """Mixing enthalpy of each pair at equal fractions, kJ/mol."""
    text = files("matminer").joinpath("utils", "data_files", "MiedemaLiquidDeltaHf.tsv").read_text(encoding="utf-8")
    rows = (line.split() for line in text.splitlines()[1:] if line.strip())
    return {frozenset((a, b)): float(h) for a, b, h in rows}


def matrix(elements: Sequence[str]) -> Array:
    """(k, k) symmetric pair enthalpies in kJ/mol, zero diagonal, NaN where the table has no value."""
    pairs = pairs_kj_per_mol()
    H = [[0.0 if a == b else pairs.get(frozenset((a, b)), np.nan) for b in elements] for a in elements]
    return np.array(H, dtype=np.float64).reshape(len(elements), len(elements))


def mixing_enthalpy_kj_per_mol(elements: Sequence[str], X: Array) -> Array:
    """(n,) of fractions X (n, k): sum over pairs of 4 H_ij c_i c_j (Takeuchi & Inoue 2005); NaN without data."""
    H = matrix(elements)
    present = (X > 0).astype(np.float64)
    missing = np.einsum("ni,ij,nj->n", present, np.isnan(H).astype(np.float64), present, optimize=True) > 0
    total = 2.0 * np.einsum("ni,ni->n", X @ np.nan_to_num(H), X)  # 4 over i < j is 2 over all i, j
    return np.where(missing, np.nan, total)
