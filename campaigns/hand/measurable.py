"""This file is what somebody may tell of a candidate: properties that are known here, in finite numbers."""

import math
from collections.abc import Mapping

from eutectic.campaigns.hand.advice import no_property
from eutectic.campaigns.hand.words import refusal
from eutectic.campaigns.loop import routing
from eutectic.campaigns.loop.context import is_number
from eutectic.campaigns.problem.definition import Problem
from eutectic.oracles.user.answer import SUFFIX

Values = Mapping[str, float]


def measurable(problem: Problem) -> set[str]:
    """The properties somebody may tell: those wanted, and those an oracle returns."""
    return {*routing.needed(problem), *(p for n in problem.oracles for p in n.oracle.properties or ())}


def require_measurable(problem: Problem, values: Values, errors: Values) -> None:
    """CampaignFileError for what nobody can have measured."""
    known = measurable(problem)
    for name, error in errors.items():
        if not is_number(error):
            raise refusal(f"the standard error of {name} is {error!r}, not a number")
    for name, value in [*values.items(), *errors.items()]:
        if name not in known:
            alone = name.endswith(SUFFIX) and name.removesuffix(SUFFIX) in known
            raise refusal(f"{name}: a standard error needs its value" if alone else no_property(problem, name, known))
        if not math.isfinite(value):
            raise refusal(f"{name} is {value}, not a finite number")
    for name, error in errors.items():
        if name not in values or error < 0:
            raise refusal(f"{name}: a standard error needs its value, and is not negative")
    if not values:
        raise refusal("no property was told")
