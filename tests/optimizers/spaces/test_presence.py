"""Which members of a continuous mixture are present."""

from math import comb

import numpy as np
import pytest

from eutectic.optimizers.base import History, Optimizer
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.designs.sobol import Sobol
from eutectic.optimizers.evolutionary.nsga2 import NSGA2
from eutectic.optimizers.spaces import presence, region
from eutectic.optimizers.swarms.swarm import Swarm
from tests.optimizers.spaces.examples import alloy, rng


def test_supports_of_one_size_weigh_as_their_volume() -> None:
    space = alloy(3, None, [0.0, 0.0, 0.0], [1.0, 1.0, 0.5], 2, 2)
    X = region.sample(space, 30_000, rng(18))
    share = [((X > 0) == np.array(mask)).all(1).mean() for mask in ((1, 1, 0), (1, 0, 1), (0, 1, 1))]
    assert share == pytest.approx([0.5, 0.25, 0.25], abs=0.015)  # lengths of the edges: 1, 1/2, 1/2


def test_sizes_weigh_as_their_number_of_supports() -> None:
    space = alloy(6, None, 0.05, 0.9, 2, 4, True)
    sizes = (region.sample(space, 30_000, rng(19)) > 0).sum(1)
    number = np.array([15, 20, 15])
    assert [np.mean(sizes == s) for s in (2, 3, 4)] == pytest.approx(number / 50, abs=0.015)


FEW_OF_MANY = alloy(50, None, 0.02, 0.6, 3, 5, True)
"""2,138,360 supports, which are never listed."""


def test_few_of_many_members_are_sampled_like_all_supports_in_a_list() -> None:
    X = region.sample(FEW_OF_MANY, 4_000, rng(1))
    assert region.contains(FEW_OF_MANY, X).all()
    sizes = np.bincount((X > 0).sum(1), minlength=6)[3:] / 4_000
    assert sizes == pytest.approx(np.array([comb(50, 3), comb(50, 4), comb(50, 5)]) / 2_368_660, abs=0.02)
    assert (X > 0).mean(0) == pytest.approx(np.full(50, (X > 0).sum() / 4_000 / 50), abs=0.025)


def test_many_supports_of_one_size_weigh_as_their_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "_MOST", 2)  # as if three were too many to list
    presence.supports.cache_clear()
    space = alloy(3, None, [0.0, 0.0, 0.0], [1.0, 1.0, 0.5], 2, 2)
    X = region.sample(space, 30_000, rng(18))
    share = [((X > 0) == np.array(mask)).all(1).mean() for mask in ((1, 1, 0), (1, 0, 1), (0, 1, 1))]
    assert share == pytest.approx([0.5, 0.25, 0.25], abs=0.015)


def test_the_nearest_of_many_supports_is_that_of_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    X = rng(3).dirichlet(np.full(8, 0.4), 40)
    for low, high in ((0.0, 1.0), (0.05, 0.5)):
        listed = region.snap(alloy(8, None, low, high, 2, 3, True), X)
        with monkeypatch.context() as patched:
            patched.setattr(presence, "_MOST", 2)
            presence.supports.cache_clear()
            assert region.snap(alloy(8, None, low, high, 2, 3, True), X) == pytest.approx(listed, abs=1e-9)
        presence.supports.cache_clear()


def test_few_of_many_members_under_constraints_are_sampled_and_mended() -> None:
    low, high = list(rng(3).uniform(0.0, 0.2, 50)), list(rng(4).uniform(0.25, 0.6, 50))
    space = alloy(50, None, low, high, 3, 5, True, linear=("A + B >= 0.3", "C - D <= 0.05"))
    X = region.sample(space, 20, rng(2))
    assert region.contains(space, X).all()
    assert region.snap(space, X[:5]) == pytest.approx(X[:5], abs=1e-9)
    assert region.contains(space, region.snap(space, rng(5).dirichlet(np.full(50, 0.1), size=3))).all()


def test_few_of_many_members_that_cannot_sum_to_one_are_refused() -> None:
    with pytest.raises(ValueError, match="nothing satisfies"):
        region.sample(alloy(50, None, 0.0, 0.15, 1, 5), 3, rng(1))


@pytest.mark.parametrize("optimizer", [Sobol(), Bayesian(draws=8), NSGA2(), Swarm()], ids=lambda o: type(o).__name__)
def test_few_of_many_members_are_proposed(optimizer: Optimizer) -> None:
    X = region.sample(FEW_OF_MANY, 12, rng(1))
    history = History.observed(X, (X[:, 0] - X[:, 1])[:, None])
    proposed = optimizer.ask(FEW_OF_MANY, history, 3, rng(2))
    assert proposed.shape == (3, 50)
    assert region.contains(FEW_OF_MANY, proposed).all()
