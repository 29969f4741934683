"""This file is what a surrogate may be able to do beside its contract, and is asked for where it can.

Recipes first, then what they fit, then representations. Each ability is a `Protocol`; a part has it by having its
member, and declares nothing else. What every surrogate has stands in `base.py`. A fitted surrogate that answers by
another one (`StandIn`) has the abilities of that one: the functions at the end ask through it.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

import numpy as np

from eutectic.surrogates.base import Array, Domain, FittedSurrogate, Output, Posterior, Replicas, Surrogate

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Choosy(Protocol):
    """A recipe that cannot learn from every kind of input."""

    def refuse(self, names: Sequence[str], domain: Domain) -> str | None:
        """Why it cannot learn from d inputs of these names in this domain, said before the run; None where it can."""
        ...


@runtime_checkable
class UnitAware(Protocol):
    """A recipe that asks for units."""

    def with_units(self, units: Sequence[str]) -> Self:
        """The same, told the unit of each input, "" where dimensionless."""
        ...


@runtime_checkable
class Stretchable(Protocol):
    """A recipe that can be more careful far from data, as constraints are learned."""

    def stretched(self) -> Self:
        """The same with wider intervals there."""
        ...


@runtime_checkable
class ReplicaLearning(Protocol):
    """A recipe that learns from what a value is the mean of; its `fit` takes `replicas` then, one a row."""

    def with_replicas(self, X: Array, replicas: Sequence[Replicas | None]) -> Self:
        """The same, told what an output's values at rows X (n, d) are means of."""
        ...


@runtime_checkable
class CurveLearning(Protocol):
    """A recipe of a distance to a curve that learns the curve."""

    def measured(self, X: Array, curves: Array) -> Self:
        """The same, told the curves (n, p) at rows X (n, d); a row of NaN is none."""
        ...


@runtime_checkable
class Coupled(Protocol):
    """A recipe that may learn several outputs together: those of equal recipes are then fitted at once."""

    @property
    def coupling(self) -> str:
        """How; "none" where each is learned alone."""
        ...


@runtime_checkable
class Sequential(Protocol):
    """A recipe that may read sequences: it is given the representation `element_sequence`, and alone reads such."""

    @property
    def sequential(self) -> bool:
        """True where it does."""
        ...


@runtime_checkable
class Embedding(Protocol):
    """A recipe whose fits are `Embedded`, so that it can learn the components of a curve."""

    @property
    def embeds(self) -> bool:
        """True where they are."""
        ...


@runtime_checkable
class Comparing(Protocol):
    """A recipe that learns which labels of a category are alike from what describes them."""

    @property
    def compares(self) -> bool:
        """True where it does."""
        ...


@runtime_checkable
class LeavingOut(Protocol):
    """A fitted surrogate that knows its training rows left out, without being fitted again."""

    def leave_one_out(self) -> Posterior:
        """Each training row predicted without it (n, m); the variance includes its noise."""
        ...


@runtime_checkable
class LearnedTogether(Protocol):
    """A fitted surrogate whose outputs may have learned from each other."""

    @property
    def coupled(self) -> bool:
        """True where they have: what a row says of the others is then not left out by `leave_one_out`."""
        ...


@runtime_checkable
class NoiseTelling(Protocol):
    """A fitted surrogate that says how much an observation strays."""

    @property
    def noise(self) -> Array:
        """(m,) variance of an observation that the posterior leaves out, outputs' units squared."""
        ...


@runtime_checkable
class Joint(Protocol):
    """A fitted surrogate that knows a point together with fixed ones sooner than its BoTorch model does."""

    def joint_moments(self, fixed: "Tensor") -> "Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]":
        """X (r, d) -> mean (r,), variance (r,) of the first output and covariance (r, b) with fixed points (b, d)."""
        ...


@runtime_checkable
class Sketching(Protocol):
    """A fitted surrogate that can answer sooner, for looking over long lists."""

    def sketched(self) -> FittedSurrogate:
        """Nearly the same posterior in less time."""
        ...


@runtime_checkable
class Mirroring(Protocol):
    """A fitted surrogate that knows what a fit to the complements of its values would be."""

    def mirrored(self, total: float) -> FittedSurrogate | None:
        """What a fit to `total` less its outputs would be; None where what answers for it cannot tell."""
        ...


@runtime_checkable
class Smooth(Protocol):
    """A fitted surrogate that says whether it is smooth; one that does not is."""

    @property
    def differentiable(self) -> bool:
        """False: gradients lead nowhere, and a search moves to neighbours instead."""
        ...


