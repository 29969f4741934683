"""This file is what SISSO makes of its inputs: units, tasks and primary features, and why some do not suit it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from surrogates.base import Array, Domain
from surrogates.named import near
from surrogates.sisso_algebra import dimensions

if TYPE_CHECKING:
    from surrogates.sisso import SISSO
    from surrogates.sisso_features import Ints


def refusal(recipe: "SISSO", names: Sequence[str], domain: Domain) -> str | None:
    """Why options do not fit d inputs of these names in this domain, beginning with the option; None when they do."""
    del domain
    try:
        dimensions_of(recipe, names)
        task_column(recipe, names)
    except ValueError as error:
        return str(error)
    return None


def dimensions_of(recipe: "SISSO", names: Sequence[str]) -> Array:
    """Exponents (d, u) of the unit symbols of each input; ValueError for units that fit no input or cannot be read."""
    units = recipe.units_of(names)
    for what, unit in (*((f"units: {name}", unit) for name, unit in zip(names, units, strict=True)), _target(recipe)):
        try:
            dimensions([unit])
        except ValueError as error:
            raise ValueError(f"{what}: {error}") from None
    return dimensions([*units, recipe.target_unit])[:-1]


def _target(recipe: "SISSO") -> tuple[str, str]:
    return "target_unit", recipe.target_unit


def task_column(recipe: "SISSO", names: Sequence[str]) -> int | None:
    """The column that tells tasks apart, None where there is one task; ValueError when no input is called so."""
    if recipe.task is None:
        return None
    if recipe.task not in names:
        raise ValueError(f"task: no input is called {recipe.task!r}{near(recipe.task, names)}")
    return list(names).index(recipe.task)


def divide(recipe: "SISSO", X: Array, names: Sequence[str]) -> tuple[Array, tuple["Ints", ...], tuple[int, ...]]:
    """Task labels (t,), rows of each task, and the columns that are primary features."""
    every = tuple(range(X.shape[1]))
    column = task_column(recipe, names)
    if column is None:
        return np.empty(0), (np.arange(len(X)),), every
    labels, index = np.unique(X[:, column], return_inverse=True)
    tasks = tuple(np.flatnonzero(index.reshape(-1) == t) for t in range(len(labels)))
    return labels, tasks, tuple(j for j in every if j != column)


def constants(X: Array, names: Sequence[str], columns: tuple[int, ...]) -> tuple[str, ...]:
    """A note on inputs that are constant and therefore left out."""
    still = [names[j] for j in columns if not np.ptp(X[:, j]) > 0]
    return (f"constant inputs left out: {', '.join(still)}",) if still else ()
