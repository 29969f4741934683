"""What is said in the end: how far the hypervolume came, and that it came no further."""

from dataclasses import replace

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.summary import findings, title
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
