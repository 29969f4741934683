"""This file is one variable of a process: a range, a list of choices or one value, and when it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, isfinite, log10
from typing import Literal

from eutectic.generators import terms
from eutectic.generators.base import NoPlaceError, number
from eutectic.generators.hints import hint
from eutectic.generators.terms import Term
from eutectic.optimizers.base import Kind
from eutectic.oracles.base import Value

Label = str | int | float


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: a range (continuous, in steps, or whole numbers) or a list of choices."""

    low: float | None = None
    """Lowest value, in the unit the name states."""
    high: float | None = None
    """Highest value."""
    step: float | None = None
    """Increment from `low`; none: continuous."""
    integer: bool = False
    """Whole numbers only."""
    choices: tuple[str | int | float, ...] = ()
    """Categories; excludes low, high, step and integer."""
    ordered: bool = False
    """The choices are in order: neighbours are alike."""
    scale: Literal["linear", "log"] = "linear"
    """`log`: searched, sampled and learned from in its decadic logarithm."""
    when: Mapping[str, str | int | float | tuple[str | int | float, ...]] | None = None
    """Only asked for where other variables take these choices, such as {step_2: anneal}."""
    context: bool = False
    """Measured and not chosen, such as humidity: given with `suggest --context` or with what is told."""
    default: str | int | float | None = None
    """Value of a `context` variable where nobody gives one."""
    per: Literal["sample", "batch"] | tuple[str, int] = "sample"
    """`batch`: all candidates of a batch have it in common; [plate, 8]: so have eight in a row, variables of the same
    plate together."""

    def __post_init__(self) -> None:
        if self.choices:
            self._check_choices()
        elif self.low is None or self.high is None:
            raise ValueError("a variable needs `low` and `high`, or `choices`")
        else:
            self._check_range(self.low, self.high)
        self._check_use()

    def _check_choices(self) -> None:
        if self.low is not None or self.high is not None or self.step is not None or self.integer:
            raise ValueError("`choices` stands alone: leave out low, high, step and integer")
        if self.scale == "log":
            raise ValueError("`scale: log` has no meaning beside `choices`: `ordered: true` keeps their order")
        labels = self.labels
        odd = [label for label in labels if not label or label != label.strip()]
        if odd:
            raise ValueError(f"choices: {odd[0]!r} is no name: it is empty, or blanks around it are lost in tables")
        twice = [label for label in labels if labels.count(label) > 1]
        if twice:
            raise ValueError(f"choices: {twice[0]!r} is given twice")
        if len(labels) < 2:
            raise ValueError(
                f"choices: {labels[0]!r} alone leaves nothing to choose; a fixed value stands alone: NAME: {labels[0]}"
            )

    def _check_range(self, low: float, high: float) -> None:
        if not (isfinite(low) and isfinite(high)) or low >= high:
            raise ValueError(f"low {low:g} must be a finite number below high {high:g}")
        if self.integer and self.step not in (None, 1):
            raise ValueError("`integer` steps by 1: leave out `step`, or leave out `integer`")
        if self.integer and ceil(low) > floor(high):
            raise ValueError(f"there is no whole number between {low:g} and {high:g}")
        if self.step is not None and not 0 < self.step <= high - low:
            raise ValueError(f"step {self.step:g} must be above 0 and at most high - low = {high - low:g}")
        if self.ordered:
            raise ValueError("`ordered` belongs to `choices`; a range is in order anyway")
        if self.scale == "log" and low <= 0:
            raise ValueError(f"scale: a logarithm needs low above 0, got {low:g}")
        if self.scale == "log" and (self.integer or self.step is not None):
            raise ValueError("`scale: log` is continuous: for steps give `choices: [1, 10, 100]` with `ordered: true`")

    def _check_use(self) -> None:
        if self.context and (self.when or self.per != "sample"):
            raise ValueError("`context` is measured and not chosen: leave out `when` and `per`")
        if self.default is not None and not self.context:
            raise ValueError("`default` belongs to `context: true`")
        if self.default is not None:
            place = self.coordinate("default", {"default": self.default})
            if not self.bounds[0] <= place <= self.bounds[1]:
                raise ValueError(f"default: {self.default} is out of its range, {self.extent}")
        if isinstance(self.per, tuple) and self.per[1] < 2:
            raise ValueError(f"per: {self.per[0]!r} of {self.per[1]} shares nothing; give 2 or more")

    @property
    def labels(self) -> list[str]:
        """The choices as text."""
        return [str(choice) for choice in self.choices]

    @property
    def kind(self) -> Kind:
        """As the space names it."""
        if self.choices:
            return "integer" if self.ordered else "categorical"
        return "integer" if self.integer else "continuous"

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest coordinate that can be taken."""
        if self.low is None or self.high is None:
            return 0.0, len(self.choices) - 1.0
        if self.integer:
            return float(ceil(self.low)), float(floor(self.high))
        if self.scale == "log":
            return log10(self.low), log10(self.high)
        if self.step is None:
            return float(self.low), float(self.high)
        low, step = Fraction(str(self.low)), Fraction(str(self.step))
        return float(self.low), float(low + step * floor((Fraction(str(self.high)) - low) / step))

    @property
    def pin(self) -> float:
        """The coordinate in the middle, on its steps: where it stands while nobody asks for it."""
        low, high = self.bounds
        if self.kind == "categorical":
            return 0.0
        if self.kind == "integer":
            return float((low + high) // 2)
        if self.step is None:
            return (low + high) / 2
        step = Fraction(str(self.step))
        return float(Fraction(str(low)) + step * int((Fraction(str(high)) - Fraction(str(low))) / step / 2))

    @property
    def extent(self) -> str:
        """What it can be, for a person."""
        return " or ".join(self.labels) if self.choices else f"{self.low:g} to {self.high:g}"

    def column(self, name: str) -> str:
        """What the column of variable `name` is called."""
        return f"log10({name})" if self.scale == "log" else name

    def term(self, column: int) -> Term | None:
        """The number it is, of its column; None for text."""
        if self.scale == "log":
            return terms.power(column)
        if not self.choices:
            return terms.column(column)
        if not all(isinstance(choice, int | float) for choice in self.choices):
            return None
        return Term(table=(column, tuple(float(choice) for choice in self.choices)))

    def value(self, x: float) -> Value:
        """Natural value of a coordinate: a choice, a whole number or a float."""
        if self.choices:
            return self.choices[round(x)]
        if self.scale == "log":
            return float(f"{10.0**x:.12g}")
        return round(x) if self.integer else float(x)

    def _numbered(self, given: str) -> int | None:
        """Place of the choice that is the same number, however it is written: 10.0 is 10; None where none is."""
        value = _as_number(given)
        same = [k for k, label in enumerate(self.labels) if value is not None and _as_number(label) == value]
        return same[0] if len(same) == 1 else None

    def coordinate(self, name: str, variables: Mapping[str, Value]) -> float:
        """The way back from the natural value of variable `name`; ValueError when there is none or it is no choice."""
        if not self.choices:
            value = number(name, variables)
            if self.scale == "log" and value <= 0:
                raise ValueError(f"{name} is {value:g}, and its logarithm needs a number above 0")
            return log10(value) if self.scale == "log" else value
        if name not in variables:
            others = ", ".join(variables) or "nothing"
            raise ValueError(f"no variable {name!r} ({self.extent}) among what is given: {others}")
        given = str(variables[name]).strip()
        if given not in self.labels and (place := self._numbered(given)) is not None:
            return float(place)
        if given not in self.labels:
            raise NoPlaceError(
                f"{name} is {given!r}, not one of {', '.join(self.labels)}{_nearest(given, self.labels)}"
            )
        return float(self.labels.index(given))


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _nearest(given: str, labels: list[str]) -> str:
    """`; did you mean 'oil'?`, or nothing where no label is like it."""
    text = hint(given, labels)
    return text if "did you mean" in text else ""
