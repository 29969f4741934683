"""This file is the parameters generator: process conditions and other free variables."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from eutectic.generators import terms
from eutectic.generators.base import NoPlaceError, number
from eutectic.generators.constraints import checked, constrained, saying
from eutectic.generators.hints import hint
from eutectic.generators.linear_constraints import parse
from eutectic.generators.terms import Term, extent
from eutectic.generators.variable import Variable
from eutectic.optimizers.base import Array, Condition, Shared, Space, active, ordered
from eutectic.oracles.base import Candidate, Value

__all__ = ["Parameters", "Variable"]

MANY_DECADES = 1e3
"""Ratio of a range's ends from which an even search is remarked upon; ours: 0.1 % lies in the lowest."""


ODD_NUMBER = re.compile(r"[+-]?\d+(,\d+\s*%?|(\.\d+)?\s*%)")
"""A number as text with a decimal comma or a per cent sign."""
RANGE = re.compile(r"[+-]?\d+(\.\d+)?\s*(-|–|\.\.+|to)\s*[+-]?\d+(\.\d+)?")
"""Two numbers in one text."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Process variables: continuous, in steps, whole numbers, categories; some perhaps conditional, shared or given."""

    variables: Mapping[str, Variable | tuple[float, float] | tuple[str, ...] | float | str]
    """Name (with its unit) -> {low, high, step, integer, scale} or {choices, ordered}, with `when`, `per`, `context`;
    short: [low, high], [water, ethanol], or one value (also [5, 5] or [water]) that is fixed."""
    linear: tuple[str, ...] = ()
    """Linear constraints as text, such as "a + 2*b <= 10"; names that are no plain words in back quotes."""
    constraints: tuple[str, ...] = ()
    """Constraints as text, linear or not, such as "temperature_k * time_h <= 8000"."""

    def __post_init__(self) -> None:
        if not self.variables:
            raise ValueError("variables: a space needs at least one variable")
        for name, given in self.variables.items():
            if not name or name != " ".join(name.split()):
                raise ValueError(
                    f"variables: {name!r} is no name: blanks around it, or a line break, are lost in tables"
                )
            try:
                _refuse_texts(given)
                _variable(given)
            except ValueError as error:
                raise ValueError(f"variables: {name}: {error}") from None
        if not self.varied:
            raise ValueError("variables: every one is fixed; a space needs one that varies")
        _checked_conditions(self.varied)
        lines = [line for text in self.saying(self.linear) for line in parse(text, tuple(self.variables))]
        for line in lines:
            for (name, given), coefficient in zip(self.variables.items(), line.coefficients, strict=True):
                if coefficient and name not in self.terms:
                    del given
                    raise ValueError(f"linear: {line.text!r} uses {name!r}, whose choices are not numbers")
        checked(self.saying(self.constraints), self.terms)

    def __hash__(self) -> int:
        return hash(repr(self))

    @property
    def varied(self) -> dict[str, Variable]:
        """The variables that are not fixed, and that what is fixed does not rule out; one a column."""
        pairs = ((name, _variable(given)) for name, given in self.variables.items())
        return _possible({name: given for name, given in pairs if isinstance(given, Variable)}, self.fixed)

    @property
    def fixed(self) -> dict[str, Value]:
        """The variables that are fixed, with their values."""
        pairs = ((name, _variable(given)) for name, given in self.variables.items())
        return {name: value for name, value in pairs if not isinstance(value, Variable)}

    @property
    def absent(self) -> frozenset[str]:
        """The variables that no candidate has, for they belong to other values of what is fixed."""
        return frozenset(self.variables) - {*self.varied, *self.fixed}

    def saying(self, constraints: Sequence[str]) -> tuple[str, ...]:
        """Those of the constraints that say something: none of their variables is absent."""
        return saying(constraints, tuple(self.variables), self.absent)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader should know: ranges over several decades that are searched evenly."""
        return tuple(
            f"{name} goes from {v.low:g} to {v.high:g} and is searched evenly: hardly any candidate lies in its "
            "lower decades; `scale: log` searches all decades alike"
            for name, v in self.varied.items()
            if v.kind == "continuous" and v.scale != "log" and v.step is None and v.low and v.high
            if v.low > 0 and v.high / v.low >= MANY_DECADES
        )

    @property
    def terms(self) -> dict[str, Term]:
        """The variables that are numbers, as functions of the columns."""
        found = {name: terms.fixed(v) for name, v in self.fixed.items() if not isinstance(v, str)}
        for j, (name, variable) in enumerate(self.varied.items()):
            term = variable.term(j)
            if term is not None:
                found[name] = term
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """What the variables are called."""
        return tuple(self.variables)

    @property
    def optional(self) -> frozenset[str]:
        """Variables that a candidate may lack, or that may be left out of a table: fixed and conditional ones."""
        always = {name for name, variable in self.varied.items() if not variable.when}
        return frozenset(self.variables) - always

    @property
    def contexts(self) -> tuple[str, ...]:
        """The variables that are measured and not chosen."""
        return tuple(name for name, variable in self.varied.items() if variable.context)

    @property
    def defaults(self) -> dict[str, Value]:
        """What given variables are where nobody says."""
        return {name: v.default for name, v in self.varied.items() if v.default is not None}

    def situation(self, values: Mapping[str, Value]) -> dict[int, float]:
        """Column -> coordinate of everything that is measured and not chosen.

        ValueError when one is missing and has no default, out of its range, or no such variable.
        """
        own = {name: (j, v) for j, (name, v) in enumerate(self.varied.items()) if v.context}
        for name in values:
            if name not in own:
                raise ValueError(f"{name!r} is no variable with `context: true`{hint(name, own)}")
        both = {**self.defaults, **values}
        missing = [f"{name} ({v.extent})" for name, (_, v) in own.items() if name not in both]
        if missing:
            raise ValueError(f"no value for {', '.join(missing)}: it is measured, not chosen, and has no `default`")
        found = {}
        for name, (j, variable) in own.items():
            found[j] = variable.coordinate(name, both)
            if not variable.bounds[0] <= found[j] <= variable.bounds[1]:
                raise ValueError(f"{name} is {both[name]}, out of its range, {variable.extent}")
        return found

    def numbers(self) -> dict[str, tuple[float, float]]:
        """Variable -> least and largest number it can be."""
        return {name: extent(term, self.space) for name, term in self.terms.items()}

    @property
    def space(self) -> Space:
        """One column a variable that is not fixed; the same object whenever the options are equal."""
        return _space(self)

    def generate(self, X: Array, rng: np.random.Generator) -> list[Candidate]:  # noqa: ARG002 (nothing is random here)
        """Candidates with the values of each row of X (n, d), variables that are not active left out."""
        own, place = self.varied, {name: j for j, name in enumerate(self.varied)}
        awake = active(self.space, X)
        found = []
        for x, mask in zip(X, awake, strict=True):
            asked = {name: v.value(x[place[name]]) for name, v in own.items() if mask[place[name]]}
            known = {**self.fixed, **asked}
            found.append(Candidate({name: known[name] for name in self.variables if name in known}))
        return found

    def coordinates(self, variables: Mapping[str, Value]) -> Array:
        """Row (d,) of these values; ValueError when one is missing, no number, none of the choices, or not as fixed."""
        for name, value in self.fixed.items():
            if name in variables and not _alike(variables[name], value):
                given, wanted = _shown(variables[name]), _shown(value)
                raise NoPlaceError(f"{name} is {given}, and the space has it fixed at {wanted}")
        own, space = self.varied, self.space
        x = np.array([variable.pin for variable in own.values()])
        asleep = {condition.column for condition in space.conditions}
        for j, (name, variable) in enumerate(own.items()):
            if j not in asleep:
                x[j] = variable.coordinate(name, variables)
        names = list(own)
        for condition in ordered(space):  # a parent is known before its children
            if active(space, x[None])[0, condition.column]:
                x[condition.column] = own[names[condition.column]].coordinate(names[condition.column], variables)
        return x


@lru_cache(maxsize=64)
def _space(part: Parameters) -> Space:
    own = part.varied
    names = tuple(own)
    plain = Space(
        names=tuple(v.column(name) for name, v in own.items()),
        kinds=tuple(v.kind for v in own.values()),
        lower=np.array([v.bounds[0] for v in own.values()]),
        upper=np.array([v.bounds[1] for v in own.values()]),
        categories=tuple(tuple(v.labels) if v.kind == "categorical" else () for v in own.values()),
        steps=tuple(None if v.integer else v.step for v in own.values()),
        conditions=tuple(_conditions(own)),
        shared=_shared(own),
        context=tuple(j for j, name in enumerate(names) if own[name].context),
    )
    ordered(plain)
    return constrained(plain, part.saying((*part.linear, *part.constraints)), part.terms)


def _possible(own: Mapping[str, Variable], fixed: Mapping[str, Value]) -> dict[str, Variable]:
    """The variables (name -> variable) that what is fixed does not rule out, without conditions that always hold."""
    left: dict[str, Variable] = {}
    for name, variable in own.items():
        settled = {parent: given for parent, given in (variable.when or {}).items() if parent in fixed}
        if all(str(fixed[parent]) in map(str, _several(given)) for parent, given in settled.items()):
            rest = {parent: given for parent, given in (variable.when or {}).items() if parent not in fixed}
            left[name] = replace(variable, when=rest or None) if settled else variable
    while gone := [n for n, v in left.items() if any(p in own and p not in left for p in v.when or {})]:
        left = {name: variable for name, variable in left.items() if name not in gone}
    return left


def _conditions(own: Mapping[str, Variable]) -> Iterator[Condition]:
    """One for each variable that another one depends on."""
    names = list(own)
    for name, variable in own.items():
        for parent, given in (variable.when or {}).items():
            values = tuple(float(own[parent].labels.index(str(v))) for v in _several(given))
            yield Condition(names.index(name), names.index(parent), values, variable.pin)


def _shared(own: Mapping[str, Variable]) -> tuple[Shared, ...]:
    """The groups of `per`."""
    groups: dict[str | tuple[str, int], list[int]] = {}
    for j, variable in enumerate(own.values()):
        if variable.per != "sample":
            groups.setdefault(variable.per, []).append(j)
    return tuple(Shared(tuple(columns), per[1] if isinstance(per, tuple) else None) for per, columns in groups.items())


def _checked_conditions(own: Mapping[str, Variable]) -> None:
    """ValueError for a condition on what does not exist or cannot be it, and for one name with two sizes."""
    sizes: dict[str, int] = {}
    for name, variable in own.items():
        for parent, given in (variable.when or {}).items():
            path = f"variables: {name}: when"
            if parent not in own:
                raise ValueError(f"{path}: there is no variable {parent!r} that varies{hint(parent, own)}")
            if not own[parent].choices:
                raise ValueError(f"{path}: {parent!r} is a range; a condition needs one of `choices`")
            wrong = [str(v) for v in _several(given) if str(v) not in own[parent].labels]
            if wrong:
                raise ValueError(f"{path}: {wrong[0]!r} is no choice of {parent!r}{hint(wrong[0], own[parent].labels)}")
        if isinstance(variable.per, tuple) and sizes.setdefault(*variable.per) != variable.per[1]:
            label, size = variable.per
            raise ValueError(f"variables: {name}: per: {label!r} holds {sizes[label]} elsewhere, and {size} here")
    _checked_circles(own)


def _checked_circles(own: Mapping[str, Variable]) -> None:
    """ValueError for conditions that go in a circle."""
    left = dict(own)
    while left:
        free = [name for name, variable in left.items() if not set(variable.when or {}) & set(left)]
        if not free:
            raise ValueError(f"variables: the conditions of {', '.join(left)} go in a circle")
        left = {name: variable for name, variable in left.items() if name not in free}


def _several(given: object) -> tuple[object, ...]:
    return given if isinstance(given, tuple) else (given,)


def _shown(value: Value) -> str:
    """Text in quotes, a number without the digits that nobody reads."""
    return repr(value) if isinstance(value, str) else f"{value:g}"


def _alike(given: Value, value: Value) -> bool:
    """Equal texts, or numbers equal to nine digits."""
    if isinstance(value, str):
        return str(given).strip() == value
    return abs(number("value", {"value": given}) - value) <= 1e-9 * abs(value)


def _refuse_texts(given: object) -> None:
    """ValueError where texts of the short form look like a range: they would be two categories, or a fixed one."""
    texts = given if isinstance(given, tuple) else (given,)
    if len(texts) == 2 and all(isinstance(text, str) and ODD_NUMBER.fullmatch(text.strip()) for text in texts):
        raise ValueError(f"[{', '.join(map(str, texts))}] are texts, not numbers; write numbers, or `choices:`")
    if isinstance(given, str) and RANGE.fullmatch(given.strip()):
        raise ValueError(f"{given!r} is a text; a range is [low, high], a fixed text like this one [{given!r}]")


def _variable(
    given: Variable | tuple[float, float] | tuple[str, ...] | float | str,
) -> Variable | float | str:
    """The long form of a variable; a fixed value, also as [y] or [5, 5], as it is."""
    if isinstance(given, Variable | int | float | str):
        return given
    if len(given) == 1 or (len(given) == 2 and given[0] == given[1] and not isinstance(given[0], str)):
        return given[0]
    if any(isinstance(item, str) for item in given):
        return Variable(choices=tuple(str(item) for item in given))
    if len(given) != 2:
        raise ValueError(f"a range is [low, high], got {len(given)} numbers")
    return Variable(low=float(given[0]), high=float(given[1]))
