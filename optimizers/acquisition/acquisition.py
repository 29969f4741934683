"""This file is what a search asks of an acquisition, whichever it is."""

from typing import Protocol

from torch import Tensor

from eutectic.optimizers.models.belief import Belief


class Acquisition(Protocol):
    """What a point is worth, given fixed ones; the point chosen joins them."""

    @property
    def belief(self) -> Belief:
        """What it is computed from."""
        ...

    @property
    def fixed(self) -> Tensor:
        """(b, d) observed, pending and chosen points."""
        ...

    @property
    def scale(self) -> float:
        """A large value, in the unit of `value`."""
        ...

    def log(self, X: Tensor) -> Tensor:
        """Logarithm (r,) of the worth of X (r, d); differentiable."""
        ...

    def value(self, X: Tensor) -> Tensor:
        """The worth (r,) itself, cheap, for ranking; no gradient."""
        ...

    def joined(self, x: Tensor) -> "Acquisition":
        """The same with x (k, d) among the fixed points."""
        ...

    def few(self) -> "Acquisition":
        """The same with a quarter of the draws."""
        ...

    def rough(self) -> "Acquisition":
        """About the same, much sooner: what is expected in place of draws, and what sketches of surrogates say."""
        ...
