"""This file is what convolutional networks are trained on: sequences or inputs in their order, each with its value."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from eutectic.surrogates.base import Array, Replicas
from eutectic.surrogates.posteriors.outputs import Rows


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """n rows of r examples each."""

    inputs: Tensor
    """(n, r, length) codes of sites, uint8, or (n, 1, length, 1) inputs in their order, float32."""
    values: Tensor
    """(n, r) standardised, float32."""
    compositions: Tensor
    """(n, wide) over all examples of a row, shares over the equal share, less 1; or the inputs themselves; float32."""
    weights: Tensor
    """(n,) of the rows, float32."""
    symbols: int
    """Numbers a site is given by."""

    def drawn(self, rows: Tensor, replica: Tensor, start: int, most: int) -> Tensor:
        """(..., length, symbols) of one example of each of some rows (...,), of long ones `most` sites from `start`."""
        if self.inputs.is_floating_point():
            return self.inputs[rows, replica]
        length = self.inputs.shape[2]
        window = (start + torch.arange(min(most, length))) % length
        return indicators(self.inputs[rows[..., None], replica[..., None], window].long(), self.symbols, torch.float32)


def indicators(codes: Tensor, symbols: int, kind: torch.dtype) -> Tensor:
    """(..., symbols) indicators of codes (...)."""
    return torch.nn.functional.one_hot(codes, symbols).to(kind)


def ordered(inputs: Tensor, data: Rows) -> Examples:
    """Of inputs (n, length) in their order."""
    A = inputs.to(torch.float32)
    return Examples(A[:, None, :, None], _standardised(data, data.y[:, None]), A, _weights(data), 1)


def sequences(codes: Array, symbols: int, data: Rows, told: Sequence[Replicas | None]) -> Examples:
    """Of sequences (n, r, length), or where rows were told, of what their values are means of.

    Rows that were not told are then laid out alike, as long as the shortest that were told (at least as before) and as
    many as the most: whatever is shorter or fewer is repeated.
    """
    values = np.broadcast_to(data.y[:, None], codes.shape[:2])
    known = [replicas for replicas in told if replicas is not None]
    if known:
        count = max(len(replicas.codes) for replicas in known)
        length = max(codes.shape[2], min(replicas.codes.shape[1] for replicas in known))
        each = zip(codes, values, told, strict=True)
        laid = [_laid(own, y, replicas, count, length) for own, y, replicas in each]
        codes, values = np.stack([own for own, _ in laid]), np.stack([y for _, y in laid])
    whole = codes.astype(np.uint8)
    shares = np.stack([np.bincount(row.ravel(), minlength=symbols) for row in whole]) / whole[0].size
    place = centred(torch.tensor(shares, dtype=torch.float32))
    return Examples(torch.tensor(whole), _standardised(data, values), place, _weights(data), symbols)


def centred(shares: Tensor) -> Tensor:
    """Shares (..., symbols) over the equal share, less 1."""
    return shares * shares.shape[-1] - 1.0


def _laid(own: Array, y: Array, replicas: Replicas | None, count: int, length: int) -> tuple[Array, Array]:
    """A row's codes (count, length) and values (count,)."""
    if replicas is None:
        return np.resize(own, (count, length)), np.resize(y, count)
    turn = np.arange(count) % len(replicas.codes)
    return np.stack([np.resize(replicas.codes[k], length) for k in turn]), replicas.values[turn]


def _standardised(data: Rows, values: Array) -> Tensor:
    shift, scale = data.scaling
    return torch.tensor((values - shift) / scale, dtype=torch.float32)


def _weights(data: Rows) -> Tensor:
    return torch.tensor(data.weights, dtype=torch.float32)
