"""This file is a change of the curve that is wanted: the distances of all that was measured, taken anew."""

from collections.abc import Iterator, Mapping
from statistics import fmean

import numpy as np

from eutectic.campaigns.hand.words import refusal
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.outcomes import Measurement, Outcome
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
        whose = f"candidate {outcome.name} ({outcome.id})"
        for name, target in wanted.items():
            taken = {
                place: _distance(said, name, target, whose)
                for place, said in _places(outcome, name)
                if name in said.values
            }
            for place, value in _with_means(outcome, name, taken).items():
                found.setdefault(str(number), {}).setdefault(place, {})[name] = value
    return found


def _places(outcome: Outcome, name: str) -> Iterator[tuple[str, Evaluation | Measurement]]:
    """What has a value of its own; what sums up replicates has not."""
    told = {m.oracle for m in outcome.measurements if name in m.values}
    for k, evaluation in enumerate(outcome.evaluations):
        if evaluation.status == "finished" and evaluation.oracle not in told:
            yield str(k), evaluation
    yield from ((f"measurement {k}", measurement) for k, measurement in enumerate(outcome.measurements))
    if outcome.validation is not None and outcome.validation.status == "finished":
        yield "validation", outcome.validation


def _with_means(outcome: Outcome, name: str, taken: Mapping[str, float]) -> dict[str, float]:
    """With the means over replicates, where those stand that sum them up."""
    found = {**taken}
    for k, evaluation in enumerate(outcome.evaluations):
        own = [
            taken[f"measurement {place}"]
            for place, m in enumerate(outcome.measurements)
            if m.oracle == evaluation.oracle and name in m.values
        ]
        if own and evaluation.status == "finished":
            found[str(k)] = fmean(own)
    return found


def _distance(evaluation: Evaluation | Measurement, name: str, target: Target, whose: str) -> float:
    if name not in evaluation.curves:
        raise refusal(
            f"{name} of {whose} is a distance without its curve (told as a number, or known before the start), which "
            "cannot be taken anew; begin another campaign, and run or tell the measured candidates there"
        )
    points = np.array(evaluation.curves[name], dtype=float)
    if reason := target.refuse(points):
        raise refusal(f"{name} of {whose} has no distance to the new target: {reason}")
    return target.of(points)
