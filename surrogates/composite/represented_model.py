"""This file is a fitted surrogate over a representation: learned from features, it answers for coordinates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from botorch.models.model import Model
from torch import Tensor

from eutectic.surrogates.abilities import differentiable, embedded, mirrored, sketched
from eutectic.surrogates.base import Array, FittedSurrogate, Output, Posterior, Representation, State
from eutectic.surrogates.posteriors.joint_moments import JointMoments, joint_moments
from eutectic.surrogates.validation import columns_of


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Some features of a representation."""

    representation: Representation
    kept: tuple[int, ...]

    def __call__(self, X: Tensor) -> Tensor:
        """Features (..., f) of coordinates X (..., d)."""
        return self.representation(X)[..., list(self.kept)]

    def features(self, X: Array) -> Array:
        """The same (n, f) of an array X (n, d)."""
        out: Array = self(torch.as_tensor(X, dtype=torch.float64)).detach().numpy()
        return out


@dataclass(frozen=True, slots=True, eq=False)
class ViewedOutput:
    """One output of the inner surrogate, which embeds points by their features."""

    inner: Output
    view: View

    @property
    def differentiable(self) -> bool:
        """Do both the representation and the output have gradients that lead anywhere?"""
        return self.view.representation.differentiable and self.inner.differentiable

    @property
    def noise(self) -> float:
        """The inner output's."""
        return self.inner.noise

    @property
    def unseen(self) -> Posterior:
        """The inner output's."""
        return self.inner.unseen

    @property
    def notes(self) -> tuple[str, ...]:
        """The inner output's."""
        return self.inner.notes

    @property
    def state(self) -> State:
        """The inner output's."""
        return self.inner.state

    def embed(self, X: Tensor) -> Tensor:
        """Embedding (..., k) of coordinates X (..., d)."""
        return self.inner.embed(self.view(X))

    def mean(self, E: Tensor) -> Tensor:
        """Mean (...,) at embedded points (..., k)."""
        return self.inner.mean(E)

    def variance(self, E: Tensor) -> Tensor:
        """Variance (...,) at embedded points (..., k)."""
        return self.inner.variance(E)

    def covariance(self, A: Tensor, B: Tensor) -> Tensor:
        """Covariance (..., a, b) between embedded A (..., a, k) and B (..., b, k)."""
        return self.inner.covariance(A, B)


@dataclass(frozen=True, slots=True, eq=False)
class FittedRepresented:
    """A surrogate that has seen features."""

    inner: FittedSurrogate
    view: View
    names: tuple[str, ...]
    """Of the coordinates (d)."""

    def __repr__(self) -> str:
        """One line: the inner surrogate, and of what."""
        return f"<FittedRepresented: {self.inner!r} of {', '.join(self.names)}>"

    @property
    def state(self) -> State:
        """The inner surrogate's."""
        return self.inner.state

    @property
    def notes(self) -> Sequence[str]:
        """The inner surrogate's."""
        return self.inner.notes

    @property
    def differentiable(self) -> bool:
        """Do both the representation and the surrogate have gradients that lead anywhere?"""
        return self.view.representation.differentiable and differentiable(self.inner)

    @property
    def model(self) -> Model:
        """A BoTorch model over coordinates."""
        return RepresentedModel(self.inner.model, self.view)

    def posterior(self, X: Array) -> Posterior:
        """Predict the m outputs at coordinates X (n, d)."""
        return self.inner.posterior(self.features(X))

    def split(self) -> "tuple[FittedRepresented, ...]":
        """The outputs one by one, where the inner surrogate has learned several together."""
        inner: Any = self.inner
        return tuple(replace(self, inner=part) for part in inner.split())

    def sketched(self) -> "FittedRepresented":
        """The same with an inner surrogate that answers sooner, where it can."""
        return replace(self, inner=sketched(self.inner))

    @property
    def embedded(self) -> tuple[ViewedOutput, ...] | None:
        """The inner surrogate's outputs, as functions of coordinates; None where it has none."""
        outputs = embedded(self.inner)
        return None if outputs is None else tuple(ViewedOutput(output, self.view) for output in outputs)

    def mirrored(self, total: float) -> "FittedRepresented | None":
        """The same over the inner surrogate's `mirrored`, None where it has none."""
        inner = mirrored(self.inner, total)
        return None if inner is None else replace(self, inner=inner)

    def features(self, X: Array) -> Array:
        """What the inner surrogate sees (n, f) of coordinates X (n, d)."""
        return self.view.features(columns_of(X, self.names))

    def joint_moments(self, fixed: Tensor) -> JointMoments:
        """X (r, d) -> mean (r,), variance (r,) of the first output and covariance (r, b) with fixed points (b, d)."""
        inner = joint_moments(self.inner, self.view(fixed))
        return lambda X: inner(self.view(X))


class RepresentedModel(Model):  # type: ignore[misc]
    """Coordinates (..., q, d) -> posterior (..., q, m) of the inner model at their features."""

    def __init__(self, inner: Model, view: View) -> None:
        super().__init__()
        self.inner = inner
        self.view = view
        self.eval()

    @property
    def num_outputs(self) -> int:
        """Number of outputs, m."""
        return int(self.inner.num_outputs)

    @property
    def batch_shape(self) -> torch.Size:
        """The inner model's."""
        return torch.Size(self.inner.batch_shape)

    def posterior(
        self,
        X: Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: Callable[[Any], Any] | None = None,
    ) -> Any:
        """BoTorch posterior at X (..., q, d)."""
        return self.inner.posterior(
            self.view(X),
            output_indices=output_indices,
            observation_noise=observation_noise,
            posterior_transform=posterior_transform,
        )
