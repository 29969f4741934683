"""Screening the last rung without forming it: scores, units, complexity, flat pairs, and pools full of one feature."""

import itertools

import numpy as np
import pytest

from eutectic.surrogates.base import Array
from eutectic.surrogates.sisso.features import Bank, Grammar, Tree, grow, primary
from eutectic.surrogates.sisso.operators import BINARY, dimensions
from eutectic.surrogates.sisso.recipe import SISSO
from eutectic.surrogates.sisso.screening import (
    BILINEAR,
    Pool,
    Screened,
    Target,
    pair_scores,
    score,
    screen,
    standard_keys,
    targets,
)
from tests.surrogates.sisso.functions import GRAMMAR, bank_of, inputs

A, B, C = Tree("", 0), Tree("", 1), Tree("", 2)


def bank(X: Array, units: tuple[str, ...] = (), rungs: int = 0, most: int = 9) -> Bank:
    table = dimensions(units) if units else np.zeros((X.shape[1], 0))
    whole = primary(X, table, range(X.shape[1]))
    for _ in range(rungs):
        whole = grow(whole, Grammar(BILINEAR, most, 1e8), 10**6, lambda values: values[:, 0])
    return whole


def aimed(y: Array) -> list[Target]:
    return targets(y[None, :], [np.arange(len(y))])


def screened(X: Array, whole: Bank, y: Array, count: int = 400, most: int = 9, operators: tuple[str, ...] = BILINEAR):
    return screen(X, whole, Grammar(operators, most, 1e8), False, aimed(y), count, frozenset())


def formed(found: Screened) -> set[str]:
    return {tree.key for tree in found.trees}


def test_a_target_is_centred_and_of_length_one_in_each_task() -> None:
    y = np.array([[1.0, 2.0, 3.0, 10.0, 10.0]])
    first, second = targets(y, [np.array([0, 1, 2]), np.array([3, 4])])
    assert first.residuals.tolist() == [pytest.approx([-(0.5**0.5), 0.0, 0.5**0.5])]
    assert second.residuals.tolist() == [[0.0, 0.0]]


def test_the_score_is_the_largest_correlation_root_mean_square_over_tasks() -> None:
    rng = np.random.default_rng(1)
    rows, residuals, feature = [np.arange(10), np.arange(10, 25)], rng.normal(size=(2, 25)), rng.normal(size=25)
    best = [max(abs(np.corrcoef(feature[r], y[r])[0, 1]) for y in residuals) for r in rows]
    wanted = targets(residuals, rows)
    flat = np.where(np.arange(25) < 10, 1.0, feature)  # constant in the first task
    assert score(np.stack([feature, -3 * feature + 5, flat]), wanted) == pytest.approx(
        [np.sqrt(np.mean(np.square(best))), np.sqrt(np.mean(np.square(best))), best[1] / np.sqrt(2)]
    )


@pytest.mark.parametrize("op", BILINEAR)
@pytest.mark.parametrize("flipped", [False, True])
def test_scores_from_matrix_products_equal_scores_of_formed_features(op, flipped):
    rng = np.random.default_rng(3)
    A, B = rng.normal(2, 1, (7, 40)), rng.normal(-1, 3, (9, 40))
    B[2, 5] = 0.0
    wanted = targets(rng.normal(size=(3, 40)), [np.arange(15), np.arange(15, 40)])
    quick = pair_scores(A, B, op, flipped, wanted)
    for i, j in itertools.product(range(7), range(9)):
        pair = (B[j], A[i]) if flipped and op == "/" else (A[i], B[j])
        formed = BINARY[op].apply(pair[0][None], pair[1][None])
        expected = score(formed, wanted)[0] if np.isfinite(formed).all() else 0.0
        assert quick[i, j] == pytest.approx(expected, abs=1e-9)


def test_the_screen_returns_the_best_of_the_whole_materialised_rung():
    X, rng = inputs(30, 3), np.random.default_rng(5)
    wanted = targets(rng.normal(size=(2, 30)), [np.arange(30)])
    found = screen(X, bank_of(X), GRAMMAR, False, wanted, 25, frozenset())
    everything = score(bank_of(X, 2).values, wanted)
    distinct = np.unique(np.round(everything, 8))[::-1][:25]
    assert np.allclose(found.scores, distinct, atol=1e-7)
    assert len(set(found.keys)) == 25


def test_sums_of_different_units_are_formed_on_no_rung() -> None:
    X = inputs(30, 3)
    y = X[:, 0] + X[:, 1]
    fitted = SISSO(rungs=1, terms=1, operators=("+", "-"), units=("eV", "angstrom", "eV"), members=0).fit(
        X, y, ("a", "b", "c")
    )
    (tree,) = fitted.outputs[0].equation.trees
    assert {tree.left, tree.right} not in ({A, B}, {B, C})
    found = formed(screened(X, bank(X, ("eV", "angstrom", "eV")), y))
    assert {"+((2),(0))", "-((2),(0))"} <= found
    assert not {"+((1),(0))", "+((2),(1))", "-((1),(0))", "-((2),(1))"} & found
    assert {"*((1),(0))", "*((2),(1))"} <= found


