"""Reinforcement learning of points: what it may choose, that it learns, and that it learns from the history alone."""

from dataclasses import replace

import numpy as np
import pytest

from eutectic.generators.composition import Composition
from eutectic.generators.sequence import Sequence, amounts
from eutectic.optimizers.base import Array, History, Mixture, Space
from eutectic.optimizers.policies.composition_walk import Walk, increments, moves, transfer
from eutectic.optimizers.policies.decision_tree import gridded, tree
from eutectic.optimizers.policies.episodes import order, played, rewards, utilities
from eutectic.optimizers.policies.policy import Policy
from eutectic.optimizers.policies.training import prepared
from eutectic.optimizers.spaces import region

METHODS = ("gradient", "dqn")
FIVE = dict.fromkeys(("Cu", "Cr", "Co", "Fe", "Ni"), (0.05, 0.35))


class Even:
    """Chooses among the options with even chances."""

    def choose(self, t, path, context, options, rng):
        chance = np.where(options, rng.random(options.shape), -1.0)
        return chance.argmax(1), -np.log(options.sum(1))


def planted() -> tuple[Space, Array]:
    """Four steps of seven elements and a count of 0 to 3, and the counts that are wanted: Mg2Al2O5."""
    return Sequence(("Li", "Mg", "Al", "Fe", "O", "F", "S"), steps=4, counts=(0, 3)).space, np.array(
        [0, 2, 2, 0, 5, 0, 0]
    )


def planted_loss(X: Array) -> Array:
    """(n,) distance of the summed counts to those wanted."""
    _, wanted = planted()
    return np.abs(amounts(X, 7) - wanted).sum(1)


@pytest.mark.parametrize("method", METHODS)
def test_a_policy_comes_nearer_to_a_planted_formula_than_chance(method: str) -> None:
    space, _ = planted()
    chance = [planted_loss(region.sample(space, 100, np.random.default_rng([s, 9]))) for s in range(20)]
    X = region.sample(space, 30, np.random.default_rng(0))
    while len(X) < 100:
        history = History.observed(X, planted_loss(X)[:, None])
        X = np.vstack([X, Policy(method=method).ask(space, history, 10, np.random.default_rng(len(X)))])
    found = planted_loss(X[30:])
    assert found.mean() < np.mean([y.mean() for y in chance]) - 1.5
    assert found.min() < np.mean([y.min() for y in chance]) - 0.5


@pytest.mark.parametrize("method", METHODS)
def test_on_the_surrogate_it_sends_better_points_than_chance(method: str) -> None:
    space, _ = planted()
    X = region.sample(space, 40, np.random.default_rng(0))
    history = History.observed(X, planted_loss(X)[:, None])
    policy = Policy(method=method, search="surrogate", acquire="mean", episodes=512, steps=30)
    proposals = policy.propose(space, history, 6, np.random.default_rng(1))
    assert planted_loss(proposals.X).mean() < planted_loss(X).mean() - 2
    assert all(reason.mean is not None for reason in proposals.reasons)
    assert proposals.state


@pytest.mark.parametrize("acquire", ["ucb", "thompson"])
def test_several_objectives_are_judged_on_the_surrogate_under_random_weights(acquire: str) -> None:
    space = Composition(FIVE, step=0.05).space
    X = region.sample(space, 20, np.random.default_rng(0))
    history = History.observed(X, X[:, :2], X[:, [2]] - 0.3)
    policy = Policy(search="surrogate", acquire=acquire, episodes=256, steps=20)
    asked = policy.ask(space, history, 5, np.random.default_rng(1))
    assert asked.shape == (5, 5)
    assert region.contains(space, asked).all()
    assert asked[:, :2].sum(1).mean() < X[:, :2].sum(1).mean()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("constraint", ["mask", "penalty"])
