"""This file is the covariance functions of the Gaussian process, in plain torch."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Kernel:
    """k(a, b) = form(numeric part) * exp(-sum of category mismatches / length) * coupling; inputs in the unit box.

    Parameters are a length an input (d,), then the `shape`: two weights of an additive or composition form, two for
    each category that is described, then the m (m - 1) / 2 entries of the coupling, 0 for outputs that have nothing in
    common.
    """

    name: str
    numeric: tuple[int, ...]
    """Columns compared by distance."""
    categorical: tuple[int, ...]
    """Columns compared by equality."""
    outputs: int = 1
    """With more than one, the last column is the output's number and outputs are coupled."""
    center: tuple[float, ...] = ()
    """Where the numeric columns' polynomials of a composition are centered, unit box."""
    radius: float = 1.0
    """Root mean square distance from the center, unit box."""
    apart: tuple[Tensor | None, ...] = field(default=(), repr=False, compare=False)
    """For each category column, (labels, labels) how far apart its labels are described, mean squared difference of
    standardised descriptors; None where nothing is known of them. () when nothing is known of any."""

    @property
    def inputs(self) -> int:
        """Number of inputs, d."""
        return len(self.numeric) + len(self.categorical)

    @property
    def weights(self) -> int:
        """Number of shape parameters that weigh the terms of the form."""
        return 2 if self.name in ("additive", "composition") and self.numeric else 0

    @property
    def described(self) -> int:
        """Number of shape parameters of categories that are described."""
        return 2 * sum(square is not None for square in self.apart)

    @property
    def shape(self) -> int:
        """Number of parameters beside the lengths."""
        return self.weights + self.described + self.outputs * (self.outputs - 1) // 2

    def __call__(self, A: Tensor, B: Tensor, parameters: Tensor) -> Tensor:
        """Covariance (..., a, b) of A (..., a, d) and B (..., b, d); a coupled kernel has d + 1 columns."""
        value = torch.ones(1, dtype=A.dtype)
        if self.numeric:
            value = self._numeric(self._part(A, self.numeric), self._part(B, self.numeric), parameters)
        if self.categorical:
            value = value * torch.exp(-(self._mismatch(A, B, parameters) / parameters[list(self.categorical)]).sum(-1))
        if self.outputs > 1:
            a, b = (Z[..., -1].long() for Z in (A, B))
            value = value * self.correlation(parameters)[a[..., :, None], b[..., None, :]]
        return value

    def variance(self, A: Tensor, parameters: Tensor) -> Tensor:
        """Prior variance (..., a) at A (..., a, d): 1 but for compositions."""
        if self.name != "composition" or not self.numeric:
            return torch.ones(A.shape[:-1], dtype=A.dtype)
        linear, quadratic, rest = shares(parameters[self.inputs : self.inputs + 2])
        square = (self._centered(self._part(A, self.numeric))).square().sum(-1)
        prior: Tensor = linear * square + quadratic * square.square() + rest
        return prior

    def correlation(self, parameters: Tensor) -> Tensor:
        """Correlation (m, m) of the outputs."""
        m = self.outputs
        lower = torch.eye(m, dtype=parameters.dtype)
        rows, columns = torch.tril_indices(m, m, -1)
        lower = lower.index_put((rows, columns), parameters[self.inputs + self.weights + self.described :])
        lower = lower / lower.norm(dim=1, keepdim=True)
        correlation: Tensor = lower @ lower.T
        return correlation

    def _part(self, Z: Tensor, columns: tuple[int, ...]) -> Tensor:
        return Z if len(columns) == Z.shape[-1] else Z[..., list(columns)]

    def _mismatch(self, A: Tensor, B: Tensor, parameters: Tensor) -> Tensor:
        """(..., a, b, categories) 0 for the same label, up to 1 for another; less for one described alike.

        A share of a mismatch, the first of a category's two parameters through a logistic function, grows with the
        labels' distance as 1 - exp(-square / 2), in lengths whose logarithm is the second; the rest tells labels apart.
        """
        columns = list(self.categorical)
        differs = ((A[..., :, None, columns] - B[..., None, :, columns]).abs() > 1e-6).to(A.dtype)
        if not self.described:
            return differs
        place, parts = self.inputs + self.weights, list[Tensor]()
        for k, square in enumerate(self.apart):
            part = differs[..., k]
            if square is not None:
                a, b = (Z[..., columns[k]].round().long() for Z in (A, B))
                share, length = torch.sigmoid(parameters[place]), parameters[place + 1].exp()
                place += 2
                alike = torch.exp(-0.5 * square[a[..., :, None], b[..., None, :]] / length.square())
                part = part * (1 - share * alike)
            parts.append(part)
        return torch.stack(parts, -1)

    def _centered(self, Z: Tensor) -> Tensor:
        return (Z - torch.tensor(self.center, dtype=Z.dtype)) / self.radius

    def _numeric(self, A: Tensor, B: Tensor, parameters: Tensor) -> Tensor:
        lengths = self._part(parameters[: self.inputs], self.numeric)
        weights = parameters[self.inputs : self.inputs + self.weights]
        if self.name == "additive":
            return additive(A / lengths, B / lengths, weights)
        if self.name == "composition":
            dot = self._centered(A) @ self._centered(B).transpose(-1, -2)
            linear, quadratic, rest = shares(weights)
            return linear * dot + quadratic * dot.square() + rest * radial("matern52", A / lengths, B / lengths)
        return radial(self.name, A / lengths, B / lengths)


def shares(weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Three shares of sum one from two unbounded weights (2,), a third each at 0."""
    first, second, third = torch.softmax(torch.cat([weights, weights.new_zeros(1)]), 0)
    return first, second, third


def additive(A: Tensor, B: Tensor, weights: Tensor) -> Tensor:
    """Sums over inputs, over pairs, and the product of all; Duvenaud, Nickisch and Rasmussen 2011, eq. 7 and 10.

    Covariance (..., a, b) of scaled inputs (doi 10.48550/arXiv.1112.4394); Matern 5/2 in each input; each order is
    averaged over its terms, so that the shares are those of the variance.
    """
    d = A.shape[-1]
    each = matern52((A[..., :, None, :] - B[..., None, :, :]).abs())
    if d == 1:
        return each[..., 0]
    one, two, full = shares(weights)
    total = each.sum(-1)
    pairs = (total.square() - each.square().sum(-1)) / (d * (d - 1))
    return one * total / d + two * pairs + full * each.prod(-1)


def matern52(distance: Tensor) -> Tensor:
    """Rasmussen & Williams 2006, eq. 4.17, elementwise at scaled distances."""
    scaled = sqrt(5.0) * distance
    return (1 + scaled + scaled * scaled / 3) * torch.exp(-scaled)


def matern32(distance: Tensor) -> Tensor:
    """Rasmussen & Williams 2006, eq. 4.17, elementwise at scaled distances."""
    scaled = sqrt(3.0) * distance
    return (1 + scaled) * torch.exp(-scaled)


MATERN: dict[str, Callable[[Tensor], Tensor]] = {"matern52": matern52, "matern32": matern32}
"""Of scaled distances, elementwise."""


def radial(name: str, A: Tensor, B: Tensor) -> Tensor:
    """Stationary covariance (..., a, b) of scaled inputs; Rasmussen & Williams 2006, eq. 4.9 and 4.17."""
    square = (A * A).sum(-1)[..., :, None] + (B * B).sum(-1)[..., None, :] - 2 * A @ B.transpose(-1, -2)
    if name == "rbf":
        return torch.exp(-0.5 * square.clamp_min(0))
    return MATERN[name](square.clamp_min(1e-24).sqrt())


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
