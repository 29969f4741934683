"""This file is counterfactuals: the smallest change of a row that carries a prediction over a threshold.

The question is Wachter, Mittelstadt and Russell's (2017, doi 10.2139/ssrn.3063289). The search draws points of the
space, walks from the nearest that will do back towards the row, and steps to the nearest point of the linearised
threshold as in structural reliability (Rackwitz and Fiessler 1978, doi 10.1016/0045-7949(78)90046-9); every point tried
is snapped into the space first.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eutectic.surrogates.base import Array
from eutectic.surrogates.explain.inputs import Inputs, awake
from eutectic.surrogates.explain.shapley import Predict, predicted

Snap = Callable[[Array], Array]
"""Rows (n, d) -> the nearest points of the space (<= n, d); a row without one may be left out."""
STARTS = 4
"""Nearest points that will do from which the search goes on."""
STEPS = 8
"""Most linearisations from each start."""
GAIN = 1e-3
"""Share of the distance that a linearisation has to save for another one to follow."""
LEAST = 0.002
"""Smallest spread of the neighbours from which a slope is taken, as a share of the ranges."""
LINE = 17
"""Points looked at on the way from a found point back to the row."""


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """Where to go from a row, and how far that is."""

    x: Array | None
    """(d,) the nearest point found that will do; None when nothing in the space does."""
    distance: float
    """Dimensionless; see `distances`."""


def distances(X: Array, x: Array, inputs: Inputs) -> Array:
    """(n,) root of the sum of squared changes from x (d,), each divided by its range; a fraction as it is.

    Another category counts 1; a column that is not active before or after the change nothing, as it comes with another.
    """
    step = (X - x) / inputs.width
    codes = list(inputs.categorical)
    step[:, codes] = np.abs(X[:, codes] - x[codes]) > 0.5
    step[~(awake(X, inputs.conditions) & awake(x[None], inputs.conditions))] = 0.0
    return np.asarray(np.sqrt((step**2).sum(1)))


def nearest_beyond(
    lacking: Predict, x: Array, pool: Array, inputs: Inputs, snap: Snap | None, rng: np.random.Generator
) -> Change:
    """The point nearest to x (d,) at which `lacking` is 0 or less.

    lacking: rows (n, d) -> what they lack of the threshold (n,), in the property's unit. pool (n, d): points of the
    space to begin with. snap: None when the pool is the whole space; the answer is then exact.
    """
    seen = _Search(lacking, x, inputs)
    seen.look(pool)
    if snap is None or seen.best is None:
        return Change(seen.best, seen.distance)
    for start in seen.near(STARTS):
        _walk(seen, start, snap)
        for _ in range(STEPS):
            before = seen.distance
            _linear(seen, snap, rng)
            _walk(seen, seen.best, snap)
            if seen.distance > (1 - GAIN) * before:
                break
    _restore(seen, snap)
    return Change(seen.best, seen.distance)


class _Search:
    """What has been looked at from one row, and the nearest point that will do."""

    def __init__(self, lacking: Predict, x: Array, inputs: Inputs) -> None:
        self.lacking, self.x, self.inputs = lacking, x, inputs
        self.best: Array | None = None
        self.distance = float("inf")
        self._fit: Array = np.empty((0, len(x)))

    def look(self, X: Array) -> Array:
        """What rows X (n, d) lack (n,); the nearest one that will do is kept."""
        short = predicted(self.lacking, X)
        far = distances(X, self.x, self.inputs)
        good = np.flatnonzero(short <= 0)
        if len(good):
            order = good[far[good].argsort()]
            self._fit = X[order[: 20 * STARTS]]
            if far[order[0]] < self.distance:
                self.best, self.distance = X[order[0]].copy(), float(far[order[0]])
        return short

    def near(self, n: int) -> Array:
        """Up to n of the nearest points that will do, of the last look."""
        return self._fit[:n].copy()


def _walk(seen: _Search, start: Array, snap: Snap) -> None:
    """Look along the line from a point back to the row."""
    share = np.linspace(0.0, 1.0, LINE)[1:, None]
    seen.look(snap(seen.x + share * (start - seen.x)))


def _linear(seen: _Search, snap: Snap, rng: np.random.Generator) -> None:
    """Step to where the prediction, linear around the best point, meets the threshold nearest to the row.

    The slope is least squares over snapped neighbours, so it lies in the directions in which the space extends.
    """
    assert seen.best is not None
    centre, width = seen.best, seen.inputs.width
    near = snap(centre + rng.normal(size=(4 * len(centre), len(centre))) * width * max(LEAST, seen.distance / 4))
    step = (near - centre) / width
    change = seen.look(near)
    here = float(seen.lacking(centre[None])[0])
    slope = np.linalg.lstsq(step, change - here, rcond=1e-6)[0]
    steep = float(slope @ slope)
    if steep <= 1e-300:
        return
    away = (seen.x - centre) / width
    # Rackwitz and Fiessler's step: the point of here + slope (u - centre) = 0 nearest to the row, where u = 0
    target = -slope * (here + float(slope @ away)) / steep
    share = np.array([0.5, 0.8, 0.9, 1.0, 1.001, 1.02, 1.05, 1.1, 1.2])[:, None]
    seen.look(snap(seen.x + share * target * width))


def _restore(seen: _Search, snap: Snap) -> None:
    """Give single columns their old value back, as long as that will do; so categories and counts return, too."""
    for _ in range(len(seen.x)):
        assert seen.best is not None
        before, changed = seen.distance, np.flatnonzero(np.abs(seen.best - seen.x) > 1e-12 * seen.inputs.width)
        if not len(changed):
            return
        rows = np.repeat(seen.best[None], len(changed), axis=0)
        rows[np.arange(len(changed)), changed] = seen.x[changed]
        seen.look(snap(rows))
        if not seen.distance < before - 1e-12:
            return
