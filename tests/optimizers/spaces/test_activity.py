"""Columns that are held, or active only where another says so: counted, listed, sampled, snapped, asked for."""

from dataclasses import replace

import numpy as np
import pytest

from eutectic.campaigns.file import plugins
from eutectic.optimizers.base import Array, Condition, History, Linear, Mixture, Shared, Space, ordered
from eutectic.optimizers.sharing import Made, propose_shared
from eutectic.optimizers.spaces import activity, region

NAMES = sorted(plugins.KINDS["optimizers"])


def furnace(step: float | None = 10.0) -> Space:
    """Three fractions, a first step, and a second one with a quench that only matters when it is made."""
    return Space(
        ("A", "B", "C", "temperature", "second", "temperature_2", "quench", "medium"),
        ("fraction",) * 3 + ("continuous", "categorical", "continuous", "categorical", "categorical"),
        np.array([0.0, 0, 0, 500, 0, 100, 0, 0]),
        np.array([1.0, 0.5, 0.5, 600, 1, 140, 1, 2]),
        ((), (), (), (), ("none", "anneal"), (), ("no", "yes"), ("air", "oil", "water")),
        (None, None, None, step, None, 20.0 if step else None, None, None),
        (Mixture((0, 1, 2), (False,) * 3, 4),),
        (Linear((0.0, 0, 0, 1.0, 0, 0, 0, 0), 590.0, "temperature <= 590"),),
        conditions=(
            Condition(5, 4, (1.0,), 120.0),
            Condition(7, 6, (1.0,), 0.0),
            Condition(6, 4, (1.0,), 0.0),
        ),
        shared=(Shared((3,)), Shared((5,), 8)),
    )


def meant(X: Array) -> bool:
    """Does every row stand at its pins where something is not active?"""
    second, quench = X[:, 4] == 1, X[:, 6] == 1
    return bool(((X[:, 5] == 120) | second).all() and (~quench | second).all() and ((X[:, 7] == 0) | quench).all())


def test_points_that_mean_the_same_are_counted_and_listed_once() -> None:
    space = furnace()
    mixtures, temperatures = 9, 10
    ways = 1 + 3 * (1 + 3)  # no second step; or one of three temperatures, unquenched or in one of three media
    rows = region.enumerate_points(space)
    assert rows is not None
    assert region.count(space) == len(rows) == mixtures * temperatures * ways
    assert len(np.unique(rows, axis=0)) == len(rows)
    assert meant(rows)
    assert region.contains(space, rows).all()


@pytest.mark.parametrize("step", [10.0, None])
def test_samples_lie_in_the_space_and_every_value_of_a_parent_weighs_alike(step: float | None) -> None:
    X = region.sample(furnace(step), 4000, np.random.default_rng(1))
    assert meant(X)
    assert region.contains(furnace(step), X).all()
    assert abs(X[:, 4].mean() - 0.5) < 0.05


def test_what_is_not_active_and_not_at_its_pin_lies_outside() -> None:
    space = furnace()
    x = np.array([[0.5, 0.25, 0.25, 550, 0, 120, 0, 0], [0.5, 0.25, 0.25, 550, 0, 140, 0, 0]])
    assert region.contains(space, x).tolist() == [True, False]
    assert region.snap(space, x + 0.01).tolist() == [x[0].tolist()] * 2


def test_held_columns_stay_and_the_constraints_bind_what_is_left() -> None:
    space = replace(furnace(), linear=(Linear((0.0, 0, 0, 1.0, 0, 1.0, 0, 0), 660.0, "sum"),), conditions=())
    held = activity.hold(space, {5: 140.0, 4: 1.0})
    X = region.sample(held, 500, np.random.default_rng(0))
    assert set(X[:, 5]) == {140.0}
    assert X[:, 3].max() == 520
    assert region.contains(held, X).all()
    assert not region.contains(held, X + np.eye(8)[5]).any()
    with pytest.raises(ValueError, match="sum"):
        region.require_nonempty(activity.hold(space, {5: 140.0, 3: 600.0}))


def test_conditions_in_a_circle_are_refused() -> None:
    circle = (Condition(4, 6, (1.0,), 0.0), Condition(6, 4, (1.0,), 0.0))
    with pytest.raises(ValueError, match="the conditions of second, quench go in a circle"):
        ordered(replace(furnace(), conditions=circle))


@pytest.mark.parametrize("step", [10.0, None])
@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_keeps_conditions_and_what_is_shared(name: str, step: float | None) -> None:
    space = furnace(step)
    optimizer = plugins.build("optimizers", {"use": name}, ".")
    m = 1 if hasattr(optimizer, "refuse") and optimizer.refuse(space, 2, 0) else 2
    if hasattr(optimizer, "refuse") and (reason := optimizer.refuse(space, m, 0)):
        pytest.skip(reason)
    X = region.sample(space, 24, np.random.default_rng(0))
    Y = np.column_stack([((X - X.mean(0)) ** 2 / np.maximum(X.var(0), 1e-9)).sum(1), X[:, 0]])[:, :m]
    made = Made(6, X[-6:])
    answer = propose_shared(optimizer, name, space, History.observed(X, Y), 5, np.random.default_rng(2), made).X
    assert len(np.unique(answer.round(9), axis=0)) == 5
    assert region.contains(space, answer).all()
    assert meant(answer)
    assert len(set(answer[:, 3])) == 1
    plates = [np.concatenate([X[-6:], answer[:2]]), answer[2:]]
    assert all(len(set(rows[rows[:, 4] == 1, 5][-len(answer) :])) <= 1 for rows in plates[1:])
    woken = plates[0][plates[0][:, 4] == 1, 5]
    assert not len(woken) or (answer[:2][answer[:2, 4] == 1, 5] == X[-6:][X[-6:, 4] == 1, 5][-1]).all()
