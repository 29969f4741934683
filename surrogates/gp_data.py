"""This file is the data of a Gaussian process made ready: inputs and outputs scaled, what is known of noise."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from surrogates.base import Array, Domain
from surrogates.gp_fit import LEAST_NOISE, MOST_NOISE, Task
from surrogates.gp_kernel import Kernel
from surrogates.gp_process import Scaling

if TYPE_CHECKING:
    from surrogates.gp import GaussianProcess

BLIND_LEVEL, BLIND_SPREAD = float(np.exp(-3.0)), 1.5
"""Prior of the noise level where nothing is known of it: median over the output's variance, deviation of its log."""
NEIGHBOURS = 12
"""Rows whose given noise variances are pooled around each, itself among them."""
TOLD_SPREAD = 1.0
"""Deviation of the level's logarithm where noise variances are given."""


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """What `tune` and `condition` need."""

    task: Task
    scaling: Scaling
    constant: bool
    """No output varies."""


def prepare(recipe: "GaussianProcess", X: Array, Y: Array, variance: Array, domain: Domain) -> Data:
    """Outputs Y (n, m) that are learned together from X (n, d); noise variance (n, m), NaN where unknown."""
    lower, width = box(domain)
    m = Y.shape[1]
    shifts = Y.mean(0)
    spread = Y.std(0, ddof=1) if len(Y) > 1 else np.zeros(m)
    varies = spread > 1e-9 * np.maximum(1.0, np.abs(shifts))
    scales = np.where(varies, spread, 1.0)
    unit = (torch.tensor(X, dtype=torch.float64) - lower) / width
    noise = [noise_prior(recipe, unit, v, s) for v, s in zip(variance.T, scales, strict=True)]
    known = all(prior[2] == 0 for prior in noise)
    task = Task(
        kernel(recipe, unit, domain.categorical, m),
        unit if m == 1 else torch.cat([numbered(unit, j) for j in range(m)]),
        torch.tensor(((Y - shifts) / scales).T.reshape(-1)),
        torch.tensor(np.concatenate([prior[0] for prior in noise])),
        tuple(prior[1] for prior in noise),
        0.0 if known else max(prior[2] for prior in noise),
        not recipe.ard,
    )
    return Data(task, Scaling(lower, width, tuple(shifts.tolist()), tuple(scales.tolist())), not varies.any())


def kernel(recipe: "GaussianProcess", unit: Tensor, categorical: tuple[int, ...], outputs: int) -> Kernel:
    """The covariance of `recipe` over inputs (n, d) in the unit box."""
    numeric = tuple(j for j in range(unit.shape[1]) if j not in categorical)
    name = "matern52" if recipe.kernel == "auto" else recipe.kernel
    if name != "composition" or not numeric:
        return Kernel(name, numeric, categorical, outputs)
    part = unit[:, list(numeric)]
    center = part.mean(0)
    radius = float((part - center).square().sum(1).mean().sqrt())
    return Kernel("composition", numeric, categorical, outputs, tuple(center.tolist()), max(radius, 1e-3))


def numbered(unit: Tensor, j: int) -> Tensor:
    """Rows (n, d) with their output's number appended."""
    return torch.cat([unit, torch.full((len(unit), 1), float(j), dtype=unit.dtype)], 1)


def box(domain: Domain) -> tuple[Tensor, Tensor]:
    """Offset and width (d,) that take natural units to the unit box, category codes left as they are."""
    lower = torch.tensor(domain.lower, dtype=torch.float64)
    width = torch.tensor(domain.upper, dtype=torch.float64) - lower
    width = torch.where(width > 0, width, torch.ones_like(width))
    for j in domain.categorical:
        lower[j], width[j] = 0.0, 1.0
    return lower, width


def noise_prior(recipe: "GaussianProcess", X: Tensor, variance: Array, scale: float) -> tuple[Array, float, float]:
    """Relative noise variances (n,), the median of the level's prior, and its log's deviation (0: it is known).

    A variance from two or three repeats is itself uncertain by its own size; each is shrunk towards the median of its
    neighbours in X (n, d; unit box), as in Smyth 2004 (doi 10.2202/1544-6115.1027) with the prior weight as an option:
    noise may differ by region. Unknown ones take the median of all.
    """
    known = np.isfinite(variance)
    if recipe.noise == "inferred" or not known.any():
        return np.ones(len(variance)), BLIND_LEVEL, BLIND_SPREAD
    standard = np.clip(variance / scale**2, LEAST_NOISE, MOST_NOISE)
    pooled = float(np.median(standard[known]))
    if recipe.noise == "given":
        return np.where(known, standard, pooled), 1.0, 0.0
    values = np.where(known, standard, pooled)
    near = torch.cdist(X, X).topk(min(NEIGHBOURS, len(X)), largest=False).indices.numpy()
    shrunk = recipe.moderation * np.median(values[near], axis=1) + (1 - recipe.moderation) * values
    return shrunk / pooled, pooled, TOLD_SPREAD
