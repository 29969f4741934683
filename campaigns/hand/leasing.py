"""This file is handing candidates out: to each who asks their own first, then what nobody holds, never one to two."""

import time
from collections.abc import Callable, Sequence

from eutectic.campaigns.hand.verbs import chosen, require_open, said
from eutectic.campaigns.record.journal import Draft
from eutectic.campaigns.record.leases import another, offered
from eutectic.campaigns.record.ledger import Logbook
from eutectic.campaigns.record.outcomes import Outcome

LEASE_S = 24 * 3600.0
"""Seconds for which a candidate is left to whom it was handed, where nobody says how long."""
AGE = 0.9
"""Share of its time, dimensionless, that a lease may still have when it begins anew: asking often writes little."""


def lease(
    logbook: Logbook, waiting: Callable[[], Sequence[Outcome]], n: int, holder: str, lease_s: float, by: str = ""
) -> list[Outcome]:
    """Up to n of the candidates that wait, from now on in the hands of `holder` for `lease_s` seconds.

    Their own come first, whose time begins anew. In one transaction, so that no two get the same one. Without a holder
    they are only looked at.
    """
    if not holder:
        return free(waiting(), n)
    if not lease_s > 0:
        raise said(f"a lease of {lease_s:g} s would be over before it began")
    with logbook.transaction() as drafts:
        now = time.time()
        ready = offered(waiting(), holder, now)[:n]
        body = {"holder": holder, "until": now + lease_s, **({"by": by} if by else {})}
        drafts += [Draft("leased", body, o.number) for o in ready if not _fresh(o, holder, now + AGE * lease_s)]
    return [logbook.record.outcomes[outcome.number] for outcome in ready]


def _fresh(outcome: Outcome, holder: str, until: float) -> bool:
    """Has the holder a lease of it that lasts until then (Unix time, s)?"""
    return outcome.lease is not None and outcome.lease.holder == holder and outcome.lease.until >= until


def free(waiting: Sequence[Outcome], n: int) -> list[Outcome]:
    """The first n that are in nobody's hands."""
    return offered(waiting, "", time.time())[:n]


def in_other_hands(waiting: Sequence[Outcome], holder: str) -> int:
    """How many of those that wait somebody else holds."""
    now = time.time()
    return sum(another(outcome, holder, now) for outcome in waiting)


def release(logbook: Logbook, id: str, by: str = "") -> Outcome:
    """Give up a candidate that is to be made all the same, by whoever asks next.

    CampaignFileError for an unknown id and for a candidate that has ended.
    """
    with logbook.transaction() as drafts:
        outcome = chosen(logbook, id)
        if outcome.number not in (logbook.record.chosen or ()) or outcome.validation is not None:
            require_open(outcome, "nobody holds it any more")
        if outcome.lease is not None:
            body = {"holder": "", "until": 0.0, **({"by": by} if by else {})}
            drafts.append(Draft("leased", body, outcome.number))
    return logbook.record.outcomes[outcome.number]