def test_without_units_everything_may_be_added() -> None:
    X = inputs(30, 3)
    assert {"+((1),(0))", "+((2),(0))", "+((2),(1))"} <= formed(screened(X, bank(X), X[:, 0] + X[:, 1]))


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_feature_of_the_last_rung_has_more_operators_than_allowed(most: int) -> None:
    X = inputs(30, 3)
    whole = bank(X, rungs=1, most=most)
    sizes = [tree.size for tree in screened(X, whole, X.prod(1), 2000, most).trees]
    assert max(sizes) == most
    fitted = SISSO(rungs=2, terms=1, operators=("*",), max_complexity=most, members=0).fit(
        X, X.prod(1), ("a", "b", "c")
    )
    assert fitted.outputs[0].equation.trees[0].size == min(most, 2)


def test_of_a_pair_every_order_is_formed_that_makes_another_feature() -> None:
    X = inputs(30, 2)
    found = formed(screened(X, bank(X), X[:, 0] * X[:, 1]))
    assert {"/((0),(1))", "/((1),(0))", "*((1),(0))", "-((1),(0))"} <= found
    assert not {"*((0),(0))", "-((0),(0))", "+((0),(0))", "+((0),(1))"} & found


def test_a_pair_is_flat_below_a_variance_of_1e_10_of_its_square_and_scored_above() -> None:
    wave = np.tile([1.0, -1.0], 20)
    for op, other in (("*", np.full((1, 40), 3.0)), ("/", np.full((1, 40), 3.0))):
        for share, expected in ((1e-11, 0.0), (1e-9, 1.0)):
            feature = 1.0 + share**0.5 * wave[None]
            quick = pair_scores(feature, other, op, False, aimed(wave))
            assert quick[0, 0] == pytest.approx(expected, abs=1e-3), (op, share)
    bump = np.repeat([1.0, -1.0, 1.0, -1.0], 10)
    for op, sign in (("+", -1.0), ("-", 1.0)):
        for share, expected in ((1e-11, 0.0), (1e-9, 1.0)):
            near = sign * wave + (2 * share) ** 0.5 * bump
            quick = pair_scores(wave[None], near[None], op, False, aimed(bump))
            assert quick[0, 0] == pytest.approx(expected, abs=1e-3), (op, share)


def test_a_pool_full_of_one_feature_written_differently_is_enlarged() -> None:
    # 500 rows that are one feature to 7 digits, with as many scores; another one is worse than all of them
    rng = np.random.default_rng(0)
    base, wave = np.tile([1.0, -1.0], 50), np.repeat([1.0, -1.0], 50)
    spellings = base + 4e-7 * np.linspace(-1, 1, 500)[:, None] * wave
    X = np.column_stack([spellings.T, wave + rng.normal(size=100)])
    wanted = targets((base + 0.9 * wave)[None], [np.arange(100)])
    assert len(np.unique(np.round(score(spellings, wanted), 9))) > 2 * 208
    assert len(set(standard_keys(spellings))) == 1
    found = screen(X, bank(X), Grammar((), 9, 1e8), True, wanted, 2, frozenset())
    assert [tree.left for tree in found.trees][1:] == [500]


def test_what_is_skipped_is_not_found_again() -> None:
    X = inputs(30, 3)
    first = screened(X, bank(X), X[:, 0] * X[:, 1], 5)
    grammar, wanted = Grammar(BILINEAR, 9, 1e8), aimed(X[:, 0] * X[:, 1])
    more = screen(X, bank(X), grammar, False, wanted, 5, frozenset(first.keys))
    assert len(more.trees) == 5
    assert not set(first.keys) & set(more.keys)
    assert first.scores.min() >= more.scores.max()
    assert (np.diff(first.scores) <= 0).all()


def test_of_equals_the_shorter_spelling_is_kept() -> None:
    X = inputs(30, 3)
    whole = bank(X, rungs=1)
    found = screened(X, whole, X[:, 0] - X[:, 1], 3)
    assert found.trees[0].key in ("-((0),(1))", "-((1),(0))")
    assert found.scores[0] == pytest.approx(1.0)


def test_linear_functions_of_a_feature_have_its_key_and_no_other_has() -> None:
    x, z = np.random.default_rng(0).normal(size=(2, 12))
    one, scaled, turned, other = standard_keys(np.stack([x, 3 * x + 7, -2 * x, z]))
    assert one == scaled == turned
    assert other != one


def test_a_pool_keeps_the_best_scores_and_knows_whether_it_dropped_any() -> None:
    rng = np.random.default_rng(0)
    every = rng.permutation(100) / 100
    pool = Pool(10, merge=False)
    for part in range(0, 100, 5):
        pool.offer(every[part : part + 5], lambda i: A)
    assert pool.overflowed
    assert sorted(pool.scores)[-10:] == pytest.approx(np.arange(90, 100) / 100)
    assert len(pool.scores) == len(pool.trees) <= 20
    at_once = Pool(10, merge=False)
    at_once.offer(every, lambda i: A)
    assert sorted(at_once.scores) == pytest.approx(np.arange(90, 100) / 100)
    calm = Pool(100, merge=False)
    calm.offer(every, lambda i: A)
    assert not calm.overflowed
    assert len(calm.scores) == 99  # a score of 0 is none


def test_a_pool_that_merges_keeps_two_of_equal_scores_the_shortest() -> None:
    pool = Pool(2, merge=True)
    deep = Tree("+", Tree("+", A, B), C)
    for tree in (deep, Tree("+", A, B), deep, A, deep):
        pool.offer(np.array([0.5]), lambda i, tree=tree: tree)
    assert {tree.size for tree in pool.trees} == {0, 1}
    pool.offer(np.array([0.7, 0.7, 0.2]), lambda i: B)
    assert sorted(pool.scores)[-1] == 0.7
