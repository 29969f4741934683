"""This file is what a campaign found, in sentences and small tables; no figures, no HTML."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eutectic.campaigns.analysis.amounts import called
from eutectic.campaigns.analysis.labels import duration, measured, number, quantity, title_of, titled, told
from eutectic.campaigns.analysis.leaning import leaning_sentence, still
from eutectic.campaigns.file.goals import Goal
from eutectic.campaigns.record.outcomes import ENDED, Ledger, Outcome
from eutectic.campaigns.record.volume import satisfying
from eutectic.generators.representations.chemical_formulas import fractions
from eutectic.generators.representations.elements import SYMBOLS
from eutectic.oracles.base import Value


@dataclass(frozen=True, slots=True)
class OracleCost:
    """What one oracle was asked and what it took."""

    oracle: str
    asked: int
    failed: int
    seconds: float
    """Wall seconds of all its evaluations."""


def asked(ledger: Ledger) -> tuple[Outcome, ...]:
    """Outcomes the campaign proposed itself; what was known before the start is left out."""
    return tuple(o for o in ledger.outcomes if o.number > 0)


def evaluated(ledger: Ledger, rounds: int) -> int:
    """How many of the candidates it proposed in so many rounds have ended, with values or without."""
    return sum(outcome.round < rounds and outcome.status in ENDED for outcome in asked(ledger))


def title(outcome: Outcome) -> str:
    """The candidate in a few words."""
    return described(outcome.variables, outcome.composition)


def described(variables: Mapping[str, Value], composition: Mapping[str, float] | None) -> str:
    """A candidate's formula as given, else by its amounts in their unit, and the variables that this does not say.

    Beside the amounts of elements, those are all the others; beside a formula that is chosen or spelt, none.
    """
    formula, beside = parted(variables, composition)
    return ", ".join([*([formula] if formula else []), *(told(name, shown(value)) for name, value in beside.items())])


def parted(variables: Mapping[str, Value], composition: Mapping[str, float] | None) -> tuple[str, dict[str, Value]]:
    """The formula, "" without a composition, and the variables that it does not say."""
    if not composition:
        return "", dict(variables)
    others = {name: variables[name] for name in variables if name.rpartition(".")[2] not in SYMBOLS}
    beside = others if len(others) < len(variables) else {}
    return _given(variables, composition) or called(variables, composition), beside


def _given(variables: Mapping[str, Value], composition: Mapping[str, float]) -> str:
    """The formula among the variables that says the composition, as it was written (`TlHfI3`); "" where none does."""
    made = {element: x for element, x in composition.items() if x > 0}
    for text in variables.values():
        own = fractions(text) if isinstance(text, str) else None
        if own is not None and own.keys() == made.keys() and all(abs(own[e] - made[e]) < 1e-6 for e in own):
            return str(text)
    return ""


def shown(value: float | int | str | None) -> str:
    """A variable's value as text."""
    return str(value) if isinstance(value, str | int) else number(value)


def said(name: str, outcome: Outcome, goals: Sequence[Goal]) -> str:
    """`173.2 ± 0.6 GPa`: a property of an outcome with its unit; the distance to a curve has none here."""
    unit = quantity(title_of(goals, name))[1]
    return f"{measured(outcome.values.get(name), outcome.errors.get(name))} {unit}".strip()


def best(ledger: Ledger, column: int, among: Sequence[Outcome] | None = None) -> Outcome | None:
    """The feasible outcome with the least loss in one objective, on the front also where several share it; or None."""
    feasible = [o for o in (ledger.outcomes if among is None else among) if o.feasible]
    known = [o for o in feasible if math.isfinite(o.losses[column])]
    return min(known, key=lambda o: (o.losses[column], o.losses, o.number), default=None)


def costs(ledger: Ledger) -> list[OracleCost]:
    """A row an oracle, in the order they were first asked."""
    said = [e for o in ledger.outcomes for e in o.evaluations]
    rows = []
    for name in dict.fromkeys(e.oracle for e in said):
        own = [e for e in said if e.oracle == name]
        rows.append(OracleCost(name, len(own), sum(e.status == "failed" for e in own), sum(e.cost_s for e in own)))
    return rows


def spent_s(ledger: Ledger) -> float:
    """Wall seconds of all evaluations asked for, those on the lower rungs of candidates that are not done included."""
    return sum(o.cost_s for o in asked(ledger))


def begun(ledger: Ledger) -> int:
    """How many candidates some oracle has answered for and others have not."""
    return sum(o.status in ("proposed", "running") and o.cost_s > 0 for o in asked(ledger))


def wall_s(ledger: Ledger) -> float | None:
    """Seconds from the first proposal to the last result; None when nothing has ended."""
    ends = [o.finished_at for o in asked(ledger) if o.finished_at is not None]
    starts = [o.proposed_at for o in asked(ledger)]
    return max(ends) - min(starts) if ends else None


