"""This file is an ensemble of one-dimensional convolutional networks, all members computed and trained at once.

Embedding, then one convolution applied again and again with max pooling, as in the network of Wang et al. 2025
(doi 10.1038/s41524-025-01600-x), whose code has 8 channels, kernel 3 and 5 applications over 4,000 atoms and a dense
head over the flattened rest. Ours, for tens of rows instead of thousands: the mean over sites in place of flattening,
smooth activations, cells that close on themselves, and three paths to the output: from the composition alone a linear
one (a rule of mixtures) and one through a hidden layer, as the sites' chance fluctuations would drown what is learned
of composition from them; and one from both through a hidden layer, which begins at zero. Inputs that are no sequence
keep their places: they are neither pooled nor averaged, and stand for the composition.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import max_pool1d, silu

from eutectic.surrogates.neural.training_data import Examples, centred

HIDDEN = 16
"""Units of a hidden layer; ours."""
SITES = 128
"""Sites of a sequence that a step sees at most; of a longer one that many in a row, from another site each time.
Ours."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a network looks like."""

    length: int
    """Sites of what is predicted; what is learned from may be longer, and is pooled as often."""
    symbols: int
    """Numbers a site is given by."""
    channels: int
    kernel: int
    depth: int
    periodic: bool
    """Is it a sequence of sites, without beginning and place? Otherwise inputs in their order."""

    @property
    def seen(self) -> int:
        """Numbers that come out of the convolutions."""
        return self.channels if self.periodic else self.channels * self.length

    @property
    def wide(self) -> int:
        """Numbers in a composition."""
        return self.symbols if self.periodic else self.symbols * self.length

    @property
    def sizes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the weights of a member, each (inputs, outputs), and of the biases."""
        return (
            (self.symbols, self.channels),
            (self.kernel * self.channels, self.channels),
            (1, self.channels),
            (self.wide, HIDDEN),
            (1, HIDDEN),
            (HIDDEN, 1),
            (self.seen + self.wide, HIDDEN),
            (1, HIDDEN),
            (HIDDEN, 1),
            (self.wide, 1),
            (1, 1),
        )


Weights = Sequence[Tensor]
"""In the order of `Shape.sizes`, each (members, inputs, outputs)."""


def initial(shape: Shape, members: int, rng: np.random.Generator) -> list[Tensor]:
    """Normal weights of variance 1 / inputs; biases, linear path and the head of both 0; float32."""
    found = []
    for k, (a, b) in enumerate(shape.sizes):
        values = rng.normal(size=(members, a, b)) / np.sqrt(a)
        found.append(torch.tensor(values * (k in (0, 1, 3, 5, 6)), dtype=torch.float32))
    return found


def forward(shape: Shape, weights: Weights, A: Tensor, C: Tensor) -> Tensor:
    """Predictions (members, n), standardised, of inputs (members or 1, n, length, symbols) of compositions C.

    C (members or 1, n, wide) is the mean over all sites and replicas, or the inputs themselves.
    """
    embedding, convolution, bias, own, own_shift, own_head, hidden, shift, head, linear, constant = weights
    h, length = A @ embedding[:, None], shape.length
    for k in range(shape.depth):
        h = convolved(shape, h, convolution, bias)
        if shape.periodic and length >= 2 * shape.kernel:
            length //= 2
            pooled = max_pool1d(h.flatten(0, 1).transpose(-1, -2), 2).transpose(-1, -2)
            h = pooled.reshape(*h.shape[:2], *pooled.shape[1:])
        h = silu(h) if k + 1 < shape.depth or shape.periodic else torch.tanh(h)
    rest = h.mean(-2) if shape.periodic else h.flatten(-2)
    both = torch.cat([rest, C.expand(len(rest), -1, -1)], -1)
    out = silu(C @ own + own_shift) @ own_head + silu(both @ hidden + shift) @ head + C @ linear + constant
    return out[..., 0]


def compositions(shape: Shape, A: Tensor) -> Tensor:
    """(n, wide) of inputs (n, replicas, length, symbols); of sites, shares over the equal share, less 1."""
    return centred(A.mean((1, 2))) if shape.periodic else A[:, 0].flatten(1)


def convolved(shape: Shape, h: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Convolution of h (members, n, length, channels), as long as before: closed on itself, or with zeros beyond."""
    half = shape.kernel // 2
    if shape.periodic:
        parts = [h.roll(half - k, -2) for k in range(shape.kernel)]
    else:
        padded = torch.nn.functional.pad(h, (0, 0, half, half))
        parts = [padded[..., k : k + h.shape[-2], :] for k in range(shape.kernel)]
    return torch.cat(parts, -1) @ weight[:, None] + bias[:, None]


@dataclass(frozen=True, slots=True)
class Effort:
    """How networks are trained."""

    steps: int
    batch: int
    rate: float
    decay: float


def train(
    shape: Shape, examples: Examples, folds: Sequence[np.ndarray], effort: Effort, rng: np.random.Generator
) -> list[Tensor]:
    """Weights of one member a fold, each trained on the rows outside its fold.

    Adam with decoupled decay and a rate that falls to zero along a cosine (Loshchilov and Hutter 2019, doi
    10.48550/arXiv.1711.05101).
    """
    n, replicas, sites = examples.inputs.shape[:3]
    rows = [np.setdiff1d(np.arange(n), fold) for fold in folds]
    size = min(n, effort.batch)
    parameters = [w.requires_grad_() for w in initial(shape, len(folds), rng)]
    optimizer = torch.optim.AdamW(parameters, lr=effort.rate, weight_decay=effort.decay)
    for step in range(effort.steps):
        chosen = torch.tensor(np.stack([rng.choice(own, size) for own in rows]))
        replica = torch.tensor(rng.integers(replicas, size=chosen.shape))
        for group in optimizer.param_groups:
            group["lr"] = 0.5 * effort.rate * (1 + np.cos(np.pi * step / effort.steps))
        start = int(rng.integers(sites)) if sites > SITES else 0
        drawn = examples.drawn(chosen, replica, start, SITES)
        said = forward(shape, parameters, drawn, examples.compositions[chosen])
        error = said - examples.values[chosen, replica]
        optimizer.zero_grad()
        (examples.weights[chosen] * error.square()).mean(-1).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return [w.detach().to(torch.float64) for w in parameters]
