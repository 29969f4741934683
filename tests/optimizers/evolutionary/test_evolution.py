"""Population methods: operators stay closed, selection is the published one, folds find known optima."""

import random
from dataclasses import replace
from itertools import product

import moocore
import numpy as np
import pytest
from deap import base, tools

from eutectic.optimizers.base import Array, History, Mixture, Space
from eutectic.optimizers.evolutionary.deap_selection import reference_points, survivors
from eutectic.optimizers.evolutionary.differential_evolution import slots
from eutectic.optimizers.evolutionary.evolution import Evolution
from eutectic.optimizers.evolutionary.mixture_variation import blends, mend, transfer
from eutectic.optimizers.evolutionary.nsga2 import NSGA2
from eutectic.optimizers.evolutionary.nsga3 import NSGA3, adapted, directions, niched, niches, normalised
from eutectic.optimizers.evolutionary.population import plan
from eutectic.optimizers.evolutionary.selection import crowded, pool, published, violation
from eutectic.optimizers.evolutionary.surrogate_assisted import evolved, spread_out
from eutectic.optimizers.evolutionary.variation import Rates, mutate, offspring, sbx, settle
from eutectic.optimizers.pareto import crowding_distance, ranked, thinned
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.seen import remember
from eutectic.optimizers.swarms.swarm import Swarm
from tests.optimizers.spaces.examples import SPACES, alloy

NON_LINEAR = [name for name, space in SPACES.items() if not space.linear and space.known is None]
MANY = alloy(12, 100, most=5)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng([11, seed])


def box(d: int, low: float = 0.0, high: float = 1.0) -> Space:
    return Space(tuple(f"x{i}" for i in range(d)), ("continuous",) * d, np.full(d, low), np.full(d, high))


@pytest.mark.parametrize("name", NON_LINEAR)
def test_children_keep_bounds_steps_and_mixtures(name: str) -> None:
    space = SPACES[name]
    X = region.sample(space, 200, rng())
    children = settle(space, offspring(space, X[:100], X[100:], Rates(mutation=0.5), rng(1)), rng(2))
    inside = region.contains(space, children) if space.table is None else np.ones(1, dtype=bool)
    assert inside.mean() > 0.99
    assert (np.abs(children - X).max(1) > 1e-9).mean() > 0.5


def test_a_limited_grid_of_twelve_elements_never_gets_an_infeasible_proposal() -> None:
    X = region.sample(MANY, 500, rng())
    target = np.linspace(0, 0.4, 12)
    history = History.observed(X, np.column_stack([((X - target) ** 2).sum(1), (X * target).sum(1)]))
    asked = np.concatenate(
        [o.ask(MANY, history, 250, rng(i)) for i in range(2) for o in (NSGA2(100), NSGA3(100), Evolution())][:4]
    )
    assert region.contains(MANY, asked).all()
    assert len(np.unique(asked, axis=0)) > 900


@pytest.mark.parametrize(
    "name", ["simplex", "bounded", "or zero", "at most three", "grid", "grid or zero", "tight caps"]
)
def test_mended_fractions_are_a_mixture_and_mixtures_stay_as_they_are(name: str) -> None:
    space = SPACES[name]
    (blend,) = blends(space)
    wild = rng().normal(0.3, 0.5, (300, space.d))
    assert region.contains(space, mend(blend, wild, rng(1))).mean() > 0.99
    good = region.sample(space, 300, rng(2))
    assert np.abs(mend(blend, good, rng(3)) - good).max() < 1e-4


@pytest.mark.parametrize("name", ["simplex", "or zero", "at most three", "grid or zero"])
def test_a_transfer_changes_two_members_and_keeps_their_sum(name: str) -> None:
    space = SPACES[name]
    (blend,) = blends(space)
    X = region.sample(space, 200, rng())
    moved = transfer(blend, X, np.arange(200), 20.0, rng(1))
    assert region.contains(space, moved).mean() > 0.99
    assert ((np.abs(moved - X) > 1e-12).sum(1) <= 2).mean() > 0.7
    assert (np.abs(moved - X).max(1) > 1e-12).mean() > 0.8


