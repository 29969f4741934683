"""What is said in the end: how far the hypervolume came, and that it came no further."""

from dataclasses import replace

import numpy as np
import pytest

from eutectic.campaigns.analysis.amounts import portions
from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.summary import described, findings, title
from eutectic.campaigns.report.overview import head
from eutectic.generators.composition import Composition
from eutectic.oracles.base import Value
from tests.campaigns import ledgers


def test_a_hypervolume_that_stayed_is_not_said_to_rise() -> None:
    ledger = ledgers.alloy()
    rising = " ".join(findings(ledger, front(ledger)))
    flat = replace(ledger, rounds=tuple(replace(r, hypervolume=5.0) for r in ledger.rounds))
    assert "its hypervolume rose from" in rising
    said = " ".join(findings(flat, front(flat)))
    assert "its hypervolume is 5, as after round 3" in said
    assert "rose" not in said


def test_a_formula_keeps_its_name() -> None:
    one = ledgers.single(4).outcomes[0]
    salt = replace(one, variables={"formula": "TlHfI3"}, composition={"Tl": 0.2, "Hf": 0.2, "I": 0.6})
    assert title(salt) == "TlHfI3"
    doped = replace(one, variables={"formula": "Ni0.95Co0.05O"}, composition={"Ni": 0.475, "Co": 0.025, "O": 0.5})
    assert title(doped) == "Ni0.95Co0.05O"
    other = replace(salt, variables={"phase": "BCC"})
    assert title(other) == "Tl20Hf20I60"


def test_a_search_for_windows_is_told_by_what_lies_inside_them() -> None:
    ledger = ledgers.alloy()
    stages = tuple(part.model_copy(update={"goal": "satisfy"}) for part in ledger.spec.optimizers)
    outcomes = tuple(o if o.number in (9, 15) else replace(o, feasible=False) for o in ledger.outcomes)
    windows = replace(ledger, spec=ledger.spec.model_copy(update={"optimizers": stages}), outcomes=outcomes)
    said = " ".join(findings(windows, front(windows)))
    assert f"2 of {len(ledger.finished)} evaluated candidates lie inside every window; the first is #9 (" in said
    assert "Nothing was gained" not in said
    labels = [tile.name for tile in head(windows, front(windows)).tiles]
    assert labels == ["Evaluations", "Inside every window", "Oracle time"]


STEEL = Composition({"Cr": (10, 25), "Ni": (0, 20)}, unit="wt.%", balance="Fe")
RATIOS = Composition({"Al": (0, 1), "Co": 1, "Cr": (0.5, 2)}, unit="mole_ratio")


@pytest.mark.parametrize(
    ("space", "row", "name"),
    [
        (STEEL, {"Cr": 18, "Ni": 10}, "Fe-18Cr-10Ni wt.%"),
        (STEEL, {"Cr": 18, "Ni": 0}, "Fe-18Cr wt.%"),
        (RATIOS, {"Al": 0.5, "Co": 1, "Cr": 1}, "Al0.5CoCr"),
        (Composition({"Co": (5, 40), "Cr": (50, 95)}, unit="at.%"), {"Co": 30, "Cr": 70}, "Co30Cr70"),
        (Composition({"Co": (0.05, 0.4), "Cr": (0.5, 0.95)}), {"Co": 0.3, "Cr": 0.7}, "Co30Cr70"),
    ],
)  # fmt: skip
def test_a_candidate_is_called_by_its_amounts_in_the_unit_they_are_given_in(
    space: Composition, row: dict[str, Value], name: str
) -> None:
    made = space.generate(space.coordinates(row)[None], np.random.default_rng(0))[0]
    assert described(made.variables, made.composition) == name
    beside = {**{f"alloy.{symbol}": x for symbol, x in made.variables.items()}, "temperature_k": 900.0}
    assert described(beside, made.composition) == f"{name}, temperature 900 K"


def test_sublattices_are_called_by_their_atoms() -> None:
    sites = {"A.Ba": 0.5, "A.Sr": 0.5, "B.Ti": 1.0, "B.Sr": 0.0}
    assert described(sites, {"Ba": 0.1, "Sr": 0.1, "Ti": 0.2, "O": 0.6}) == "Ba10Sr10Ti20O60"
    twice = {"A.Fe": 1.0, "B.Fe": 1.0}
    assert described(twice, {"Fe": 1.0}) == "Fe100"


def test_figures_have_the_amounts_in_the_unit_they_are_given_in() -> None:
    made = STEEL.generate(STEEL.coordinates({"Cr": 18, "Ni": 10})[None], np.random.default_rng(0))[0]
    steel, atoms = (made.variables, made.composition or {}), ({"Fe": 0.5, "Cr": 0.5}, {"Fe": 0.5, "Cr": 0.5})
    (percent,), axis = portions([steel])
    assert axis == "Weight per cent"
    assert percent == pytest.approx({"Cr": 18, "Ni": 10, "Fe": 72})
    (percent, other), axis = portions([steel, atoms])
    assert axis == "Atomic per cent"
    assert other == {"Fe": 50, "Cr": 50}
    assert percent["Cr"] == pytest.approx(18 / 51.9961 / (18 / 51.9961 + 10 / 58.6934 + 72 / 55.845) * 100)


def test_a_base_with_additions_is_named_and_left_out_of_figures() -> None:
    percents, axis = portions([({}, {"Cu": 0.97, "Cr": 0.03}), ({}, {"Cu": 1.0})])
    assert axis == "Atomic per cent, the rest Cu"
    assert percents == [{"Cr": pytest.approx(3)}, {}]
    assert portions([({}, {"Cu": 1.0})])[1] == "Atomic per cent"
    assert portions([({}, {"Cu": 0.97, "Cr": 0.03}), ({}, {"Cu": 0.8, "Cr": 0.2})])[1] == "Atomic per cent"
