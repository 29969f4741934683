"""This file is a fitted distance of curves: components learned one by one, the distance in mean and variance.

A curve is its mean plus a few principal components, whose scores are learned as functions of the inputs. The distance
is no linear function of them, so its moments are taken over fixed draws of the scores, and covariances between points
by statistical linearisation: the part of the distance that is linear in a score goes with that score, the rest is each
point's own (Gelb 1974, Applied Optimal Estimation, chapter 6.2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy.special import ndtri
from scipy.stats.qmc import Sobol
from torch import Tensor

from eutectic.surrogates.abilities import embedded
from eutectic.surrogates.base import Array, Domain, Output, Posterior, State, Surrogate
from eutectic.surrogates.composite.curve_distance import Target, distance
from eutectic.surrogates.posteriors.outputs import FittedOutputs
from eutectic.surrogates.validation import checked

KEPT = 0.999
"""Share of the curves' variance that the components hold."""
MOST = 8
"""Components at most: more cost as many fits, and the last ones are mostly noise."""
DRAWS = 64
"""Points of a Sobol sequence over the scores."""

FittedCurveDistance = FittedOutputs["DistanceOutput"]


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Curves as scores: `curve = mean + scores @ basis`, and what is left of each point."""

    mean: Tensor
    """(p,)."""
    basis: Tensor
    """(k, p), rows orthonormal."""
    left: Tensor
    """(p,) standard deviation of what the components do not hold, unit of the curve."""

    @classmethod
    def of(cls, curves: Array) -> "Components":
        """Those of curves (n, p): enough for `KEPT` of their variance, `MOST` of them at most."""
        mean = curves.mean(0)
        centred = curves - mean
        _, singular, basis = np.linalg.svd(centred, full_matrices=False)
        share = np.cumsum(singular**2) / max(float((singular**2).sum()), np.finfo(float).tiny)
        k = min(MOST, max(1, len(curves) - 1), 1 + int(np.searchsorted(share, KEPT)))
        basis = basis[:k] * np.sign(basis[np.arange(k), np.abs(basis[:k]).argmax(1)])[:, None]
        rest = centred - centred @ basis.T @ basis
        return cls(*(torch.tensor(part) for part in (mean, basis, np.sqrt((rest**2).mean(0)))))

    def scores(self, curves: Array) -> Array:
        """(n, k) of curves (n, p)."""
        scores: Array = (curves - self.mean.numpy()) @ self.basis.numpy().T
        return scores


@dataclass(frozen=True, slots=True, eq=False)
class DistanceOutput:
    """The distance as `surrogates.base.Output`; its embedding is those of the components' outputs side by side."""

    scores: tuple[Output, ...]
    components: Components
    target: Target
    widths: tuple[int, ...]
    """Columns of each component's embedding."""
    notes: tuple[str, ...]

    @property
    def differentiable(self) -> bool:
        """Where every component is."""
        return all(output.differentiable for output in self.scores)

    @property
    def noise(self) -> float:
        """Noise of the scores carried over by the distance's mean squared slope, its unit squared."""
        mean, variance = self._unseen_scores()
        with torch.no_grad():
            slopes = self._slopes(mean, variance) / variance.sqrt()
        levels = torch.tensor([output.noise for output in self.scores], dtype=torch.float64)
        return float((slopes.square() @ levels).mean())

    @property
    def unseen(self) -> Posterior:
        """Each training row's distance predicted without its curve (n, 1), noise included."""
        with torch.no_grad():
            draws = self._draws(*self._unseen_scores())
        return Posterior(draws.mean(-1)[:, None].numpy(), draws.var(-1, correction=0)[:, None].numpy())

    @property
    def state(self) -> dict[str, object]:
        """Hyperparameters of every component."""
        return {"components": [dict(output.state) for output in self.scores]}

    def embed(self, X: Tensor) -> Tensor:
        """(..., sum of widths) of X (..., d)."""
        return torch.cat([output.embed(X) for output in self.scores], -1)

    def mean(self, E: Tensor) -> Tensor:
        """(...,) mean distance."""
        return self._draws(*self._moments(E)).mean(-1)

    def variance(self, E: Tensor) -> Tensor:
        """(...,) variance of the distance, never 0."""
        draws = self._draws(*self._moments(E))
        return draws.var(-1, correction=0).clamp_min(1e-12 * float(draws.detach().square().max()) + 1e-300)

    def covariance(self, A: Tensor, B: Tensor) -> Tensor:
        """(..., a, b): each component's own correlation between the points, times both slopes."""
        left, right = self._moments(A), self._moments(B)
        slopes = self._slopes(*left)[..., :, None, :] * self._slopes(*right)[..., None, :, :]
        deviations = left[1].sqrt()[..., :, None, :] * right[1].sqrt()[..., None, :, :]
        parts = zip(self.scores, self._split(A), self._split(B), strict=True)
        between = torch.stack([output.covariance(a, b) for output, a, b in parts], -1)
        return (slopes * between / deviations).sum(-1)

    def _split(self, E: Tensor) -> tuple[Tensor, ...]:
        return torch.split(E, list(self.widths), -1)

    def _moments(self, E: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance (..., k) of the scores."""
        parts = list(zip(self.scores, self._split(E), strict=True))
        return (
            torch.stack([output.mean(part) for output, part in parts], -1),
            torch.stack([output.variance(part) for output, part in parts], -1),
        )

    def _unseen_scores(self) -> tuple[Tensor, Tensor]:
        """Mean and variance (n, k) of the training rows' scores, each predicted without its row."""
        parts = [output.unseen for output in self.scores]
        return (
            torch.tensor(np.hstack([part.mean for part in parts])),
            torch.tensor(np.hstack([part.variance for part in parts])),
        )

    def _draws(self, mean: Tensor, variance: Tensor) -> Tensor:
        """Distances (..., s) at fixed draws of the scores with mean and variance (..., k)."""
        scores = mean[..., None, :] + variance.sqrt()[..., None, :] * normal(len(self.scores), DRAWS)
        if self.target.distance == "rms":
            return self._rms(scores)
        curves = self.components.mean + scores @ self.components.basis
        if self.target.distance == "wasserstein":  # a density is nowhere below 0
            curves = curves.clamp_min(1e-12 * float(self.components.mean.abs().max()))
        wanted, axis = torch.tensor(self.target.values), torch.tensor(self.target.axis)
        distances: Tensor = distance(self.target.distance, curves, wanted, axis)
        return distances

    def _rms(self, scores: Tensor) -> Tensor:
        """The same without forming curves: the basis is orthonormal, so squares add up in scores (Parseval)."""
        own = self.components
        apart = own.mean - torch.tensor(self.target.values)
        inside = own.basis @ apart
        rest = (apart.square().sum() - inside.square().sum()).clamp_min(0.0) + own.left.square().sum()
        squares = (scores + inside).square().sum(-1) + rest
        return (squares / len(apart)).clamp_min(1e-300).sqrt()

    def _slopes(self, mean: Tensor, variance: Tensor) -> Tensor:
        """(..., k) what one deviation of each score does to the distance: slopes of a plane through the draws."""
        draws, z = self._draws(mean, variance), normal(len(self.scores), DRAWS)
        slopes: Tensor = (draws - draws.mean(-1, keepdim=True)) @ z / z.square().sum(0)
        return slopes


@lru_cache(maxsize=64)
def normal(k: int, draws: int) -> Tensor:
    """(draws, k) fixed normal numbers of mean 0 and deviation 1 and no correlation."""
    uniform = Sobol(k, scramble=True, rng=np.random.default_rng(0)).random(draws)
    z = ndtri(np.clip(uniform, 1e-6, 1 - 1e-6))
    z = z - z.mean(0)
    return torch.tensor(np.linalg.solve(np.linalg.cholesky(z.T @ z / draws), z.T).T)


def fit(
    recipe: Surrogate,
    target: Target,
    X: Array,
    curves: Array,
    names: Sequence[str],
    *,
    domain: Domain | None,
    start: State | None,
    tune: bool,
) -> FittedCurveDistance:
    """Learn the components of curves (n, p) at X (n, d) with `recipe`; ValueError where it cannot be learned from."""
    components = Components.of(curves)
    scores = components.scores(curves)
    X, scores, names = checked("a surrogate of curves", X, scores, tuple(names))
    as_many = len((start or {}).get("outputs", ())) == scores.shape[1]  # type: ignore[arg-type]
    inner = recipe.fit(X, scores, names, domain=domain, start=start if as_many else None, tune=tune)
    outputs = embedded(inner)
    assert outputs is not None, "what cannot learn a curve is refused before"
    held = scores.var(0).sum() / max(float(curves.var(0).sum()), np.finfo(float).tiny)
    note = f"curve: {len(outputs)} components hold {held:.1%} of the variance"
    with torch.no_grad():
        widths = tuple(output.embed(torch.tensor(X[:1])).shape[-1] for output in outputs)
    return FittedOutputs((DistanceOutput(outputs, components, target, widths, (note,)),), names)
