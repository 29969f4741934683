"""This file is where a search for less violation looks: in trust regions around the least violating candidates.

As in SCBO (Eriksson and Poloczek 2021, doi 10.48550/arXiv.2002.08526, section 3) the box doubles after SUCCESSES
batches in a row that lower the least violation, and halves after as many others as the space has variables over the
batch size. One that has become too small gives way to the whole space for a batch, then to a wide one again. It is
folded from the history, like that of `trust_region.py`.
"""

from itertools import pairwise
from math import ceil

import numpy as np

from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.search.ranking import spread
from eutectic.optimizers.search.trust_region import GAIN, LEAST, TrustRegion, part, within

CENTRES = (0, 1, 0, 2)
"""Which of the least violating candidates, no two of them close, the places of a batch look around, in turn."""
APART = 0.1
"""Root mean square distance of centres, in widths of the space."""


def parts(space: Space, history: History, violation: Array, n: int) -> tuple[tuple[Space, ...], float]:
    """Where each of n candidates is looked for, and the side of the boxes; violation (N,), NaN where unknown."""
    order = np.argsort(violation, kind="stable")[: int(np.isfinite(violation).sum())]
    centres = spread(history.X[order], space, len(CENTRES) - 1, APART)
    length = side(space, history, violation)
    if length < LEAST:
        return (space,) * n, length
    boxes = [part(space, centre, length) for centre in centres]
    return tuple(boxes[i % len(boxes)] for i in np.resize(CENTRES, n)), length


def side(space: Space, history: History, violation: Array) -> float:
    """Side of the boxes after all batches, widths of the space; below LEAST when the whole space is looked at next."""
    order = np.argsort(history.round, kind="stable")
    X, batch = history.X[order], history.round[order]
    worst = float(np.nanmax(violation))
    merit = np.where(np.isfinite(violation[order]), violation[order], worst)
    state = TrustRegion()
    for start, stop in pairwise([*(np.flatnonzero(np.diff(batch)) + 1), len(X)]):
        if state.length < LEAST:
            state = TrustRegion()
            continue
        if not within(
            space, X[:start][np.argsort(merit[:start], kind="stable")[:1]], state.length, X[start:stop]
        ).any():
            continue
        before, now = merit[:start], merit[start:stop]
        success = bool(before.min() - now.min() > GAIN * (np.median(before) - before.min()))
        state = state.after(success, ceil(max(4, space.d) / (stop - start)))
    return state.length
