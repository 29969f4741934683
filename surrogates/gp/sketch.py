"""This file is a Gaussian process that answers sooner: what many rows say, told at a few of them.

For looking over a long list, not for the last word: the cost of a candidate falls from the number of rows squared to
that of the few squared. The fully independent training conditional of Snelson and Ghahramani 2005 (papers.nips.cc,
"Sparse Gaussian Processes using Pseudo-inputs"), at rows chosen by a pivoted Cholesky factorisation (Foster et al.
2009, jmlr.org/papers/v10/foster09a.html), which takes next the row that the ones before say least about.
"""

from dataclasses import replace

import torch
from torch import Tensor

from eutectic.surrogates.gp.kernels import cholesky
from eutectic.surrogates.gp.process import Process

RANK = 128
"""Rows that stand for all, at most; ours: with 64 of 500 the third place of a batch went to a lesser row in one list of
five variables, with 128 in none (benchmarks/long_lists.py)."""
LEFT = 1e-6
"""Share of the prior variance that may be left at every other row."""


def sketched(process: Process, rank: int = RANK) -> Process:
    """A process of nearly the same means, variances and covariances elsewhere; of few rows the same one.

    It serves prediction alone: what it keeps of residuals and noise is that of the rows chosen.
    """
    if len(process.rows) <= rank:
        return process
    chosen = pivots(process, rank)
    Z = process.rows[chosen]
    K = process.kernel(Z, Z, process.lengths)
    identity = torch.eye(len(Z), dtype=K.dtype)
    factor, _ = cholesky(K + 1e-10 * K.diagonal().mean() * identity)
    inverse = torch.linalg.solve_triangular(factor, identity, upper=False)
    V = inverse @ process.kernel(Z, process.rows, process.lengths)
    missing = (process.kernel.variance(process.rows, process.lengths) - V.square().sum(0)).clamp_min(0)
    scaled = V / (process.noise + process.jitter + missing)  # Snelson and Ghahramani 2005, eq. 8 to 10
    values, vectors = torch.linalg.eigh(scaled @ V.T)
    values = values.clamp_min(0)
    kept = values > LEFT * values[-1]
    values, vectors = values[kept], vectors[:, kept]
    basis = vectors.T @ inverse
    alpha = basis.T @ ((vectors.T @ (scaled @ process.residual)) / (1 + values))
    return replace(
        process,
        rows=Z,
        residual=process.residual[chosen],
        noise=process.noise[chosen],
        alpha=alpha,
        inverse_factor=(values / (1 + values)).sqrt()[:, None] * basis,
    )


def pivots(process: Process, rank: int) -> Tensor:
    """(k,) at most `rank` rows, each the one whose value those before leave most uncertain under the prior."""
    left = process.kernel.variance(process.rows, process.lengths).clone()
    least = LEFT * float(left.max())
    factors = left.new_zeros(rank, len(left))
    chosen: list[int] = []
    for k in range(rank):
        row = int(left.argmax())
        if float(left[row]) <= least:
            break
        column = process.kernel(process.rows[row : row + 1], process.rows, process.lengths)[0]
        factors[k] = (column - factors[:k, row] @ factors[:k]) / left[row].sqrt()
        left = (left - factors[k].square()).clamp_min(0)
        left[row] = 0
        chosen.append(row)
    return torch.tensor(chosen)
