"""This file is what the campaign's surrogates expect of any candidate, and what was measured nearest to it."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eutectic.campaigns.analysis.parity import outputs_of
from eutectic.campaigns.execution.job import evaluate
from eutectic.campaigns.hand.adding import CLOSE, made
from eutectic.campaigns.hand.verbs import SHOWN, said
from eutectic.campaigns.loop.outside import outside
from eutectic.campaigns.problem.definition import NamedOracle, Problem
from eutectic.campaigns.problem.free import costless
from eutectic.campaigns.record.history import history_of
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.campaigns.record.settings import require_same_decoder
from eutectic.optimizers.base import Array, nearest
from eutectic.optimizers.models import belief
from eutectic.oracles.abilities import Screening
from eutectic.oracles.base import Candidate, Value

LEAST = 4
"""Values of each property below which nothing is predicted."""
CENTRAL_95 = 1.959964
"""Standard normal quantile of 97.5 %, dimensionless."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What one property is expected to be; of the noise-free value, in the property's unit."""

    mean: float
    std: float
    computed: bool = False
    """Is it no expectation, but the value itself, which costs nothing to compute?"""
    least: float = -math.inf
    """What the property cannot lie below: 0 of the distance of a curve."""

    @property
    def interval(self) -> tuple[float, float]:
        """The central 95 %, of what can be."""
        low, high = self.mean - CENTRAL_95 * self.std, self.mean + CENTRAL_95 * self.std
        return max(low, self.least), max(high, self.least)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is expected of one candidate."""

    id: str
    variables: Mapping[str, Value]
    properties: Mapping[str, Expected]
    """Objectives first, then constrained properties; those that cost nothing are computed."""
    feasibility: float
    """Probability, 0 to 1, that every learned constraint holds and the evaluation succeeds."""
    inside: bool
    """Does it lie in the space?"""
    beyond: tuple[str, ...]
    """The variables that lie outside what was measured, with what was: `Cu 0.55 (measured: 0.1 to 0.4)`."""
    neighbour: Outcome
    """The nearest that was measured."""
    distance: float
    """To it, dimensionless (bounds scaled to 1, root mean square); 0 of the same point."""


def predict(problem: Problem, ledger: Ledger, points: Sequence[Mapping[str, Value]]) -> list[Prediction]:
    """What is expected of each point, its surrogates fitted to the record as the next batch would have them.

    CampaignFileError for variables that make no candidate, and while too little is known. CampaignFolderError where
    coordinates mean other materials than they did.
    """
    require_same_decoder(problem, (outcome.origin for outcome in ledger.outcomes))
    pairs = [made(problem, variables, f"point {k + 1}") for k, variables in enumerate(points)]
    X = np.array([x for x, _ in pairs], dtype=float).reshape(len(pairs), problem.space.d)
    history = history_of(ledger, problem.space)
    names = [*(goal.name for goal in problem.spec.goals), *(limit.property for limit in problem.learned)]
    free = _computable(problem)
    known = {name: len(column.y) for name, column in zip(names, belief.columns(history), strict=False)}
    name, fewest = min(known.items(), key=lambda pair: (pair[0] in free, pair[1]))
    if fewest < LEAST and name not in free:
        values = "value" if fewest == 1 else "values"
        raise said(f"too little is known to predict: {fewest} {values} of {name}, at least {LEAST} are wanted")
    fitted = belief.learn(problem.space, history, problem.recipes)
    expected = _expected(problem, *fitted.moments(X))
    measured = [o for o in ledger.outcomes if o.status == "finished" and not o.aside]
    who, how_far = nearest(X, np.array([o.x for o in measured], dtype=float), problem.space)
    return [
        Prediction(
            id=candidate.id,
            variables=candidate.variables,
            properties={name: values[k] for name, values in expected.items()} | _computed(problem, free, candidate),
            feasibility=float(chance),
            inside=not outside(problem, x[None, :])[0],
            beyond=tuple(_beyond(candidate.variables, measured)),
            neighbour=measured[place],
            distance=float(distance) if distance > CLOSE else 0.0,
        )
        for k, ((x, candidate), chance, place, distance) in enumerate(
            zip(pairs, fitted.feasibility(X), who, how_far, strict=True)
        )
    ]


def _expected(problem: Problem, mean: Array, std: Array) -> dict[str, list[Expected]]:
    """Property -> what is expected at each point, from moments (k, outputs); the first output of a property counts."""
    found: dict[str, list[Expected]] = {}
    for j, (name, sign, shift) in enumerate(outputs_of(problem)):
        pairs = zip((sign * mean[:, j] + shift).tolist(), std[:, j].tolist(), strict=True)
        least = 0.0 if name in problem.curves else -math.inf
        found.setdefault(name, [Expected(mu, sigma, least=least) for mu, sigma in pairs])
    return found


def _computable(problem: Problem) -> dict[str, NamedOracle]:
    """The properties that are wanted and follow from a candidate alone, at no cost and by no chance; whose they are."""
    searched = [named for named in problem.oracles if named.search]
    givers = Counter(name for named in searched for name in named.oracle.properties or ())
    wanted = {*problem.spec.objectives, *(limit.property for limit in problem.spec.limits)}
    return {
        name: named
        for named in searched
        if costless(named) and isinstance(named.oracle, Screening)
        for name in named.oracle.properties or ()
        if name in wanted and givers[name] == 1
    }


def _computed(problem: Problem, free: Mapping[str, NamedOracle], candidate: Candidate) -> dict[str, Expected]:
    """The values of these properties; without those that such a candidate has not."""
    found: dict[str, float] = {}
    for name, named in {named.name: named for named in free.values()}.items():
        found |= evaluate(named.oracle, name, candidate, [problem.spec.seed]).values
    return {name: Expected(found[name], 0.0, computed=True) for name in free if name in found}


def _beyond(variables: Mapping[str, Value], measured: Sequence[Outcome]) -> Iterator[str]:
    """The variables that lie outside what was measured, with what was."""
    for name, value in variables.items():
        seen = list(dict.fromkeys(o.variables[name] for o in measured if name in o.variables))
        if isinstance(value, str) or not all(isinstance(other, int | float) for other in seen):
            if value not in seen:
                yield f"{name} {value} (measured: {', '.join(map(str, seen[:SHOWN])) or 'never'})"
            continue
        low, high = min(map(float, seen), default=math.nan), max(map(float, seen), default=math.nan)
        slack = CLOSE * (high - low)
        if not low - slack <= value <= high + slack:
            span = "never" if not seen else f"{low:g}" if low == high else f"{low:g} to {high:g}"
            yield f"{name} {value:g} (measured: {span})"
