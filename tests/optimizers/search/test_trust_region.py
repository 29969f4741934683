"""Claims about trust regions: their state is folded from the history, and they stay inside any space."""

from dataclasses import replace

import numpy as np
import pytest

from eutectic.optimizers.base import Array, History, Linear, Mixture, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.search import trust_region
from eutectic.optimizers.spaces import region

QUICK = Bayesian(draws=8, samples=64, starts=2, iterations=8, trust="always")


def box(d: int = 2) -> Space:
    return Space(tuple(f"x{j}" for j in range(d)), ("continuous",) * d, np.zeros(d), np.ones(d))


def simplex(k: int, low: float, high: float, mixture: Mixture) -> Space:
    return Space(tuple("ABCDEFGHIJKL"[:k]), ("fraction",) * k, np.full(k, low), np.full(k, high), mixtures=(mixture,))


def spaces() -> dict[str, Space]:
    grid = simplex(6, 0.05, 0.6, Mixture(tuple(range(6)), (True,) * 6, 20, 2, 4))
    smooth = simplex(5, 0.1, 0.6, Mixture(tuple(range(5)), (True,) * 5))
    names = ("t", "n", "s", "p", "A", "B")
    mixed = Space(
        names,
        ("continuous", "integer", "categorical", "continuous", "fraction", "fraction"),
        np.array([300.0, 1, 0, 0.1, 0, 0]),
        np.array([900.0, 9, 3, 1.3, 1, 1]),
        ((), (), ("w", "x", "y", "z"), (), (), ()),
        (None, None, None, 0.2, None, None),
        (Mixture((4, 5), (False, False)),),
    )
    line = Linear((1.0, 1.0, 0, 0, 0), 0.5, "A + B <= 0.5")
    table = np.random.default_rng(0).random((60, 3))
    return {
        "box": box(3),
        "fractions in steps, some absent": grid,
        "fractions": smooth,
        "linear": replace(smooth, linear=(line,)),
        "mixed": mixed,
        "known": replace(box(), known=lambda X: X[:, :1] - X[:, 1:]),
        "table": replace(box(3), table=table),
    }


def seen(X: Array, Y: Array, batch: Array) -> History:
    return replace(History.observed(X, Y), round=np.asarray(batch, dtype=np.int64))


def walked(verdicts: str, d: int = 2, batch: int = 2) -> History:
    """A start of four rows, then batches beside the best point: + improves, - does not, ? lies elsewhere."""
    X, y, rounds = [np.full((4, d), 0.5)], [np.array([4.0, 5, 6, 7])], [np.full(4, -1)]
    for number, verdict in enumerate(verdicts):
        step = 1e-6 * (number + 1) if verdict != "?" else 0.5
        X.append(np.full((batch, d), 0.5 + step))
        value = 4.0 - 0.1 * (number + 1) if verdict == "+" else 9.0
        y.append(np.full(batch, value))
        rounds.append(np.full(batch, number))
    return seen(np.concatenate(X), np.concatenate(y)[:, None], np.concatenate(rounds))


def folded(history: History, space: Space | None = None, long: int = 0) -> trust_region.TrustRegion:
    return trust_region.fold(space or box(), trust_region.record(history), long)


def test_three_improving_batches_double_the_region_and_others_in_a_row_halve_it() -> None:
    assert folded(walked("++")) == trust_region.TrustRegion(0.8, 2, 0)
    assert folded(walked("+++")) == trust_region.TrustRegion(1.6, 0, 0)
    assert folded(walked("++++++")).length == 1.6
    assert folded(walked("++-")) == trust_region.TrustRegion(0.8, 0, 1)
    assert folded(walked("++--")).length == 0.4
    assert folded(walked("+-+-+-")).length == 0.8


def test_the_wider_the_space_and_the_smaller_the_batch_the_more_patience() -> None:
    assert folded(walked("-----", 12, 2), box(12)).length == 0.8
    assert folded(walked("------", 12, 2), box(12)).length == 0.4
    assert folded(walked("---", 12, 4), box(12)).length == 0.4


def test_batches_from_elsewhere_and_from_before_tell_nothing() -> None:
    assert folded(walked("?-?")) == trust_region.TrustRegion(0.8, 0, 1)
    assert folded(walked("---"), long=7) == trust_region.TrustRegion(0.8, 0, 1)


