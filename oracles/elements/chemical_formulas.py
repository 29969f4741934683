"""This file is chemical formulas as text: the amounts in one, those of a candidate, a mixture written as one line."""

from collections.abc import Mapping

from eutectic.oracles.base import Candidate
from eutectic.oracles.elements.data import symbols

TRACE = 1e-8
"""An atomic fraction below this is none: rounding of the optimizer's sums."""


def amounts(formula: str) -> dict[str, float]:
    """Element symbol -> number of atoms, all positive; ValueError when the text is no formula of known elements."""
    from pymatgen.core import Composition

    try:
        found = Composition(formula.strip(), strict=True).get_el_amt_dict()
    except (ValueError, TypeError):
        raise ValueError(f"{formula!r} is no chemical formula") from None
    return checked({str(e): float(x) for e, x in found.items()}, formula)


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
