"""This file is the Gaussian-process recipe: its options, and `fit` (the mathematics is in gp/model.py)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from eutectic.surrogates.base import Array, Domain, State
from eutectic.surrogates.calibration import Method
from eutectic.surrogates.options import strict

if TYPE_CHECKING:
    from eutectic.surrogates.gp.model import FittedGaussianProcess


@strict
@dataclass(frozen=True, slots=True)
class GaussianProcess:
    """Gaussian process; inputs scaled by the domain, outputs standardised, intervals widened by rows left out."""

    kernel: Literal["auto", "matern52", "matern32", "rbf", "additive", "composition"] = "auto"
    """Covariance of the numeric inputs. `auto`: `matern52`, or the smoother `rbf` on evidence. `additive`: sums
    over inputs and pairs of inputs beside the product of all; `composition`: linear and quadratic mixing beside
    `matern52`, where fractions among them sum to one. Category inputs multiply it by exp(-sum of mismatches /
    length)."""
    coupling: Literal["none", "icm"] = "none"
    """`icm`: the outputs fitted together share length scales and learn from each other through their correlation
    (intrinsic coregionalisation); `none`: each on its own."""
    calibration: Method = "conformal"
    """How leave-one-out errors widen variances: `conformal`, `scaled` or `none`."""
    stretch: bool = False
    """Widen large variances more than small ones, as far as leave-one-out errors say so; done for constraints."""
    ard: bool = True
    """One length scale an input (automatic relevance determination) instead of one for all."""
    noise: Literal["auto", "given", "inferred"] = "auto"
    """`auto`: given variances, moderated, say how noise differs between points and where its level is expected,
    and the level is inferred; `given`: variances are taken as they are; `inferred`: one unknown level."""
    moderation: float = 0.8
    """Share (0 to 1) of the neighbours' median in each moderated variance: errors from 2 or 3 repeats are noisy."""
    tune_rows: int = 400
    """Hyperparameters are tuned on at most so many rows; prediction always uses all of them."""
    iterations: int = 60
    """Most L-BFGS steps of a tuning run."""

    embeds: ClassVar[bool] = True
    compares: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        if not 0 <= self.moderation <= 1:
            raise ValueError(f"moderation must lie between 0 and 1, not {self.moderation}")
        for name, value, least in (("tune_rows", self.tune_rows, 10), ("iterations", self.iterations, 1)):
            if value < least:
                raise ValueError(f"{name} must be at least {least}, not {value}")

    def refuse(self, names: Sequence[str], domain: Domain) -> str | None:
        """Why the kernel does not suit d inputs of these names in this domain, or None: mixing needs a mixture."""
        if self.kernel != "composition" or domain.mixtures:
            return None
        return (
            f"kernel: composition is for fractions that sum to one, and none of {', '.join(names)} are; take auto or "
            "another kernel or, where candidates have compositions, give it `representation: fractions`"
        )

    def stretched(self) -> "GaussianProcess":
        """The same with `stretch`, less firm far from most rows; one that is coupled stays as it is."""
        return replace(self, stretch=self.stretch or self.coupling == "none")

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
    ) -> "FittedGaussianProcess":
        """Learn Y (n, m) from X (n, d); see `surrogates.base.Surrogate.fit`."""
        from eutectic.surrogates.gp.model import fit

        return fit(self, X, Y, variance=variance, domain=domain, start=start, tune=tune, names=tuple(names))
