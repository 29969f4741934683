"""This file is what is wanted of a property: goals, limits, sanity windows; a sign is flipped nowhere else.

The windows are also the sanity gate: `refusal` keeps values that cannot be true from every optimizer.
"""

import builtins
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Sense = Literal["minimize", "maximize", "target"]
Side = Literal["min", "max"]


@dataclass(frozen=True, slots=True)
class Window:
    """The values of a property that can be true at all; anything outside is refused as unphysical."""

    min: float | None = None
    """Smallest believable value, in the property's unit; None: no limit."""
    max: float | None = None
    """Largest believable value, in the property's unit; None: no limit."""

    def __contains__(self, value: float) -> bool:
        """Is the value (in the property's unit) inside? NaN is not."""
        low = -float("inf") if self.min is None else self.min
        high = float("inf") if self.max is None else self.max
        return low <= value <= high

    def __str__(self) -> str:
        low, high = ("" if end is None else f"{end:g}" for end in (self.min, self.max))
        return f"{low or '-inf'} to {high or 'inf'}"

    def meet(self, other: "Window") -> "Window":
        """What lies in both."""
        lows = [end for end in (self.min, other.min) if end is not None]
        highs = [end for end in (self.max, other.max) if end is not None]
        return Window(max(lows, default=None), min(highs, default=None))


@dataclass(frozen=True, slots=True)
class CurveGoal:
    """A curve that a property is to be like."""

    file: str
    """CSV with the target's points, relative to the campaign file."""
    distance: str
    """`rms`, `wasserstein` or `cosine`."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One objective."""

    name: str
    """The property, its unit in the name."""
    kind: Sense
    target: float | None = None
    """The wanted value, in the property's unit; only for `target`."""
    tolerance: float = 0.0
    """Half-width within which a target counts as met, in the property's unit."""
    reference: float | None = None
    """The worst acceptable value, in the property's unit: the hypervolume's reference point; None: chosen later."""
    valid: Window = Window()
    curve: CurveGoal | None = None
    """For a property that is a curve: its value then is the distance to this one, which is minimised."""

    @property
    def distance(self) -> str:
        """Which distance to a wanted curve its value is: `rms`, `wasserstein`, `cosine`; "" for a plain property."""
        return "" if self.curve is None else self.curve.distance

    def signed(self, value: float) -> float:
        """What a surrogate models: the value, its negative when maximised, its distance above a target."""
        if self.kind == "target":
            assert self.target is not None
            return value - self.target
        return -value if self.kind == "maximize" else value

    def loss(self, signed: float) -> float:
        """What an optimizer minimises, from `signed`; 0 within a target's tolerance, NaN stays NaN."""
        return signed if self.kind != "target" else max(abs(signed) - self.tolerance, 0.0)

    def natural(self, signed: float) -> float:
        """The value in the property's unit, from `signed`."""
        if self.kind == "target":
            assert self.target is not None
            return signed + self.target
        return -signed if self.kind == "maximize" else signed

    @property
    def reference_loss(self) -> float | None:
        """The reference as a loss; None when none is given."""
        return None if self.reference is None else self.loss(self.signed(self.reference))

    def __str__(self) -> str:
        if self.curve is not None:
            return f"{self.name}: {self.curve.distance} distance to {self.curve.file}"
        within = f" within {self.tolerance:g}" if self.tolerance else ""
        aim = f"target {self.target:g}{within}" if self.kind == "target" else self.kind
        return f"{self.name}: {aim}"


ROUNDING = 1e-9
"""Share of a bound within which a value is on it, as where the bound is known before an evaluation."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One side of a constraint."""

    property: str
    """Its unit is in the name."""
    side: Side
    bound: float
    """In the property's unit."""

    @builtins.property
    def name(self) -> str:
        """`{property}_min` or `{property}_max`, fit for a table's column."""
        return f"{self.property}_{self.side}"

    def excess(self, value: float) -> float:
        """By how much the bound is overstepped, in the property's unit; feasible where <= 0, rounding apart."""
        over = self.bound - value if self.side == "min" else value - self.bound
        return 0.0 if 0 < over <= ROUNDING * abs(self.bound) else over

    def __str__(self) -> str:
        return f"{self.property} {'>=' if self.side == 'min' else '<='} {self.bound:g}"


def limits_of(property: str, bounds: Mapping[Side, float | None]) -> tuple[Limit, ...]:
    """The limits a constraint's `min` and `max` stand for, one or two."""
    return tuple(Limit(property, side, bound) for side, bound in bounds.items() if bound is not None)


def refusal(values: Mapping[str, float], windows: Mapping[str, Window]) -> str | None:
    """The sentence that says which value is not finite or outside its `valid` window, or None when all pass."""
    for name, value in values.items():
        if not math.isfinite(value):
            return f"{name} is {value}, not a finite number"
        if name in windows and value not in windows[name]:
            return f"{name} is {value:g}, outside its valid window {windows[name]}"
    return None