def test_no_formula_out_of_balance_is_ever_proposed(method: str, constraint: str) -> None:
    elements = ("Li", "Mg", "Al", "Ti", "Fe", "O", "F", "S")
    part = Sequence(elements, steps=4, min_elements=2, neutral=True, electronegativity_balance=True)
    X = region.sample(part.space, 30, np.random.default_rng(0))
    history = History.observed(X, -X[:, [1]] - X[:, [3]])
    policy = Policy(method=method, constraint=constraint, steps=20)
    asked = policy.ask(part.space, history, 20, np.random.default_rng(1))
    assert len(asked) == 20
    assert part.space.known is not None
    assert (part.space.known(asked) <= 0).all()


def test_the_mask_looks_ahead_for_known_constraints() -> None:
    part = Sequence(("Li", "Mg", "Al", "O", "F"), steps=3, min_elements=2, neutral=True)
    rng = np.random.default_rng(0)
    shares = []
    for blind in (False, True):
        episodes = played(tree(part.space, 21, 0.05, blind), Even(), np.empty((200, 0)), rng)
        shares.append(region.contains(part.space, episodes.X).mean())
    assert shares[0] > 2 * shares[1]


SPACES = {
    "composition": Composition(FIVE).space,
    "steps": Composition(dict.fromkeys((*FIVE, "Mn"), (0.05, 0.35)), 0.05, 3, 5, or_zero=True).space,
    "linear": Composition(FIVE, step=0.05, linear=("Fe + Ni <= 0.4", "Cu >= Cr")).space,
    "mixed": Space(
        ("t", "n", "s", "fixed"),
        ("continuous", "integer", "categorical", "continuous"),
        np.array([300.0, 1, 0, 2]),
        np.array([900.0, 6, 2, 2]),
        ((), (), ("x", "y", "z"), ()),
    ),
}


@pytest.mark.parametrize("space", SPACES)
def test_every_episode_ends_in_the_space_without_rejection(space: str) -> None:
    own = SPACES[space]
    episodes = played(tree(own, 21, 0.05, False), Even(), np.empty((300, 0)), np.random.default_rng(0))
    assert region.contains(own, episodes.X).all()
    assert np.isfinite(episodes.likely).all()


@pytest.mark.parametrize("space", SPACES)
def test_points_of_the_space_are_found_again_along_their_paths(space: str) -> None:
    own = SPACES[space]
    rng = np.random.default_rng(0)
    X = region.sample(gridded(own, 21, 0.05), 50, rng)
    decisions = tree(own, 21, 0.05, False)
    path, state, whose = decisions.replay(X, rng)
    assert whose.tolist() == list(range(50))
    assert decisions._centres(path) == pytest.approx(X, abs=1e-6)
    for t in range(decisions.length):
        assert decisions.options(t, state, path[:, :t])[np.arange(50), path[:, t]].all()
        state = decisions.step(t, state, path[:, t])


def test_a_pools_tree_leads_to_each_of_its_rows() -> None:
    table = np.random.default_rng(0).normal(size=(200, 4)).round(2)
    own = Space(tuple("abcd"), ("continuous",) * 4, table.min(0), table.max(0), table=table)
    decisions = tree(own, 7, 0.05, False)
    path, state, _ = decisions.replay(table, np.random.default_rng(0))
    for t in range(4):
        assert decisions.options(t, state, path[:, :t])[np.arange(200), path[:, t]].all()
        state = decisions.step(t, state, path[:, t])
    assert all(i in decisions.leaves[s] for i, s in enumerate(state[:, 0]))


def test_variables_that_take_the_same_values_share_their_tokens() -> None:
    decisions = tree(Sequence(("Li", "Mg", "O"), steps=3).space, 21, 0.05, False)
    assert decisions.tokens == 3 + 10
    assert [d.column for d in decisions.decisions] == [0, 1, 2, 3, 4, 5]  # an element, then its count
    assert [d.column for d in decisions.decisions if d.token == 0] == [0, 2, 4]


# --- walks ------------------------------------------------------------------------------------------------------------


