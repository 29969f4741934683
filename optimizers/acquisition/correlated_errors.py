"""This file is joint draws of outputs whose errors go together (`models/correlation.py`), for an acquisition."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from eutectic.optimizers.base import Array


@dataclass(frozen=True, slots=True, eq=False)
class SharedErrors:
    """What k outputs share beside the fixed points, drawn; R = left^2 I + B B' is their correlation (k, k)."""

    shift: Tensor
    """(k, s) B times standard normals: how many of its deviations each output lies off its mean in each draw."""
    left: float
    """Share of each output's deviation that is its own."""

    def apart(self, moments: list[tuple[Tensor, Tensor]]) -> list[tuple[Tensor, Tensor]]:
        """Means (r, s) and deviations (r, 1) of outputs that are independent once the shared part is drawn."""
        k = len(self.shift)
        given = [
            (mean + std * shift, self.left * std) for (mean, std), shift in zip(moments[:k], self.shift, strict=True)
        ]
        return given + moments[k:]

    def thinned(self, s: int) -> "SharedErrors":
        """The first s draws."""
        return SharedErrors(self.shift[:, :s], self.left)


def shared_errors(correlation: Array, normals: Tensor) -> SharedErrors:
    """What is shared under a correlation (k, k), from standard normals (s, k).

    As much as can be is left to each output alone, for that part is integrated exactly: the least eigenvalue.
    """
    values, vectors = np.linalg.eigh(correlation)
    least = max(float(values[0]), 0.0)
    factor = vectors * np.sqrt(np.maximum(values - least, 0.0))
    return SharedErrors(torch.tensor(factor) @ normals.T, least**0.5)


def correlated(correlation: Array, normals: Tensor) -> Tensor:
    """Independent standard normals (outputs, ...) of which the first k get the correlation (k, k)."""
    k = len(correlation)
    together = torch.tensordot(torch.tensor(np.linalg.cholesky(correlation)), normals[:k], 1)
    return torch.cat([together, normals[k:]])
