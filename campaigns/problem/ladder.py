"""This file is the ladder: oracles that return the same wanted property, the cheapest first."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from eutectic.campaigns.errors import Complaint
from eutectic.campaigns.problem.definition import Ladder, NamedOracle, Problem
from eutectic.oracles.abilities import needs


def ladder_of(oracles: Sequence["NamedOracle"], wanted: Sequence[str]) -> Ladder:
    """The ladder among the oracles that search."""
    returns = {k: set(n.oracle.properties or ()) & {*wanted} for k, n in enumerate(oracles) if n.search}
    rungs = tuple(k for k, mine in returns.items() if any(mine & other for j, other in returns.items() if j != k))
    shared: set[str] = set().union(*(returns[k] for k in rungs))
    followers: list[int] = []
    for k, named in enumerate(oracles):
        if rungs and k in returns and k not in rungs and shared & {*needs(named.oracle)}:
            followers.append(k)
            shared |= returns[k]
    return Ladder(rungs, tuple(followers), frozenset(shared))


def refusals(problem: Problem) -> Iterator[Complaint]:
    """What is wrong with the ladder, and with a `fidelity:` that has none."""
    ladder, oracles = problem.ladder, problem.oracles
    if problem.spec.fidelity is None:
        yield from _undecided(problem)
        return
    if not ladder.rungs:
        yield Complaint(("fidelity",), f"no two oracles return the same wanted property: {_returned(oracles)}")
        return
    for low, high in pairwise(ladder.rungs):
        one, other = oracles[low].cost, oracles[high].cost
        if one is not None and other is not None and one >= other:
            message = f"a ladder goes from cheap to dear: '{oracles[low].name}' before it costs {one:g}, this {other:g}"
            yield Complaint(("oracles", high, "cost"), message)
    yield from _split(problem)
    yield from _lacking(problem)


def _undecided(problem: Problem) -> Iterator[Complaint]:
    """Two oracles that return the same wanted property, and nothing says how they share the work."""
    first: dict[str, str] = {}
    for k in problem.ladder.rungs:
        named = problem.oracles[k]
        for name in sorted(problem.ladder.properties & {*(named.oracle.properties or ())}):
            if first.setdefault(name, named.name) != named.name:
                message = f"'{first[name]}' and '{named.name}' both return '{name}'; let only one do so, or say "
                yield Complaint(("oracles", k), message + "`fidelity: {policy: gates}` to make them a ladder")


def _split(problem: Problem) -> Iterator[Complaint]:
    """One ladder a campaign: each rung must share a property with the one below."""
    oracles = problem.oracles
    for low, high in pairwise(problem.ladder.rungs):
        one, other = (problem.ladder.properties & {*(oracles[k].oracle.properties or ())} for k in (low, high))
        if not one & other:
            message = f"'{oracles[high].name}' shares no property with the rung below it: {_returned(oracles)}"
            yield Complaint(("oracles", high), message)


def _lacking(problem: Problem) -> Iterator[Complaint]:
    """The top rung must return every wanted property that a lower one returns: only its values count."""
    top = problem.oracles[problem.ladder.rungs[-1]]
    wanted = {*problem.spec.objectives, *problem.spec.constraints}
    for k in problem.ladder.rungs[:-1]:
        below = problem.oracles[k]
        lacking = sorted(wanted & {*(below.oracle.properties or ())} - {*(top.oracle.properties or ())})
        if lacking:
            message = (
                f"the top rung does not return '{lacking[0]}', which '{below.name}' returns; only the top's values"
            )
            yield Complaint(("oracles", problem.ladder.rungs[-1]), f"{message} count, so it must")
            return


def _returned(oracles: Sequence["NamedOracle"]) -> str:
    """What each oracle returns, for a complaint."""
    unknown = "(only asking can tell: list them in its `properties`)"
    said = (f"'{n.name}' {', '.join(n.oracle.properties or ()) or unknown}" for n in oracles)
    return "; ".join(said)
