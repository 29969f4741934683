"""This file is a candidate's way through the oracles: which is next, and what its values amount to."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from eutectic.campaigns.execution.flight import WALLTIME
from eutectic.campaigns.file.goals import refusal
from eutectic.campaigns.problem.curves import with_distances
from eutectic.campaigns.problem.definition import NamedOracle, Problem
from eutectic.campaigns.record.journal import Draft
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.oracles import abilities
from eutectic.oracles.base import Candidate, Evaluation, Failure


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an outcome ends."""

    status: str
    """finished, failed or refused; proposed where it is open again."""
    failure: Failure = ""
    error: str = ""
    provisional: tuple[str, ...] = ()
    """Properties whose value is not the top rung's."""


def wanted(problem: Problem, named: NamedOracle) -> list[str]:
    """The properties the campaign asks of an oracle; [] when only asking can tell."""
    names = list(named.oracle.properties or ())
    uses = [*needed(problem), *(name for other in problem.oracles for name in abilities.needs(other.oracle))]
    return [name for name in names if name in uses] or names


def waits(named: NamedOracle) -> bool:
    """Is it a person, who is waited for?"""
    return abilities.waits(named.oracle)


def instructions(problem: Problem) -> dict[str, str]:
    """What each person among the oracles is to do with a candidate, by the oracle's name; only those that say it."""
    people = (named for named in problem.oracles if named.search and waits(named))
    return {named.name: text for named in people if (text := abilities.instructions(named.oracle))}


def needed(problem: Problem) -> list[str]:
    """The properties without which an outcome is not finished."""
    spec = problem.spec
    return list(dict.fromkeys([*(goal.name for goal in spec.goals), *(limit.property for limit in spec.limits)]))


def next_oracle(problem: Problem, outcome: Outcome) -> int | None:
    """Position of the first oracle that has not finished and returns something not yet known; None: none is left.

    On a ladder only the rung that the candidate has reached is asked, and what is known is what is known there.
    """
    return next(unanswered(problem, outcome), None)


def meanwhile(problem: Problem, outcome: Outcome, person: bool) -> int | None:
    """Position of the first such oracle that is a person, or is none, and needs nothing that is missing; or None.

    So nobody waits for an answer that changes nothing of what is asked next.
    """
    for position in unanswered(problem, outcome):
        named = problem.oracles[position]
        if waits(named) == person and all(name in outcome.values for name in abilities.needs(named.oracle)):
            return position
    return None


def unanswered(problem: Problem, outcome: Outcome) -> Iterator[int]:
    """Positions of the oracles that are still to be asked of a candidate on its rung, in order."""
    finished = {(e.oracle, e.fidelity) for e in outcome.evaluations if e.status == "finished"}
    for position in problem.ladder.order(range(len(problem.oracles))):
        named = problem.oracles[position]
        if not named.search or not problem.ladder.admits(position, outcome.rung):
            continue
        level, names = rung(problem, outcome, position), wanted(problem, named)
        values = _values_there(problem, outcome, position)
        known = bool(names) and all(name in values for name in names)
        answered = (named.name, level) in finished and not waits(named)  # a person may tell one property after another
        if not answered and not known:
            yield position


def _values_there(problem: Problem, outcome: Outcome, position: int) -> Mapping[str, float]:
    """What is known of a candidate on the rung where the oracle at `position` would be asked."""
    if problem.ladder.rung(position) is None and position not in problem.ladder.followers:
        return outcome.values
    level = rung(problem, outcome, position)
    return {name: v for e in outcome.evaluations if e.fidelity == level for name, v in e.values.items()}


def screened_out(problem: Problem, outcome: Outcome) -> str | None:
    """The limit that cheap values already break, so that no expensive oracle needs to see the candidate; or None."""
    cheap = {named.name for named in problem.oracles if named.inline}
    values = {k: v for e in outcome.evaluations if e.oracle in cheap for k, v in e.values.items()}
    for limit in problem.spec.limits:
        if limit.property in problem.ladder.properties:
            continue  # a low rung's value decides no constraint
        if limit.property in values and limit.excess(values[limit.property]) > 0:
            return f"screened out: {limit.property} is {values[limit.property]:g}, wanted {limit}"
    return None


def verdict(problem: Problem, outcome: Outcome, evaluation: Evaluation) -> Verdict | None:
    """What `evaluation`, its latest, makes of an outcome; None: the next oracle is to be asked."""
    if evaluation.status == "failed":
        return Verdict("failed", evaluation.failure or "error", evaluation.error)
    insane = refusal(evaluation.values, problem.spec.windows)
    if insane is not None:
        return Verdict("refused", "unphysical", insane)
    known = replace(outcome, values={**outcome.values, **evaluation.values})
    known = replace(known, evaluations=(*outcome.evaluations, evaluation))
    return None if at_gate(known) or next_oracle(problem, known) is not None else final(problem, known)


