"""This file is the gates of the ladder: of those that answered on a rung, which go on to the next.

A gate decides a round at once, when all of its candidates have answered on the rung. What it decides follows from the
journal alone. A candidate is ranked, among all that ever answered there, by its probability of being one of the best
`keep` of them on the top rung: its own value with its standard error, carried to the top by the relation that
candidates known on both rungs have shown (`campaigns/relation.py`).
"""

from collections.abc import Iterable, Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from eutectic.campaigns.loop.routing import Verdict, below, ended_at, settlement
from eutectic.campaigns.loop.rung_relation import Quantity, quantities, said
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.journal import Draft
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.optimizers.base import Array

DRAWS = 256
"""Joint draws of what the top rung would say."""


def ripe(record: Record, waiting: Iterable[int]) -> list[tuple[int, list[int]]]:
    """Rung and numbers of each group that can be decided: no other of its round is still to answer on that rung."""
    outcomes, groups = record.outcomes, dict[tuple[int, int], list[int]]()
    for number in sorted(waiting):
        groups.setdefault((outcomes[number].round, outcomes[number].rung), []).append(number)
    open_ones = [outcomes[number] for number in record.unsettled]
    return [
        (rung, numbers)
        for (index, rung), numbers in sorted(groups.items())
        if not any(o.round == index and o.rung <= rung < o.until and o.number not in numbers for o in open_ones)
    ]


def decisions(problem: Problem, record: Record, rung: int, numbers: Sequence[int]) -> list[Draft]:
    """The events of one gate: for each of `numbers` whether it goes on, and the end of those that do not."""
    assert problem.spec.fidelity is not None
    known = [o for o in record.outcomes.values() if said(o, rung)]
    share = problem.spec.fidelity.keep
    best = ceil(share * len(known) - 1e-9)
    room = _room(problem, known, rung, best)
    chance = chances(quantities(problem), known, rung, problem.ladder.top, best, [problem.spec.seed, *numbers, rung])
    place = {known[i].number: k for k, i in enumerate(np.argsort(-chance, kind="stable"))}
    likely = {o.number: float(p) for o, p in zip(known, chance, strict=True)}
    drafts: list[Draft] = []
    for number in sorted(numbers, key=lambda number: place.get(number, len(known))):
        rank, p = place.get(number, len(known)), likely.get(number, 0.0)
        words = f"rank {rank + 1} of {len(known)}, the best {best} go on (probability {p:.2f} of being one of them)"
        passed, reason, kind = rank < best and room > 0, words, "rank"
        room -= passed
        if not passed:
            passed, reason, kind = _exception(problem, record.outcomes[number], rung, words)
        body = {"rung": rung, "passed": passed, "chance": p, "reason": reason, "kind": kind}
        drafts.append(Draft("gate", body, number))
        if not passed:
            error = f"{ended_at(problem, rung)}: {words}"
            verdict = Verdict("finished", error=error, provisional=below(problem, record.outcomes[number]))
            drafts.append(settlement(number, verdict))
    return drafts


def _room(problem: Problem, known: Sequence[Outcome], rung: int, best: int) -> int:
    """How many may go on now: as many as are good enough, where who is held back has ended.

    Where the optimizer chooses rungs it can send anybody up later, so that no more than the fraction goes on.
    """
    assert problem.spec.fidelity is not None
    if problem.spec.fidelity.policy == "gates":
        return len(known)
    return best - sum(gate.passed for o in known for gate in o.gates if gate.rung == rung)


def _exception(problem: Problem, outcome: Outcome, rung: int, words: str) -> tuple[bool, str, str]:
    """Does a candidate that is not among the best go on all the same? Why, or why not, and by what kind of decision."""
    assert problem.spec.fidelity is not None
    if any(e.fidelity == rung and e.provenance.get("out_of_domain") for e in outcome.evaluations):
        return True, f"out of the domain of rung {rung + 1}, so that the next is to tell; {words}", "out of domain"
    rng = np.random.default_rng([problem.spec.seed, outcome.number, rung, 1])
    if rng.random() < problem.spec.fidelity.spot_check:
        return True, f"spot check; {words}", "spot check"
    return False, words, "rank"


def chances(
    outputs: Sequence[Quantity], known: Sequence[Outcome], rung: int, top: int, best: int, entropy: Sequence[int]
) -> Array:
    """Probability (n,) of each of n outcomes to be among the `best` on the top rung."""
    rng = np.random.default_rng(list(entropy))
    draws = [output.drawn(known, rung, top, DRAWS, rng) for output in outputs]
    pairs = [(d, output.goal is not None) for d, output in zip(draws, outputs, strict=True) if d is not None]
    losses, excess = [d for d, goal in pairs if goal], [np.maximum(d, 0.0) for d, goal in pairs if not goal]
    n = len(known)
    loss = np.stack(losses, -1) if losses else np.zeros((DRAWS, n, 1))
    broken = sum((e / (float(e.std()) or 1.0) for e in excess), np.zeros((DRAWS, n)))
    counts = np.zeros(n)
    for one, violation in zip(loss, broken, strict=True):
        counts[ordered(one, violation)[:best]] += 1
    return counts / DRAWS


def ordered(loss: Array, violation: Array) -> NDArray[np.int64]:
    """Indices of n candidates with losses (n, m), best first: by violation (n,), then by front and crowding."""
    index: NDArray[np.int64]
    if loss.shape[1] == 1:
        index = np.lexsort((loss[:, 0], violation))
        return index
    import moocore

    front = np.asarray(moocore.pareto_rank(loss), dtype=float)
    index = np.lexsort((-crowding(loss, front), front, violation))
    return index


def crowding(loss: Array, front: Array) -> Array:
    """Crowding distance (n,) within each front, dimensionless; Deb et al. 2002, doi 10.1109/4235.996017, III.B."""
    distance = np.zeros(len(loss))
    for level in np.unique(front):
        rows = np.flatnonzero(front == level)
        for column in loss[rows].T:
            order = np.argsort(column, kind="stable")
            width = column[order[-1]] - column[order[0]]
            gaps = (column[order[2:]] - column[order[:-2]]) / width if width > 0 else np.zeros(max(0, len(rows) - 2))
            distance[rows[order[[0, -1]]]] = np.inf
            distance[rows[order[1:-1]]] += gaps
    return distance
