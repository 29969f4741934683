"""Claims about the particle swarm: a fold of the history that solves small problems and touches no global state."""

import logging
import os
from dataclasses import replace
from pathlib import Path

import moocore
import numpy as np
import pytest

from eutectic.optimizers.base import Array, History, Mixture, Space
from eutectic.optimizers.evolutionary.selection import Pool, pool
from eutectic.optimizers.spaces import region
from eutectic.optimizers.swarms.particle_swarm import memory, restarted
from eutectic.optimizers.swarms.swarm import Swarm
from eutectic.optimizers.swarms.topologies import neighbourhood_best


def box(d: int, low: float = -5.0, high: float = 5.0) -> Space:
    return Space(tuple(f"x{j}" for j in range(d)), ("continuous",) * d, np.full(d, low), np.full(d, high))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng([13, seed])


def flown(optimizer: Swarm, space: Space, problem, batches: int, n: int, seed: int = 0) -> History:
    """The history after batches of n, all finished."""
    X = np.empty((0, space.d))
    for batch in range(batches):
        Y, C = problem(X)
        new = optimizer.ask(space, History.observed(X, Y, C), n, np.random.default_rng([seed, batch]))
        X = np.concatenate([X, new])
    return History.observed(X, *problem(X))


def sphere(X: Array) -> tuple[Array, Array]:
    return ((X - 1.3) ** 2).sum(1, keepdims=True), np.empty((len(X), 0))


def two(X: Array) -> tuple[Array, Array]:
    """Binh and Korn 1997: two objectives on [0, 5] x [0, 3], two constraints."""
    Y = np.column_stack([4 * (X**2).sum(1), ((X - 5) ** 2).sum(1)])
    C = np.column_stack([(X[:, 0] - 5) ** 2 + X[:, 1] ** 2 - 25, 7.7 - (X[:, 0] - 8) ** 2 - (X[:, 1] + 3) ** 2])
    return Y, C


def made(place: list[int], loss: list[float], violation: list[float] | None = None) -> Pool:
    rows, broken = np.array(place), np.zeros(len(place)) if violation is None else np.array(violation)
    X = np.array(place, dtype=float)[:, None]
    return Pool(X, np.array(loss)[:, None], broken, rows, np.zeros(len(rows)))


# solving


@pytest.mark.parametrize("topology", ["star", "ring"])
def test_a_swarm_finds_the_bottom_of_a_sphere(topology: str) -> None:
    history = flown(Swarm(20, topology=topology), box(4), sphere, 30, 20)
    assert history.Y.min() < 1e-3


def test_sub_swarms_and_an_archive_fill_a_constrained_front() -> None:
    space = Space(("x", "y"), ("continuous",) * 2, np.zeros(2), np.array([5.0, 3.0]))
    history = flown(Swarm(20), space, two, 25, 20)
    t = np.linspace(0, 5, 400)
    best = two(np.column_stack([t, np.minimum(t, 3)]))[0]
    reference = np.array([140.0, 50.0])
    share = moocore.hypervolume(history.Y[history.feasible], ref=reference) / moocore.hypervolume(best, ref=reference)
    random = region.sample(space, 500, rng())
    Y, C = two(random)
    by_chance = moocore.hypervolume(Y[(C <= 0).all(1)], ref=reference) / moocore.hypervolume(best, ref=reference)
    assert share > 0.99
    assert share > by_chance


def test_feasible_candidates_lead_a_swarm_whose_best_losses_break_a_constraint() -> None:
    def problem(X: Array) -> tuple[Array, Array]:
        return X.sum(1, keepdims=True), (1 - (X**2).sum(1, keepdims=True)) + 24

    history = flown(Swarm(20), box(2, 0.0), problem, 20, 20)
    assert history.Y[history.feasible].min() == pytest.approx(5.0, abs=0.05)


def test_a_vector_of_targets_is_one_distance() -> None:
    def problem(X: Array) -> Array:
        return np.column_stack([X[:, 0] + X[:, 1], X[:, 0] * X[:, 1] * 100])

    space, aim = box(2, 0.0, 3.0), np.array([3.0, 200.0])
    X = np.empty((0, 2))
    for batch in range(25):
        signed = problem(X) - aim
        history = replace(
            History.observed(X, np.maximum(np.abs(signed) - [0.02, 2.0], 0)),
            signed=signed,
            tolerance=np.array([0.02, 2.0]),
        )
        X = np.concatenate([X, Swarm(12).ask(space, history, 12, rng(batch))])
    assert Swarm().rules(history).scale is not None
    assert Swarm(aim="front").rules(history).scale is None
    off = np.abs(problem(X) - aim)
    assert (off <= [0.02, 2.0]).all(1).any()


def test_moves_on_the_posterior_need_few_evaluations() -> None:
    optimizer = Swarm(search="surrogate", acquire="mean", generations=6)
    history = flown(optimizer, box(2), sphere, 4, 4)
    assert history.Y.min() < 0.05
    reasons = optimizer.propose(box(2), history, 2, rng()).reasons
    assert all(reason.mean is not None for reason in reasons)


# the fold


def test_particles_are_read_from_the_rows_of_the_history() -> None:
    #            particle 0 1 2, 0 1 2, 0
    flock = made([0, 1, 2, 3, 4, 5, 6], [5.0, 1, 4, 3, 2, 4, 9])
    best, latest, previous = memory(flock, flock.Y, 3)
    assert best.tolist() == [3, 1, 2]
    assert latest.tolist() == [6, 4, 5]
    assert previous.tolist() == [3, 1, 2]
    broken = made([0, 1, 3, 4], [5.0, 1, 3, 2], [0, 1, 1, 0])
    assert memory(broken, broken.Y, 3)[0].tolist() == [0, 3]


