"""This file is what no optimizer proposed, a history and results added by hand, and what keeps some off the front."""

import math
from collections.abc import Iterable

from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.outcomes import Outcome


def earlier(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The rows of a history: what was known before the start."""
    return [outcome for outcome in outcomes if outcome.number <= 0 and not by_hand(outcome)]


def added(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Results that people added while the campaign went on, of what was never suggested."""
    return [outcome for outcome in outcomes if by_hand(outcome)]


def by_hand(outcome: Outcome) -> bool:
    """Was it added by hand, without having been suggested?"""
    return outcome.number <= 0 and outcome.origin.partition(" ")[0] == "added"


def lacking(spec: CampaignSpec, outcome: Outcome) -> list[str]:
    """Properties of objectives and constraints that are not known of an outcome, so that it cannot be on the front."""
    goals = [goal.name for goal, loss in zip(spec.goals, outcome.losses, strict=True) if math.isnan(loss)]
    limits = [limit.property for limit, e in zip(spec.limits, outcome.excess, strict=True) if math.isnan(e)]
    return list(dict.fromkeys([*goals, *limits]))


def breaks(outcome: Outcome) -> bool:
    """Is a constraint known to be broken?"""
    return any(excess > 0 for excess in outcome.excess)
