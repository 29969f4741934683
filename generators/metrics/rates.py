"""This file is a rate as it must be told: how many of how many, with an interval, and what it was measured against."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

NORMAL_95 = 1.959963984540054
"""Quantile of the normal distribution beyond which 2.5 % lie."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of crystals."""

    name: str
    count: int
    n: int
    """Crystals it is a share of; 0 where there are none."""
    against: Mapping[str, str] = field(default_factory=dict)
    """Hull, potential, threshold, reference set, ...: a rate means nothing without them."""

    @property
    def share(self) -> float:
        """Count over n; NaN of nothing."""
        return self.count / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share after Wilson 1927 (doi 10.2307/2276774); 0 to 1 of nothing."""
        if not self.n:
            return 0.0, 1.0
        z2, p = NORMAL_95**2, self.share
        centre = (p + z2 / (2 * self.n)) / (1 + z2 / self.n)
        half = NORMAL_95 * math.sqrt(p * (1 - p) / self.n + z2 / (4 * self.n**2)) / (1 + z2 / self.n)
        return max(0.0, centre - half), min(1.0, centre + half)

    def line(self) -> str:
        """`valid: 88 of 100 (88.0 %, 80.2 to 93.0) [min. distance 0.5 angstrom]`."""
        low, high = self.interval
        share = f"{100 * self.share:.1f} %, {100 * low:.1f} to {100 * high:.1f}" if self.n else "of nothing"
        beside = "; ".join(f"{what}: {told}" for what, told in self.against.items())
        return f"{self.name}: {self.count} of {self.n} ({share})" + (f" [{beside}]" if beside else "")

    def to_json(self) -> dict[str, object]:
        """JSON values."""
        low, high = self.interval
        share = None if not self.n else self.share
        return {
            "name": self.name, "count": self.count, "n": self.n, "share": share, "interval_95": [low, high],
            "against": dict(self.against),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that is no share: a mean or a median over crystals."""

    name: str
    """With its unit."""
    value: float
    """NaN where it is of nothing."""
    n: int
    against: Mapping[str, str] = field(default_factory=dict)

    def line(self) -> str:
        """`rmsd_angstrom: 0.08 (n = 40)`."""
        beside = "; ".join(f"{what}: {told}" for what, told in self.against.items())
        return f"{self.name}: {self.value:.4g} (n = {self.n})" + (f" [{beside}]" if beside else "")

    def to_json(self) -> dict[str, object]:
        """JSON values."""
        value = self.value if math.isfinite(self.value) else None
        return {"name": self.name, "value": value, "n": self.n, "against": dict(self.against)}


def rate(name: str, hits: Sequence[bool], against: Mapping[str, str] | None = None) -> Rate:
    """The rate of what is true."""
    return Rate(name, sum(map(bool, hits)), len(hits), dict(against or {}))
