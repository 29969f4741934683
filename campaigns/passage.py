"""This file is a candidate's way through the oracles: which is next, and what its values amount to."""

from dataclasses import dataclass, replace

from campaigns.gate import refusal
from campaigns.journal import Draft
from campaigns.problem import NamedOracle, Problem
from campaigns.records import Outcome
from oracles.base import Candidate, Evaluation, Failure


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an outcome ends."""

    status: str
    """finished, failed or refused."""
    failure: Failure = ""
    error: str = ""


def wanted(problem: Problem, named: NamedOracle) -> list[str]:
    """The properties the campaign asks of an oracle; [] when only asking can tell."""
    names = list(named.oracle.properties or ())
    uses = [*needed(problem), *(name for other in problem.oracles for name in getattr(other.oracle, "needs", ()))]
    return [name for name in names if name in uses] or names


def waits(named: NamedOracle) -> bool:
    """Is it a person, who is waited for?"""
    return bool(getattr(named.oracle, "waits", False))


def needed(problem: Problem) -> list[str]:
    """The properties without which an outcome is not finished."""
    spec = problem.spec
    return list(dict.fromkeys([*(goal.name for goal in spec.goals), *(limit.property for limit in spec.limits)]))


def next_oracle(problem: Problem, outcome: Outcome) -> int | None:
    """Position of the first oracle that has not finished and returns something not yet known; None: none is left."""
    finished = {e.oracle for e in outcome.evaluations if e.status == "finished"}
    for position, named in enumerate(problem.oracles):
        names = wanted(problem, named)
        known = bool(names) and all(name in outcome.values for name in names)
        answered = named.name in finished and not waits(named)  # a person may tell one property after the other
        if not answered and not known:
            return position
    return None


def screened_out(problem: Problem, outcome: Outcome) -> str | None:
    """The limit that cheap values already break, so that no expensive oracle needs to see the candidate; or None."""
    cheap = {named.name for named in problem.oracles if named.inline}
    values = {k: v for e in outcome.evaluations if e.oracle in cheap for k, v in e.values.items()}
    for limit in problem.spec.limits:
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
    return None if next_oracle(problem, known) is not None else final(problem, known)


def final(problem: Problem, outcome: Outcome) -> Verdict:
    """The verdict when every oracle has been asked."""
    missing = [name for name in needed(problem) if name not in outcome.values]
    if missing:
        given = ", ".join(outcome.values) or "nothing"
        return Verdict("failed", "error", f"no oracle returned {', '.join(missing)}; returned: {given}")
    return Verdict("finished")


def settlement(number: int, verdict: Verdict, told: bool = False) -> Draft:
    """The event that ends an outcome."""
    body = {"status": verdict.status, "failure": verdict.failure, "error": verdict.error, "told": told}
    return Draft("settled", body, number)


def rung(problem: Problem, position: int) -> float:
    """Fidelity index of an oracle: how many before it return one of its properties."""
    mine = set(problem.oracles[position].oracle.properties or ())
    return float(sum(bool(mine & set(named.oracle.properties or ())) for named in problem.oracles[:position]))


def evaluation_seed(problem: Problem, candidate: Candidate, position: int) -> list[int]:
    """Entropy of one evaluation: the same for the same candidate, oracle and campaign seed, whatever came before."""
    return [problem.spec.seed, int(candidate.id, 16), position]


def tried_again(failure: str, tries: int, retries: int) -> bool:
    """Is an evaluation that failed `tries` times run again?

    Failures of the infrastructure are, up to `retries` times. A crash is once, if retries are allowed at all, because
    the signal may have come from outside (the system's out-of-memory killer). All else is the candidate's own: with
    the same seed it would happen again.
    """
    allowed = {"infrastructure": retries, "crash": min(1, retries)}.get(failure, 0)
    return tries <= allowed
