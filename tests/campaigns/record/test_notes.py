"""What a batch says of itself: as data, in sentences, and out of the sentences of old journals."""

from dataclasses import asdict

import pytest

from eutectic.campaigns.record.notes import StageEnd, Unreached, gate_kind, read, shared
from eutectic.campaigns.record.outcomes import Batch
from eutectic.campaigns.record.steps import gated, proposed

BODY = {"index": 3, "stage": 1, "optimizer": "portfolio", "ask_s": 0.5, "state": {}}
ENDS = [
    StageEnd(0, "sobol", "satisfied", 4),
    StageEnd(1, "nsga2", "short", 2, 8),
    StageEnd(2, "bayesian", "none more", 3),
    StageEnd(0, "swarm", "no gain", 5),
]
SHARES = {"bayesian": 0.75, "random (control)": 0.25}


@pytest.mark.parametrize("end", ENDS)
def test_the_end_of_a_stage_is_read_out_of_an_old_sentence(end):
    batch = Batch(**read({**BODY, "notes": [str(end), "4 known"]}), asked_at=0.0)
    assert batch.ended == (end,)
    assert batch.notes == [str(end), "4 known"]


def test_shares_are_read_out_of_an_old_sentence_and_made_one_again():
    batch = Batch(**read({**BODY, "notes": [shared(SHARES), "bayesian: jitter"]}), asked_at=0.0)
    assert batch.shares == SHARES
    assert batch.notes == ["shares: bayesian 75 %, random (control) 25 %", "bayesian: jitter"]


def test_an_old_sentence_that_nobody_understands_stays_as_it_is():
    notes = ["stage 1 (sobol) has ended: the moon is full", "the reference point (a 1) is reached by none of 9"]
    batch = Batch(**read({**BODY, "notes": notes}), asked_at=0.0)
    assert batch.ended == ()
    assert batch.unreached is not None  # it was said, and is not said again
    assert batch.notes == notes


def test_what_is_written_down_as_data_needs_no_sentence():
    unreached = Unreached({"a": -1.0}, 9, ("a",))
    body = {**BODY, "notes": ["shares: nobody reads this"], "shares": SHARES}
    batch = Batch(**read({**body, "ended": [asdict(ENDS[0])], "unreached": asdict(unreached)}), asked_at=0.0)
    assert (batch.ended, batch.shares, batch.unreached) == ((ENDS[0],), SHARES, unreached)
    assert batch.notes[:2] == [str(ENDS[0]), str(unreached)]
    assert batch.notes[-1] == "shares: nobody reads this"
    assert "(a −1) is reached by none of 9 feasible candidates: none is better in a," in batch.notes[1]


def test_a_gates_kind_is_written_down_and_of_an_old_one_is_read():
    candidate = {"variables": {}, "composition": None, "origin": "", "structure": None}
    row = {"id": "a", "x": [0.0], "candidate": candidate, "reason": {"proposer": "sobol"}}
    outcome = proposed(row, 1, 0, 0.0)
    body = {"rung": 0, "passed": True, "chance": 0.1}
    new = gated(outcome, {**body, "reason": "drawn by lot", "kind": "spot check"}, 0.0)
    old = gated(outcome, {**body, "reason": "spot check; rank 4 of 5"}, 0.0)
    assert [new.gates[0].kind, old.gates[0].kind] == ["spot check", "spot check"]
    assert gate_kind("out of the domain of rung 1, so that the next is to tell") == "out of domain"
    assert gate_kind("rank 1 of 5") == "rank"