def test_simulated_binary_crossover_keeps_the_parents_mean_and_spreads_as_published() -> None:
    A, B = np.full((20_000, 1), 0.45), np.full((20_000, 1), 0.55)
    C, D = sbx(A, B, np.zeros(1), np.ones(1), 15.0, rng())
    crossed = np.abs(C - A) + np.abs(D - B) > 1e-12
    assert 0.4 < (np.abs((C - D) / (A - B)) != 1).mean() < 0.6
    assert np.abs((C + D - A - B)[crossed]).max() < 1e-6
    beta = np.abs((C - D) / (A - B))[np.abs(np.abs(C - D) - 0.1) > 1e-12]
    # density 0.5 (eta + 1) beta^eta below one: mean of beta there is (eta + 1) / (eta + 2)
    assert beta[beta < 1].mean() == pytest.approx(16 / 17, abs=0.005)


def test_categories_and_steps_mutate_to_other_values() -> None:
    space = SPACES["everything on a grid"]
    X = region.sample(space, 300, rng())
    for column in (3, 4, 5, 6, 9):
        chosen = np.zeros(X.shape, dtype=bool)
        chosen[:, column] = True
        moved = mutate(space, X, chosen, 20.0, rng(1))
        assert (moved[:, column] != X[:, column]).all()
        assert (np.delete(moved, column, 1) == np.delete(X, column, 1)).all()


class Individual(list):
    def __init__(self, values: Array) -> None:
        super().__init__(values)
        minimised = type("Minimised", (base.Fitness,), {"weights": (-1.0,) * len(values)})
        self.fitness = minimised(tuple(values))


def test_fronts_are_those_of_deap() -> None:
    Y = np.round(rng().random((300, 2)), 2)
    people = [Individual(y) for y in Y]
    fronts = tools.sortLogNondominated(people, len(people))
    theirs = {tuple(person): number for number, front in enumerate(fronts) for person in front}
    assert [theirs[tuple(y)] for y in Y] == ranked(Y, np.zeros(300)).tolist()


def test_crowding_and_survivors_are_those_of_deap_when_one_leaves_at_a_time() -> None:
    Y = rng().random((60, 2))
    people = [Individual(y) for y in Y]
    front = np.flatnonzero(ranked(Y, np.zeros(60)) == 0)
    tools.emo.assignCrowdingDist([people[i] for i in front])
    assert crowding_distance(Y[front]) == pytest.approx([people[i].fitness.crowding_dist for i in front])
    size = int((ranked(Y, np.zeros(60)) <= 2).sum()) - 1
    theirs = {tuple(person) for person in tools.selNSGA2(people, size, nd="log")}
    history = History.observed(Y, Y)
    assert {tuple(y) for y in crowded(pool(history), size).Y} == theirs


@pytest.mark.parametrize("m", [2, 3])
def test_published_survivors_are_deaps_with_infeasible_ones_behind_by_violation(m: int) -> None:
    Y = rng(m).random((60, m))
    broken = np.where(np.arange(60) < 25, 0.0, np.arange(60)[::-1] + 1.0)
    history = pool(History.observed(Y, Y))
    people = [Individual(y) for y in Y[:25]]
    theirs = [tuple(person) for person in tools.selNSGA2(people, 12, nd="log")]
    some = published(replace(history, violation=broken), 12)
    assert [tuple(y) for y in some.Y] == theirs
    assert (some.violation == 0).all()
    more = published(replace(history, violation=broken), 30)
    assert sorted(map(tuple, more.Y[:25])) == sorted(map(tuple, Y[:25]))
    assert more.place[25:].tolist() == [59, 58, 57, 56, 55]


def test_nsga2_selects_as_published_when_it_is_told_to() -> None:
    Y = rng().random((60, 2))
    history = pool(History.observed(Y, Y))
    kept = NSGA2(survival="published").keep(history, 20, rng())
    assert kept.place.tolist() == survivors(Y, 20).tolist()
    assert set(kept.place.tolist()) != set(NSGA2().keep(history, 20, rng()).place.tolist())