def test_each_sub_swarm_minds_its_own_objective() -> None:
    flock = Pool(np.zeros((4, 1)), np.array([[1.0, 9], [1, 9], [2, 3], [2, 3]]), np.zeros(4), np.arange(4), np.zeros(4))
    assert memory(flock, flock.Y, 2)[0].tolist() == [0, 3]


def test_a_swarm_that_finds_nothing_better_starts_anew() -> None:
    better = made(list(range(12)), [9.0 - i for i in range(12)])
    assert restarted(better, better.Y[:, 0], 2, 2) == 0
    stuck = made(list(range(12)), [1.0] + [2.0] * 11)
    assert restarted(stuck.rows(np.arange(5)), stuck.Y[:5, 0], 2, 2) == 0
    assert restarted(stuck.rows(np.arange(6)), stuck.Y[:6, 0], 2, 2) == 6
    assert restarted(stuck.rows(np.arange(8)), stuck.Y[:8, 0], 2, 2) == 6
    assert restarted(stuck, stuck.Y[:, 0], 2, 2) == 12


def test_a_swarm_that_is_stuck_looks_elsewhere() -> None:
    space = box(2)
    X = np.concatenate([region.sample(space, 8, rng()), 1 + 1e-3 * rng().normal(size=(32, 2))])
    Y = np.concatenate([np.full(8, 2.0), [1.0], np.full(31, 1.5)])[:, None]
    fresh = Swarm(8, patience=3).ask(space, History.observed(X, Y), 8, rng(1))
    staying = Swarm(8, patience=None, mutation=0.0).ask(space, History.observed(X, Y), 8, rng(1))
    assert np.ptp(fresh, axis=0).min() > 3
    assert np.abs(staying - 1).max() < 2


def test_a_swarm_goes_on_from_a_history_as_if_it_had_never_stopped() -> None:
    whole = flown(Swarm(8), box(3), sphere, 6, 8)
    part = flown(Swarm(8), box(3), sphere, 4, 8)
    X = part.X
    for batch in (4, 5):
        history = History.observed(X, *sphere(X))
        X = np.concatenate([X, Swarm(8).ask(box(3), history, 8, np.random.default_rng([0, batch]))])
    assert (X == whole.X).all()


# spaces


def test_ten_thousand_proposals_on_a_limited_composition_grid_are_feasible_and_new() -> None:
    mixture = Mixture(tuple(range(12)), (False,) * 12, 100, 1, 5)
    space = Space(tuple("ABCDEFGHIJKL"), ("fraction",) * 12, np.zeros(12), np.ones(12), mixtures=(mixture,))
    X = region.sample(space, 500, rng())
    target = np.linspace(0, 0.4, 12)
    for batch in range(4):
        history = History.observed(X, np.column_stack([((X - target) ** 2).sum(1), (X * target).sum(1)]))
        new = Swarm(500).ask(space, history, 8500 if batch == 3 else 500, rng(batch))
        assert region.contains(space, new).all()
        X = np.concatenate([X, new])
    assert len(np.unique(X.round(9), axis=0)) == len(X)


def test_categories_steps_and_numbers_move_together() -> None:
    space = Space(
        ("t", "n", "s", "p"),
        ("continuous", "integer", "categorical", "continuous"),
        np.array([300.0, 1, 0, 0]),
        np.array([900.0, 6, 2, 1]),
        ((), (), ("x", "y", "z"), ()),
        (None, None, None, 0.25),
    )

    def problem(X: Array) -> tuple[Array, Array]:
        loss = ((X[:, 0] - 640) / 600) ** 2 + (X[:, 1] - 4) ** 2 / 25 + (X[:, 2] != 1) + (X[:, 3] - 0.75) ** 2
        return loss[:, None], np.empty((len(X), 0))

    history = flown(Swarm(20), space, problem, 15, 20)
    assert region.contains(space, history.X).all()
    best = history.X[history.Y[:, 0].argmin()]
    assert best[1:].tolist() == [4, 1, 0.75]
    assert abs(best[0] - 640) < 20


# state outside


def test_no_global_state_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    handlers, level, settings = list(logging.root.handlers), logging.root.level, dict(os.environ)
    before = np.random.get_state()  # noqa: NPY002
    flown(Swarm(8), box(2), sphere, 4, 8)
    flown(Swarm(8, topology="star"), box(2), two, 4, 8)
    after = np.random.get_state()  # noqa: NPY002
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert (logging.root.handlers, logging.root.level) == (handlers, level)
    assert dict(os.environ) == settings
    assert not list(tmp_path.iterdir())


def test_a_particle_hears_its_nearest_neighbours_or_all() -> None:
    position = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]])
    best, cost = position + 0.5, np.array([3.0, 2, 4, 5, 9, 7])
    assert neighbourhood_best("ring", 3, position, best, cost)[:, 0].tolist() == [1.5] * 3 + [10.5] * 3
    assert neighbourhood_best("star", 3, position, best, cost)[:, 0].tolist() == [1.5] * 6
    assert neighbourhood_best("ring", 3, position[:1], best[:1], cost[:1]).tolist() == [[0.5]]


def test_failed_rows_are_steps_not_made() -> None:
    space, X = box(2), region.sample(box(2), 20, rng())
    Y = sphere(X)[0]
    Y[15:] = np.nan
    history = History.observed(X, Y)
    assert len(pool(history)) == 15
    assert region.contains(space, Swarm(5).ask(space, history, 5, rng(1))).all()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"population": 2}, "population must be at least 4"),
        ({"inertia": 1.5}, "inertia must lie between 0 and 1"),
        ({"social": 0.0}, "social must lie above 0"),
        ({"neighbours": 1}, "neighbours must be at least 2"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Swarm(**options)
