"""This file is a variational autoencoder of compositions and features (Kingma & Welling 2014, arXiv 1312.6114).

Encoder and decoder are perceptrons of one hidden layer. What is minimised is the cross-entropy of the atomic fractions,
the squared error of the standardised features, and the divergence from the normal prior by a weight (beta of Higgins et
al. 2017). Trained by torch, once; encoding and decoding are a few products of matrices.
"""

from dataclasses import dataclass

import numpy as np

from eutectic.generators.latent.table import Table
from eutectic.optimizers.base import Array

RATE = 1e-2
"""Learning rate of Adam at the beginning, falling to nothing by a cosine; ours."""
LAYERS = ("read", "mean", "deviation", "written", "out")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How it is trained."""

    dimensions: int
    width: int
    steps: int
    divergence: float
    """Weight of the divergence from the prior."""
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Autoencoder:
    """A trained one."""

    weights: dict[str, Array]
    """`LAYER.weight` (out, in) and `LAYER.bias` (out,); `centre` and `spread` (f,) of the features."""
    elements: int

    @property
    def spread(self) -> Array:
        """(f,) standard deviation of each feature over the table; 1 where it is constant."""
        return self.weights["spread"]

    def encode(self, fractions: Array, numbers: Array) -> Array:
        """(n, d) means of the latent coordinates of (n, e) atomic fractions and (n, f) features."""
        return self._layer("mean", np.tanh(self._layer("read", _joined(self.weights, fractions, numbers))))

    def decode(self, Z: Array) -> tuple[Array, Array]:
        """(n, e) atomic fractions and (n, f) features of latent coordinates (n, d)."""
        out = self._layer("out", np.tanh(self._layer("written", Z)))
        logits = out[:, : self.elements] - out[:, : self.elements].max(axis=1, keepdims=True)
        shares = np.exp(logits)
        numbers = out[:, self.elements :] * self.weights["spread"] + self.weights["centre"]
        return shares / shares.sum(axis=1, keepdims=True), numbers

    def _layer(self, name: str, x: Array) -> Array:
        return np.asarray(x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"])


def _joined(weights: dict[str, Array], fractions: Array, numbers: Array) -> Array:
    """What the encoder sees: square roots of fractions, so that little of an element is seen, and features."""
    return np.hstack([np.sqrt(fractions), (numbers - weights["centre"]) / weights["spread"]])


def trained(table: Table, recipe: Recipe) -> Autoencoder:
    """A function of table and recipe; the same on one machine, whatever was drawn before."""
    import torch
    from torch import nn

    from eutectic.generators.learning.training import seeded

    spread = table.numbers.std(axis=0)
    scales = {"centre": table.numbers.mean(axis=0), "spread": np.where(spread > 0, spread, 1.0)}
    seen = torch.tensor(_joined(scales, table.fractions, table.numbers), dtype=torch.float32)
    e, d = len(table.elements), recipe.dimensions
    fractions, features = torch.tensor(table.fractions, dtype=torch.float32), seen[:, e:]
    sizes = ((seen.shape[1], recipe.width), (recipe.width, d), (recipe.width, d), (d, recipe.width))
    with seeded(recipe.seed):
        layers = nn.ModuleDict(
            {name: nn.Linear(*size) for name, size in zip(LAYERS, (*sizes, (recipe.width, seen.shape[1])), strict=True)}
        )
        optimizer = torch.optim.Adam(layers.parameters(), lr=RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.steps)
        for _ in range(recipe.steps):
            hidden = torch.tanh(layers["read"](seen))
            mean, log_variance = layers["mean"](hidden), layers["deviation"](hidden).clamp(-8, 4)
            z = mean + torch.exp(log_variance / 2) * torch.randn(mean.shape)
            out = layers["out"](torch.tanh(layers["written"](z)))
            missed = -(fractions * torch.log_softmax(out[:, :e], dim=1)).sum(dim=1)
            missed = missed + 0.5 * ((out[:, e:] - features) ** 2).sum(dim=1)
            apart = 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum(dim=1)  # eq. 10 of Kingma & Welling
            loss = (missed + recipe.divergence * apart).mean()
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
    weights = {name: value.detach().double().numpy() for name, value in layers.state_dict().items()}
    return Autoencoder({**weights, **scales}, e)
