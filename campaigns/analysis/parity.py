"""This file is how well the surrogates predict what they have not seen: leave-one-out, in natural units."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eutectic.campaigns.analysis.labels import titled
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.history import history_of
from eutectic.campaigns.record.outcomes import Ledger
from eutectic.optimizers.base import Array
from eutectic.optimizers.models.diagnostics import crossvalidate


@dataclass(frozen=True, slots=True, eq=False)
class Parity:
    """One property, measured against predicted from all other evaluations."""

    name: str
    """The property; its unit is in the name."""
    measured: Array
    """(n,) natural units."""
    predicted: Array
    """(n,) mean of the prediction, natural units."""
    std: Array
    """(n,) its standard deviation, natural units."""
    metrics: Mapping[str, float]
    """rmse, mae (natural units), r2, coverage_95 and the others of `eutectic.optimizers.models.diagnostics.Check`."""
    notes: tuple[str, ...] = ()
    """What the surrogate says of itself: who is in charge of `auto`, weights of `stacked`, ..."""
    distance: str = ""
    """Of a curve, which distance to the wanted one its value is."""

    @property
    def title(self) -> str:
        """The name that people see."""
        return titled(self.name, self.distance)


@dataclass(frozen=True, slots=True)
class Parities:
    """Every output that could be checked, and the sentence that says why others could not."""

    outputs: tuple[Parity, ...] = ()
    note: str = ""


LEAST = 4
"""Evaluations below which leaving one out says nothing."""


def leave_one_out(ledger: Ledger) -> Parities:
    """Predict every finished evaluation from the others with the campaign's own surrogates, hyperparameters fixed.

    The last answer is kept, for the page and the pictures ask the same.
    """
    if sum(not outcome.provisional for outcome in ledger.finished) < LEAST:
        return Parities(note=f"Fewer than {LEAST} evaluations finished: too few to leave one out.")
    key = repr((ledger.folder, ledger.spec, [(o.number, o.values) for o in ledger.finished]))
    if key not in _last:
        _last.clear()
        _last[key] = _leave_one_out(ledger)
    return _last[key]


_last: dict[str, Parities] = {}


def _leave_one_out(ledger: Ledger) -> Parities:

    source = str(ledger.facts.get("source", "."))
    try:
        problem = build(ledger.spec, source, engines=False, begun=True)
    except CampaignFileError as error:
        return Parities(note=f"The campaign cannot be built again from {source}: {error}")
    history = history_of(ledger, problem.space)
    checks = crossvalidate(history, problem.space, problem.recipes)
    shown: dict[str, Parity] = {}
    distances = {goal.name: goal.distance for goal in problem.spec.goals}
    for (name, sign, shift), check in zip(outputs_of(problem), checks, strict=True):
        if len(check.mean) and np.isfinite(check.mean).all():
            natural = [sign * column + shift for column in (check.observed, check.mean)]
            of = distances.get(name, "")
            shown.setdefault(name, Parity(name, natural[0], natural[1], check.std, check.metrics, check.notes, of))
    return Parities(tuple(shown.values()))


def outputs_of(problem: Problem) -> list[tuple[str, float, float]]:
    """For each modelled output its property, and the sign and shift that bring it to natural units."""
    goals = [(g.name, g.natural(1.0) - g.natural(0.0), g.natural(0.0)) for g in problem.spec.goals]
    limits = [(x.property, -1.0 if x.side == "min" else 1.0, x.bound) for x in problem.learned]
    return goals + limits