def findings(ledger: Ledger, front: Sequence[Outcome]) -> tuple[str, ...]:
    """What was found in two sentences with numbers, the second maybe empty; what the front leans on; a stall."""
    if not asked(ledger):
        return "Nothing has been evaluated yet.", ""
    if not ledger.finished:
        return _unfinished(ledger)
    if not front:
        return _infeasible(ledger)
    if for_windows(ledger):
        return _effort(ledger, front), _windows_sentence(ledger)
    more = [text for text in (leaning_sentence(ledger, front), still(ledger)) if text]
    return _effort(ledger, front), _best_sentence(ledger), *more


def for_windows(ledger: Ledger) -> bool:
    """Does the campaign look, in the end, for candidates inside every window rather than for the best?"""
    return ledger.spec.optimizers[-1].goal == "satisfy"


def inside(ledger: Ledger) -> list[Outcome]:
    """The outcomes inside every window, in the order of their numbers."""
    return sorted(satisfying(ledger.spec.goals, ledger.finished), key=lambda o: o.number)


def _windows_sentence(ledger: Ledger) -> str:
    """How many candidates lie inside every window, and which was the first."""
    found, every = inside(ledger), counted(len(ledger.finished), "evaluated candidate")
    if not found:
        return f"None of {every} lies inside every window. {_best_sentence(ledger)}"
    first = f"the first is {found[0].name} ({title(found[0])})"
    return f"{len(found)} of {every} {'lies' if len(found) == 1 else 'lie'} inside every window; {first}."


def counted(n: int, noun: str) -> str:
    """`1 candidate`, `3 candidates`."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _unfinished(ledger: Ledger) -> tuple[str, str]:
    counts = Counter(o.status for o in asked(ledger))
    ended = counts["failed"] + counts["refused"]
    if not ended:
        return f"{counted(len(asked(ledger)), 'candidate')} asked for, none evaluated yet.", ""
    reasons = Counter(o.error or o.failure for o in asked(ledger) if o.status in ("failed", "refused"))
    reason, times = reasons.most_common(1)[0]
    return f"None of the {counted(ended, 'evaluation')} gave usable values.", f"{times} of them ended with: {reason}"


def _infeasible(ledger: Ledger) -> tuple[str, str]:
    n = counted(len(ledger.finished), "evaluated candidate")
    near = min(ledger.finished, key=lambda o: sum(max(e, 0.0) for e in o.excess))
    gaps = [
        f"{limit} by {number(excess, 3)}"
        for limit, excess in zip(ledger.spec.limits, near.excess, strict=False)
        if excess > 0
    ]
    first = f"None of the {n} satisfies every constraint."
    return first, f"The closest, {near.name} ({title(near)}), misses {' and '.join(gaps)}." if gaps else ""


def _effort(ledger: Ledger, front: Sequence[Outcome]) -> str:
    ended = [o for o in asked(ledger) if o.status in ENDED]
    lost = sum(o.status != "finished" for o in ended)
    spent = f"{counted(len(ended), 'evaluation')}{f' ({lost} without usable values)' if lost else ''}"
    open_ones = begun(ledger)
    spent += f" and {open_ones} that {'is' if open_ones == 1 else 'are'} not complete" if open_ones else ""
    many = len(ledger.spec.goals) > 1
    found = f" and left {counted(len(front), 'candidate')} on the Pareto front" if many else ""
    seconds = spent_s(ledger)
    took = f" took {duration(seconds)} of oracle time" if seconds else "" if many else " were measured"
    found = found if seconds else found.removeprefix(" and")
    return f"{spent}{took}{found}{_growth(ledger)}."


def _growth(ledger: Ledger) -> str:
    """How the hypervolume grew since the first optimizer's last round, or since the first round."""
    volumes = {r.index: r.hypervolume for r in ledger.rounds if r.hypervolume is not None}
    if len(volumes) < 2 or len(ledger.spec.goals) < 2:
        return ""
    initial = [b.index for b in ledger.batches if b.stage == ledger.batches[0].stage and b.index in volumes]
    start = max(initial) if initial and max(initial) < max(volumes) else min(volumes)
    before, after = volumes[start], volumes[max(volumes)]
    assert before is not None
    assert after is not None
    times = f" ({number(after / before, 3)} times)" if before > 0 else ""
    if not after > before:
        return f"; its hypervolume is {number(after, 3)}, as after round {start + 1}"
    return f"; its hypervolume rose from {number(before, 3)} after round {start + 1} to {number(after, 3)}{times}"


def _best_sentence(ledger: Ledger) -> str:
    parts = [_extreme(ledger, column, goal) for column, goal in enumerate(ledger.spec.goals)]
    text = " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
    return text[:1].upper() + text[1:] + "."


def _extreme(ledger: Ledger, column: int, goal: Goal) -> str:
    winner = best(ledger, column)
    assert winner is not None
    verb = "comes to" if goal.kind == "target" else "reaches" if goal.kind == "maximize" else "falls to"
    aim = f" (target {number(goal.target)})" if goal.kind == "target" else ""
    words = quantity(titled(goal.name, goal.distance))[0]
    words = words if words[:2].isupper() or not words[1:2].isalpha() else words[:1].lower() + words[1:]
    return f"{words} {verb} {said(goal.name, winner, [goal])}{aim} in {winner.name} ({title(winner)})"
