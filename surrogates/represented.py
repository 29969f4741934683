"""This file is any surrogate over a representation: it learns from features and answers for coordinates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogates.base import Array, Domain, FittedSurrogate, Posterior, Representation, State, Surrogate
from surrogates.checks import checked, columns_of

if TYPE_CHECKING:
    from botorch.models.model import Model
    from torch import Tensor

    from surrogates.conditional import Conditional

PASSED = frozenset({"expressions", "formulas", "leave_one_out", "outputs"})
"""What a fitted surrogate may offer beside its contract, and offers here if it does."""


@dataclass(frozen=True, slots=True)
class Represented:
    """A recipe that sees a representation instead of the coordinates."""

    recipe: Surrogate
    representation: Representation
    reach: Callable[[], Array] | None = None
    """Rows (k, d) spread over the space: features are scaled by their range there, and constant ones left out. None:
    the rows learned from."""

    def stretched(self) -> "Represented":
        """The same with a recipe that is `stretched`, where it can be."""
        recipe: Any = self.recipe
        return replace(self, recipe=recipe.stretched()) if hasattr(recipe, "stretched") else self

    def fit(
        self,
        X: Array,
        Y: Array,
        names: Sequence[str] = (),
        *,
        variance: Array | None = None,
        domain: Domain | None = None,
        start: State | None = None,
        tune: bool = True,
    ) -> "FittedRepresented":
        """Learn Y (n, m) or (n,) from the features of X (n, d); see `surrogates.base.Surrogate.fit`."""
        del domain  # of the coordinates
        X, Y, names = checked("a surrogate", X, Y, names)
        whole = self.representation.domain(X if self.reach is None else self.reach())
        kept = varying(whole)
        labels = tuple(self.representation.names[j] for j in kept)
        recipe: Any = self.recipe
        if hasattr(recipe, "with_units"):
            recipe = recipe.with_units(tuple(self.representation.units[j] for j in kept))
        view = View(self.representation, kept)
        box = restricted(whole, kept)
        inner = recipe.fit(view.features(X), Y, labels, variance=variance, domain=box, start=start, tune=tune)
        return FittedRepresented(inner, view, names)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Some features of a representation."""

    representation: Representation
    kept: tuple[int, ...]

    def __call__(self, X: "Tensor") -> "Tensor":
        """Features (..., f) of coordinates X (..., d)."""
        return self.representation(X)[..., list(self.kept)]

    def features(self, X: Array) -> Array:
        """The same (n, f) of an array X (n, d)."""
        import torch

        out: Array = self(torch.as_tensor(X, dtype=torch.float64)).detach().numpy()
        return out


@dataclass(frozen=True, slots=True, eq=False)
class FittedRepresented:
    """A surrogate that has seen features."""

    inner: FittedSurrogate
    view: View
    names: tuple[str, ...]
    """Of the coordinates (d)."""

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
    def model(self) -> "Model":
        """A BoTorch model over coordinates."""
        from surrogates.represented_botorch import RepresentedModel

        return RepresentedModel(self.inner.model, self.view)

    def posterior(self, X: Array) -> Posterior:
        """Predict the m outputs at coordinates X (n, d)."""
        return self.inner.posterior(self.view.features(columns_of(X, self.names)))

    def bound(self, fixed: "Tensor") -> "Conditional":
        """X (r, d) -> mean (r,), variance (r,) of the first output and covariance (r, b) with fixed points (b, d)."""
        from surrogates.conditional import bound

        inner = bound(self.inner, self.view(fixed))
        return lambda X: inner(self.view(X))

    def __getattr__(self, name: str) -> Any:
        """What the inner surrogate offers beside the contract."""
        if name in PASSED:
            return getattr(self.inner, name)
        raise AttributeError(f"a surrogate over a representation has no {name!r}")


def varying(domain: Domain) -> tuple[int, ...]:
    """The features that vary over a domain, whole sequences always; the first where none does."""
    if domain.sequence is not None:
        return tuple(range(len(domain.lower)))
    size = np.maximum(np.abs(domain.lower), np.abs(domain.upper))
    return tuple(int(j) for j in np.flatnonzero(domain.upper - domain.lower > 1e-9 * size)) or (0,)


def restricted(domain: Domain, kept: tuple[int, ...]) -> Domain:
    """The domain of some of its columns."""
    codes = tuple(kept.index(j) for j in domain.categorical if j in kept)
    return Domain(domain.lower[list(kept)], domain.upper[list(kept)], codes, domain.sequence)
