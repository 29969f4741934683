"""Claims about a search beside a cliff: when two regimes are believed in, and what is expected of a candidate then."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from moocore import hypervolume

from eutectic.optimizers.acquisition.baseline import improvement
from eutectic.optimizers.acquisition.nehvi import build
from eutectic.optimizers.base import History, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.bayesian.hybrid import Hybrid
from eutectic.optimizers.models.belief import learn
from eutectic.optimizers.models.two_regimes import cliff, regimes
from eutectic.optimizers.search.batch import choose
from eutectic.optimizers.search.global_search import Effort
from eutectic.surrogates.gp.recipe import GaussianProcess
from eutectic.surrogates.trees.forest import Forest

BOX = Space(("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2))


def works(X: np.ndarray) -> np.ndarray:
    """Where anything comes out at all."""
    return np.asarray(X[:, 0] + 0.3 * np.sin(5 * X[:, 1]) < 0.6)


def reactor(X: np.ndarray) -> np.ndarray:
    """Yield (negative) and time; beyond the cliff nothing comes out and all is over soon."""
    active = np.stack([-3 - 4 * X[:, 0] - np.cos(3 * X[:, 1]), 5 + 3 * X[:, 0] ** 2 - 2 * X[:, 1]], 1)
    inert = np.stack([0.05 * X[:, 1], 0.2 + 0.1 * X[:, 0]], 1)
    return np.where(works(X)[:, None], active, inert)


def seen(n: int = 24, seed: int = 0, m: int = 2) -> History:
    X = np.random.default_rng(seed).random((n, 2))
    return replace(History.observed(X, reactor(X)[:, :m]), reference=np.array([1.0, 9.0])[:m])


def divided(history: History, *recipes: GaussianProcess | Forest):
    return regimes(BOX, history, recipes, learn(BOX, history, recipes))


@pytest.mark.parametrize("m", [1, 2])
def test_the_two_groups_are_told_apart(m: int) -> None:
    history = seen(m=m)
    found = cliff(history)
    assert found is not None
    assert np.array_equal(found.rows, ~works(history.X))
    assert np.array_equal(found.rows, history.Y @ found.normal > found.level)


def test_rows_without_a_result_lie_on_neither_side() -> None:
    history = seen()
    Y = history.Y.copy()
    Y[[2, 5]] = np.nan
    failed = replace(history, Y=Y, signed=Y, failed=~np.isfinite(Y).all(1))
    found = cliff(failed)
    assert found is not None
    assert not found.rows[[2, 5]].any()
    rest = np.setdiff1d(np.arange(24), [2, 5])
    assert np.array_equal(found.rows[rest], ~works(history.X)[rest])


def test_smooth_values_few_rows_constants_and_a_few_strays_are_no_cliff() -> None:
    X = np.random.default_rng(1).random((40, 2))
    for Y in (np.stack([X.sum(1), X[:, 0] ** 2], 1), np.ones((40, 2))):
        assert cliff(History.observed(X, Y)) is None
    assert cliff(seen(7)) is None
    strays = np.stack([X.sum(1), -X.sum(1)], 1)
    for few, none in ((7, True), (8, False)):
        strays[:few] = 100.0 + 0.01 * X[:few]
        assert (cliff(History.observed(X, strays)) is None) == none


def test_the_better_of_two_groups_is_never_beyond() -> None:
    history = seen(m=1)
    turned = -history.Y
    assert cliff(replace(history, Y=turned, signed=turned)) is None
    allowed = np.where(works(history.X), 1.0, -1.0)[:, None]
    assert cliff(replace(history, C=allowed, C_noise=np.full((24, 1), np.nan))) is None


def test_two_regimes_are_believed_where_they_predict_better() -> None:
    history = seen()
    found = divided(history)
    assert found.belief.beyond is not None
    assert np.array_equal(found.belief.beyond, ~works(history.X))
    inside = np.random.default_rng(2).random((300, 2))
    gate = found.belief.outputs[-1].posterior(inside).mean[:, 0]
    assert ((gate > 0) == ~works(inside)).mean() > 0.85
    mean, std = found.belief.moments(inside[works(inside)])
    error = np.abs(mean[:, :2] - reactor(inside[works(inside)]))
    assert error.mean() < 0.25
    assert (error < 4 * std[:, :2] + 0.05).mean() > 0.9
    text = "14 of 24 candidates lie beyond a cliff, all much alike: the others are learned without them"
    assert found.notes == (text,)


def test_a_gap_that_one_process_predicts_is_no_cliff() -> None:
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.random((15, 2)) * [0.5, 1], [0.95, 0] + rng.random((10, 2)) * [0.05, 1]])
    history = History.observed(X, np.stack([X[:, 0], X[:, 0] + 0.01 * X[:, 1]], 1))
    belief = learn(BOX, history, ())
    assert cliff(history) is not None
    assert regimes(BOX, history, (), belief).belief is belief


def test_other_surrogates_and_coupled_processes_are_left_alone() -> None:
    assert divided(seen(), Forest(), Forest()).belief.beyond is None
    coupled = GaussianProcess(coupling="icm")
    assert divided(seen(), coupled, coupled).belief.beyond is None


def expected(history: History, X: np.ndarray, s: int = 1500) -> np.ndarray:
    """Expected hypervolume gain at each of X, by sampling the side it lies on and then its objectives."""
    belief = divided(history, *[GaussianProcess(noise="given")] * 2).belief
    assert history.reference is not None
    rng = np.random.default_rng(1)
    mean, std = belief.moments(X)
    factor = np.linalg.cholesky(belief.correlation if len(belief.correlation) else np.eye(2))
    before = hypervolume(history.Y, ref=history.reference)
    gains = []
    for a, b in zip(mean, std, strict=True):
        there = rng.normal(size=s) * b[2] + a[2] > 0
        drawn = a[:2] + b[:2] * (rng.normal(size=(s, 2)) @ factor.T)
        after = [hypervolume(np.vstack([history.Y, y]), ref=history.reference) for y in drawn]
        gains.append(np.mean(np.where(there, 0.0, np.array(after) - before)))
    return np.array(gains)


def test_the_acquisition_is_what_is_to_be_gained_on_this_side_beyond_all_that_was_seen() -> None:
    history = seen()
    known = replace(history, noise=np.full(history.Y.shape, 1e-4))
    X = np.concatenate([np.random.default_rng(3).random((12, 2)), [[0.99, 0.99], [0.9, 0.3]]])
    sampled = expected(known, X)
    belief = divided(known, *[GaussianProcess(noise="given")] * 2).belief
    fronts = improvement(belief, known, 1, 512, np.random.default_rng(0))
    ours = fronts.value(torch.tensor(X)).numpy()
    assert np.allclose(ours, sampled, atol=0.06 * sampled.max())
    with torch.no_grad():
        assert torch.allclose(fronts.log(torch.tensor(X)).exp(), torch.tensor(ours), rtol=1e-6)
    without = replace(fronts.goal, settled=torch.zeros(0, 2))
    assert len(fronts.goal.settled) >= 1
    more = build(belief, without, fronts.fixed, fronts.observed, fronts.normals, fronts.common)
    assert more.value(torch.tensor(X)).sum() > 1.05 * ours.sum()


def test_a_chosen_point_is_worth_little_a_second_time_and_only_where_it_lies_on_this_side() -> None:
    history = seen()
    belief = divided(history).belief
    ours = improvement(belief, history, 3, 32, np.random.default_rng(0))
    batch = choose(ours, BOX, history.X, 1, np.random.default_rng(1), Effort(128, 3, 15))
    x = torch.tensor(batch.X)
    assert float(ours.joined(x).log(x)) < float(ours.log(x)) - 1
    gone = torch.tensor([[0.99, 0.99]])
    T = torch.tensor(np.random.default_rng(2).random((50, 2)))
    assert torch.allclose(ours.joined(gone).value(T), ours.value(T), rtol=0.05, atol=1e-3)


@pytest.mark.parametrize("optimizer", [Bayesian(draws=16, samples=128), Hybrid(draws=16, samples=128)])
def test_failures_and_constraints_stand_beside_the_regimes(optimizer: Bayesian | Hybrid) -> None:
    X = np.random.default_rng(4).random((40, 2))
    Y, C = reactor(X), X[:, 1:] - 0.9
    broken = X[:, 1] < 0.15
    Y[broken], C[broken] = np.nan, np.nan
    history = replace(History.observed(X, Y, C), reference=np.array([1.0, 9.0]))
    found = optimizer.propose(BOX, history, 3, np.random.default_rng(0))
    assert found.X.shape == (3, 2)
    assert any("beyond a cliff" in note for note in found.notes)
    assert all(reason.feasibility is not None and 0 <= reason.feasibility <= 1 for reason in found.reasons)
    stored = json.loads(json.dumps(found.state))
    assert len(stored["belief"]) == 4
    assert len(stored["regimes"]) == 3
    again = optimizer.propose(BOX, replace(history, state=stored), 3, np.random.default_rng(0))
    assert again.X.shape == (3, 2)


def test_more_is_won_beside_a_cliff_than_by_one_process_over_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two searches of 20 evaluations after 16 starts, each with and without."""
    from eutectic.optimizers.models import two_regimes as module

    def won(seed: int) -> float:
        history = seen(16, seed)
        for batch in range(5):
            X = Bayesian(draws=16, samples=128, starts=3).ask(BOX, history, 4, np.random.default_rng([seed, batch]))
            X = np.concatenate([history.X, X])
            history = replace(History.observed(X, reactor(X)), reference=history.reference)
        return float(hypervolume(history.Y, ref=history.reference))

    two = [won(seed) for seed in range(2)]
    monkeypatch.setattr(module, "cliff", lambda history: None)
    one = [won(seed) for seed in range(2)]
    assert all(a > b for a, b in zip(two, one, strict=True))
