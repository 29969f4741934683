"""This file is the recalibration of intervals: predicted variances set right by errors on rows a model has not seen.

Errors come from out-of-bag or leave-one-out predictions, so that no data are set aside. Scaling an ensemble's spread to
such errors by likelihood is "calibration after bootstrap" (Palmer et al. 2022, doi 10.1038/s41524-022-00794-8); with a
factor alone it is the sigma scaling of Levi et al. 2022 (doi 10.3390/s22155540). The split-conformal factor is that of
Lei et al. 2018 (doi 10.1080/01621459.2017.1307116, section 5.2), of normalised errors; out of bag it is the recipe of
Kim, Xu and Barber 2020 (doi 10.48550/arXiv.2002.09025) without their guarantee, as the interval stays symmetric.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from eutectic.surrogates.base import Array

Method = Literal["scaled", "conformal", "none"]
"""How variances are set right; see `factor`."""
PRIOR_STRETCH = 5.0
"""Mean of the exponential prior of k in `stretch`; ours, settled with one start of C2DTLZ2 in view."""
NORMAL_95 = 1.959964
"""Half-width of a normal distribution's 95 % interval in standard deviations."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """variance = scale * spread + floor."""

    scale: float
    """Dimensionless."""
    floor: float
    """Output's unit squared, observation noise included."""

    @property
    def state(self) -> dict[str, object]:
        """JSON values that `restored` reads back."""
        return {"scale": self.scale, "floor": self.floor}

    def variance(self, spread: Array) -> Array:
        """Calibrated variance (n,) of an observation from a model's own spread (n,), output's unit squared."""
        out: Array = self.scale * spread + self.floor
        return out

    def noise_free_floor(self, noise: float, least: float) -> float:
        """The floor without known observation noise; at least a hundredth of it and `least` (output's unit squared)."""
        return max(self.floor - noise, 1e-2 * self.floor, least)


def restored(state: Mapping[str, object]) -> Calibration:
    """The calibration of a fit's state; ValueError when a number is missing."""
    return Calibration(number(state, "scale"), number(state, "floor"))


def number(state: Mapping[str, object], name: str) -> float:
    """A number of a state; ValueError when it is missing."""
    value = state.get(name)
    if not isinstance(value, int | float):
        raise ValueError(f"no state of such a fit: {name} must be a number, not {value!r}")
    return float(value)


def calibrate(error: Array, deviation: Array) -> Calibration:
    """The likeliest scale and floor for errors (n,) of variance scale * deviation (n,) + floor, on a fine grid."""
    size = float((error**2).mean())
    if not size > 0:
        return Calibration(1.0, 0.0)
    scales = np.concatenate([[0.0], np.geomspace(0.03, 30, 31)]) if deviation.any() else np.zeros(1)
    floors = size * np.geomspace(1e-4, 2.0, 60)
    variance = scales[:, None, None] * deviation + floors[None, :, None]
    loss = (np.log(variance) + error**2 / variance).mean(-1)
    a, b = np.unravel_index(int(loss.argmin()), loss.shape)
    return Calibration(float(scales[a]), float(floors[b]))


def factor(error: Array, variance: Array, method: Method) -> float:
    """What variances (n,) are to be multiplied by for errors (n,), 0.05 to 20; 1 for `none` and below three errors.

    scaled: the likeliest factor, the mean of error^2 / variance. conformal: such that 95 % of the errors, and the
    correction of a finite sample, lie in their 95 % intervals.
    """
    if method == "none" or len(error) < 3:
        return 1.0
    ratio = error**2 / np.maximum(variance, 1e-300)
    if method == "scaled":
        return float(np.clip(ratio.mean(), 0.05, 20.0))
    rank = min(len(ratio), int(np.ceil(0.95 * (len(ratio) + 1))))
    return float(np.clip(np.sort(ratio)[rank - 1] / NORMAL_95**2, 0.05, 20.0))


def recalibrated(error: Array, spread: Array, method: Method) -> Calibration:
    """Scale and floor from errors (n,) and the spread (n,) of an ensemble at rows it has not seen."""
    if method == "none" or len(error) == 0:
        return Calibration(1.0, 0.0)
    found = calibrate(error, spread)
    if method == "scaled" or not found.floor > 0:
        return found
    more = factor(error, found.variance(spread), "conformal")
    return Calibration(found.scale * more, found.floor * more)


def stretch(error: Array, variance: Array, left: Array) -> float:
    """The k >= 0 for which errors (n,) are likeliest of variance (n,) + k left^2, under an exponential prior.

    left: (n,) variance without noise, in units of the prior's, at most about 1. A stationary process that has seen many
    points in one place and few elsewhere is too unsure there and too sure here; k widens what is large.
    """
    trial = np.concatenate([[0.0], np.geomspace(0.1, 30, 40)])
    total = variance + trial[:, None] * left**2
    loss = 0.5 * (np.log(total) + error**2 / total).sum(1) + trial / PRIOR_STRETCH
    return float(trial[loss.argmin()])
