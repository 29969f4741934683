"""This file is the oracle of what goes into a candidate: its own variables, and sums of them, as properties."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from eutectic.oracles.base import Candidate, Evaluation, failed
from eutectic.oracles.suggestions import unknown


@dataclass(frozen=True, slots=True)
class Variables:
    """Variables of the space as properties, for an objective or a limit on an input: least cement, cost of amounts."""

    of: Mapping[str, str | Mapping[str, float]]
    """Property -> the variable, in the unit it is written in, or variables and what each is multiplied by before they
    are summed. One that a candidate does not have (a condition does not hold) counts 0."""

    inline: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """ValueError for nothing, or a sum of nothing."""
        if not self.of:
            raise ValueError("of: name at least one property, as `cement_used_kg: cement`")
        for name, terms in self.terms.items():
            if not terms:
                raise ValueError(f"of: {name} is a sum of nothing")
            wrong = [variable for variable, factor in terms.items() if not math.isfinite(factor)]
            if wrong:
                raise ValueError(f"of: {name}: {wrong[0]} is multiplied by {terms[wrong[0]]}, no finite number")

    def __hash__(self) -> int:
        return hash(repr(self))

    @property
    def properties(self) -> tuple[str, ...]:
        """Names it returns."""
        return tuple(self.of)

    @property
    def terms(self) -> dict[str, dict[str, float]]:
        """Property -> variables and their factors."""
        return {name: {given: 1.0} if isinstance(given, str) else dict(given) for name, given in self.of.items()}

    def only(self, names: Sequence[str]) -> "Variables":
        """The same oracle with these of its properties."""
        return replace(self, of={name: given for name, given in self.of.items() if name in names})

    def refuse(self, variables: Sequence[str], lower: Sequence[float], upper: Sequence[float]) -> str | None:
        """The first variable that is none of the space's numbers, or None."""
        assert len(variables) == len(lower) == len(upper)
        for name, terms in self.terms.items():
            for variable in terms:
                if variable not in variables:
                    return f"of: {name}: {unknown('number among the variables', variable, tuple(variables))}"
        return None

    def screen(self, candidates: Sequence[Candidate]) -> dict[str, list[float]]:
        """Property -> one value a candidate, NaN where a variable is no number."""
        return {name: [_sum(terms, c) for c in candidates] for name, terms in self.terms.items()}

    def evaluate(self, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Evaluation]:
        """One evaluation a candidate, exact and at no cost; failed where a variable is no number."""
        del rng
        columns = self.screen(candidates)
        found = []
        for i, candidate in enumerate(candidates):
            values = {name: column[i] for name, column in columns.items()}
            wrong = [name for name, value in values.items() if not math.isfinite(value)]
            reason = f"{wrong[0]}: a variable of it is no number" if wrong else ""
            done = Evaluation(candidate.id, "variables", values)
            found.append(failed(candidate, "variables", "bad_input", reason) if reason else done)
        return found


def _sum(terms: Mapping[str, float], candidate: Candidate) -> float:
    """The weighted sum; NaN where a variable is no number."""
    try:
        return float(sum(factor * float(candidate.variables.get(name, 0.0)) for name, factor in terms.items()))
    except ValueError:
        return math.nan
