"""This file is in which unit a campaign gives the amounts of elements, for tables, names, figures and comparing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eutectic.campaigns.analysis.labels import LEAST_FRACTION, alloy, formula, ratios
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.generators.amounts import TOTAL, Unit, moles
from eutectic.generators.representations.elements import SYMBOLS
from eutectic.oracles.base import Value

UNITS = {"at.%": "at.%", "wt.%": "wt.%", "mole_ratio": "mole ratio"}
"""As in the file -> as in a table; atomic fractions have no unit."""

ALIKE = 1e-6
"""Shares, 0 to 1, that differ by less are the same."""
BASE = 90.0
"""Per cent of an element from which on it is a base with additions."""


def stated(variables: Mapping[str, Value], composition: Mapping[str, float]) -> tuple[dict[str, float], Unit]:
    """Element -> amount of a candidate in the unit that its own amounts are written in, and that unit.

    They are moles or weights whichever its composition (atomic fractions) bears out. Moles that are a whole, and
    candidates that are not written by amounts, are in at.%.
    """
    made = {symbol: x for symbol, x in composition.items() if x > LEAST_FRACTION}
    percent: dict[str, float] = {symbol: 100 * x for symbol, x in made.items()}
    bare = [(name.rpartition(".")[2], value) for name, value in variables.items()]
    amounts = [(symbol, float(v)) for symbol, v in bare if symbol in SYMBOLS and isinstance(v, int | float)]
    own = {symbol: value for symbol, value in amounts if symbol in made}
    if own.keys() != made.keys() or len(dict(amounts)) < len(amounts):
        return percent, "at.%"
    whole, mass = sum(own.values()), sum(x / moles(symbol, "wt.%") for symbol, x in made.items())
    if all(abs(own[symbol] / whole - x) < ALIKE for symbol, x in made.items()):
        sums = any(abs(whole - total) < 1e-3 * total for total in TOTAL.values())
        return (percent, "at.%") if sums else (own, "mole_ratio")
    if all(abs(own[symbol] / whole - x / moles(symbol, "wt.%") / mass) < ALIKE for symbol, x in made.items()):
        return {symbol: 100 * value / whole for symbol, value in own.items()}, "wt.%"
    return percent, "at.%"


def called(variables: Mapping[str, Value], composition: Mapping[str, float]) -> str:
    """A candidate's name by its amounts: `Cr35Co30Ni35` in at.%, `Al0.5CoCrFe` in moles, `Fe-18Cr-10Ni wt.%`."""
    amounts, unit = stated(variables, composition)
    if unit == "wt.%":
        return alloy(amounts)
    return formula(composition) if unit == "at.%" else ratios(amounts)


def portions(
    candidates: Sequence[tuple[Mapping[str, Value], Mapping[str, float]]],
) -> tuple[list[dict[str, float]], str]:
    """Per cent of each element in candidates (variables, atomic fractions), and the title of their axis.

    Of weight if all are written so. A base that all of them consist of to nine tenths is left out and named, since the
    others could not be seen beside it.
    """
    own = [stated(variables, composition) for variables, composition in candidates]
    weighed = all(unit == "wt.%" for _, unit in own)
    atomic = ({e: 100 * x for e, x in composition.items()} for _, composition in candidates)
    percents = [amounts for amounts, _ in own] if weighed else list(atomic)
    title = "Weight per cent" if weighed else "Atomic per cent"
    base = next((e for e in percents[0] if all(percent.get(e, 0.0) >= BASE for percent in percents)), None)
    if base is None or not any(len(percent) > 1 for percent in percents):
        return percents, title
    return [{e: x for e, x in percent.items() if e != base} for percent in percents], f"{title}, the rest {base}"


def heads(spec: CampaignSpec, variables: Sequence[str]) -> list[str]:
    """The variables' names, amounts of elements with their unit: `Cr (wt.%)`."""
    units = {name: UNITS[unit] for name, unit in _units(spec.space.model_dump()) if unit in UNITS}
    return [f"{name} ({units[name]})" if name in units else name for name in variables]


def other_units(before: CampaignSpec, after: CampaignSpec) -> dict[str, tuple[str, str]]:
    """Amounts of elements that both campaigns' spaces have, in different units -> their unit before and after."""
    old, new = (dict(_units(spec.space.model_dump())) for spec in (before, after))
    return {name: (old[name], new[name]) for name in old if old[name] != new.get(name, old[name])}


def _units(space: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Variable and unit of every amount, as in the file: `fraction` where it names none."""
    if space.get("use") == "composition":
        for symbol in (*space.get("elements", ()), *([space["balance"]] if space.get("balance") else [])):
            yield str(symbol), space.get("unit") or "fraction"
    if space.get("use") == "product":
        for name, part in space.get("parts", {}).items():
            for symbol, own in _units(part):
                yield from ((symbol, own), (f"{name}.{symbol}", own))
