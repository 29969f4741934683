"""Claims about what is learned once for a batch that is asked for in parts."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from eutectic.optimizers.base import History, Shared, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.models import belief, kept
from eutectic.optimizers.models.kept import learned_once
from eutectic.optimizers.sharing import propose_shared
from eutectic.surrogates.gp.recipe import GaussianProcess
from tests.surrogates.gp.functions import box, data


@dataclass
class Counting:
    """A Gaussian process that counts how often it is fitted."""

    fits: int = 0

    def fit(self, X, Y, names=(), *, variance=None, domain=None, start=None, tune=True):
        self.fits += 1
        return GaussianProcess().fit(X, Y, names, variance=variance, domain=domain, start=start, tune=tune)


def plates() -> tuple[Space, History]:
    """A space whose first column every two candidates share, and twelve rows of it."""
    X, Y = data(12)
    return replace(box(), shared=(Shared((0,), 2),)), History.observed(X, Y[:, :1])


def test_a_batch_in_parts_fits_each_output_once_and_proposes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    space, history = plates()
    once = Counting()
    optimizer = Bayesian(draws=4, samples=32, starts=1, iterations=3).using((once,))
    batch = propose_shared(optimizer, "bayesian", space, history, 6, np.random.default_rng(0))
    assert once.fits == 1
    monkeypatch.setattr(kept.Kept, "answers", lambda *_: False)
    often = Counting()
    again = propose_shared(optimizer.using((often,)), "bayesian", space, history, 6, np.random.default_rng(0))
    assert often.fits == 6
    assert np.array_equal(batch.X, again.X)
    assert batch.reasons == again.reasons


def test_other_rows_another_state_or_other_bounds_are_learned_anew_and_what_is_pending_is_not() -> None:
    space, history = plates()
    history, calls = replace(history, kept=[]), list[History]()

    def learn(space: Space, history: History, recipe: object) -> int:
        calls.append(history)
        return len(calls)

    recipe = GaussianProcess()
    assert learned_once(learn, space, history, recipe) == 1
    assert learned_once(learn, replace(space, held=((0, 0.5),)), history.with_pending(history.X[:2]), recipe) == 1
    other = history.Y.copy()
    other[0] += 1e-12
    assert learned_once(learn, space, replace(history, signed=other), recipe) == 2
    assert learned_once(learn, space, replace(history, state={"belief": [{"a": 1.0}]}), recipe) == 3
    assert learned_once(learn, space, replace(history, state={"belief": [{"a": 1.0}]}), recipe) == 3
    assert learned_once(learn, replace(space, upper=space.upper + 1), history, recipe) == 4
    assert learned_once(learn, space, history, GaussianProcess(kernel="rbf")) == 5
    assert learned_once(learn, space, replace(history, kept=None), recipe) == 6


def test_who_asks_once_keeps_nothing() -> None:
    space, history = plates()
    belief.learn(box(), history, ())
    assert history.kept is None
    del space