@pytest.mark.parametrize("m", [2, 3])
def test_niches_with_one_nearest_candidate_each_are_filled_as_by_deap(m: int) -> None:
    W = directions(m, 6, 100)
    nearer, farther = W.copy(), W[1:-1] + rng(m).normal(0, 0.02, W[1:-1].shape)
    front = np.concatenate([farther / farther.sum(1, keepdims=True), nearer])  # a plane: nobody dominates anybody
    front = np.clip(front, 0, None)
    people = [Individual(y) for y in front]
    state = np.random.get_state()  # noqa: NPY002
    theirs = {tuple(person) for person in tools.selNSGA3(people, len(W), W)}
    np.random.set_state(state)  # noqa: NPY002
    own = NSGA3(divisions=6, adaptive=False).keep(pool(History.observed(front, front)), len(W), rng())
    assert {tuple(y) for y in own.Y} == theirs == {tuple(w) for w in W}


def test_normalisation_does_not_depend_on_the_losses_units_or_origin() -> None:
    Y = np.abs(rng().normal(size=(40, 3)))
    Y /= np.linalg.norm(Y, axis=1, keepdims=True)
    units, origin = np.array([1e-16, 1.0, 1e12]), np.array([1e-16, -3.0, 1e12])
    assert normalised(Y * units + origin, Y * units + origin) == pytest.approx(normalised(Y, Y), abs=1e-9)


def test_feasible_before_infeasible_and_then_by_violation() -> None:
    Y = np.array([[5.0, 5], [1, 1], [0, 0], [0, 0], [9, 9]])
    broken = violation(np.array([[-1.0], [0], [3], [1], [2]]))
    assert ranked(Y, broken).tolist() == [1, 0, 4, 2, 3]


def test_constraints_of_different_units_count_alike() -> None:
    C = np.array([[1.0, -1], [-1, 1000.0], [0, 0]])
    assert violation(C).tolist() == [1, 1, 0]


def test_thinning_leaves_an_even_front() -> None:
    f = np.sort(rng().random(1000) ** 3)
    f[[0, -1]] = 0, 1
    Y = np.column_stack([f, 1 - f])
    left = thinned(Y, 20)
    gaps = np.diff(np.sort(Y[left, 0]))
    assert len(left) == len(set(left)) == 20
    assert gaps.max() < 2.5 / 19
    assert {0, 999} <= set(left.tolist())


@pytest.mark.parametrize("seed", range(3))
def test_selection_leaves_global_random_state_alone(seed: int) -> None:
    states = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    space = box(3)
    X = region.sample(space, 60, rng(seed))
    history = History.observed(X, np.column_stack([X[:, 0], 1 - X[:, 0] + X[:, 1], X[:, 2]]))
    for optimizer in (NSGA2(), NSGA2(survival="published"), NSGA3()):
        optimizer.ask(space, history, 10, rng(seed))
    assert random.getstate() == states[0]
    assert (np.random.get_state()[1] == states[1]).all()  # noqa: NPY002


@pytest.mark.parametrize(("m", "divisions", "number"), [(2, 99, 100), (3, 12, 91), (5, 6, 210)])
def test_reference_directions_are_the_das_dennis_lattice(m: int, divisions: int, number: int) -> None:
    W = reference_points(m, divisions)
    assert W.shape == (number, m)
    assert W.sum(1) == pytest.approx(1)
    assert len(np.unique(W, axis=0)) == number


@pytest.mark.parametrize(("m", "size"), [(2, 20), (3, 100), (3, 12), (5, 60), (8, 160), (10, 20)])
def test_directions_fit_the_population_and_have_inner_points(m: int, size: int) -> None:
    W = directions(m, None, size)
    assert 2 <= len(W) <= size
    assert W.sum(1) == pytest.approx(1)
    assert (W > 0).all(1).any()


def test_eight_objectives_get_the_two_layers_of_the_paper() -> None:
    assert len(directions(8, None, 156)) == 156  # table I: 3 and 2 divisions


