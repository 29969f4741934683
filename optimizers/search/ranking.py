"""This file is the order of many points by acquisition value, and which of them are new."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eutectic.optimizers.acquisition.acquisition import Acquisition
from eutectic.optimizers.base import Array, Space
from eutectic.optimizers.spaces.scale import widths

SURELY_ABOVE_ROUNDING = 1e-9
"""Share of the largest box below which differences of plain values are rounding; logarithms decide there."""


def rank(improvement: Acquisition, rows: Tensor, most: int = 1) -> NDArray[np.int64]:
    """Indices (most,) of the best of rows (N, d), by value, or by its logarithm where values are mere rounding."""
    score = improvement.value(rows)
    most = min(most, len(rows))
    if float(score.topk(most).values[-1]) <= SURELY_ABOVE_ROUNDING * improvement.scale:
        with torch.no_grad():
            score = torch.cat([improvement.log(part) for part in torch.split(rows, 1024)])
    order: NDArray[np.int64] = torch.argsort(score, descending=True, stable=True)[:most].numpy()
    return order


def spread(X: Array, space: Space, n: int, radius: float = 0.1) -> Array:
    """At most n rows of X (k, d), best first, none nearer than `radius` (bounds scaled to 1, root mean square)."""
    width = widths(space)
    kept: list[Array] = []
    for x in X:
        if len(kept) == n:
            break
        if all(np.sqrt((((x - other) / width) ** 2).mean()) >= radius for other in kept):
            kept.append(x)
    return np.array(kept)