def test_a_region_too_small_starts_anew_and_sees_only_what_came_after() -> None:
    history = walked("--" * 7)
    state = folded(history)
    assert (state.length, state.restarts, state.since) == (0.8, 1, len(history.X))
    proposals = QUICK.propose(box(), history, 3, np.random.default_rng(0))
    assert "uniform" in proposals.notes[0]
    assert np.ptp(proposals.X) > 0.1
    fresh = np.random.default_rng(1).random((4, 2)) * 0.1
    X = np.concatenate([history.X, fresh])
    Y = np.concatenate([history.Y, [[5.0], [6.0], [7.0], [8.0]]])
    later = seen(X, Y, np.concatenate([history.round, np.full(4, 99)]))
    state = folded(later)
    assert (state.restarts, state.failures) == (1, 0)
    X = QUICK.ask(box(), later, 2, np.random.default_rng(0))
    assert trust_region.within(box(), fresh[:1], 0.8, X).all()


def test_the_order_of_the_rows_does_not_matter() -> None:
    history = walked("++-+--+++")
    shuffled = history.rows(np.random.default_rng(0).permutation(len(history.X)))
    assert folded(shuffled) == folded(history)


def test_infeasible_rows_stand_behind_all_feasible_ones_by_violation() -> None:
    history = History.observed(np.zeros((4, 1)), np.array([[0.0], [1], [2], [3]]), np.array([[2.0], [1], [-1], [0]]))
    order = np.argsort(-trust_region.record(history).scores[:, 0])
    assert order.tolist() == [2, 3, 1, 0]


def test_with_several_objectives_regions_stand_along_the_front() -> None:
    first = np.linspace(0, 1, 9)
    front = np.column_stack([first, 1 - first])
    history = seen(np.concatenate([front, front + 0.3]), np.concatenate([front, front + 0.3]), np.zeros(18))
    places = np.unique(trust_region.record(history).best(0, 18))
    assert len(places) >= 5
    assert places.max() < 9


@pytest.mark.parametrize("name", list(spaces()))
def test_a_region_is_the_part_of_the_space_around_its_centre(name: str) -> None:
    space = spaces()[name]
    rng = np.random.default_rng(3)
    for centre in region.sample(space, 5, rng):
        for length in (0.8, 0.1, 0.01):
            here = trust_region.part(space, centre, length)
            assert region.contains(here, centre[None]).all()
            X = region.sample(here, 50, rng)
            assert region.contains(space, X).all()
            assert trust_region.within(space, centre[None], length, X).all()


@pytest.mark.parametrize("name", list(spaces()))
def test_proposals_are_new_points_of_the_space_near_the_best(name: str) -> None:
    space = spaces()[name]
    X = np.unique(region.sample(space, 14, np.random.default_rng(0)), axis=0)
    width = space.upper - space.lower
    Y = np.stack([(((X - space.lower) / width - c) ** 2).sum(1) for c in (0.2, 0.7)], 1)
    history = History.observed(X, Y)
    found, again = (QUICK.propose(space, history, 2, np.random.default_rng(1)) for _ in range(2))
    assert np.array_equal(found.X, again.X)
    assert region.contains(space, found.X).all()
    assert len(np.unique(np.round(np.concatenate([X, found.X]), 9), axis=0)) == len(X) + 2
    best = X[np.unique(trust_region.record(history).best(0, len(X)))]
    assert trust_region.within(space, best, 0.8, found.X).all()
    assert "trust region 1" in found.notes[-1]


def test_a_region_that_is_used_up_gives_way_to_the_whole_space() -> None:
    table = np.concatenate([np.full((1, 2), 0.5), np.array([[0.95, 0.95], [0.05, 0.9], [0.9, 0.04]])])
    space = replace(box(), table=table)
    history = walked("--" * 3)
    X = QUICK.ask(space, history, 3, np.random.default_rng(0))
    assert sorted(X[:, 0]) == [0.05, 0.9, 0.95]


def test_a_long_history_is_learned_from_near_the_regions_and_at_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust_region, "MANY_ROWS", 40)
    X = np.random.default_rng(0).random((200, 2))
    history = seen(X, ((X - 0.3) ** 2).sum(1, keepdims=True), np.arange(200) // 4)
    view = trust_region.search_region(box(), history, 2, "auto", np.random.default_rng(0))
    assert len(view.history.X) == 40
    best = X[history.Y[:, 0].argmin()]
    assert np.abs(view.history.X - best).max() < 0.3
    assert len(view.parts) == 2
    whole = trust_region.search_region(box(), history, 2, "never", np.random.default_rng(0))
    assert whole.history is history
    assert whole.parts == ()


def test_few_rows_in_few_variables_are_searched_as_a_whole() -> None:
    history = walked("+-")
    assert trust_region.search_region(box(), history, 2, "auto", np.random.default_rng(0)).parts == ()
    wide = walked("+-", 21)
    assert len(trust_region.search_region(box(21), wide, 2, "auto", np.random.default_rng(0)).parts) == 2