def test_normalised_fronts_touch_the_axes_at_one() -> None:
    angle = np.linspace(0, np.pi / 2, 50)
    Y = np.column_stack([10 * np.cos(angle), 1000 * np.sin(angle)]) + np.array([3.0, -50])
    F = normalised(Y, Y)
    assert F.min(0) == pytest.approx([0, 0])
    assert F.max(0) == pytest.approx([1, 1])
    assert np.isfinite(normalised(np.ones((4, 3)), np.ones((4, 3)))).all()


def test_niching_fills_empty_directions_first_with_their_nearest() -> None:
    W = reference_points(2, 2)
    F = np.array([[1.0, 0.01], [1, 0.2], [1, 0.05], [0.5, 0.6], [0.01, 1]])
    nearest, distance = niches(F, W)
    chosen = niched(nearest, distance, np.zeros(3, dtype=np.int64), np.arange(5), 3, rng())
    assert sorted(chosen.tolist()) == [0, 3, 4]
    count = np.array([1, 0, 0])  # someone is at (0, 1) already
    assert 4 not in niched(nearest, distance, count, np.arange(5), 2, rng())


def test_directions_adapt_to_a_front_that_most_of_them_miss() -> None:
    W = reference_points(3, 12)
    corner = np.abs(rng().normal(0, 0.08, (91, 3))) + np.array([1.0, 0.2, 0.2])
    before = len(np.unique(niches(corner, W)[0]))
    more = adapted(corner, W, 12)
    assert len(np.unique(niches(corner, more)[0])) > 1.5 * before
    assert (more[:91] == W).all()
    even = W / np.linalg.norm(W, axis=1, keepdims=True)
    assert len(adapted(even, W, 12)) == len(W)


def run(optimizer: NSGA2 | NSGA3 | Evolution, space: Space, function: object, batches: int, n: int) -> History:
    history = History.empty(space.d)
    for batch in range(batches):
        X = np.concatenate([history.X, optimizer.ask(space, history, n, rng(batch))])
        history = History.observed(X, *function(X))
    return history


def zdt1(X: Array) -> tuple[Array]:
    g = 1 + 9 * X[:, 1:].mean(1)
    return (np.column_stack([X[:, 0], g * (1 - np.sqrt(X[:, 0] / g))]),)


@pytest.mark.parametrize("optimizer", [NSGA2(40), NSGA3(40)])
def test_the_front_of_zdt1_is_found(optimizer: NSGA2 | NSGA3) -> None:
    history = run(optimizer, box(8), zdt1, 60, 40)
    hypervolume = moocore.hypervolume(pool(history).Y, ref=[1.1, 1.1])
    assert hypervolume > 0.97 * (2 / 3 + 0.1 + 0.11)


def test_a_constrained_front_is_found_from_an_infeasible_start() -> None:
    def function(X: Array) -> tuple[Array, Array]:
        return X[:, :2] + X[:, 2:].sum(1, keepdims=True), 0.9 - X[:, :1] - X[:, 1:2]

    history = run(NSGA2(20), box(4), function, 60, 20)
    best = pool(history).Y[history.feasible]
    assert moocore.hypervolume(best, ref=[1.0, 1.0]) > 0.85 * (1 - 0.9**2 / 2)


@pytest.mark.parametrize(("method", "within"), [("differential", 1e-3), ("genetic", 1.0)])
def test_a_curved_valley_is_followed(method: str, within: float) -> None:
    def rosenbrock(X: Array) -> tuple[Array]:
        return ((100 * (X[:, 1:] - X[:, :-1] ** 2) ** 2 + (1 - X[:, :-1]) ** 2).sum(1, keepdims=True),)

    history = run(Evolution(method, 20), box(3, -2, 2), rosenbrock, 120, 20)
    assert history.Y.min() < within


def test_a_slot_is_held_by_the_best_of_its_rows() -> None:
    X = np.arange(10.0)[:, None]
    Y = np.array([[5.0], [5], [5], [4], [9], [np.nan], [1], [2], [3], [8]])
    held = slots(pool(History.observed(X, Y)), 3)
    assert held.X.ravel().tolist() == [6, 7, 8]
    assert held.merit.tolist() == [0, 1, 2]


