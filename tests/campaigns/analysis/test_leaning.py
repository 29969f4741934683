"""What a front leans on: the bounds a person chose, the limits, and rounds without gain."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from eutectic.campaigns.analysis.leaning import Leaning, bounds_of, leaning_sentence, leanings, still
from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.explain.beyond import beyond, moved, step
from eutectic.campaigns.explain.models import Learned
from eutectic.campaigns.record.outcomes import Ledger
from eutectic.generators.composition import Composition
from eutectic.optimizers.base import Space
from eutectic.surrogates.gp.recipe import GaussianProcess
from tests.campaigns import ledgers

torch.set_num_threads(1)


def bounded(space: Space | None = None) -> Ledger:
    """The alloy campaign with all of its front at 35 % Fe, and a third at 5 % Cu."""
    ledger = ledgers.alloy()
    best = {o.number for o in front(ledger)}
    outcomes = []
    for k, o in enumerate(ledger.outcomes):
        own = {**o.variables, "Fe": 0.35, "Cu": 0.05 if k % 3 == 0 else 0.2}
        outcomes.append(replace(o, variables=own) if o.number in best else o)
    known = {"bounds": {e: [0.05, 0.35] for e in ledgers.ELEMENTS}}
    return replace(ledger, outcomes=tuple(outcomes), facts=known)


def test_a_front_on_a_bound_says_so_and_one_inside_says_nothing() -> None:
    ledger = bounded()
    best = front(ledger)
    (leaning,) = [one for one in leanings(ledger, best) if one.name == "Fe"]
    assert (leaning.side, leaning.bound) == ("upper bound", 0.35)
    assert leaning.count == leaning.front == len(best)
    assert str(leaning) == f"all {len(best)} candidates of the front are on the upper bound of Fe (0.35)"
    assert "upper bound of Fe (0.35)" in leaning_sentence(ledger, best)
    assert "Cu" not in {one.name for one in leanings(ledger, best)}
    assert "bound" not in leaning_sentence(replace(ledger, facts={}), best)


def test_a_limit_that_the_front_touches_is_leaned_on() -> None:
    ledger = ledgers.alloy()
    best = [replace(o, excess=(0.0, *o.excess[1:])) for o in front(ledger)]
    (leaning,) = leanings(replace(ledger, facts={}), best)
    assert (leaning.name, leaning.side) == (ledger.spec.limits[0].property, "limit")
    assert leaning.bound == ledger.spec.limits[0].bound


def test_bounds_are_those_a_person_could_move() -> None:
    kinds: Any = ("continuous", "categorical", "integer", "integer")
    space = Space(
        ("t", "c", "flag", "n"),
        kinds,
        np.array([1.0, 0, 0, 0]),
        np.array([5.0, 2, 1, 9]),
        categories=((), ("a", "b", "c"), (), ()),
    )
    assert bounds_of(space) == {"t": [1.0, 5.0], "n": [0.0, 9.0]}
    assert bounds_of(replace(space, table=np.zeros((1, 4)))) == {}


def test_rounds_without_gain_are_said_from_the_third() -> None:
    ledger = ledgers.alloy()
    rounds = ledger.rounds[:6]
    grown = tuple(replace(r, hypervolume=float(min(r.index, 2) + 1)) for r in rounds)
    assert (
        still(replace(ledger, rounds=grown))
        == f"Nothing was gained in the last {len(grown) - 3} rounds, since round 3."
    )
    assert still(replace(ledger, rounds=grown[:4])) == ""


def test_beyond_a_bound_the_surrogate_says_what_it_expects_one_step_on() -> None:
    space = Composition({"Fe": (0.1, 0.5), "Ni": (0.1, 0.9), "Cr": (0.1, 0.8)}).space
    rng = np.random.default_rng(0)
    X = rng.dirichlet(np.ones(3), 40) * 0.7 + 0.1
    fitted = GaussianProcess().fit(X, 100 * X[:, :1], space.names)
    one = Learned("strength_mpa", fitted, 1.0, 0.0, X, 100 * X[:, 0])
    best: Any = [
        SimpleNamespace(x=(0.5, 0.3, 0.2)),
        SimpleNamespace(x=(0.5, 0.2, 0.3)),
        SimpleNamespace(x=(0.3, 0.3, 0.4)),
    ]
    (found,) = beyond(space, best, [one], [Leaning("Fe", "upper bound", 0.5, 2, 3)])
    assert found.beyond_at == pytest.approx(0.52)
    (said,) = found.beyond
    assert said.now == pytest.approx(50, abs=0.5)
    assert said.mean == pytest.approx(52, abs=0.5)
    assert 0 < said.std < 5
    assert (
        "2 of 3 candidates of the front are on the upper bound of Fe (0.5); beyond it, at 0.52, the surrogates"
        in str(found)
    )


def test_a_fraction_moved_takes_from_the_others_as_they_are() -> None:
    space = Composition({"Fe": (0.1, 0.5), "Ni": (0.1, 0.9), "Cr": (0.1, 0.8)}, step=0.1).space
    assert step(space, 0) == pytest.approx(0.1)
    (x,) = moved(space, np.array([[0.5, 0.3, 0.2]]), 0, 0.1)
    assert x == pytest.approx([0.6, 0.24, 0.16])
