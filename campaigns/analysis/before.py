"""This file is what was known before the start: rows to learn from, and what keeps some of them off the front."""

import math
from collections.abc import Iterable

from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.outcomes import Outcome


def earlier(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The rows of a history: what no optimizer of this campaign proposed."""
    return [outcome for outcome in outcomes if outcome.number <= 0]


def lacking(spec: CampaignSpec, outcome: Outcome) -> list[str]:
    """Properties of objectives and constraints that are not known of an outcome, so that it cannot be on the front."""
    goals = [goal.name for goal, loss in zip(spec.goals, outcome.losses, strict=True) if math.isnan(loss)]
    limits = [limit.property for limit, e in zip(spec.limits, outcome.excess, strict=True) if math.isnan(e)]
    return list(dict.fromkeys([*goals, *limits]))


def breaks(outcome: Outcome) -> bool:
    """Is a constraint known to be broken?"""
    return any(excess > 0 for excess in outcome.excess)
