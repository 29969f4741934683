"""What is said in the end: how far the hypervolume came, and that it came no further."""

from dataclasses import replace

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.summary import findings, title
from eutectic.campaigns.report.overview import head
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