@runtime_checkable
class Embedded(Protocol):
    """A fitted surrogate each of whose outputs can be asked about an embedding of points."""

    @property
    def embedded(self) -> tuple[Output, ...] | None:
        """The outputs (m); None where what answers for it has none."""
        ...


@runtime_checkable
class StandIn(Protocol):
    """A fitted surrogate that answers by another one over the same inputs."""

    @property
    def in_charge(self) -> FittedSurrogate:
        """That one."""
        ...


@runtime_checkable
class Viewing(Protocol):
    """A fitted surrogate that answers by another one over features of its inputs."""

    @property
    def inner(self) -> FittedSurrogate:
        """That one."""
        ...

    def features(self, X: Array) -> Array:
        """What it sees (n, f) of rows X (n, d)."""
        ...


@runtime_checkable
class Spelling(Protocol):
    """A representation whose rows are sequences of labels, for `Sequential` recipes alone."""

    @property
    def sequence(self) -> tuple[int, int] | None:
        """Number and length of the sequences that a row spells; None: none."""
        ...

    @property
    def labels(self) -> Sequence[str]:
        """What stands on its sites, by code."""
        ...


def compares(recipe: object) -> bool:
    """Does it learn from what describes the labels of a category (`Domain.descriptors`)?"""
    return isinstance(recipe, Comparing) and bool(recipe.compares)


def embeds(recipe: object) -> bool:
    """Can it learn the components of a curve?"""
    return isinstance(recipe, Embedding) and bool(recipe.embeds)


def refusal(recipe: object, names: Sequence[str], domain: Domain) -> str | None:
    """Why a recipe cannot learn from these inputs, or None."""
    return recipe.refuse(names, domain) if isinstance(recipe, Choosy) else None


def stretched(recipe: Surrogate) -> Surrogate:
    """The recipe with wider intervals far from data, where it can have them."""
    return recipe.stretched() if isinstance(recipe, Stretchable) else recipe


def coupled(recipe: object) -> bool:
    """Does it learn several outputs together?"""
    return isinstance(recipe, Coupled) and recipe.coupling != "none"


def sequential(recipe: object) -> bool:
    """Does it read sequences?"""
    return isinstance(recipe, Sequential) and bool(recipe.sequential)


def spells(representation: object) -> bool:
    """Are its rows sequences?"""
    return isinstance(representation, Spelling) and representation.sequence is not None


def true_fit(fitted: FittedSurrogate) -> FittedSurrogate:
    """The fitted surrogate that answers in truth, over the same inputs."""
    while isinstance(fitted, StandIn):
        fitted = fitted.in_charge
    return fitted


def leaving_out(fitted: FittedSurrogate) -> LeavingOut | None:
    """What knows the training rows left out; None where only new fits could tell."""
    own = true_fit(fitted)
    if isinstance(own, Viewing):
        return leaving_out(own.inner)
    return own if isinstance(own, LeavingOut) else None


def coupled_fit(fitted: FittedSurrogate) -> bool:
    """Have its outputs learned from each other?"""
    own = true_fit(fitted)
    if isinstance(own, Viewing):
        return coupled_fit(own.inner)
    return isinstance(own, LearnedTogether) and bool(own.coupled)


def noise(fitted: FittedSurrogate) -> Array:
    """(m,) variance of an observation that the posterior leaves out; (1,) 0 of a surrogate that does not tell."""
    own = true_fit(fitted)
    if isinstance(own, Viewing):
        return noise(own.inner)
    return np.asarray(own.noise, dtype=float) if isinstance(own, NoiseTelling) else np.zeros(1)


def differentiable(fitted: FittedSurrogate) -> bool:
    """Do gradients lead anywhere?"""
    own = true_fit(fitted)
    return bool(own.differentiable) if isinstance(own, Smooth) else True


def sketched(fitted: FittedSurrogate) -> FittedSurrogate:
    """Nearly the same posterior in less time, where that is to be had."""
    own = true_fit(fitted)
    return own.sketched() if isinstance(own, Sketching) else fitted


def embedded(fitted: FittedSurrogate) -> tuple[Output, ...] | None:
    """The outputs with their embeddings; None of a surrogate that has none."""
    own = true_fit(fitted)
    return own.embedded if isinstance(own, Embedded) else None


def mirrored(fitted: FittedSurrogate, total: float) -> FittedSurrogate | None:
    """What a fit to `total` less its outputs would be, where that is known without one."""
    own = true_fit(fitted)
    return own.mirrored(total) if isinstance(own, Mirroring) else None
