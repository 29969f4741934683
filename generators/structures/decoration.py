"""This file is a template chosen and other elements put on it: what substitution and prototypes have in common."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.templates import Template, assigned, fitting
from eutectic.oracles.elements.data import symbols

if TYPE_CHECKING:
    from pymatgen.core import Structure

TRIES = 20
"""How often another template is tried where no elements or no volume are found for one."""
HEAVIEST = 83
"""Elements up to bismuth, without the noble gases, where conditions name none."""
NOBLE = frozenset({2, 10, 18, 36, 54})
"""Atomic numbers of the noble gases."""
UNDERSTOOD = frozenset({"elements", "required", "formula", "atoms", "space_groups"})
"""The conditions that a choice of templates and elements keeps."""
Weighing = Callable[[Template, Conditions, str], Mapping[str, float]]
"""Template, conditions, element of the template -> how likely each element is in its place."""


def unmet(every: Sequence[Template], conditions: Conditions) -> str:
    """Why none of these templates meets the conditions; "" where some do."""
    if fitting(every, conditions):
        return ""
    low, high = conditions.atoms
    wanted = [f"{low} to {high} atoms"]
    wanted += [f"the shape of {conditions.formula}"] if conditions.formula else []
    wanted += [f"space group {', '.join(map(str, conditions.space_groups))}"] if conditions.space_groups else []
    return f"none of {len(every)} structure types has {' and '.join(wanted)}"


def decorated(
    every: Sequence[Template], weighing: Weighing, conditions: Conditions, rng: np.random.Generator
) -> "tuple[Structure, int | None, str]":
    """A template that fits, other elements on it; ValueError where nothing is found in `TRIES`."""
    usable = fitting(every, conditions)
    reason = unmet(every, conditions)
    for _ in range(TRIES if usable else 0):
        template = usable[int(rng.integers(len(usable)))]
        mapping = assigned(template, conditions, partial(weighing, template, conditions), rng)
        if mapping is None or all(old == new for old, new in mapping.items()):
            reason = f"no other elements for the sites of {template.name}"
            continue
        try:
            return template.decorated(mapping), template.space_group, template.name
        except ValueError as error:
            reason = str(error)
    raise ValueError(f"{reason} (tried {TRIES} times)" if usable else reason)


def uniform(template: Template, conditions: Conditions, old: str) -> Mapping[str, float]:
    """Every element alike."""
    del template, old
    return dict.fromkeys(conditions.allowed or usual(), 1.0)


@lru_cache(maxsize=1)
def usual() -> tuple[str, ...]:
    """Elements up to bismuth but the noble gases, in order."""
    return tuple(e for z, e in enumerate(symbols(), start=1) if z <= HEAVIEST and z not in NOBLE)
