"""This file is what follows at once from what people say: screens, and what is worked out from measured values.

So a campaign that is led by hand needs no run for a price or a distance from a hull, and such a distance is worked out
anew when the energy it follows from is measured again or corrected.
"""

from collections.abc import Collection, Iterator

from eutectic.campaigns.execution.job import evaluate
from eutectic.campaigns.loop import routing
from eutectic.campaigns.problem.definition import NamedOracle, Problem
from eutectic.campaigns.record.journal import Draft
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.campaigns.record.steps import learned
from eutectic.oracles.abilities import Screening, needs
from eutectic.oracles.base import Candidate, EngineMissing

Following = tuple[Outcome, list[Draft], routing.Verdict | None]


def following(problem: Problem, outcome: Outcome, told: Collection[str], level: float, running: bool) -> Following:
    """The outcome with what follows from properties that were told, the events that say so, and how it ends by them.

    level: the rung of the ladder they were told for, 0 without one. running: a process runs the campaign, which asks
    for itself what was not asked yet. None for the end where nothing that follows decides it. EngineMissing where
    something has to be worked out anew that this machine cannot.
    """
    drafts: list[Draft] = []
    changed = {*told}
    for position in problem.ladder.order(range(len(problem.oracles))):
        named = problem.oracles[position]
        anew = position in _outdated(problem, outcome, changed, level)
        if not anew and (position not in _unasked(problem, outcome, told) or running):
            continue
        candidate = Candidate(outcome.variables, outcome.composition, outcome.structure, outcome.origin)
        candidate = candidate.knowing(outcome.values)
        seed = routing.evaluation_seed(problem, candidate, position)
        try:
            evaluation = evaluate(named.oracle, named.name, candidate, seed)
        except EngineMissing:
            if anew:
                raise
            continue  # the next run asks it
        settings = routing.settings(problem, outcome, position)
        evaluation = routing.as_written(problem, evaluation, level, settings)
        body = {"settings": settings, "attempt": 1, "again": False, "evaluation": evaluation.to_json()}
        drafts.append(Draft("evaluated", body, outcome.number))
        verdict = routing.verdict(problem, outcome, evaluation)
        outcome = learned(outcome, evaluation)
        changed |= {*evaluation.values}
        if verdict is not None and verdict.status != "finished":
            return outcome, drafts, verdict
    return outcome, drafts, None


def _outdated(problem: Problem, outcome: Outcome, changed: Collection[str], level: float) -> Iterator[int]:
    """Positions of the oracles that answered from values that are others now."""
    answered = {e.oracle for e in outcome.evaluations if e.fidelity == level and e.status == "finished"}
    for position, named in enumerate(problem.oracles):
        if named.name in answered and {*needs(named.oracle)} & {*changed}:
            yield position


def _unasked(problem: Problem, outcome: Outcome, told: Collection[str]) -> Iterator[int]:
    """Positions of those that can be asked at once, were not yet, and return nothing that people have told."""
    if problem.ladder.rungs:
        return  # which rung comes next is for its gates to decide
    own = {*told, *(name for measurement in outcome.measurements for name in measurement.values)}
    for position in routing.unanswered(problem, outcome):
        named = problem.oracles[position]
        ready = all(name in outcome.values for name in needs(named.oracle))
        if ready and at_once(named) and not own & {*(named.oracle.properties or ())}:
            yield position


def at_once(named: NamedOracle) -> bool:
    """Does what it says follow from a candidate and its values, in no time and by no chance?"""
    return named.inline and (isinstance(named.oracle, Screening) or bool(needs(named.oracle)))
