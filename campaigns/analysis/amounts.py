"""This file is in which unit a campaign's file gives the amounts of elements, for tables and for comparing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eutectic.campaigns.file.spec import CampaignSpec

UNITS = {"at.%": "at.%", "wt.%": "wt.%", "mole_ratio": "mole ratio"}
"""As in the file -> as in a table; atomic fractions have no unit."""


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
