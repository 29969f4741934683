"""This file is the covariance functions of the Gaussian process, in plain torch."""

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Kernel:
    """k(a, b) = stationary(numeric part) * exp(-sum of category mismatches / length); prior variance 1."""

    name: str
    numeric: tuple[int, ...]
    """Columns compared by distance."""
    categorical: tuple[int, ...]
    """Columns compared by equality."""

    def __call__(self, A: Tensor, B: Tensor, lengths: Tensor) -> Tensor:
        """Covariance (..., a, b) of A (..., a, d) and B (..., b, d) scaled to the unit box; lengths (d,)."""
        if not self.categorical:
            return radial(self.name, A / lengths, B / lengths)
        value = torch.ones(1, dtype=A.dtype)
        if self.numeric:
            columns = list(self.numeric)
            scale = lengths[columns]
            value = radial(self.name, A[..., columns] / scale, B[..., columns] / scale)
        columns = list(self.categorical)
        differs = (A[..., :, None, columns] - B[..., None, :, columns]).abs() > 1e-6
        return value * torch.exp(-(differs / lengths[columns]).sum(-1))


def radial(name: str, A: Tensor, B: Tensor) -> Tensor:
    """Stationary covariance (..., a, b) of scaled inputs; Rasmussen & Williams 2006, eq. 4.9 and 4.17."""
    square = (A * A).sum(-1)[..., :, None] + (B * B).sum(-1)[..., None, :] - 2 * A @ B.transpose(-1, -2)
    if name == "rbf":
        return torch.exp(-0.5 * square.clamp_min(0))
    distance = square.clamp_min(1e-24).sqrt()
    if name == "matern32":
        scaled = sqrt(3.0) * distance
        return (1 + scaled) * torch.exp(-scaled)
    scaled = sqrt(5.0) * distance
    return (1 + scaled + scaled * scaled / 3) * torch.exp(-scaled)


def cholesky(matrix: Tensor) -> tuple[Tensor, float]:
    """Lower Cholesky factor of a covariance (..., n, n) and the diagonal jitter it took.

    Raises ValueError when even the largest jitter does not make it positive definite (an input that is not finite).
    """
    scale = float(matrix.diagonal(dim1=-2, dim2=-1).mean())
    for relative in (0.0, 1e-10, 1e-8, 1e-6, 1e-4):
        jitter = relative * scale
        factor, info = torch.linalg.cholesky_ex(matrix + jitter * torch.eye(matrix.shape[-1], dtype=matrix.dtype))
        if not bool(info.any()) and bool(torch.isfinite(factor).all()):
            return factor, jitter
    raise ValueError("covariance matrix is not positive definite with jitter 1e-4; are all inputs finite?")
