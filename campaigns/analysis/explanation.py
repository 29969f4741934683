"""This file is an explanation as data: what it says of each property and of each candidate, ready for JSON."""

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from eutectic.surrogates.explain.formulas import Coefficient

if TYPE_CHECKING:
    from pydantic import TypeAdapter


import numpy as np

from eutectic.campaigns.analysis.labels import number, titled
from eutectic.campaigns.analysis.leaning import Leaning

Numbers = tuple[float | None, ...]
"""None where there is no value."""


@dataclass(frozen=True, slots=True)
class Swarm:
    """SHAP values of evaluated candidates, in the property's unit."""

    base: float
    """Mean prediction over the background."""
    numbers: tuple[int, ...]
    """Outcomes (n,) that are explained."""
    predicted: tuple[float, ...]
    """(n,)."""
    values: tuple[tuple[float, ...], ...]
    """(n, d); base and a row's values sum to its prediction."""
    interactions: tuple[Numbers, ...]
    """(d, d) mean size of the pair interaction, None for pairs not looked at."""
    background: int
    """Candidates that stand for what is not known."""
    exact: bool
    """Was every subset of variables asked? Otherwise random orders."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """How much each variable (d) matters, in the property's unit."""

    shap: tuple[float, ...]
    """Mean size of the SHAP value."""
    permutation: tuple[float, ...]
    """Rise of the root mean square error when the variable is shuffled."""
    permutation_error: tuple[float, ...]
    """Its standard error."""
    lasso: tuple[float, ...]
    """Coefficient for one standard deviation of the variable."""


@dataclass(frozen=True, slots=True)
class Said:
    """A formula with its error and range, in the property's unit."""

    text: str
    """Of a classifier its rule, `... > 0`: there the property is `high`, elsewhere `low`."""
    latex: str
    where: str
    """The task, or the candidates with the same variables, that it holds for, such as `q = water`; empty: for all."""
    rmse: float | None
    """None for a classifier."""
    left_out: float | None
    """Root mean square error with each row predicted without it; None for a classifier."""
    right: float | None
    """Of a classifier, share of the rows on their value's side, 0 to 1."""
    own: bool
    """Is it the campaign's surrogate? Otherwise a small one fitted as an explanation only."""
    low: float
    high: float
    """Range of the values it was fitted to."""
    undefined: float
    """Share of the space, 0 to 1, where it has no value."""
    ranges: tuple[tuple[float, float], ...]
    """(d) range of each variable it was fitted to."""
    coefficients: tuple[Coefficient, ...]
    """Intercept and slopes, with units where these are known."""
    codes: str = ""
    """What numbers stand for ordered categories in it: `grain: coarse 0, fine 1`; empty without any."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Mean prediction along one variable."""

    variable: str
    x: tuple[float | str, ...]
    """(k,) natural units, labels of a category."""
    mean: Numbers
    std: Numbers
    """(k,) the surrogate's standard deviation, averaged."""


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """The smallest change found that carries one property of one candidate over its threshold, on the surrogate."""

    number: int
    """The candidate."""
    now: float
    """Predicted, in the property's unit."""
    met: bool
    """Is the candidate predicted beyond the threshold as it is?"""
    variables: dict[str, float | str | None] | None
    """Where to go; None when nothing in the space will do, or nothing has to be done. A variable that is not active
    there is None."""
    distance: float | None
    """Root of the sum of squared changes, each divided by its range; fractions as they are, another category 1."""
    predicted: float | None
    std: float | None
    """The surrogate's standard deviation there."""
    chance: float | None
    """Probability, 0 to 1, of being beyond the threshold there, by the surrogate's normal distribution."""
    others: dict[str, float]
    """Predicted there: the other properties, each in its unit."""
    candidate: str = ""
    """In a finite list, the other row of it in a few words, with its name where it was evaluated."""


@dataclass(frozen=True, slots=True)
class Explained:
    """One property."""

    property: str
    """Its unit is in the name."""
    swarm: Swarm
    ranking: Ranking
    formulas: tuple[Said, ...]
    """One a task of the surrogate; none where none could be fitted."""
    curves: tuple[Curve, ...]
    threshold: str
    """In words: `at least 175, reached by the best quarter of the evaluations`."""
    counterfactuals: tuple[Counterfactual, ...]
    distance: str = ""
    """Of a curve, which distance to the wanted one its value is."""

    def title(self) -> str:
        """The name that people see."""
        return titled(self.property, self.distance)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything `campaign explain` says."""

    evaluations: int
    """Finished evaluations it rests on."""
    variables: tuple[str, ...]
    """(d)."""
    compositions: tuple[tuple[str, ...], ...]
    """Variables that sum to one, group by group."""
    rows: dict[int, dict[str, float | str | None]]
    """Outcome -> its variables, of all outcomes named elsewhere; None where a variable is not active."""
    titles: dict[int, str]
    """Outcome -> the candidate in a few words."""
    front: tuple[int, ...]
    """Candidates of the front, or the one asked for, whose SHAP values are there; some have counterfactuals."""
    properties: tuple[Explained, ...] = ()
    notes: tuple[str, ...] = ()
    leanings: tuple[Leaning, ...] = ()
    """The bounds and limits that the front leans on, with what is expected beyond."""
    names: dict[int, str] = field(default_factory=dict)
    """Outcome -> what people call it: `#12`, `history:known.csv:12`."""

    def called(self, number: int) -> str:
        """What people call an outcome."""
        return self.names.get(number, f"#{number}")

    def __repr__(self) -> str:
        """One line: of which properties, from how much."""
        names = ", ".join(each.property for each in self.properties) or "nothing"
        return f"<Explanation of {names} from {self.evaluations} evaluations>"


@cache
def _adapter() -> "TypeAdapter[Explanation]":
    from pydantic import TypeAdapter

    return TypeAdapter(Explanation)


def dumped(found: Explanation) -> bytes:
    """As JSON; null where there is no value."""
    return _adapter().dump_json(found)


def order(one: Explained) -> list[int]:
    """Variables, the largest mean SHAP value first."""
    return [int(j) for j in np.argsort(-np.array(one.ranking.shap), kind="stable")]


def coefficients(said: Said) -> str:
    """`12.3 GPa; 0.31 GPa*K^-1 times temperature_k`: intercept and slopes with their units, if known."""
    return "; ".join(f"{number(c.value)} {c.unit}".rstrip() + _times(c.term) for c in said.coefficients)


def _times(term: str) -> str:
    if not term:
        return ""
    return f" times ({term})" if " + " in term or " - " in term else f" times {term}"
