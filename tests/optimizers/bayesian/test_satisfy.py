"""The goal `satisfy`: what is inside every window, and that looking for it finds it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from eutectic.optimizers.base import History, Mixture, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.bayesian.satisfaction import FEW, Demand, ends, satisfaction_gain, scaled
from eutectic.optimizers.bayesian.satisfy import Satisfy, excesses, violated
from eutectic.optimizers.evolutionary.evolution import Evolution
from eutectic.optimizers.evolutionary.nsga2 import NSGA2
from eutectic.optimizers.spaces import region
from eutectic.surrogates.gp.recipe import GaussianProcess
from eutectic.surrogates.trees.forest import Forest

BOX = Space(("a", "b", "c"), ("continuous",) * 3, np.zeros(3), np.ones(3))


def observed(X, target=False):
    """A front (or a target of 0.62 within 0.02) in a, and a window of 1.3 % of the box around (0.8, 0.2, .)."""
    C = np.column_stack([0.75 - X[:, 0], X[:, 0] - 0.86, X[:, 1] - 0.12])
    if not target:
        return History.observed(X, np.column_stack([X[:, 0], 1 - X[:, 0] + X[:, 2]]), C)
    signed = (X.sum(1) - 0.62)[:, None]
    return replace(History.observed(X, np.maximum(np.abs(signed) - 0.02, 0)), signed=signed, tolerance=np.array([0.02]))


def found(optimizer, rounds, n=4, seed=0, target=False):
    """How many of the candidates asked for satisfy."""
    history = observed(region.sample(BOX, 10, np.random.default_rng(seed)), target)
    for index in range(rounds):
        asked = optimizer.propose(BOX, history, n, np.random.default_rng([seed, index]))
        history = replace(observed(np.concatenate([history.X, asked.X]), target), state=asked.state)
    return int((excesses(history)[10:] <= 0).all(1).sum()), history


@pytest.mark.parametrize("target", [False, True])
def test_the_bayesian_optimizer_finds_a_small_window_and_keeps_finding_it(target):
    got, history = found(Satisfy(Bayesian(), "bayesian"), 4, target=target)
    assert got >= 10
    inside = history.X[(excesses(history) <= 0).all(1)]
    gap = np.sqrt(((inside[:, None] - inside) ** 2).mean(-1))[np.triu_indices(len(inside), 1)]
    assert gap.min() > 0.01


def test_any_other_optimizer_walks_down_the_violation():
    started = violated(observed(region.sample(BOX, 10, np.random.default_rng(0)))).Y.mean()
    _, history = found(Satisfy(NSGA2(population=8), "nsga2"), 10, n=8)
    assert violated(history).Y[-8:].mean() < 0.5 * started


def test_a_batch_spreads_over_windows_that_may_both_hold():
    space = Space(("a",), ("continuous",), np.zeros(1), np.ones(1))
    X = np.linspace(0.0, 1.0, 6)[:, None]
    C = np.abs(np.abs(X - 0.5) - 0.4) - 0.05  # holds around 0.1 and around 0.9
    history = History.observed(X, X, C)
    asked = Satisfy(Bayesian(), "bayesian").ask(space, history, 4, np.random.default_rng(0))
    assert (asked < 0.3).any()
    assert (asked > 0.7).any()


def test_the_violation_replaces_the_objectives_and_leaves_failures_out():
    Y = np.array([[1.0, 0.0], [2.0, 3.0], [np.nan, np.nan]])
    C = np.array([[-1.0], [4.0], [np.nan]])
    history = replace(History.observed(Y, Y, C), tolerance=np.array([np.nan, 0.5]))
    seen = violated(history)
    assert seen.Y[:, 0].tolist()[:2] == [0.0, 2.0]
    assert np.isnan(seen.Y[2, 0])
    assert seen.C.shape == (3, 0)
    assert seen.failed.tolist() == [False, False, True]


def test_a_stage_that_satisfies_takes_optimizers_of_one_objective():
    assert Evolution().refuse(BOX, 2, 0) is not None
    assert Satisfy(Evolution(), "evolution").refuse(BOX, 2, 3) is None


SPACES = {
    "composition": Space(
        tuple("ABCD"), ("fraction",) * 4, np.zeros(4), np.full(4, 0.8), mixtures=(Mixture((0, 1, 2, 3), (False,) * 4),)
    ),
    "steps": Space(
        tuple("ABCD"),
        ("fraction",) * 4,
        np.zeros(4),
        np.full(4, 0.8),
        mixtures=(Mixture((0, 1, 2, 3), (False,) * 4, 20, 1, 3),),
    ),
    "mixed": Space(("t", "s"), ("continuous", "categorical"), np.zeros(2), np.array([1.0, 2.0]), ((), ("x", "y", "z"))),
}


@pytest.mark.parametrize("name", SPACES)
def test_satisfying_candidates_are_new_inside_the_space_and_the_same_again(name):
    space = SPACES[name]
    X = region.sample(space, 15, np.random.default_rng(0))
    Y = X[:, :1].copy()
    Y[::5] = np.nan
    history = History.observed(X, Y, X[:, :1] - 0.1).with_pending(region.sample(space, 2, np.random.default_rng(1)))
    optimizer = Satisfy(Bayesian(), "bayesian")
    asked = optimizer.propose(space, history, 4, np.random.default_rng(3))
    assert asked.X.shape == (4, space.d)
    assert region.contains(space, asked.X).all()
    assert len(np.unique(np.round(np.concatenate([history.pending, asked.X]), 9), axis=0)) == 6
    assert (optimizer.ask(space, history, 4, np.random.default_rng(3)) == asked.X).all()
    assert all(reason.proposer == "bayesian: satisfy" and 0 <= reason.feasibility <= 1 for reason in asked.reasons)


def test_the_violation_is_learned_by_the_surrogate_that_all_outputs_have():
    inner = NSGA2(search="surrogate")
    forest = Forest()
    assert Satisfy(inner, "nsga2").using([forest, Forest()]).inner.recipes == (forest,)
    assert Satisfy(inner, "nsga2").using([forest, GaussianProcess()]).inner == inner


def test_a_surrogate_without_a_process_of_its_own_searches_from_nothing_pending():
    X = region.sample(BOX, 12, np.random.default_rng(0))
    optimizer = Satisfy(Bayesian(), "bayesian").using([Forest(trees=20)] * 5)
    assert len(optimizer.ask(BOX, observed(X), 2, np.random.default_rng(1))) == 2


def test_in_a_long_list_candidates_after_the_first_come_from_the_rows_worth_most(monkeypatch):
    from eutectic.optimizers.bayesian import satisfaction

    X = np.random.default_rng(0).random((600, 2))
    space = Space(("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2), table=X)
    own = X[:20]
    history = History.observed(own, own[:, :1], np.abs(own - 0.5).max(1, keepdims=True) - 0.1)
    batches = []
    for kept in (4096, 150):
        monkeypatch.setattr(satisfaction, "KEPT", kept)
        batches.append(Satisfy(Bayesian(), "bayesian").ask(space, history, 4, np.random.default_rng(0)))
    assert np.array_equal(*batches)


CATEGORIES = Space(
    ("a", "b"),
    ("categorical",) * 2,
    np.zeros(2),
    np.array([7.0, 9.0]),
    (tuple("abcdefgh"), tuple("0123456789")),
    table=np.stack(np.meshgrid(np.arange(8.0), np.arange(10.0), indexing="ij"), -1).reshape(-1, 2),
)


def test_labels_that_stand_beside_each_other_in_the_file_are_no_nearer_than_others():
    table = CATEGORIES.table
    gap = ((scaled(CATEGORIES, table)[:, None] - scaled(CATEGORIES, table)) ** 2).sum(-1)
    assert gap == pytest.approx((np.abs(table[:, None] - table) > 0.5).sum(-1))


def test_where_every_evaluation_failed_the_farthest_rows_come_next():
    X = CATEGORIES.table[[0, 11, 22]]
    history = History.observed(X, np.full((3, 1), np.nan), np.full((3, 1), np.nan))
    asked = Satisfy(Bayesian(), "bayesian").propose(CATEGORIES, history, 5, np.random.default_rng(0))
    every = np.concatenate([X, asked.X])
    assert all(len(np.unique(every[:, j])) == 8 for j in range(2))
    assert "all 3 evaluations failed" in asked.notes[0]


def test_one_success_among_failures_is_learned_from():
    rows = [0, 11, 22, 33, 44, 55]
    Y = np.full((6, 1), np.nan)
    Y[2] = 1.0
    history = History.observed(CATEGORIES.table[rows], Y, Y)
    asked = Satisfy(Bayesian(), "bayesian").ask(CATEGORIES, history, 3, np.random.default_rng(0))
    assert (asked == CATEGORIES.table[22]).any(1).all()


def test_few_values_count_less_than_what_can_be_measured():
    def output(level):
        rows = CATEGORIES.table[::7]
        return GaussianProcess().fit(rows, level + 0.1 * rows[:, :1], CATEGORIES.names)

    wanted = (Demand(output(5.0)), Demand(output(-1.0)))
    X, empty = CATEGORIES.table[:20], CATEGORIES.table[:0]
    normals = torch.zeros(2, 4, 0, dtype=torch.float64)
    none, half, full = (
        satisfaction_gain(wanted, torch.tensor(empty), normals, scaled(CATEGORIES, empty), CATEGORIES, trust, 1).log(X)
        for trust in (0.0, 0.5, 1.0)
    )
    assert half == pytest.approx((none + full) / 2)
    assert (none > full + 1).all()
    assert FEW > 1


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e9])
def test_the_two_ends_of_a_window_are_one_demand(unit):
    value = unit * np.array([0.3, -2.0, 5.0, 1.1])
    other = unit * np.array([1.0, 2.0, -1.0, 0.5])
    C = np.stack([value - 2 * unit, other, -value, other + value], 1)
    assert ends(C) == {0: (2, pytest.approx(-2 * unit))}
    assert ends(C[:2]) == {}
    assert ends(np.stack([value, 3 * unit - value], 1)) == {}  # nothing can satisfy both


def test_a_candidate_of_which_nothing_is_known_does_not_lie_in_a_narrow_window_by_half():
    X = np.linspace(0.0, 0.4, 9)[:, None]
    value = np.sin(15 * X)
    C = np.concatenate([value - 0.01, -0.01 - value], 1)
    space = Space(("a",), ("continuous",), np.zeros(1), np.ones(1), table=np.array([[0.95]]))
    (reason,) = (
        Satisfy(Bayesian(), "bayesian")
        .propose(space, History.observed(X, value, C), 1, np.random.default_rng(0))
        .reasons
    )
    assert reason.feasibility < 0.05
