"""Proposals, scaled to the bounds, do not depend on the units of variables, objectives and constraints."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from eutectic.campaigns.file import plugins
from eutectic.generators.linear_constraints import parse
from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.bayesian.satisfy import Satisfy
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.seen import once, unseen

DEAR = ("bayesian", "hybrid", "multifidelity", "portfolio")
CHEAP = sorted(set(plugins.KINDS["optimizers"]) - set(DEAR))
UNITS = {"2**-50": 2.0**-50, "1e-15": 1e-15, "1e-6": 1e-6, "1e12": 1e12}
TABLE = np.random.default_rng(5).random((80, 3)) * [1.0, 3, 5] + [0.0, -1, 0]
SMOOTH = ["box", "linear", "steps", "table"]
KINDS = [*SMOOTH, "narrow", "steps tied"]


def space(kind: str, unit: float) -> Space:
    """Three variables, all in one unit."""
    lower, upper = np.array([0.0, -1, 0.5]) * unit, np.array([1.0, 2, 5.5]) * unit
    plain = Space(("a", "b", "c"), ("continuous",) * 3, lower, upper)
    if kind == "table":
        rows = TABLE * unit
        return replace(plain, lower=rows.min(0), upper=rows.max(0), table=rows)
    steps = (None, None, 0.5 * unit)
    return {
        "box": plain,
        "linear": replace(plain, linear=tuple(parse(f"a + b <= {1.25 * unit!r}", plain.names))),
        "narrow": replace(plain, linear=tuple(parse(f"a + 0.1*c <= {0.1 * unit!r}", plain.names))),
        "steps": replace(plain, steps=steps),
        "steps tied": replace(plain, steps=steps, linear=tuple(parse(f"b + c <= {3 * unit!r}", plain.names))),
    }[kind]


def record(kind: str, unit: float, loss: float, excess: float, m: int) -> History:
    """24 rows and three pending ones, the same in every unit."""
    here = space(kind, 1.0)
    X = TABLE[:27] if kind == "table" else region.sample(here, 27, np.random.default_rng(0))
    U = (X - here.lower) / (here.upper - here.lower)
    Y = np.column_stack([((U - target) ** 2).sum(1) for target in (0.3, 0.7, [0.1, 0.9, 0.5])])[:24, :m] * loss
    C = (U[:24].sum(1) - 1.6)[:, None] * excess
    return History.observed(X[:24] * unit, Y, C).with_pending(X[24:] * unit)


@lru_cache(maxsize=64)
def proposals(name: str, kind: str, unit: float = 1.0, loss: float = 1.0, excess: float = 1.0) -> Array:
    """What an optimizer asks for, scaled to the bounds."""
    optimizer = plugins.build("optimizers", {"use": name}, None)
    here, m = space(kind, unit), 3 if name == "nsga3" else 2
    m = m if not hasattr(optimizer, "refuse") or optimizer.refuse(here, m, 1) is None else 1
    n = 2 if name in DEAR else 5
    X = np.asarray(optimizer.ask(here, record(kind, unit, loss, excess, m), n, np.random.default_rng(5)))
    assert len(X) == n
    assert region.contains(here, X).all()
    return np.asarray((X - here.lower) / (here.upper - here.lower))


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CHEAP)
def test_proposals_do_not_depend_on_units(name: str, kind: str, unit: str) -> None:
    size = UNITS[unit]
    np.testing.assert_allclose(proposals(name, kind, size, size, 1 / size), proposals(name, kind), atol=1e-6)


@pytest.mark.parametrize("kind", SMOOTH)
@pytest.mark.parametrize("name", DEAR)
def test_what_is_learned_does_not_depend_on_units(name: str, kind: str) -> None:
    np.testing.assert_allclose(proposals(name, kind, 1e-15, 1e12, 1e-15), proposals(name, kind), atol=1e-6)


@pytest.mark.parametrize("kind", ["narrow", "steps tied"])
@pytest.mark.parametrize("name", DEAR)
def test_a_change_of_units_that_rounds_nothing_changes_nothing(name: str, kind: str) -> None:
    np.testing.assert_array_equal(proposals(name, kind, 2.0**-50, 1.0, 2.0**40), proposals(name, kind))


def test_a_search_for_windows_does_not_depend_on_units() -> None:
    def asked(unit: float) -> Array:
        history = replace(record("box", unit, unit, 1 / unit, 2), tolerance=np.array([0.05, 0.05]) * unit)
        X = Satisfy(Bayesian(), "bayesian").ask(space("box", unit), history, 2, np.random.default_rng(5))
        return np.asarray(X / unit)

    np.testing.assert_allclose(asked(1e-15), asked(1.0), atol=1e-6)


@pytest.mark.parametrize("unit", UNITS.values(), ids=list(UNITS))
@pytest.mark.parametrize("kind", KINDS)
def test_samples_projections_and_membership_do_not_depend_on_units(kind: str, unit: float) -> None:
    here, plain = space(kind, unit), space(kind, 1.0)
    np.testing.assert_allclose(
        region.sample(here, 50, np.random.default_rng(1)) / unit,
        region.sample(plain, 50, np.random.default_rng(1)),
        atol=1e-9,
    )
    anywhere = np.random.default_rng(2).uniform(-1, 3, (50, 3))
    np.testing.assert_allclose(region.snap(here, anywhere * unit) / unit, region.snap(plain, anywhere), atol=1e-6)
    assert region.contains(here, region.snap(here, anywhere * unit)).all()
    np.testing.assert_array_equal(region.contains(here, anywhere * unit), region.contains(plain, anywhere))


@pytest.mark.parametrize("unit", UNITS.values(), ids=list(UNITS))
def test_a_linear_constraint_holds_in_any_unit(unit: float) -> None:
    here = space("linear", unit)
    above = np.array([[1.0, 0.2500001, 1], [1.0, 0.25, 1]]) * unit
    assert region.contains(here, above).tolist() == [False, True]


@pytest.mark.parametrize("unit", UNITS.values(), ids=list(UNITS))
def test_rows_are_the_same_in_widths_not_in_metres(unit: float) -> None:
    here = space("box", unit)
    X = np.array([[0.5, 0, 1], [0.5 + 1e-12, 0, 1], [0.5 + 1e-5, 0, 1]]) * unit
    assert unseen(here, X, X[:1]).tolist() == [False, False, True]
    assert once(here, X).tolist() == [0, 2]


def test_rows_of_a_table_closer_than_a_width_tells_are_apart() -> None:
    rows = np.array([[1e-10, 0.0], [2e-10, 0.0], [1.0, 0.0]])
    here = Space(("a", "b"), ("continuous",) * 2, rows.min(0), rows.max(0), table=rows)
    assert unseen(here, rows, rows[:1]).tolist() == [False, True, True]
    assert once(here, rows).tolist() == [0, 1, 2]
