"""This file is a fitted surrogate over a representation: learned from features, it answers for coordinates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from botorch.models.model import Model
from torch import Tensor

from eutectic.surrogates.base import Array, FittedSurrogate, Posterior, Representation, State
from eutectic.surrogates.posteriors.joint_moments import JointMoments, joint_moments
from eutectic.surrogates.validation import columns_of

PASSED = frozenset({"expressions", "formulas", "leave_one_out", "outputs"})
"""What a fitted surrogate may offer beside its contract, and offers here if it does."""
ASKED = frozenset({"task_of", "undefined"})
"""The same, of what it answers for rows."""


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
        return self.view.representation.differentiable and bool(getattr(self.inner, "differentiable", True))

    @property
    def model(self) -> Model:
        """A BoTorch model over coordinates."""
        return RepresentedModel(self.inner.model, self.view)

    def posterior(self, X: Array) -> Posterior:
        """Predict the m outputs at coordinates X (n, d)."""
        return self.inner.posterior(self.view.features(columns_of(X, self.names)))

    def sketched(self) -> "FittedRepresented":
        """The same with an inner surrogate that answers sooner, where it can."""
        inner: Any = self.inner
        return replace(self, inner=inner.sketched()) if hasattr(inner, "sketched") else self

    def joint_moments(self, fixed: Tensor) -> JointMoments:
        """X (r, d) -> mean (r,), variance (r,) of the first output and covariance (r, b) with fixed points (b, d)."""
        inner = joint_moments(self.inner, self.view(fixed))
        return lambda X: inner(self.view(X))

    def __getattr__(self, name: str) -> Any:
        """What the inner surrogate offers beside the contract."""
        if name in PASSED:
            return getattr(self.inner, name)
        if name in ASKED:
            answer = getattr(self.inner, name)
            return lambda X: answer(self.view.features(X))
        if name == "mirrored":
            mirrored = self.inner.mirrored  # type: ignore[attr-defined]
            return lambda total: replace(self, inner=mirrored(total))
        raise AttributeError(f"a surrogate over a representation has no {name!r}")


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
