"""This file is how much of one element a composition may hold, and whether that is possible in its unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from eutectic.generators.amounts import TOTAL, Unit
from eutectic.generators.hints import suggestion
from eutectic.generators.representations.elements import SYMBOLS


@dataclass(frozen=True, slots=True)
class Element:
    """How much of one element."""

    low: float
    """Lowest amount, in the composition's unit."""
    high: float
    """Highest amount."""
    scale: Literal["linear", "log"] = "linear"
    """`log`: searched, sampled and learned from in its decadic logarithm, for dopants; needs a `balance`."""

    @property
    def fixed(self) -> bool:
        """Is there only one amount?"""
        return self.low == self.high


Given = tuple[float, float] | Element | float


def whole(elements: Mapping[str, Given], unit: Unit, balance: str | None) -> dict[str, Element]:
    """Every element with its range; the balance last, and free, where it is not listed."""
    found = {symbol: _element(given) for symbol, given in elements.items()}
    if balance is not None and balance not in found:
        found[balance] = Element(0.0, float(TOTAL.get(unit, 0)))
    return found


def _element(given: Given) -> Element:
    if isinstance(given, Element):
        return given
    low, high = given if isinstance(given, tuple) else (given, given)
    return Element(low, high)


def exact(value: float) -> Fraction:
    """The decimal number a person wrote."""
    return Fraction(str(value))


def check_elements(elements: Mapping[str, Element], unit: Unit) -> None:
    """ValueError for what is no element, or an amount that its unit cannot have."""
    for symbol, element in elements.items():
        _check_element(symbol, element, unit)
    if len(elements) < 2:
        raise ValueError(f"elements: a composition needs at least 2 elements, got {len(elements)}")
    most = sum(exact(element.high) for element in elements.values())
    if unit in ("at.%", "wt.%") and most < 100:
        doubt = "; are these fractions? then say `unit: fraction`" if most <= len(elements) else ""
        raise ValueError(f"elements: the highest amounts sum to {float(most):g}, not to 100 {unit}{doubt}")


def _check_element(symbol: str, element: Element, unit: Unit) -> None:
    if symbol not in SYMBOLS:
        raise ValueError(f"elements: {symbol!r} is no element symbol{suggestion(symbol, SYMBOLS, 0.3)}")
    low, high = element.low, element.high
    if unit == "fraction" and high > 1:
        raise ValueError(
            f"elements: {symbol}: fractions run from 0 to 1, got {high:g}; 5 at.% is written 0.05, or say `unit: at.%`"
        )
    top = TOTAL.get(unit)
    if top is not None and high > top:
        raise ValueError(f"elements: {symbol}: {unit} runs from 0 to 100, got {high:g}")
    if not 0 <= low <= high:
        raise ValueError(f"elements: {symbol}: [{low:g}, {high:g}] is no range [lowest, highest] {_extent(top)}")
    if element.scale == "log" and not 0 < low < high:
        raise ValueError(f"elements: {symbol}: a logarithm needs a lowest amount above 0 and below the highest")


def _extent(top: int | None) -> str:
    return "from 0 on" if top is None else f"within 0 to {top}"


def divisions(step: float, total: int) -> int:
    """How often `step` goes into the whole, exactly."""
    if not 0 < step <= total / 2:
        raise ValueError(f"step: {step:g} is not above 0 and at most {total / 2:g}")
    number = total / exact(step)
    near = round(number)
    if number.denominator != 1 and step != total / near:
        raise ValueError(
            f"step: {step:g} does not divide {total} exactly; near it, {total}/{near} = {total / near:.6g} does"
        )
    return near
