"""This file is the conditions of crystals that are variables: targets, guidance, atoms, space group."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from eutectic.generators.base import number
from eutectic.generators.structures.conditions import Conditions
from eutectic.optimizers.base import Kind
from eutectic.oracles.base import Value

TARGET = "target_"
"""What stands before a property whose target is a variable."""


@dataclass(frozen=True, slots=True)
class Free:
    """One condition as a column of the space."""

    name: str
    kind: Kind
    low: float
    high: float
    labels: tuple[str, ...] = ()
    """Of a category."""

    def put(self, conditions: Conditions, x: float) -> Conditions:
        """The conditions with this one at the value that stands in its column."""
        if self.name == "guidance":
            return replace(conditions, guidance=x)
        if self.name == "atoms":
            return replace(conditions, atoms=(round(x), round(x)))
        if self.name == "space_group":
            return replace(conditions, space_groups=(int(self.labels[round(x)]),))
        return replace(conditions, targets={**conditions.targets, self.name.removeprefix(TARGET): x})

    def value(self, x: float) -> Value:
        """What a candidate says of it."""
        if self.labels:
            return self.labels[round(x)]
        return round(x) if self.kind == "integer" else x

    def column(self, variables: Mapping[str, Value]) -> float:
        """The way back; ValueError where it is absent, out of range or none of the choices."""
        if not self.labels:
            found = number(self.name, variables)
            if not self.low <= found <= self.high:
                raise ValueError(f"{self.name} is {found:g}, not within {self.low:g} to {self.high:g}")
            return found
        given = str(variables.get(self.name, ""))
        if given not in self.labels:
            raise ValueError(f"{self.name} is {given!r}, not one of {', '.join(self.labels)}")
        return float(self.labels.index(given))


def free_of(
    targets: Mapping[str, float | tuple[float, float]],
    guidance: float | tuple[float, float],
    atoms: tuple[int, int],
    space_groups: Sequence[int],
    vary: Sequence[str],
) -> tuple[Free, ...]:
    """The columns; ValueError for a range that is none."""
    found = [_span(f"{TARGET}{name}", span) for name, span in targets.items() if isinstance(span, tuple)]
    found += [_span("guidance", guidance)] if isinstance(guidance, tuple) else []
    if "atoms" in vary:
        found.append(Free("atoms", "integer", float(atoms[0]), float(atoms[1])))
    if "space_groups" in vary:
        labels = tuple(map(str, space_groups))
        found.append(Free("space_group", "categorical", 0.0, len(labels) - 1.0, labels))
    return tuple(found)


def _span(name: str, span: tuple[float, float]) -> Free:
    low, high = span
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"{name.removeprefix(TARGET)}: [{low:g}, {high:g}] is no range from less to more")
    return Free(name, "continuous", low, high)
