"""The region of a space: counted, listed, sampled, tested, mended, and refused when empty."""

from math import comb

import numpy as np
import pytest

from eutectic.generators.linear_constraints import parse
from eutectic.optimizers.base import Array, Space
from eutectic.optimizers.spaces import region
from tests.optimizers.spaces.examples import SPACES, alloy, brute, rng


@pytest.mark.parametrize("name", SPACES)
def test_samples_lie_in_the_region_and_repeat_with_the_seed(name: str) -> None:
    space = SPACES[name]
    X = region.sample(space, 200, rng(1))
    assert X.shape == (200, space.d)
    assert region.contains(space, X).all()
    assert (region.sample(space, 200, rng(1)) == X).all()


@pytest.mark.parametrize("name", SPACES)
def test_snap_ends_in_the_region_and_leaves_its_points_alone(name: str) -> None:
    space = SPACES[name]
    far = space.lower - 0.2 + rng(2).random((20, space.d)) * (space.upper - space.lower + 0.4)
    assert region.contains(space, region.snap(space, far)).all()
    inside = region.sample(space, 20, rng(3))
    assert region.snap(space, inside) == pytest.approx(inside, abs=1e-7)


@pytest.mark.parametrize("name", [n for n in SPACES if "intricate" not in n and "mixed" not in n and n != "known"])
def test_no_sampled_point_is_nearer_than_the_snapped_one(name: str) -> None:
    space = SPACES[name]
    x = space.lower - 0.2 + rng(4).random((10, space.d)) * (space.upper - space.lower + 0.4)
    categorical = np.array([kind == "categorical" for kind in space.kinds])
    width = np.where([kind == "fraction" for kind in space.kinds], 1.0, space.upper - space.lower)

    def gap(y: Array) -> Array:
        difference = (y - x[:, None]) / width
        difference[..., categorical] = np.round(y - x[:, None])[..., categorical] != 0
        return (difference**2).sum(-1)

    snapped = region.snap(space, x)
    own = gap(np.repeat(snapped[:, None], 1, axis=1))[:, 0]
    assert (own <= gap(region.sample(space, 3000, rng(5))[None]).min(1) + 1e-9).all()


def test_a_product_of_blocks_is_counted_and_listed() -> None:
    space = SPACES["everything on a grid"]
    listed = region.enumerate_points(space, 10_000_000)
    assert listed is not None
    assert len(listed) == region.count(space)
    assert len(set(map(bytes, listed))) == len(listed)
    assert region.contains(space, listed).all()
    mixture = len(brute(alloy(3, 5, [0.0, 0.0, 0.1], [1.0, 0.5, 1.0], linear=("A + B <= 0.7",))))
    warm = sum(1 for t in range(300, 901, 50) for n in range(1, 10) if t + 100 * n <= 1000)
    assert len(listed) == mixture * warm * 3 * 11 * 4 * 5


def test_too_many_points_are_walked_in_pieces_instead() -> None:
    space = alloy(7, 20)
    assert region.enumerate_points(space, limit=1000) is None
    assert sum(len(piece) for piece in region.walk(space, 5000)) == comb(26, 6)


def test_known_constraints_thin_the_enumeration_and_the_count() -> None:
    base = alloy(3, 10)
    space = Space(
        base.names, base.kinds, base.lower, base.upper, mixtures=base.mixtures, known=lambda X: X[:, :1] - 0.35
    )
    listed = region.enumerate_points(space)
    assert listed is not None
    assert region.count(space) == len(listed) == sum(11 - a for a in range(4))
    assert (region.snap(space, np.array([[0.9, 0.1, 0.0]])) == np.array([[0.3, 0.4, 0.3]])).all()


@pytest.mark.parametrize("divisions", [None, 20])
def test_no_element_is_special(divisions: int | None) -> None:
    X = region.sample(alloy(6, divisions, 0.05, 0.4), 20_000, rng(20))
    assert X.mean(0) == pytest.approx(np.full(6, 1 / 6), abs=0.004)
    assert X.std(0) == pytest.approx(np.full(6, X.std()), rel=0.03)


def test_a_tie_between_stepped_and_continuous_columns_keeps_the_law() -> None:
    names = ("n", "x")
    space = Space(
        names, ("integer", "continuous"), np.array([0.0, 0.0]), np.array([3.0, 3.0]), linear=parse("n + x <= 3", names)
    )
    X = region.sample(space, 20_000, rng(21))
    share = [np.mean(X[:, 0] == n) for n in range(4)]
    assert share == pytest.approx([1 / 2, 1 / 3, 1 / 6, 0], abs=0.015)  # lengths 3, 2, 1, 0


def test_rounding_of_fractions_is_no_reason_to_refuse() -> None:
    space = alloy(3, 10, 0.1, 0.8)
    assert region.contains(space, np.array([[0.1 + 0.2, 0.1, 0.6], [0.3, 0.1, 0.6 - 1e-13]])).all()
    assert region.count(alloy(10, 10, 0.1, 1.0)) == 1
    assert region.count(alloy(3, 10, 0.0, 1.0, linear=("A + B <= 0.3",))) == 10


def test_known_constraints_that_reject_everything_are_refused() -> None:
    continuous = Space(("a",), ("continuous",), np.zeros(1), np.ones(1), known=lambda X: X * 0 + 1)
    with pytest.raises(ValueError, match="known constraints reject"):
        region.sample(continuous, 1, rng())
    finite = Space(("a",), ("integer",), np.zeros(1), np.ones(1), known=lambda X: X * 0 + 1)
    with pytest.raises(ValueError, match="known constraints rule out"):
        region.require_nonempty(finite)


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(ValueError, match="empty table"):
        region.require_nonempty(Space(("a",), ("continuous",), np.zeros(1), np.ones(1), table=np.empty((0, 1))))