def test_moves_are_transfers_and_exchanges() -> None:
    all_moves = moves(4)
    assert len(all_moves) == 1 + 12 + 6
    state = np.array([[5, 3, 2, 0]])
    token = transfer(4, 0, 3)
    assert (all_moves[token][0] + state @ all_moves[token][1:]).tolist() == [[4, 3, 2, 1]]
    assert (state @ all_moves[13][1:]).tolist() == [[3, 5, 2, 0]]


@pytest.mark.parametrize("step", [0.05, None])
@pytest.mark.parametrize("method", METHODS)
def test_a_walk_stays_in_the_space_and_near_what_was_good(method: str, step: float | None) -> None:
    space = Composition(FIVE, step=step, linear=("Fe + Ni <= 0.5",)).space
    X = region.sample(space, 40, np.random.default_rng(0))
    Y = np.abs(X - [0.3, 0.3, 0.2, 0.1, 0.1]).sum(1, keepdims=True)
    asked = Policy(method=method, moves=4, steps=30).ask(space, History.observed(X, Y), 8, np.random.default_rng(1))
    assert asked.shape == (8, 5)
    assert region.contains(space, asked).all()
    assert (asked * 20).round(6) == pytest.approx((asked * 20).round())
    good = X[np.argsort(Y[:, 0])[:8]]
    gap = np.abs(asked[:, None] - good[None]).sum(2).min(1)
    assert (gap <= 4 * 2 * 0.05 + 0.11 * (step is None) + 1e-9).mean() > 0.5
    assert np.abs(asked - [0.3, 0.3, 0.2, 0.1, 0.1]).sum(1).mean() < Y.mean()


def test_walks_between_evaluated_compositions_are_replayed() -> None:
    space = Composition(FIVE, step=0.05).space
    X = region.sample(space, 30, np.random.default_rng(0))
    walk = Walk(space, 20, 5, X[:3])
    path, start, whose = walk.replay(X, np.random.default_rng(1))
    assert {0, 1, 2} <= set(whose.tolist())
    state = start
    for t in range(5):
        state = walk.step(t, state, path[:, t])
    assert state.tolist() == increments(X[whose], 20).tolist()


def test_fractions_become_increments_of_the_same_sum() -> None:
    assert increments(np.array([[1 / 3, 1 / 3, 1 / 3], [0.1, 0.2, 0.7]]), 10).tolist() == [[4, 3, 3], [1, 2, 7]]


# --- rewards ----------------------------------------------------------------------------------------------------------


def test_the_order_is_feasible_first_then_violation_then_failures() -> None:
    Y = np.array([[0.9], [0.1], [np.nan], [0.5], [0.0]])
    violation = np.array([0.0, 0.0, 0.0, 2.0, 1.0])
    assert order(Y, violation, np.ones(1), True).tolist() == [1, 0, 4, 3, 2]


def test_rewards_are_finite_and_fall_with_the_place() -> None:
    place = np.array([2, 0, 1, 3])
    assert rewards(place).tolist() == pytest.approx([-1 / 3, 1, 1 / 3, -1])
    assert utilities(place).sum() == pytest.approx(0)
    assert utilities(place).argmax() == 1
    assert rewards(np.array([0])).tolist() == [1]
    assert np.isfinite(utilities(np.array([0]))).all()


def test_weights_decide_between_objectives() -> None:
    Y = np.array([[0.0, 1.0], [1.0, 0.0], [0.6, 0.6]])
    assert order(Y, np.zeros(3), np.array([1.0, 0.1]), False)[0] == 0
    assert order(Y, np.zeros(3), np.array([0.5, 0.5]), False)[2] == 0
    assert order(Y, np.zeros(3), np.array([0.5, 0.5]), True)[2] == 2  # a plain sum never prefers the middle here


# --- the history ------------------------------------------------------------------------------------------------------


