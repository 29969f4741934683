"""Claims about offspring and climbed points that compete for a batch."""

import numpy as np
import pytest
import torch

from eutectic.optimizers.acquisition.baseline import improvement
from eutectic.optimizers.base import Array, History, Mixture, Space
from eutectic.optimizers.bayesian.hybrid import Hybrid
from eutectic.optimizers.models.belief import learn
from eutectic.optimizers.search.batch import choose_between
from eutectic.optimizers.search.global_search import Effort, search
from eutectic.optimizers.spaces import region

QUICK = Hybrid(offspring=64, parents=20, draws=8, samples=64, starts=2, iterations=8)
EFFORT = Effort(64, 2, 8)


def box(d: int) -> Space:
    return Space(tuple(f"x{j}" for j in range(d)), ("continuous",) * d, np.zeros(d), np.ones(d))


def stripes(X: Array) -> tuple[Array, Array]:
    """Two objectives whose front is cut by a wavy constraint that holds in about a seventh of the box."""
    Y = np.column_stack([((X - 0.2) ** 2).sum(1), ((X - 0.8) ** 2).sum(1)])
    return Y, (0.85 - np.cos(4 * np.pi * X).mean(1) - 0.3 * X[:, 0])[:, None]


def stripes_history(n: int, seed: int = 0) -> tuple[Space, History]:
    space = box(3)
    X = region.sample(space, n, np.random.default_rng(seed))
    return space, History.observed(X, *stripes(X))


def test_no_place_goes_to_less_than_either_proposer_alone_offers() -> None:
    space, history = stripes_history(25)
    fronts = improvement(learn(space, history, ()), history, 2, 8, np.random.default_rng(1))
    children = QUICK.children(space, history, np.random.default_rng(2))
    found = choose_between(fronts, space, history.X, children, 2, np.random.default_rng(3), EFFORT)
    rng, taken = np.random.default_rng(3), history.X
    for x, value in zip(found.X, found.values, strict=True):
        _, climbed = search(fronts, space, taken, rng, EFFORT)
        with torch.no_grad():
            bred = float(fronts.log(torch.tensor(children)).max())
        assert value >= max(climbed, bred) - 1e-9
        taken = np.concatenate([taken, x[None]])
        fronts = fronts.joined(torch.tensor(x[None]))


def test_the_winner_of_each_place_is_named() -> None:
    space, history = stripes_history(25)
    fronts = improvement(learn(space, history, ()), history, 2, 8, np.random.default_rng(1))
    children = QUICK.children(space, history, np.random.default_rng(2))
    weak = choose_between(fronts, space, history.X, children, 2, np.random.default_rng(3), Effort(1, 1, 1))
    alone = choose_between(fronts, space, history.X, children[:0], 2, np.random.default_rng(3), Effort(1, 1, 1))
    assert alone.origins == ("climbed",) * 2
    for x, origin in zip(weak.X, weak.origins, strict=True):
        assert (origin == "offspring") == bool((np.abs(children - x).max(1) < 1e-12).any())
    reasons = QUICK.propose(space, history, 2, np.random.default_rng(0)).reasons
    assert {r.proposer for r in reasons} <= {"hybrid: offspring", "hybrid: climbed"}
    assert all(r.acquisition is not None and r.mean is not None and r.feasibility is not None for r in reasons)


def test_offspring_win_where_climbing_is_poor() -> None:
    space, history = stripes_history(40)
    fronts = improvement(learn(space, history, ()), history, 4, 8, np.random.default_rng(1))
    children = Hybrid(offspring=256).children(space, history, np.random.default_rng(2))
    found = choose_between(fronts, space, history.X, children, 4, np.random.default_rng(3), Effort(1, 1, 1))
    assert len(np.unique(found.X.round(9), axis=0)) == 4
    assert "offspring" in found.origins


def test_a_narrow_feasible_region_is_found_and_filled() -> None:
    def problem(X: Array) -> tuple[Array, Array]:
        limits = [X.sum(1) - 1.3, 0.35 - X[:, 0] + X[:, 1] ** 2, 0.3 - X[:, 1] - X[:, 2] ** 2]
        return stripes(X)[0], np.column_stack(limits)

    space = box(3)
    every = region.sample(space, 4000, np.random.default_rng(0))
    allowed = (problem(every)[1] <= 0).all(1)
    assert allowed.mean() < 0.05
    X = every[~allowed][:10]
    for batch in range(2):
        history = History.observed(X, *problem(X))
        X = np.concatenate([X, QUICK.ask(space, history, 3, np.random.default_rng([5, batch]))])
    assert History.observed(X, *problem(X)).feasible.sum() >= 3


def test_beside_a_chosen_point_that_is_hardly_feasible_little_is_left_to_win() -> None:
    """A batch that may be infeasible as a whole is spread: draws in which the first point fails count for the next."""
    space, X = box(3), region.sample(box(3), 12, np.random.default_rng(0))
    Y, C = stripes(X)
    history = History.observed(X[C[:, 0] > 0.4], Y[C[:, 0] > 0.4], C[C[:, 0] > 0.4])
    fronts = improvement(learn(space, history, ()), history, 1, 64, np.random.default_rng(1))
    x, _ = search(fronts, space, X, np.random.default_rng(2), EFFORT)
    beside = torch.tensor(x[None] + 1e-4)
    with torch.no_grad():
        before, after = float(fronts.log(beside)[0]), float(fronts.joined(torch.tensor(x[None])).log(beside)[0])
    assert after < before - 1


def test_mixed_stepped_and_listed_spaces_are_searched() -> None:
    mixed = Space(
        ("t", "n", "s"),
        ("continuous", "integer", "categorical"),
        np.zeros(3),
        np.array([1.0, 5, 2]),
        ((), (), ("x", "y", "z")),
    )
    mixture = Mixture(tuple(range(12)), (False,) * 12, 100, 1, 5)
    alloy = Space(tuple("ABCDEFGHIJKL"), ("fraction",) * 12, np.zeros(12), np.ones(12), mixtures=(mixture,))
    rows = np.random.default_rng(0).random((40, 2))
    table = Space(("a", "b"), ("continuous",) * 2, rows.min(0), rows.max(0), table=rows)
    for space, origins in ((mixed, 2), (alloy, 2), (table, 1)):
        X = region.sample(space, 12, np.random.default_rng(1)) if space.table is None else rows[:12]
        history = History.observed(X, np.column_stack([(X**2).sum(1), ((X - 1) ** 2).sum(1)]))
        found = QUICK.propose(space, history, 2, np.random.default_rng(2))
        assert region.contains(space, found.X).all()
        names = {"hybrid: offspring", "hybrid: climbed"} if origins == 2 else {"hybrid: listed"}
        assert {reason.proposer for reason in found.reasons} <= names


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="offspring must be at least 1, not 0"):
        Hybrid(offspring=0)
