"""This file is how far a curve is from a target curve, for numpy arrays and torch tensors alike."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from eutectic.surrogates.base import Array

Distance = Literal["rms", "wasserstein", "cosine"]


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A curve that is wanted, on p points."""

    axis: Array
    """(p,) where the points lie, increasing; 0, 1, 2, ... where the file has no axis."""
    values: Array
    """(p,) finite."""
    distance: Distance
    digest: str = ""
    """SHA-256 of axis, values and distance: what a recorded distance depends on."""

    def __post_init__(self) -> None:
        """ValueError for a target that the distance cannot be taken from."""
        if len(self.values) < 2:
            raise ValueError("a target curve needs at least 2 points")
        if not (np.diff(self.axis) > 0).all():
            raise ValueError("the axis of a target curve must increase from row to row")
        if reason := self.refuse(self.values):
            raise ValueError(reason)

    def refuse(self, curve: Array) -> str:
        """Why no distance can be taken of a curve (p,), or ""."""
        if len(curve) != len(self.values):
            return f"it has {len(curve)} points, the target {len(self.values)}"
        if not np.isfinite(curve).all():
            return f"point {int(np.flatnonzero(~np.isfinite(curve))[0]) + 1} is not finite"
        if self.distance == "wasserstein" and ((curve < 0).any() or not curve.sum() > 0):
            return "the Wasserstein distance is between densities: no point below 0, and not all of them 0"
        if self.distance == "cosine" and not curve.any():
            return "the cosine distance has no meaning where every point is 0"
        return ""

    def of(self, curve: Array) -> float:
        """The distance of one curve (p,); see `distance`."""
        return float(distance(self.distance, curve, self.values, self.axis))


def distance(kind: Distance, curves: Any, target: Any, axis: Any) -> Any:
    """Distances (...,) of curves (..., p) from the target (p,), all arrays or all tensors.

    rms: root of the mean squared difference over the points, unit of the curve. cosine: 1 less the cosine of the angle
    between both, dimensionless. wasserstein: of order 1 between both as densities of equal mass, unit of the axis: the
    integral of the difference of their distribution functions (Vallender 1974, doi 10.1137/1118101).
    """
    if kind == "rms":
        return ((curves - target) ** 2).mean(-1) ** 0.5
    if kind == "cosine":
        norms = ((curves**2).sum(-1) * (target**2).sum()) ** 0.5
        return 1.0 - (curves * target).sum(-1) / norms
    gaps = axis[1:] - axis[:-1]
    (below, whole), (wanted_below, wanted_whole) = masses(curves, gaps), masses(target, gaps)
    return (abs(below / whole[..., None] - wanted_below / wanted_whole) * gaps).sum(-1)


def masses(densities: Any, gaps: Any) -> tuple[Any, Any]:
    """Mass (..., p - 1) below the middle of each gap, and the whole mass (...,), of densities (..., p)."""
    mass = 0.5 * (densities[..., 1:] + densities[..., :-1]) * gaps
    return mass.cumsum(-1) - 0.5 * mass, mass.sum(-1)
