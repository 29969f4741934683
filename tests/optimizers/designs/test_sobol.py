"""The sobol optimizer: spread over the region, never twice the same, deterministic."""

import numpy as np
import pytest

from eutectic.generators.composition import Composition
from eutectic.optimizers.base import History, Space
from eutectic.optimizers.designs.low_discrepancy import spread
from eutectic.optimizers.designs.sobol import Sobol
from eutectic.optimizers.spaces import region
from tests.optimizers.spaces.examples import SPACES, alloy


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng([7, seed])


@pytest.mark.parametrize("name", SPACES)
def test_asks_new_points_of_the_region(name: str) -> None:
    space = SPACES[name]
    first = Sobol().ask(space, History.empty(space.d), 6, rng())
    history = History.observed(first[:3], np.zeros((3, 1))).with_pending(first[3:])
    second = Sobol().ask(space, history, 6, rng(1))
    both = np.vstack([first, second])
    assert region.contains(space, both).all()
    assert len(np.unique(np.round(both, 9), axis=0)) == 12
    assert (Sobol().ask(space, history, 6, rng(1)) == second).all()


@pytest.mark.parametrize(
    "space",
    [
        alloy(3, 4),
        Space(("n", "s"), ("integer", "categorical"), np.zeros(2), np.array([4.0, 2.0]), (("",), ("a", "b", "c"))),
        Space(("a",), ("continuous",), np.zeros(1), np.ones(1), table=np.linspace(0, 1, 15)[:, None]),
    ],
)
def test_a_finite_space_is_used_up_without_repeats(space: Space) -> None:
    seen = np.empty((0, space.d))
    for batch in range(4):
        proposals = Sobol().propose(space, History.observed(seen, np.zeros((len(seen), 1))), 4, rng(batch))
        assert bool(proposals.notes) == (batch == 3)
        seen = np.vstack([seen, proposals.X])
    assert len(seen) == len(np.unique(seen, axis=0)) == 15
    after = Sobol().propose(space, History.observed(seen, np.zeros((15, 1))), 4, rng(9))
    assert len(after.X) == 0
    assert "used up" in after.notes[0]


@pytest.mark.parametrize(
    "space",
    [
        SPACES["bounded"],
        SPACES["constrained"],
        SPACES["grid"],
        SPACES["everything"],
        Space(("a", "b", "c"), ("continuous",) * 3, np.array([-1.0, 0, 5]), np.array([1.0, 1, 9])),
    ],
    ids=["bounded", "constrained", "grid", "everything", "box"],
)
def test_the_sequence_has_the_uniform_law_with_less_scatter(space: Space) -> None:
    even = [spread(space, 64, rng(i)) for i in range(40)]
    sets = [X[:64].mean(0) for X in even if X is not None]
    assert len(sets) == 40
    plain = [region.sample(space, 64, rng(i)).mean(0) for i in range(40)]
    truth = region.sample(space, 200_000, rng(99))
    error = np.abs(np.mean(sets, axis=0) - truth.mean(0))
    assert (error <= 4 * np.std(plain, axis=0) / np.sqrt(40) + 1e-12).all()
    assert np.var(sets, axis=0).sum() < 0.8 * np.var(plain, axis=0).sum()


def test_batches_keep_away_from_what_was_asked_before() -> None:
    space = SPACES["bounded"]
    seen = region.sample(space, 8, rng(3))
    history = History.observed(seen, np.zeros((8, 1)))

    def distance(sets: int) -> float:
        gaps = []
        for batch in range(20):
            X = Sobol(sets).ask(space, history, 4, rng(batch))
            gaps.append(np.sqrt(((X[:, None] - seen) ** 2).sum(-1)).min())
        return float(np.mean(gaps))

    assert distance(8) > 1.2 * distance(1)


def test_no_point_sets_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Sobol(0)


def test_a_region_that_is_one_point_is_used_up_after_it() -> None:
    space = Composition({"Fe": (0.0, 1.0), "Ni": (0.0, 1.0)}, linear=("Fe = 0.25",)).space
    first = Sobol().propose(space, History.empty(2), 4, rng())
    assert pytest.approx(np.array([[0.25, 0.75]])) == first.X
    assert first.notes
    again = Sobol().propose(space, History.observed(first.X, np.zeros((1, 1))), 4, rng())
    assert again.X.shape == (0, 2)
