"""From one rung to the top: a value with its error, carried by the line that rungs have shown."""

import numpy as np
import pytest

from eutectic.campaigns.file.goals import Goal, Limit
from eutectic.campaigns.loop.rung_relation import Quantity, carried, said
from eutectic.campaigns.record.outcomes import Outcome
from tests.campaigns.climbers import outcome
from tests.campaigns.climbers import said as evaluation

GOAL = Quantity("a", Goal("a", "minimize"), None, laddered=True)


def known(number: int, low: float, high: float | None = None, error: float = 0.0, top: float = 0.0) -> Outcome:
    """What both rungs said of a, and their standard errors."""
    said = [evaluation("low", {"a": low}, errors={"a": error} if error else {})]
    if high is not None:
        said.append(evaluation("high", {"a": high}, 1, errors={"a": top} if top else {}))
    return outcome(number, *said)


def draws(outcomes: list[Outcome], quantity: Quantity = GOAL, s: int = 4000) -> np.ndarray:
    values = quantity.drawn(outcomes, 0, 1, s, np.random.default_rng(0))
    assert values is not None
    return values


def test_the_standard_error_of_a_low_rung_counts() -> None:
    agreeing = [known(k, float(k), float(k)) for k in range(1, 30)]  # the line is all but certain
    exact, noisy = draws([*agreeing, known(40, 10.0)]), draws([*agreeing, known(40, 10.0, error=4.0)])
    assert noisy[:, -1].mean() == pytest.approx(10.0, abs=0.5)
    assert noisy[:, -1].std() == pytest.approx(4.0, rel=0.25)
    assert exact[:, -1].std() < 1.5


def test_so_does_that_of_the_top() -> None:
    values = draws([known(1, 1.0, 5.0, top=2.0), known(2, 2.0, 6.0), known(3, 3.0)])
    assert values[:, 0].mean() == pytest.approx(5.0, abs=0.2)
    assert values[:, 0].std() == pytest.approx(2.0, rel=0.1)
    assert values[:, 1].std() == 0.0


def test_before_anybody_is_known_on_both_rungs_they_agree_up_to_half_the_spread() -> None:
    x = np.linspace(0, 1, 12)
    values = carried(np.tile(x, (6000, 1)), np.full(12, np.nan), 6000, np.random.default_rng(0))
    assert np.median(values, 0) == pytest.approx(x, abs=0.03)
    inner = np.diff(np.quantile(values[:, 6] - values.mean(1), [0.25, 0.75]))[0] / 1.35
    assert 0.3 * x.std() < inner < 1.5 * x.std()


def test_a_line_is_learned_with_its_slope_and_offset_whatever_the_units() -> None:
    rng = np.random.default_rng(0)
    for unit in (1e-9, 1.0, 1e9):
        x, y = unit * np.linspace(0, 1, 14), np.full(14, np.nan)
        y[:12] = 3 * unit - 2 * x[:12] + 0.01 * unit * rng.normal(size=12)
        values = carried(np.tile(x, (3000, 1)), y, 3000, rng)
        assert values.mean(0)[12:] == pytest.approx(3 * unit - 2 * x[12:], rel=0.2)


def test_the_scatter_about_the_line_is_that_of_the_data() -> None:
    rng = np.random.default_rng(1)
    x, y = np.linspace(0, 1, 60), np.full(60, np.nan)
    y[:59] = x[:59] + 0.2 * rng.normal(size=59)
    values = carried(np.tile(x, (6000, 1)), y, 6000, rng)
    assert values[:, 59].std() == pytest.approx(0.2, rel=0.25)


def test_losses_of_targets_and_maxima_are_drawn_in_their_own_sense() -> None:
    target = Quantity("a", Goal("a", "target", target=5.0, tolerance=1.0), None, laddered=True)
    most = Quantity("a", Goal("a", "maximize"), None, laddered=True)
    outcomes = [known(1, 0.0, 5.5), known(2, 0.0, 8.0)]
    assert draws(outcomes, target)[0].tolist() == [0.0, 2.0]
    assert draws(outcomes, most)[0].tolist() == [-5.5, -8.0]


def test_an_excess_is_over_its_own_side() -> None:
    least = Quantity("a", None, Limit("a", "min", 4.0), laddered=True)
    assert draws([known(1, 0.0, 5.5), known(2, 0.0, 3.0)], least)[0].tolist() == [-1.5, 1.0]


def test_what_no_rung_returns_is_taken_as_it_is() -> None:
    aside = Quantity("p", None, Limit("p", "max", 1.0), laddered=False)
    priced = [outcome(k, evaluation("price", {"p": 3.0 * k})) for k in (1, 2)]
    assert draws(priced, aside)[0].tolist() == [2.0, 5.0]
    assert aside.drawn([*priced, outcome(3)], 0, 1, 4, np.random.default_rng(0)) is None
    assert GOAL.drawn([], 0, 1, 4, np.random.default_rng(0)) is None


def test_of_several_answers_on_a_rung_the_last_counts() -> None:
    corrected = outcome(1, evaluation("low", {"a": 1.0}), evaluation("person", {"a": 2.0}, errors={"a": 0.5}))
    assert GOAL.value(corrected, 0) == (2.0, 0.5)


def test_a_rung_has_said_something_once_it_finished_and_not_of_what_was_known_before() -> None:
    assert said(known(1, 1.0), 0)
    assert not said(known(1, 1.0), 1)
    assert not said(outcome(1, evaluation("low", {}, status="failed", failure="error")), 0)
    assert not said(known(-1, 1.0), 0)
    assert np.isnan(GOAL.value(known(1, 1.0), 1)).all()