def test_element_choices_are_found_in_a_fraction_of_the_space() -> None:
    space = Space(("a", "b", "c"), ("categorical",) * 3, np.zeros(3), np.array([51.0, 51, 6]))
    table = rng(5).normal(size=(52, 3))

    def function(X: Array) -> tuple[Array]:
        a, b, c = X.astype(int).T
        return ((table[a] * table[b] * np.cos(c[:, None] + np.arange(3))).sum(1, keepdims=True),)

    every = function(np.array(list(product(range(52), range(52), range(7))), dtype=float))[0]
    found = [run(Evolution("genetic", 30), space, function, 20, 30).Y.min()]
    assert (every < min(found)).sum() <= 5


def test_the_best_rows_of_a_table_are_found_before_most_are_measured() -> None:
    table = rng().random((2000, 4))
    space = Space(tuple("abcd"), ("continuous",) * 4, np.zeros(4), np.ones(4), table=table)
    history = run(Evolution(), space, lambda X: (((X - 0.4) ** 2).sum(1, keepdims=True),), 20, 10)
    losses = ((table - 0.4) ** 2).sum(1)
    assert history.Y.min() <= np.sort(losses)[3]


def test_a_binary_edge_of_a_simplex_is_reached() -> None:
    space = alloy(5, None)
    target = np.array([0.7, 0.3, 0, 0, 0])
    for method in ("differential", "genetic"):
        history = run(Evolution(method), space, lambda X: (((X - target) ** 2).sum(1, keepdims=True),), 50, 20)
        assert history.Y.min() < 1e-3


def test_children_are_never_pending_or_known_rows() -> None:
    space = Space(("n", "m"), ("integer",) * 2, np.zeros(2), np.full(2, 9.0))
    X = region.sample(space, 40, rng())
    history = History.observed(X, X.copy()).with_pending(region.sample(space, 20, rng(1)))
    seen = np.concatenate([history.X, history.pending])
    for optimizer in (NSGA2(), NSGA2(survival="published"), NSGA3()):
        asked = optimizer.ask(space, history, 15, rng(2))
        assert not remember(space, seen).holds(asked).any()
        assert len(np.unique(asked, axis=0)) == 15


def test_failed_rows_are_nobodys_parents() -> None:
    X = region.sample(box(3), 30, rng())
    Y = X[:, :2].copy()
    Y[::2] = np.nan
    assert set(pool(History.observed(X, Y)).place.tolist()) == set(range(1, 30, 2))


