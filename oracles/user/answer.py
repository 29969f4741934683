"""This file is what a user's function or program answered, read as properties and standard errors."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real

from eutectic.oracles.suggestions import unknown

SUFFIX = "_std"
"""`{property}_std` is the standard error of a property."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Values and errors, or the sentence that says why there are none."""

    values: Mapping[str, float] = field(default_factory=dict)
    errors: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    refusal: str = ""

    @classmethod
    def of(cls, returned: object, properties: Sequence[str] | None, who: str) -> "Answer":
        """Read a mapping of numbers; NaN and infinite values pass, for the campaign's own gate to refuse."""
        if not isinstance(returned, Mapping):
            return cls(refusal=f"{who} returned {_kind(returned)}, not a mapping of property names to numbers")
        numbers: dict[str, float] = {}
        curves: dict[str, tuple[float, ...]] = {}
        for name, value in returned.items():
            number = _number(value)
            points = _points(value) if isinstance(name, str) and number is None else None
            if points is not None:
                curves[name] = points
                continue
            if not isinstance(name, str) or number is None:
                return cls(refusal=f"{who} returned {_kind(value)} for {name!r}, where a number is expected")
            numbers[name] = number
        return cls._sorted(numbers, curves, properties, who)

    @classmethod
    def _sorted(
        cls,
        numbers: Mapping[str, float],
        curves: Mapping[str, tuple[float, ...]],
        properties: Sequence[str] | None,
        who: str,
    ) -> "Answer":
        """Values apart from their standard errors; a name listed as a property is never a standard error."""
        spreads = {n for n in numbers if n.endswith(SUFFIX) and n.removesuffix(SUFFIX) in numbers}
        every = [*(n for n in numbers if n not in spreads), *curves] if properties is None else list(properties)
        absent = [n for n in every if n not in numbers and n not in curves]
        if absent:
            return cls(refusal=f"{who} returned {unknown('property', absent[0], [*numbers, *curves])}")
        names = [n for n in every if n in numbers]
        if not every:
            return cls(refusal=f"{who} returned no properties")
        errors = {n: numbers[n + SUFFIX] for n in names if n + SUFFIX in spreads and n + SUFFIX not in names}
        negative = [n for n, error in errors.items() if error < 0]
        if negative:
            return cls(
                refusal=f"{who} returned {errors[negative[0]]} for {negative[0] + SUFFIX!r}, a negative deviation"
            )
        known = {n: e for n, e in errors.items() if math.isfinite(e)}  # NaN, as of one sample, says "not known"
        return cls({n: numbers[n] for n in names}, known, {n: curves[n] for n in every if n in curves})


def check_names(properties: Sequence[str] | None) -> None:
    """ValueError when a property comes twice or the list is empty."""
    if properties is not None and not properties:
        raise ValueError("properties: the list is empty; leave the key out if the names are not known beforehand")
    doubled = sorted({p for p in properties or () if list(properties or ()).count(p) > 1})
    if doubled:
        raise ValueError(f"properties: {doubled[0]!r} stands there twice")


def tail(text: str, limit: int) -> str:
    """The first line and the end of a long text."""
    if len(text) <= limit:
        return text
    first = text.split("\n", 1)[0][: limit // 4]
    return f"{first}\n[...]\n{text[-(limit - len(first)) :]}"


def _number(value: object) -> float | None:
    """A real number (of Python, numpy, or in an array without dimensions) as float; None for all else, booleans too."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _points(value: object) -> tuple[float, ...] | None:
    """A list, tuple or one-dimensional array of at least two numbers as floats; None for all else."""
    listed = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(listed, list | tuple) or len(listed) < 2:
        return None
    points = [_number(point) for point in listed]
    return None if None in points else tuple(point for point in points if point is not None)


def _kind(value: object) -> str:
    """`str 'abc'` or `None`, short."""
    return "None" if value is None else f"{type(value).__name__} {repr(value)[:80]}"
