"""POCEA and CMOQLMT: who survives, what is remembered, and that a hard front is found."""

from dataclasses import replace

import numpy as np
import pytest

from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import History, Space
from eutectic.optimizers.evolutionary.auxiliary_tasks import dominates, indicated, penalised, rawness, strong, truncated
from eutectic.optimizers.evolutionary.cmoqlmt import CMOQLMT, Learned, shared_out
from eutectic.optimizers.evolutionary.lineage import Lineage, candidates, digests, recalled
from eutectic.optimizers.evolutionary.nsga3 import directions
from eutectic.optimizers.evolutionary.pocea import POCEA, level, survivors
from eutectic.optimizers.evolutionary.selection import Pool, pool

BOX = Space(tuple("abcde"), ("continuous",) * 5, np.zeros(5), np.ones(5))
BOTH = {"pocea": POCEA(20, horizon=40), "cmoqlmt": CMOQLMT(20, horizon=40)}


def bed(X):
    """Two losses whose front is cut off by a limit that holds in a narrow band."""
    far = ((X[:, 1:] - 0.3) ** 2).sum(1)
    Y = np.column_stack([X[:, 0] + far, 1 - X[:, 0] + far])
    return Y, (np.abs(X[:, 1] - X[:, 2]) - 0.05)[:, None]


def run(optimizer, evaluations=800, unit=1.0, n=20):
    X, state, asked = np.empty((0, 5)), {}, 0
    history = History.empty(5, 2, 1)
    while len(X) < evaluations:
        found = propose(optimizer, "own", BOX, replace(history, state=state), n, np.random.default_rng([3, asked]))
        X, state, asked = np.concatenate([X, found.X]), dict(found.state), asked + 1
        Y, C = bed(X)
        history = History.observed(X, unit * Y, unit * C)
    return history, state


@pytest.mark.parametrize("name", BOTH)
def test_a_front_in_a_narrow_band_is_found(name):
    history, _ = run(BOTH[name])
    late = history.feasible[-200:]
    assert late.mean() > 3 * history.feasible[:100].mean()
    total = history.Y[history.feasible].sum(1)  # 1 on the front
    assert np.sort(total)[20] < 1.05


@pytest.mark.parametrize("name", BOTH)
def test_proposals_do_not_depend_on_units_and_only_survivors_are_parents(name):
    plain, state = run(BOTH[name], 200)
    other, _ = run(BOTH[name], 200, 2.0**30)
    assert pytest.approx(other.X, abs=1e-6) == plain.X
    lineage, _ = recalled(replace(plain, state=state), name, len(state[name]["populations"]))
    assert lineage.rows == 180
    assert all(len(own) <= 20 for own in lineage.populations)
    assert set(lineage.asked) == set(digests(plain.X[180:]))


def made(X, Y, violation=None):
    n = len(X)
    broken = np.zeros(n) if violation is None else np.asarray(violation, dtype=float)
    return Pool(X, Y, broken, np.arange(n), np.zeros(n))


def test_a_lineage_takes_its_own_rows_and_what_came_from_elsewhere_since():
    X = np.arange(12.0).reshape(6, 2)
    names = digests(X)
    lineage = Lineage((frozenset(names[:1]), frozenset(names[1:2])), {names[2]: 0, names[3]: 1}, 4)
    assert candidates(made(X, X), names, lineage, 0).tolist() == [0, 2, 4, 5]
    assert candidates(made(X, X), names, lineage, 1).tolist() == [1, 3, 4, 5]
    assert candidates(made(X, X), names, Lineage(), 0).tolist() == list(range(6))
    assert recalled(replace(History.empty(2, 2), state={"pocea": {"populations": 3}}), "pocea", 1)[0] == Lineage()


def test_pocea_keeps_one_candidate_a_direction_the_nearest_below_the_bound():
    Y = np.array([[0.0, 1.0], [0.1, 1.9], [1.0, 0.0], [1.9, 0.1], [0.05, 0.9]])
    V = directions(2, None, 2)
    every = survivors(made(Y, Y), V, 2, 0.0)
    assert set(every.tolist()) == {2, 4}
    broken = survivors(made(Y, Y, [0, 0, 0, 0, 5.0]), V, 2, 0.0)
    assert set(broken.tolist()) == {0, 2}
    assert level(np.array([1.0, 3.0]), 0.0) == 1.0
    assert level(np.array([1.0, 3.0]), 1.0) == 2.0


def test_strength_counts_who_dominates_and_infeasible_rows_lose_to_feasible_ones():
    F = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    assert rawness(dominates(F, np.zeros(3))).tolist() == [0, 2, 3]
    assert rawness(dominates(F, np.array([1.0, 0, 0]))).tolist() == [3, 0, 2]
    best, fitness = strong(F, np.zeros(3), 2)
    assert best.tolist() == [0, 1]
    assert (np.diff(fitness) >= 0).all()


def test_truncation_leaves_an_even_front():
    x = np.r_[np.linspace(0, 1, 6), 0.21, 0.39, 0.41, 0.61]
    kept = truncated(np.column_stack([x, 1 - x]), 6)
    assert np.diff(np.sort(x[kept])).min() > 0.15


def test_a_penalty_moves_what_is_infeasible_behind_and_an_indicator_ranks_it_by_violation():
    F = np.column_stack([np.linspace(0, 1, 11), np.linspace(1, 0, 11)])
    broken = np.where(np.arange(11) % 2 == 1, 1.0, 0.0)
    both, bad = np.concatenate([F + 0.01, F, F + 0.5]), np.concatenate([np.zeros(11), np.ones(11), np.zeros(11)])
    best, _ = penalised(both, bad, 11, 1.0, 0.0)
    assert (bad[best] == 0).mean() > 0.7
    best, _ = indicated(F + 1.0, broken, 6)
    assert (broken[best] == 0).all()


def test_the_helper_that_helps_is_chosen_more_and_more():
    learned = Learned(np.zeros((3, 3)), 0, 1).rewarded(0.5)
    assert learned.values[0, 1] == pytest.approx(0.4)
    assert learned.state == 1
    sure = Learned(np.array([[0, 1.0, 0]] * 3), 0, 0)
    picks = [sure.chosen(np.random.default_rng(k)).action for k in range(60)]
    assert picks.count(1) > 45
    assert shared_out(10, 2, False).tolist() == [0, 3] * 5
    assert np.bincount(shared_out(10, 2, True)).tolist() == [2, 2, 2, 4]


@pytest.mark.parametrize("wrong", [{"population": 2}, {"neighbours": 1}, {"horizon": 0}])
def test_pocea_refuses_options_out_of_range(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        POCEA(**wrong)
    assert POCEA().refuse(BOX, 1, 0) is not None
    assert len(pool(History.empty(2, 2))) == 0


@pytest.mark.parametrize("wrong", [{"population": 2}, {"horizon": 0}])
def test_cmoqlmt_refuses_options_out_of_range(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        CMOQLMT(**wrong)
    assert CMOQLMT().refuse(BOX, 1, 0) is not None
