"""This file is what each optimizer of a portfolio proposed, got as its share and gained; no HTML."""

from collections.abc import Sequence

import numpy as np

from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.optimizers.portfolio.credit import gains
from eutectic.optimizers.portfolio.portfolio import PREFIX


def arm(outcome: Outcome) -> str:
    """The arm that proposed an outcome, without what the arm itself said; empty where it was no portfolio's."""
    proposer = outcome.reason.proposer
    return proposer.removeprefix(PREFIX).partition(": ")[0] if proposer.startswith(PREFIX) else ""


def gained(ledger: Ledger, outcomes: Sequence[Outcome], since: int = -1) -> dict[int, float]:
    """Number -> hypervolume gained from round `since` on; nothing before a reference point is fixed."""
    if ledger.reference is None:
        return {}
    found = [o for o in outcomes if o.feasible]
    Y = np.array([o.losses for o in found], dtype=float).reshape(len(found), len(ledger.reference))
    rounds = np.array([o.round for o in found], dtype=np.int64)
    gain = gains(Y, np.ones(len(found), dtype=bool), rounds, np.array(ledger.reference), since)
    return {o.number: float(value) for o, value in zip(found, gain, strict=True)}


def credits(ledger: Ledger, index: int) -> dict[str, float]:
    """Metrics of one round of a portfolio: of each arm its share, evaluations and gain in hypervolume; else {}."""
    batch = next(b for b in ledger.batches if b.index == index)
    given = {name: 100 * share for name, share in batch.shares.items()}
    own = [o for o in ledger.outcomes if o.round == index]
    gain = gained(ledger, [o for o in ledger.outcomes if o.round <= index], since=index)
    values: dict[str, float] = {}
    for name in dict.fromkeys([*given, *filter(None, map(arm, own))]):
        mine = [o for o in own if arm(o) == name]
        values |= {f"credit.share_percent.{name}": given[name]} if name in given else {}
        values[f"credit.evaluations.{name}"] = float(len(mine))
        if ledger.reference is not None:
            values[f"credit.hypervolume.{name}"] = sum(gain.get(o.number, 0.0) for o in mine)
    return values
