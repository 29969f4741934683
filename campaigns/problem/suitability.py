"""This file is whether a surrogate's options suit the space it is to learn, asked before anything runs."""

from dataclasses import replace
from typing import Any

import numpy as np

from eutectic.generators.representations.elements import SYMBOLS
from eutectic.optimizers.base import Space
from eutectic.optimizers.models.belief import domain
from eutectic.surrogates.abilities import Choosy


def refusal(recipe: Any, space: Space) -> str | None:
    """The sentence that says why a recipe, over its representation if it has one, does not suit a space, or None."""
    if not isinstance(recipe, Choosy):
        return None
    groups = fraction_groups(space) or _closed(space)
    return recipe.refuse(space.names, replace(domain(space), mixtures=groups))


def fraction_groups(space: Space) -> tuple[tuple[int, ...], ...]:
    """Groups of columns that are fractions and sum to one; a list's are its columns called like elements."""
    groups = tuple(mixture.members for mixture in space.mixtures)
    return groups or _listed(space)


def _closed(space: Space) -> tuple[tuple[int, ...], ...]:
    """Columns, none below 0, that a linear equality closes to one, such as `a + b + c = 1`."""
    known = {(line.coefficients, line.bound) for line in space.linear}
    found = []
    for row, bound in known:
        members = tuple(j for j, c in enumerate(row) if c)
        whole = bound == 1 and all(row[j] == 1 and space.lower[j] >= 0 for j in members)
        if whole and (tuple(-c for c in row), -bound) in known:
            found.append(members)
    return tuple(sorted(found))


def _listed(space: Space) -> tuple[tuple[int, ...], ...]:
    if space.table is None:
        return ()
    members = tuple(j for j, name in enumerate(space.names) if name in SYMBOLS)
    sums = space.table[:, list(members)].sum(1)
    return (members,) if len(members) > 1 and np.allclose(sums, 1.0, atol=1e-6) else ()
