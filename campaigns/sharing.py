"""This file is one campaign among several processes and people: who holds what, what others want, what has changed."""

from pathlib import Path

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.hand import asking, leasing
from eutectic.campaigns.hand.leasing import LEASE_S
from eutectic.campaigns.loop.rounds import doubtful
from eutectic.campaigns.record.journal import Draft, Journal
from eutectic.campaigns.record.lock import in_use
from eutectic.campaigns.record.outcomes import Outcome


def lease(campaign: Campaign, n: int, holder: str, lease_s: float = LEASE_S, by: str = "") -> list[Outcome]:
    """Up to n of the candidates that wait, in the hands of `holder` for `lease_s` seconds from now.

    Their own first, then what nobody holds or somebody has let lapse; nobody gets what another holds. Without a holder
    nothing is written.
    """
    return leasing.lease(campaign.logbook, campaign.waiting, n, holder, lease_s, by)


def release(campaign: Campaign, id: str, by: str = "") -> Outcome:
    """Give up a candidate that is to be made all the same, by whoever asks next."""
    return leasing.release(campaign.logbook, id, by)


def want(campaign: Campaign, n: int, by: str, holder: str = "") -> None:
    """Write down that a process that runs the campaign is to have n candidates ready for people.

    CampaignFolderError where no oracle of it is a person.
    """
    asking.want(campaign.problem, campaign.logbook, n, by, holder)


def batches(campaign: Campaign) -> int:
    """How often a campaign was asked for more."""
    campaign.logbook.fold()
    return len(campaign.logbook.record.batches)


def notes_since(campaign: Campaign, before: int) -> list[str]:
    """What the askings had to say that came after the first `before`, each sentence once.

    First what the tests find wrong with the surrogates, of the round that ended last before them.
    """
    campaign.logbook.fold()
    record = campaign.logbook.record
    said = [note for batch in record.batches[before:] for note in batch.notes]
    rounds = [record.round(index) for index in sorted(record.ended)[-2:]] if len(record.batches) > before else []
    return list(dict.fromkeys([*(doubtful(rounds) if rounds else []), *said]))


def changes(campaign: Campaign) -> int:
    """How often a campaign's sections were changed; more than when it was opened: it is to be opened again."""
    campaign.logbook.fold()
    return len(campaign.logbook.record.changes)


def request_stop(folder: str | Path, by: str = "") -> bool:
    """Ask the process that runs the folder's campaign to drain; False when none does."""
    journal = Journal.open(Path(folder))
    try:
        running = in_use(Path(folder))
        if running:
            journal.write(Draft("stop", {"by": by} if by else {}))
    finally:
        journal.close()
    return running
