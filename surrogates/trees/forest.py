"""This file is the forest recipe: its options, and `fit` (the mathematics is in forest_model.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from eutectic.surrogates.base import Array, Domain, State
from eutectic.surrogates.calibration import Method
from eutectic.surrogates.options import strict

if TYPE_CHECKING:
    from eutectic.surrogates.posteriors.outputs import FittedOutputs
    from eutectic.surrogates.trees.forest_model import ForestOutput


@strict
@dataclass(frozen=True, slots=True)
class Forest:
    """Random forest or extremely randomised trees; the spread of the trees, calibrated on out-of-bag errors."""

    trees: int = 100
    """Trees, dimensionless number."""
    kind: Literal["extra", "random"] = "extra"
    """`extra`: thresholds drawn at random (Geurts et al. 2006), better on few smooth data; `random`: Breiman's."""
    features: float = 1.0
    """Share of the inputs a split may choose among, above 0 to 1."""
    least_leaf: int = 1
    """Fewest rows in a leaf."""
    calibration: Method = "scaled"
    """`scaled`: variance = scale * spread + floor, likeliest for the out-of-bag errors; `conformal`: these times the
    factor that makes 95 % intervals hold 95 % of them; `none`: the plain spread of the trees."""
    seed: int = 0
    """Seed of the trees; equal seeds and data give equal forests."""

    embeds: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        for name, value, least in (
            ("trees", self.trees, 2),
            ("least_leaf", self.least_leaf, 1),
            ("seed", self.seed, 0),
        ):
            if value < least:
                raise ValueError(f"{name} must be at least {least}, not {value}")
        if not 0 < self.features <= 1:
            raise ValueError(f"features must be above 0 and at most 1, not {self.features}")

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
    ) -> "FittedOutputs[ForestOutput]":
        """Learn Y (n, m) or (n,) from X (n, d); see `surrogates.base.Surrogate.fit`.

        Trees are always grown anew from `seed` and the data; with tune=False the calibration is that of `start`.
        """
        from eutectic.surrogates.trees.forest_model import fit

        return fit(self, X, Y, names, variance=variance, domain=domain, start=start, tune=tune)