def told(space: Space, n: int = 30) -> History:
    X = region.sample(space, n, np.random.default_rng(0))
    return History.observed(X, planted_loss(X)[:, None])


@pytest.mark.parametrize("method", METHODS)
def test_an_answer_depends_on_the_history_and_the_draw_alone(method: str) -> None:
    space, _ = planted()
    history, policy = told(space), Policy(method=method, steps=15)
    first = policy.ask(space, history, 6, np.random.default_rng(4))
    policy.ask(space, told(space, 25), 6, np.random.default_rng(5))
    assert (Policy(method=method, steps=15).ask(space, history, 6, np.random.default_rng(4)) == first).all()
    assert (policy.ask(space, history, 6, np.random.default_rng(6)) != first).any()


def test_the_state_of_torchs_own_randomness_is_neither_read_nor_moved() -> None:
    import torch

    space, _ = planted()
    before = torch.random.get_rng_state()
    Policy(method="dqn", steps=5).ask(space, told(space), 4, np.random.default_rng(0))
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("method", METHODS)
def test_what_is_pending_or_evaluated_is_not_asked_again(method: str) -> None:
    space = Sequence(("Li", "O"), steps=1, counts=(0, 9)).space
    X = region.enumerate_points(space)
    assert X is not None
    history = History.observed(X[:10], X[:10, [1]]).with_pending(X[10:14])
    proposals = Policy(method=method, start=2, steps=10).propose(space, history, 10, np.random.default_rng(0))
    assert sorted(map(tuple, proposals.X)) == sorted(map(tuple, X[14:]))
    assert any("used up" in note for note in proposals.notes)


@pytest.mark.parametrize("method", METHODS)
def test_failures_are_learned_as_bad(method: str) -> None:
    space = Sequence(("Li", "O", "F"), steps=2, counts=(1, 9)).space
    X = region.sample(space, 80, np.random.default_rng(0))
    Y = np.where(X[:, [0]] == 0, np.nan, 1.0 + 0.01 * X[:, [1]])
    history = replace(History.observed(X, Y), failed=np.isnan(Y[:, 0]))
    training, _ = prepared(Policy(method=method, explore=0.5), space, history, np.random.default_rng(0))
    assert training is not None
    training.learn(training.past, training.Y, training.violation, np.random.default_rng(1))
    built = training.play(200, np.ones(1), np.random.default_rng(2)).X
    assert (built[:, 0] == 0).mean() < 0.1 < (X[:, 0] == 0).mean()


@pytest.mark.parametrize(
    ("options", "space", "objectives", "words"),
    [
        ({"weights": (1.0,)}, "steps", 2, "1 weights for 2 objectives"),
        ({"moves": 3}, "mixed", 1, "`moves` walks a composition"),
        ({"increment": 0.5}, "narrow", 1, "give a finer increment"),
    ],
)
def test_what_it_cannot_serve_is_refused(options: dict[str, object], space: str, objectives: int, words: str) -> None:
    lower = np.array([0.3331, 0.3331, 0.3331])
    narrow = Space(tuple("abc"), ("fraction",) * 3, lower, lower + 5e-4, mixtures=(Mixture((0, 1, 2), (False,) * 3),))
    own = {**SPACES, "narrow": narrow}[space]
    assert words in str(Policy(**options).refuse(own, objectives, 0))  # type: ignore[arg-type]
    assert Policy().refuse(SPACES["steps"], 2, 1) is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"levels": 1}, "levels must be at least 2"),
        ({"moves": -1}, "moves must be at least 0"),
        ({"increment": 0.0}, "increment must lie above 0"),
        ({"rate": 0.0}, "rate must lie above 0"),
        ({"weights": (0.0, 0.0)}, "not all 0"),
        ({"weights": (-1.0, 1.0)}, "at least 0"),
        ({"entropy": -1.0}, "entropy must be at least 0"),
    ],
)
def test_bad_policy_options_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Policy(**options)  # type: ignore[arg-type]
