"""This file is a change of the curve that is wanted: the distances of all that was measured, taken anew."""

from collections.abc import Iterator, Mapping

import numpy as np

from eutectic.campaigns.hand.words import refusal
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.oracles.base import Evaluation
from eutectic.surrogates.composite.curve_distance import Target

Distances = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Number of an outcome -> place of an evaluation (or `validation`) -> property -> distance."""


def moved(before: Problem, after: Problem) -> dict[str, Target]:
    """The curves that are wanted otherwise than before: another target, or another distance to it."""
    return {
        name: target
        for name, target in after.curves.items()
        if name in before.curves and before.curves[name].digest != target.digest
    }


def rehashed(before: Problem, after: Problem, record: Record) -> dict[str, str]:
    """Oracle -> new settings hash, of those that gave values and differ by the wanted curves alone."""
    old = {named.name: named for named in before.oracles}
    found: dict[str, str] = {}
    for named in after.oracles:
        known = old.get(named.name)
        if known is None or known.plain_hash != named.plain_hash or known.settings_hash == named.settings_hash:
            continue
        if record.settings.get(named.name) in (known.settings_hash, *known.earlier):
            found[named.name] = named.settings_hash
    return found


def distances(wanted: Mapping[str, Target], record: Record) -> Distances:
    """The distances of all curves on record; CampaignFileError where a value has no curve, or one has no distance."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for number, outcome in record.outcomes.items():
        for place, evaluation in _places(outcome):
            for name, target in wanted.items():
                if evaluation.status != "finished" or name not in evaluation.values:
                    continue
                value = _distance(evaluation, name, target, f"candidate {outcome.name} ({outcome.id})")
                found.setdefault(str(number), {}).setdefault(place, {})[name] = value
    return found


def _places(outcome: Outcome) -> Iterator[tuple[str, Evaluation]]:
    yield from ((str(k), evaluation) for k, evaluation in enumerate(outcome.evaluations))
    if outcome.validation is not None:
        yield "validation", outcome.validation


def _distance(evaluation: Evaluation, name: str, target: Target, whose: str) -> float:
    if name not in evaluation.curves:
        raise refusal(
            f"{name} of {whose} is a distance without its curve (told as a number, or known before the start), which "
            "cannot be taken anew; begin another campaign, and run or tell the measured candidates there"
        )
    points = np.array(evaluation.curves[name], dtype=float)
    if reason := target.refuse(points):
        raise refusal(f"{name} of {whose} has no distance to the new target: {reason}")
    return target.of(points)
