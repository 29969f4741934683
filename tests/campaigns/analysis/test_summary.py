"""What is said in the end: how far the hypervolume came, and that it came no further."""

from dataclasses import replace

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.summary import findings
from tests.campaigns import ledgers


def test_a_hypervolume_that_stayed_is_not_said_to_rise() -> None:
    ledger = ledgers.alloy()
    rising = " ".join(findings(ledger, front(ledger)))
    flat = replace(ledger, rounds=tuple(replace(r, hypervolume=5.0) for r in ledger.rounds))
    assert "its hypervolume rose from" in rising
    said = " ".join(findings(flat, front(flat)))
    assert "its hypervolume is 5, as after round 3" in said
    assert "rose" not in said