@pytest.mark.parametrize("worst", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("optimizer", [NSGA2(20), NSGA3(20), Swarm(20), Evolution(population=20)])
def test_values_that_are_not_finite_are_never_sorted(
    optimizer: NSGA2 | NSGA3 | Swarm | Evolution, worst: float
) -> None:
    """A sort that meets a NaN, or believes an infinite gain, would put its row into the first front."""
    X = region.sample(box(3), 40, rng())
    Y, C = X[:, : 1 if isinstance(optimizer, Evolution) else 2].copy(), X[:, 2:] - 0.9
    Y[::3], C[1::3] = worst, worst
    history = History.observed(X, Y, C)
    assert set(pool(history).place.tolist()) == set(range(2, 40, 3))
    asked = optimizer.ask(box(3), history, 10, rng(1))
    assert region.contains(box(3), asked).all()
    with pytest.raises(AssertionError, match="not finite"):
        ranked(Y, np.zeros(40))


def test_beliefs_that_are_not_finite_are_left_out_of_evolution_on_the_posterior() -> None:
    def judge(X: Array) -> tuple[Array, Array]:
        return np.where(X[:, :1] > 0.5, np.nan, X[:, :2]), np.where(X[:, 1:2] > 0.9, np.inf, -1.0)

    last = evolved(NSGA2(), 3, box(2), pool(History.observed(np.zeros((1, 2)), np.zeros((1, 2)))), judge, 20, rng())
    assert len(last) > 20
    assert np.isfinite(last.Y).all()
    assert last.X[:, 0].max() <= 0.5


def test_the_population_is_the_largest_batch_unless_it_is_given() -> None:
    history = History.empty(3)
    assert plan("nsga2", NSGA2()).size(history, 4) == 20
    assert plan("nsga2", NSGA2()).size(history, 64) == 64
    assert plan("nsga2", NSGA2(50)).size(history, 64) == 50


@pytest.mark.parametrize("acquire", ["mean", "ucb", "thompson"])
def test_evolution_on_the_posterior_beats_its_sampled_start(acquire: str) -> None:
    space = box(2)
    X = region.sample(space, 12, rng())

    def loss(X: Array) -> Array:
        return ((X - 0.3) ** 2).sum(1, keepdims=True)

    asked = Evolution(search="surrogate", acquire=acquire, generations=8).propose(
        space, History.observed(X, loss(X)), 3, rng(1)
    )
    assert loss(asked.X).min() < loss(X).min()
    assert np.linalg.norm(asked.X[0] - asked.X[1]) > 0.01
    assert asked.reasons[0].mean is not None
    assert asked.state


@pytest.mark.parametrize(
    "optimizer", [NSGA2(search="surrogate", generations=5), NSGA3(search="surrogate", generations=5)]
)
def test_a_diverse_feasible_batch_is_sent_from_the_posterior(optimizer: NSGA2 | NSGA3) -> None:
    space = alloy(4, 20, most=3)
    X = region.sample(space, 20, rng())
    history = History.observed(X, np.column_stack([X[:, 0] ** 2, (1 - X[:, 0]) ** 2 + X[:, 1]]), X[:, 2:3] - 0.5)
    asked = optimizer.ask(space, history, 4, rng(1))
    assert region.contains(space, asked).all()
    assert np.ptp(asked[:, 0]) > 0.3
    assert not remember(space, X).holds(asked).any()
    assert (asked == optimizer.ask(space, history, 4, rng(1))).all()


def test_apart_takes_the_best_and_then_those_farther_off() -> None:
    X = np.array([[0.5, 0.5], [0.5, 0.501], [0.9, 0.9], [0.5, 0.52]])
    assert spread_out(box(2), X, 3, X[:0])[:2].tolist() == [[0.5, 0.5], [0.9, 0.9]]
    assert spread_out(box(2), X, 1, np.array([[0.5, 0.51]])).tolist() == [[0.9, 0.9]]


@pytest.mark.parametrize(
    ("optimizer", "objectives", "words"),
    [
        (NSGA3(), 1, "two objectives or more"),
        (Evolution(), 2, "one objective, not 2"),
        (Evolution("differential"), 1, "method: genetic"),
    ],
)
def test_what_cannot_be_served_is_refused(optimizer: NSGA3 | Evolution, objectives: int, words: str) -> None:
    space = Space(("a", "b"), ("categorical",) * 2, np.zeros(2), np.ones(2))
    assert words in str(optimizer.refuse(space, objectives, 0))


@pytest.mark.parametrize(
    ("part", "options"),
    [
        (NSGA2, {"population": 2}),
        (NSGA2, {"crossover": 1.5}),
        (NSGA2, {"eta_mutation": -1}),
        (NSGA3, {"divisions": 0}),
        (NSGA3, {"generations": 0}),
        (Evolution, {"climb": 2}),
        (Evolution, {"scale": 0}),
    ],
)
def test_options_out_of_range_are_refused_by_name(part: type, options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        part(**options)


def test_a_mixture_beside_numbers_evolves_whole() -> None:
    space = Space(
        ("A", "B", "C", "t"),
        ("fraction",) * 3 + ("continuous",),
        np.zeros(4),
        np.array([1.0, 1, 1, 10]),
        mixtures=(Mixture((0, 1, 2), (False,) * 3),),
    )
    target = np.array([0.2, 0.3, 0.5, 7.0])
    history = run(Evolution("differential"), space, lambda X: (((X - target) ** 2).sum(1, keepdims=True),), 50, 20)
    assert history.Y.min() < 0.02