def at_gate(outcome: Outcome) -> bool:
    """Is it for a gate to decide what comes after the rung that the candidate has reached?"""
    return outcome.rung < outcome.until


def below(problem: Problem, outcome: Outcome) -> tuple[str, ...]:
    """The needed properties whose value is not the top rung's when the candidate ends where it is."""
    if outcome.rung >= problem.ladder.top:
        return ()
    return tuple(name for name in needed(problem) if name in problem.ladder.properties)


def final(problem: Problem, outcome: Outcome) -> Verdict:
    """The verdict when every oracle has been asked."""
    provisional = below(problem, outcome)
    missing = [name for name in needed(problem) if name not in outcome.values and name not in provisional]
    if missing:
        given = ", ".join(outcome.values) or "nothing"
        return Verdict("failed", "error", f"no oracle returned {', '.join(missing)}; returned: {given}")
    return Verdict("finished", error=ended_at(problem, outcome.rung), provisional=provisional)


def ended_at(problem: Problem, level: int) -> str:
    """`finished at rung 1 of 3 ('md')`; nothing at the top."""
    if level >= problem.ladder.top:
        return ""
    name = problem.oracles[problem.ladder.rungs[level]].name
    return f"finished at rung {level + 1} of {problem.ladder.top + 1} ('{name}')"


def told_enough(problem: Problem, outcome: Outcome) -> bool:
    """Is every needed property known, those of the ladder from its top?"""
    ladder = problem.ladder
    at_top = {name for e in outcome.evaluations if e.fidelity == ladder.top for name in e.values}
    return all(name in (at_top if name in ladder.properties else outcome.values) for name in needed(problem))


def settlement(number: int, verdict: Verdict, told: bool = False) -> Draft:
    """The event that ends an outcome."""
    body = {"status": verdict.status, "failure": verdict.failure, "error": verdict.error, "told": told}
    if verdict.provisional:
        body["provisional"] = list(verdict.provisional)
    return Draft("settled", body, number)


def rung(problem: Problem, outcome: Outcome, position: int) -> float:
    """Fidelity index of what an oracle says of a candidate: its rung; for one that follows, the candidate's."""
    own = problem.ladder.rung(position)
    follows = position in problem.ladder.followers
    return float(outcome.rung if follows else own or 0)


def settings(problem: Problem, outcome: Outcome, position: int) -> str:
    """What an evaluation's value depends on beside candidate and seed: the oracle's settings, and what it is given."""
    named = problem.oracles[position]
    given = {name: outcome.values[name] for name in abilities.needs(named.oracle) if name in outcome.values}
    if not given:
        return named.settings_hash
    return f"{named.settings_hash}:{hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()[:16]}"


def as_written(problem: Problem, evaluation: Evaluation, level: float, settings: str) -> Evaluation:
    """An evaluation as the journal has it: with distances of curves, its rung and the beginning of its settings."""
    provenance = {**evaluation.provenance, "settings": settings[:16]}
    return replace(with_distances(evaluation, problem.curves), fidelity=level, provenance=provenance)


def evaluation_seed(problem: Problem, candidate: Candidate, position: int) -> list[int]:
    """Entropy of one evaluation: the same for the same candidate, oracle and campaign seed, whatever came before."""
    return [problem.spec.seed, int(candidate.id, 16), position]


def attempts(problem: Problem, outcome: Outcome, position: int) -> int:
    """How often an oracle was asked of a candidate on its rung without success, in all sessions."""
    last = _last(problem, outcome, position)
    return 0 if last is None or last.status != "failed" else int(last.provenance.get("attempt", 1))


def own(problem: Problem, outcome: Outcome, position: int, evaluation: Evaluation) -> Evaluation:
    """The evaluation; one whose node's time ended for the second time running takes too long: its own fault."""
    last = _last(problem, outcome, position)
    if not evaluation.provenance.get(WALLTIME) or last is None or not last.provenance.get(WALLTIME):
        return evaluation
    return replace(evaluation, failure="timeout", error=f"{evaluation.error} (the second time)")


def _last(problem: Problem, outcome: Outcome, position: int) -> Evaluation | None:
    """What an oracle last said of a candidate on its rung."""
    name, level = problem.oracles[position].name, rung(problem, outcome, position)
    return next((e for e in outcome.evaluations if (e.oracle, e.fidelity) == (name, level)), None)


def tried_again(failure: str, tries: int, retries: int) -> bool:
    """Is an evaluation that failed `tries` times run again?

    Failures of the infrastructure are, up to `retries` times. A crash is once, if retries are allowed at all, because
    the signal may have come from outside (the system's out-of-memory killer). All else is the candidate's own: with
    the same seed it would happen again.
    """
    allowed = {"infrastructure": retries, "crash": min(1, retries)}.get(failure, 0)
    return tries <= allowed
