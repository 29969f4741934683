"""This file is the journal read back: the ledger for people, the history for optimizers."""

import math
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from campaigns.errors import CampaignFolderError
from campaigns.fold import Record, begin
from campaigns.goals import Goal
from campaigns.journal import Journal
from campaigns.lock import in_use
from campaigns.records import Ledger, Outcome
from campaigns.replicas import replicas_of
from campaigns.screening import learned
from optimizers.base import Array, History, Space


def read_ledger(folder: str | Path) -> Ledger:
    """Everything the journal says, also while another process runs the campaign; CampaignFolderError without one.

    A campaign whose process died without a word is `stopped`.
    """
    path = Path(folder)
    journal = Journal.open(path)
    try:
        record = read_record(journal)
    finally:
        journal.close()
    if record.state == "running" and not in_use(path):
        record.rest("stopped")
    return record.ledger(str(path))


def read_record(journal: Journal) -> Record:
    """The journal, folded; CampaignFolderError when its events cannot be understood."""
    try:
        return begin(journal.since())
    except (sqlite3.DatabaseError, KeyError, IndexError, TypeError, ValueError) as error:
        raise CampaignFolderError(f"{journal.path}: damaged ({type(error).__name__}: {error})") from error


def history_of(ledger: Ledger, space: Space) -> History:
    """What an optimizer sees, rows by outcome number; failures of the infrastructure are not the candidate's fault.

    Limits that the space's known constraints decide are no outcome constraints, and what breaks one is not shown.
    """
    goals, limits = ledger.spec.goals, learned(ledger.spec.limits, space)
    shown = [limit in limits for limit in ledger.spec.limits]
    pending = [o for o in ledger.outcomes if o.status in ("proposed", "running")]
    ended = [o for o in ledger.outcomes if o.finished_at is not None and o.failure != "infrastructure"]
    known = [o for o in ended if not any(e > 0 for e, own in zip(o.excess, shown, strict=True) if not own)]
    return History(
        X=_rows([o.x for o in known], space.d),
        Y=_rows([o.losses for o in known], len(goals)),
        signed=_rows([[_signed(o, goal) for goal in goals] for o in known], len(goals)),
        noise=_rows([[o.errors.get(goal.name, math.nan) for goal in goals] for o in known], len(goals)),
        C=_rows([[e for e, own in zip(o.excess, shown, strict=True) if own] for o in known], len(limits)),
        C_noise=_rows([[o.errors.get(limit.property, math.nan) for limit in limits] for o in known], len(limits)),
        failed=np.array([o.status != "finished" for o in known], dtype=bool),
        fidelity=np.array([max((e.fidelity for e in o.evaluations), default=0.0) for o in known], dtype=float),
        cost=np.array([o.cost_s for o in known], dtype=float),
        round=np.array([o.round for o in known], dtype=np.int64),
        pending=_rows([o.x for o in pending], space.d),
        tolerance=np.array([goal.tolerance if goal.kind == "target" else math.nan for goal in goals], dtype=float),
        reference=None if ledger.reference is None else np.array(ledger.reference, dtype=float),
        state=ledger.batches[-1].state if ledger.batches else {},
        origin=tuple(o.reason.proposer for o in known),
        replicas=replicas_of(known, goals, limits),
    )


def _signed(outcome: Outcome, goal: Goal) -> float:
    """What a surrogate models, NaN unless the outcome finished with a value."""
    known = outcome.status == "finished" and goal.name in outcome.values
    return goal.signed(outcome.values[goal.name]) if known else math.nan


def _rows(rows: Sequence[Sequence[float]], width: int) -> Array:
    """An array (n, width), also for n = 0."""
    return np.array(rows, dtype=float).reshape(len(rows), width)
