"""This file is cells as six numbers: the symmetric logarithm of the metric, which turning a crystal leaves alone.

S = 1/2 log(L L^T) for rows L in angstrom (Jiao et al. 2024, DiffCSP++, arXiv 2402.03992, proposition 1); a third of ln
N is taken off its diagonal, so that cells of few and of many atoms are alike.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Array = npt.NDArray[np.float64]

UPPER = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""Which entries of the symmetric matrix the six numbers are."""


def six(lattice: Array, atoms: int) -> Array:
    """(6,) of rows (3, 3) in angstrom with so many atoms."""
    values, vectors = np.linalg.eigh(np.asarray(lattice, dtype=np.float64) @ np.asarray(lattice).T)
    S = (vectors * (0.5 * np.log(values))) @ vectors.T
    numbers = np.array([S[i, j] for i, j in UPPER])
    numbers[:3] -= np.log(atoms) / 3
    return numbers


def rows_of(numbers: Tensor, atoms: Tensor) -> Tensor:
    """(b, 3, 3) rows in angstrom, symmetric, of (b, 6) and how many atoms each has."""
    whole = numbers.double().clone()
    whole[:, :3] += torch.log(atoms.double())[:, None] / 3
    S = whole.new_zeros(len(whole), 3, 3)
    for k, (i, j) in enumerate(UPPER):
        S[:, i, j] = whole[:, k]
        S[:, j, i] = whole[:, k]
    made: Tensor = torch.linalg.matrix_exp(S)
    return made
