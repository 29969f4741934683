"""This file is how the errors of several outputs go together: their correlation, where evidence speaks for it.

Surrogates that learn each output alone leave the same things out (a cliff, a feature that no input tells), so that what
one predicts too high the others predict too high or too low as well. An acquisition that takes them as independent then
hopes for the best of every objective at once, where in truth one is had at the price of the other: expected hypervolume
is overstated for objectives that go against each other, understated for those that go together (Shah and Ghahramani
2016, proceedings.mlr.press/v48/shahc16). Errors at rows left out show it; with one covariance for all outputs their
correlation is that of the posterior everywhere (Bonilla, Chai and Williams 2007).
"""

from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array
from eutectic.surrogates.abilities import coupled_fit, leaving_out
from eutectic.surrogates.base import FittedSurrogate, Posterior

POSITIVE = 1.0
"""Logarithm of the Bayes factor from which evidence is positive: Kass and Raftery 1995, section 3.2 (doi
10.1080/01621459.1995.10476572)."""


def correlation(outputs: Sequence[FittedSurrogate], rows: Sequence[NDArray[np.int64]], Y: Sequence[Array]) -> Array:
    """Correlation (k, k) of the errors of k outputs; (0, 0) without evidence. Each has its rows (n,) and values (n,).

    Of errors over their deviations, each row left out, of mean 0, at the rows that all outputs have. Evidence is
    Schwarz's (1978, doi 10.1214/aos/1176344136) for one number a pair of outputs. The correlation is the mean under an
    inverse Wishart prior worth k + 2 independent rows. Outputs that are coupled, or do not know their rows left out,
    are independent.
    """
    none, k = np.empty((0, 0)), len(outputs)
    shared = reduce(np.intersect1d, rows)
    n = len(shared)
    if k < 2 or n < k + 2 or not all(map(alone, outputs)):
        return none
    known = [able.leave_one_out() for output in outputs if (able := leaving_out(output)) is not None]
    every = [unseen(left, y)[np.searchsorted(own, shared)] for left, own, y in zip(known, rows, Y, strict=True)]
    errors = np.stack(every, 1)
    size = np.sqrt((errors**2).mean(0))
    if not (np.isfinite(size) & (size > 0)).all():
        return none
    moment = (errors / size).T @ (errors / size)
    _, logarithm = np.linalg.slogdet(moment / n + 1e-9 * np.eye(k))
    if -0.5 * n * logarithm - 0.25 * k * (k - 1) * np.log(n) <= POSITIVE:
        return none
    shrunk: Array = (moment + (k + 2) * np.eye(k)) / (n + k + 2)
    return shrunk


def unseen(left: Posterior, y: Array) -> Array:
    """Errors (n,) over their deviations of what was said of the values y (n,), each left out."""
    error: Array = (y - left.mean[:, 0]) / left.std[:, 0]
    return error


def alone(output: FittedSurrogate) -> bool:
    """Was the output learned from its own values alone, and does it know each row from the others?"""
    return leaving_out(output) is not None and not coupled_fit(output)
