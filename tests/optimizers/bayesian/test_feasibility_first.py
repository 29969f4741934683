"""Claims about the way down the violation, before the front is looked for."""

from dataclasses import replace

import numpy as np
import pytest

from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import Array, History, Optimizer, Space
from eutectic.optimizers.bayesian import proposal
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.bayesian.feasibility_first import unmet
from eutectic.optimizers.bayesian.hybrid import Hybrid
from eutectic.optimizers.bayesian.satisfy import Satisfy
from eutectic.optimizers.spaces import region


def box(d: int) -> Space:
    return Space(tuple(f"x{j}" for j in range(d)), ("continuous",) * d, np.zeros(d), np.ones(d))


SPACE = box(5)
PLAIN = Bayesian(draws=8, samples=64, starts=2, iterations=8)
BRED = Hybrid(offspring=64, parents=20, draws=8, samples=64, starts=2, iterations=8)
OPTIMIZERS: dict[str, Optimizer] = {"bayesian": PLAIN, "hybrid": BRED, "satisfy": Satisfy(PLAIN, "bayesian")}


def valley(X: Array, fail: float = 0.0) -> History:
    """A curved valley on a plateau: 4e-7 of the space is feasible, constraint values are about 10 at first."""
    floor = 0.5 + 0.3 * np.sin(2.0 * X[:, :1] + np.arange(1, X.shape[1]))
    radius = 1 + (1 - np.exp(-25 * (X[:, 1:] - floor) ** 2)).sum(1)
    angle = 0.5 * np.pi * X[:, 0]
    Y = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    C = np.column_stack([radius**2 - 1.2, np.cos(12 * angle) * radius - 0.8])
    Y[(3.0 * X[:, 4] + 2.0 * X[:, 2]) % 1.0 < fail] = np.nan
    C[np.isnan(Y[:, 0])] = np.nan
    return replace(History.observed(X, Y, C), reference=np.array([1.5, 1.5]))


def searched(optimizer: Optimizer, batches: int, fail: float = 0.0) -> History:
    X = region.sample(SPACE, 16, np.random.default_rng(0))
    rounds, state = np.zeros(16, dtype=np.int64), dict[str, object]()
    for batch in range(1, batches + 1):
        history = replace(valley(X, fail), round=rounds, state=state)
        asked = propose(optimizer, "x", SPACE, history, 6, np.random.default_rng([0, batch]))
        X, state = np.concatenate([X, asked.X]), dict(asked.state)
        rounds = np.append(rounds, np.full(len(asked.X), batch))
    return valley(X, fail)


@pytest.mark.parametrize(("name", "fail"), [("bayesian", 0.0), ("hybrid", 0.4), ("satisfy", 0.4)])
def test_a_search_without_anything_feasible_walks_down_the_violation(name: str, fail: float) -> None:
    history = searched(OPTIMIZERS[name], 5, fail)
    excess = np.where(history.finished, np.maximum(history.C, 0).sum(1), np.inf)
    assert excess[16:].min() < 0.4 * excess[:16].min()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_while_nothing_is_feasible_the_notes_say_what_is_looked_for(name: str) -> None:
    X = region.sample(box(8), 20, np.random.default_rng(0))
    asked = propose(OPTIMIZERS[name], name, box(8), valley(X), 2, np.random.default_rng(0))
    assert any(note.startswith("nothing is feasible yet") and "violation" in note for note in asked.notes)
    assert all(reason.proposer.startswith(("bayesian", "hybrid: ")) for reason in asked.reasons)


@pytest.mark.parametrize("name", ["bayesian", "hybrid"])
def test_proposals_are_those_of_the_front_alone_where_something_feasible_beats_the_reference(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    X = region.sample(SPACE, 10, np.random.default_rng(0))
    X[0, 0], X[0, 1:] = 0.25, 0.5 + 0.3 * np.sin(0.5 + np.arange(1, 5))
    ours, alone = [], OPTIMIZERS[name]
    for off in (False, True):
        if off:
            monkeypatch.setattr(proposal, "unmet", lambda history: ())
        ours.append(propose(alone, name, SPACE, valley(X), 2, np.random.default_rng(7)))
    assert np.array_equal(ours[0].X, ours[1].X)
    assert ours[0].reasons == ours[1].reasons
    assert ours[0].notes == ours[1].notes


def test_with_a_feasible_candidate_better_than_the_reference_nothing_comes_before_the_front() -> None:
    X = region.sample(SPACE, 10, np.random.default_rng(0))
    X[0, 0], X[0, 1:] = 0.25, 0.5 + 0.3 * np.sin(0.5 + np.arange(1, 5))
    history = valley(X)
    assert history.feasible.tolist() == [True] + [False] * 9
    assert unmet(history) == ()
    assert unmet(replace(history, reference=None)) == ()
    assert len(unmet(replace(history, reference=np.array([0.1, 0.1])))) == 4
    assert len(unmet(valley(X[1:]))) == 2


def test_where_no_candidate_is_better_than_the_reference_it_is_approached() -> None:
    space = box(4)

    def losses(X: Array) -> Array:
        return np.column_stack([((X - 0.35) ** 2).sum(1), ((X - 0.4) ** 2).sum(1)])

    X = region.sample(space, 8, np.random.default_rng(1))
    reference = np.full(2, 0.02)
    assert not (losses(X) < reference).all(1).any()
    for batch in range(3):
        history = replace(History.observed(X, losses(X)), reference=reference)
        X = np.concatenate([X, PLAIN.ask(space, history, 4, np.random.default_rng(batch))])
    assert (losses(X) < reference).all(1).any()


def test_a_candidate_with_a_fair_chance_turns_the_search_to_the_front() -> None:
    X = np.random.default_rng(0).random((10, 2)) * 0.5
    history = History.observed(X, X, 0.6 - X[:, :1])
    asked = PLAIN.propose(box(2), history, 2, np.random.default_rng(0))
    assert any("fair chance" in note for note in asked.notes)
    assert asked.X[:, 0].max() > 0.55


def test_a_list_is_searched_for_less_violation_too() -> None:
    rows = np.random.default_rng(0).random((60, 5))
    space = replace(SPACE, table=rows)
    history = valley(rows[:20])
    for optimizer in OPTIMIZERS.values():
        X = optimizer.ask(space, history, 3, np.random.default_rng(0))
        assert len(X) == 3
        assert region.contains(space, X).all()
