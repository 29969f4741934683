"""Linkage: variables that hang together are told from those that do not, and stay together in a crossover."""

import numpy as np
import pytest

from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.evolutionary.nsga2 import NSGA2
from eutectic.optimizers.evolutionary.nsga3 import NSGA3
from eutectic.optimizers.evolutionary.selection import pool
from eutectic.optimizers.evolutionary.variation import Rates, cross, linkage, offspring, sides
from eutectic.optimizers.spaces import region
from tests.optimizers.spaces.examples import SPACES


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng([23, seed])


def box(d: int) -> Space:
    return Space(tuple(f"x{i}" for i in range(d)), ("continuous",) * d, np.zeros(d), np.ones(d))


def test_linkage_is_the_squared_rank_correlation_less_its_chance() -> None:
    x = rng().random(40)
    linked = linkage(np.column_stack([x, -np.exp(9 * x), rng(1).random(40), np.full(40, 0.3)]))
    assert np.diag(linked).tolist() == [1, 1, 1, 1]
    assert linked[0, 1] == pytest.approx(38 / 39)  # any falling curve
    assert linked[0, 2] == pytest.approx(linked[1, 2])
    assert linked[0, 2] < 0.15
    assert not linked[3, :3].any()


def test_ties_share_their_rank() -> None:
    # ranks 1, 2.5, 2.5, 4 beside 1, 2, 3, 4: Spearman's rho squared is 0.9, of which (n - 2) / (n - 1) = 2/3 is kept
    assert linkage(np.array([[0.0, 1], [5, 2], [5, 3], [9, 4]]))[0, 1] == pytest.approx(0.6)


@pytest.mark.parametrize("shape", [(1, 3), (2, 3), (50, 0)])
def test_two_rows_link_nothing(shape: tuple[int, int]) -> None:
    assert (linkage(rng().random(shape)) == np.eye(shape[1])).all()


@pytest.mark.parametrize(("n", "k"), [(3, 12), (20, 30), (100, 5)])
def test_every_linkage_can_be_drawn_from(n: int, k: int) -> None:
    X = rng().random((n, k))
    X[:, 1], X[:, 2] = X[:, 0], 1 - X[:, 0]
    assert np.linalg.eigvalsh(linkage(X)).min() > 0.9 / (n - 1)


@pytest.mark.parametrize("r", [0.0, 0.5, 0.95])
def test_linked_variables_change_sides_together_as_often_as_the_law_says(r: float) -> None:
    changed = sides(np.array([[1, r], [r, 1]]), 40_000, rng())
    assert changed.mean(0) == pytest.approx([0.5, 0.5], abs=0.01)
    assert (changed[:, 0] == changed[:, 1]).mean() == pytest.approx(0.5 + np.arcsin(r) / np.pi, abs=0.01)


def test_children_of_linked_parents_stay_on_their_curve() -> None:
    """On the curve x1 = 1 - x0 a child that mixes its parents' variables lies far off it."""

    def off(among: Array | None) -> float:
        C, D = cross(box(2), A, B, 15.0, rng(2), among)
        return float((np.abs(np.concatenate([C, D]).sum(1) - 1) > 0.25).mean())

    x = rng(1).random((400, 1))
    X = np.hstack([x, 1 - x])
    A, B = X[:200], X[200:]
    assert off(X) < 0.03 < 0.1 < off(None)
    assert off(rng(3).random((400, 2))) > 0.1


def test_unlinked_variables_are_mixed_whether_they_are_crossed_or_not() -> None:
    """Of ten variables the first child keeps most of its parent's, and each changes sides now and then."""
    A, B = np.full((4000, 10), 0.2), np.full((4000, 10), 0.8)
    C, D = cross(box(10), A, B, 15.0, rng(), rng(1).random((200, 10)))
    changed = C > 0.5
    assert ((D > 0.5) == ~changed).all()
    assert changed.sum(1).max() <= 5
    # the smaller part of ten fair coins: (10 - E|2 k - 10|) / 2 = 3.77 of 10
    assert changed.mean(0) == pytest.approx(np.full(10, 0.377), abs=0.03)
    assert 0.45 < (np.where(changed, B, A) == C).mean() < 0.55


def test_without_a_population_nothing_that_is_not_crossed_changes_sides() -> None:
    A, B = np.full((500, 4), 0.2), np.full((500, 4), 0.8)
    C, _ = cross(box(4), A, B, 15.0, rng())
    assert not (C == B).any()
    assert (C == A).mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("name", ["simplex", "categorical"])
def test_categories_and_mixtures_do_not_enter(name: str) -> None:
    labels = Space(("a", "b"), ("categorical",) * 2, np.zeros(2), np.full(2, 3.0))
    space = SPACES["simplex"] if name == "simplex" else labels
    X = region.sample(space, 60, rng())
    with_population, without = (
        offspring(space, X[:30], X[30:], Rates(mutation=0.0), rng(1), among) for among in (X, None)
    )
    assert (with_population == without).all()
    assert not (with_population == np.concatenate([X[:30], X[30:]])).all()


@pytest.mark.parametrize("optimizer", [NSGA2(200, mutation=0.0), NSGA3(200, mutation=0.0)])
def test_population_methods_breed_by_the_linkage_of_their_parents(optimizer: NSGA2 | NSGA3) -> None:
    x = rng(1).random((200, 1))
    X = np.hstack([x, 1 - x])  # a front in its own variables
    parents = optimizer.keep(pool(History.observed(X, X.copy())), 200, rng())
    children, _ = optimizer.children(box(2), parents, np.arange(200), 200, rng(2))
    assert (np.abs(children.sum(1) - 1) > 0.25).mean() < 0.03
    assert (np.abs(children - X).max(1) > 1e-9).mean() > 0.5
