"""This file is the stacked recipe: its options, and `fit` (the mathematics is in stacked_{weighted, published}.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from eutectic.surrogates.base import Array, Domain, State
from eutectic.surrogates.calibration import Method
from eutectic.surrogates.frames import near
from eutectic.surrogates.options import strict

if TYPE_CHECKING:
    from eutectic.surrogates.base import Output
    from eutectic.surrogates.posteriors.outputs import FittedOutputs


MEMBERS = ("gp", "forest", "polynomial")
"""Models that can be stacked."""


@strict
@dataclass(frozen=True, slots=True)
class Stacked:
    """Several models under weights learned from what each predicts of rows it has not seen."""

    preset: Literal["weighted", "published"] = "weighted"
    """`weighted`: `members` under weights that are not negative and sum to one; `published`: linear regression by
    stochastic gradient descent, a multilayer perceptron and Bayesian ridge regression under a second perceptron, as in
    Wang et al. 2025 (doi 10.1038/s41524-025-01600-x)."""
    members: tuple[str, ...] = MEMBERS
    """Models of the `weighted` preset, each once, with their default options."""
    calibration: Method = "conformal"
    """How variances are set right by leave-one-out (`published`: cross-validation) errors: `scaled`, `conformal` or
    `none`; `weighted` is only ever widened."""
    folds: int = 5
    """Folds of the `published` preset's cross-validation, at least 2."""
    iterations: int = 10_000
    """Most passes over the data of the `published` preset's perceptrons."""
    seed: int = 0
    """Seed of forest, folds and perceptrons; equal seeds and data give equal fits."""

    embeds: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        for name in self.members:
            if name not in MEMBERS:
                raise ValueError(f"members: {name!r} is unknown{near(name, MEMBERS)}")
        if not self.members or len(set(self.members)) < len(self.members):
            raise ValueError(f"members must name each model once and at least one, not {list(self.members)}")
        for name, value, least in (
            ("folds", self.folds, 2),
            ("iterations", self.iterations, 1),
            ("seed", self.seed, 0),
        ):
            if value < least:
                raise ValueError(f"{name} must be at least {least}, not {value}")

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
    ) -> "FittedOutputs[Output]":
        """Learn Y (n, m) or (n,) from X (n, d); see `surrogates.base.Surrogate.fit`.

        With tune=False the members' hyperparameters, the weights and the calibration are those of `start`.
        """
        if self.preset == "published":
            from eutectic.surrogates.composite import stacked_published as published

            return published.fit(self, X, Y, names, variance=variance, domain=domain, start=start, tune=tune)
        from eutectic.surrogates.composite import stacked_weighted as weighted

        own = (self.members, self.calibration, self.seed)
        return weighted.fit(*own, X, Y, names, variance=variance, domain=domain, start=start, tune=tune)
