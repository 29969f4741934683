"""This file is a surrogate of a distance that learns the curve behind it (the mathematics is in curve_model.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eutectic.surrogates.abilities import refusal, stretched
from eutectic.surrogates.base import Array, Domain, FittedSurrogate, State, Surrogate
from eutectic.surrogates.composite.curve_distance import Target

if TYPE_CHECKING:
    from eutectic.surrogates.composite.curve_model import FittedCurveDistance


@dataclass(frozen=True, slots=True)
class CurveDistance:
    """A recipe for the principal components of a curve, from which its distance to a target follows.

    A distance has a kink where it is smallest, which is where the search goes; curves change smoothly, and one curve
    tells far more than its distance does.
    """

    recipe: Surrogate
    """What learns each component."""
    target: Target
    curves: Mapping[bytes, tuple[Array, ...]] = field(default_factory=dict)
    """Row (its bytes) -> the curves (p,) measured there; see `measured`."""

    def measured(self, X: Array, curves: Array) -> "CurveDistance":
        """The same, told the curves (n, p) at rows X (n, d); a row of NaN is none."""
        told: dict[bytes, tuple[Array, ...]] = {}
        for x, curve in zip(X, curves, strict=True):
            if np.isfinite(curve).all():
                told[x.tobytes()] = (*told.get(x.tobytes(), ()), curve)
        return replace(self, curves=told)

    def stretched(self) -> "CurveDistance":
        """The same with a recipe that is `stretched`, where it can be."""
        return replace(self, recipe=stretched(self.recipe))

    def refuse(self, names: Sequence[str], domain: Domain) -> str | None:
        """Why the recipe cannot learn from these inputs, or None."""
        return refusal(self.recipe, names, domain)

    def at(self, X: Array) -> Array | None:
        """The curves (n, p) measured at rows X (n, d), in the order told where rows are equal; None: of some none."""
        left = {key: list(curves) for key, curves in self.curves.items()}
        rows = [left[key].pop(0) if left.get(key := x.tobytes()) else None for x in X]
        known = [row for row in rows if row is not None]
        return np.array(known) if known and len(known) == len(rows) else None

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
    ) -> "FittedCurveDistance | FittedSurrogate":
        """Learn the distances Y (n, 1) at X (n, d), from their curves; see `surrogates.base.Surrogate.fit`.

        Where no curve was told of some row (a distance typed in by hand), distances are learned as they are.
        """
        X = np.asarray(X, dtype=float)
        curves, components = self.at(X), components_of(start)
        if curves is None:
            plain = None if components else start
            return self.recipe.fit(X, Y, names, variance=variance, domain=domain, start=plain, tune=tune)
        from eutectic.surrogates.composite.curve_model import fit

        return fit(self.recipe, self.target, X, curves, names, domain=domain, start=components, tune=tune)


def components_of(start: State | None) -> State | None:
    """What the components of an earlier fit start from, None where it learned distances."""
    outputs: Any = (start or {}).get("outputs")
    components = outputs[0].get("components") if outputs else None
    return None if components is None else {"outputs": components}
