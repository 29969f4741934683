"""This file is the recipe of the surrogate over a ladder of rungs: its options, and `fit`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from surrogates.base import Array, Domain, State

if TYPE_CHECKING:
    from surrogates.multifidelity_model import FittedCoKriging


@dataclass(frozen=True, slots=True)
class CoKriging:
    """Autoregressive co-kriging: each rung is the one below, scaled, plus a discrepancy that is a Gaussian process.

    Kennedy and O'Hagan 2000, doi 10.1093/biomet/87.1.1, eq. 2; all rungs are inferred jointly, so that their inputs
    need not be nested. It learns each rung's scale, bias and noise.
    """

    kernel: Literal["matern52", "matern32", "rbf"] = "matern52"
    """Covariance of the numeric inputs; categories multiply it by exp(-sum of mismatches / length)."""
    iterations: int = 60
    """Most L-BFGS steps of a tuning run."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        if self.iterations < 1:
            raise ValueError(f"iterations must be at least 1, not {self.iterations}")

    def fit(
        self,
        X: Array,
        rung: Array,
        y: Array,
        *,
        rungs: int,
        variance: Array | None = None,
        domain: Domain | None = None,
        start: State | None = None,
        tune: bool = True,
        own: bool = False,
    ) -> "FittedCoKriging":
        """Learn y (n,) at X (n, d) on `rung` (n,), 0 the lowest of `rungs`; all finite, n at least 1.

        variance: known noise variance (n,), NaN where unknown. start: the `state` of an earlier fit, to begin from.
        tune: with False, `start` is taken as it is. own: X are designs of a list whose values carry no chance, so that
        what inputs cannot tell of a value is the design's own and tells of its value on the rungs above.
        ValueError for data that cannot be learned from.
        """
        from surrogates.multifidelity_model import fit

        return fit(self, X, rung, y, rungs, variance=variance, domain=domain, start=start, tuned=tune, own=own)
