"""This file is the polynomial recipe: its options, and `fit` (the mathematics is in polynomial/model.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from eutectic.surrogates.base import Array, Domain, State
from eutectic.surrogates.options import strict

if TYPE_CHECKING:
    from eutectic.surrogates.polynomial.model import PolynomialOutput
    from eutectic.surrogates.posteriors.outputs import FittedOutputs


@strict
@dataclass(frozen=True, slots=True)
class Polynomial:
    """Bayesian ridge regression on standardised monomials: the honest baseline that must always be beaten."""

    degree: int = 3
    """Highest total degree, 1 to 3."""
    choose: bool = True
    """Take the degree from 1 up to `degree` with the most evidence; otherwise `degree` itself."""
    most: int = 1500
    """Most monomials; the degree is lowered where it would take more (25 inputs at degree 3 have 3275)."""

    embeds: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        if not 1 <= self.degree <= 3:
            raise ValueError(f"degree must be 1, 2 or 3, not {self.degree}")
        if self.most < 1:
            raise ValueError(f"most must be at least 1, not {self.most}")

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
    ) -> "FittedOutputs[PolynomialOutput]":
        """Learn Y (n, m) or (n,) from X (n, d); see `surrogates.base.Surrogate.fit`."""
        from eutectic.surrogates.polynomial.model import fit

        return fit(
            self.degree, self.choose, self.most, X, Y, names, variance=variance, domain=domain, start=start, tune=tune
        )
