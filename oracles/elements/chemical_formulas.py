"""This file is chemical formulas as text: the amounts in one, those of a candidate, a mixture written as one line."""

import re
from collections.abc import Mapping
from functools import lru_cache

from eutectic.oracles.base import Candidate
from eutectic.oracles.elements.data import symbols

TRACE = 1e-8
"""An atomic fraction below this is none: rounding of the optimizer's sums."""


WATER = re.compile(r"(.+?)\s*\.\s*(\d+(?:\.\d+)?)?\s*\(?H2O\)?")
"""A hydrate with a full stop: in `CuSO4.5H2O` the 5 belongs to the water, not to the oxygen before it."""
_JOINED = re.compile(r"\s*[·•⋅∙‧･・*]\s*")
_TIMES = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Z(\[].*)")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉．", "0123456789.", "$\u200b\u2060\ufeff")
MARKUP = re.compile(r"</?sub>|_\{([\d.]+)\}|_(?=[\d.])")
"""How texts write subscripts: HTML's and LaTeX's."""
ZERO_FOR_O = re.compile(r"[A-Za-z]0[1-9]|\d0[1-9](?!\d)")
"""Amounts that are written where a zero stands for an O, as in `Ti02` and `Fe203`."""
UNEVEN = 50
"""Largest amount over the smallest from which such a zero is taken for a slip in formulas of several elements."""
WHOLES = (100, 1000)
"""Sums of amounts in per cent and per mille, which may hold such zeros."""
MOST_OF_ONE = 1000
"""Atoms in the formula of an element alone; beyond they are an alloy's designation."""
LONGEST = 200
"""Characters of a formula, at most."""


def amounts(formula: str) -> dict[str, float]:
    """Element symbol -> number of atoms, all positive; ValueError when the text is no formula of known elements.

    What stands before and after `·` or `*`, or before a full stop and water, is added up: `CuSO4·5H2O`.
    """
    return dict(_amounts(formula))


@lru_cache(maxsize=100_000)
def _amounts(formula: str) -> Mapping[str, float]:
    if len(formula) > LONGEST:
        raise ValueError(f"{formula[:20]!r}... is no chemical formula")
    text = MARKUP.sub(lambda mark: mark[1] or "", formula.translate(SUBSCRIPTS)).strip()
    water = WATER.fullmatch(text)
    parts = [water[1], f"{water[2] or ''}H2O"] if water else _JOINED.split(text)
    total: dict[str, float] = {}
    for part in parts:
        times = _TIMES.fullmatch(part) if len(parts) > 1 else None
        for element, x in _plain(times[2] if times else part, formula).items():
            total[element] = total.get(element, 0.0) + x * (float(times[1]) if times else 1.0)
    _refuse_slips(total, text, formula)
    return checked(total, formula)


def _refuse_slips(found: Mapping[str, float], text: str, formula: str) -> None:
    """ValueError where a zero stands for an O, or what reads as a formula is an alloy's designation (`Al7075`)."""
    positive = [x for x in found.values() if x > 0]
    if not positive or "O" in found or sum(positive) in WHOLES:
        return
    alone, uneven = len(found) == 1, max(positive) >= UNEVEN * min(positive)
    slip = ZERO_FOR_O.search(text)
    if (slip and (alone or uneven or "0" in slip[0][1:2])) or (alone and re.fullmatch("[A-Z][a-z]?20", text)):
        raise ValueError(f"{formula!r} is no chemical formula: is a zero written for an O?")
    if alone and positive[0] > MOST_OF_ONE:
        raise ValueError(f"{formula!r} is no chemical formula but a designation")


def _plain(part: str, formula: str) -> dict[str, float]:
    """The amounts of a formula without dots."""
    from pymatgen.core import Composition

    try:
        found = Composition(part, strict=True).get_el_amt_dict()
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        raise ValueError(f"{formula!r} is no chemical formula") from None
    return {str(e): float(x) for e, x in found.items()}


def checked(found: Mapping[str, float], formula: str) -> dict[str, float]:
    """The positive amounts of these; ValueError on a symbol that is no element, a negative amount or none at all."""
    strange = sorted(set(found) - set(symbols()))
    if strange:
        raise ValueError(f"{formula!r} is no chemical formula: {strange[0]!r} is no element")
    if not all(0 <= x < float("inf") for x in found.values()) or not any(found.values()):
        raise ValueError(f"{formula!r} is no chemical formula: its amounts are not positive numbers")
    return {e: x for e, x in found.items() if x > 0}


def fractions(candidate: Candidate) -> dict[str, float] | None:
    """Atomic fractions by element: of the composition, else of the structure, else of a variable `formula`; or None.

    ValueError when that variable is no formula.
    """
    found = dict(candidate.composition or {})
    if not found and candidate.structure:
        from pymatgen.core import Structure

        found = Structure.from_dict(dict(candidate.structure)).composition.get_el_amt_dict()
    if not found and isinstance(candidate.variables.get("formula"), str):
        found = amounts(str(candidate.variables["formula"]))
    total = sum(found.values())
    return {e: x / total for e, x in sorted(found.items()) if x > TRACE * total} if total else None


def listed(parts: Mapping[str, float]) -> str:
    """`0.5 Fe2O3 + 0.5 Li2O`, the largest share first."""
    order = sorted(parts.items(), key=lambda part: (-part[1], part[0]))
    return " + ".join(f"{share:.4g} {name}" for name, share in order)
