"""This file is what SISSO makes of its inputs: units, tasks and primary features, and why some do not suit it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from eutectic.surrogates.base import Array, Domain
from eutectic.surrogates.sisso.operators import dimensions
from eutectic.surrogates.validation import near

if TYPE_CHECKING:
    from eutectic.surrogates.sisso.features import Ints
    from eutectic.surrogates.sisso.recipe import SISSO


def refusal(recipe: "SISSO", names: Sequence[str], domain: Domain) -> str | None:
    """Why options do not fit d inputs of these names in this domain, beginning with the option; None when they do."""
    try:
        dimensions_of(recipe, names)
        primary_columns(recipe, names, domain)
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


def primary_columns(recipe: "SISSO", names: Sequence[str], domain: Domain | None) -> tuple[tuple[int, ...], list[str]]:
    """The columns that are primary features, and a note on categories, whose codes are no numbers to reckon with.

    ValueError where no number is left, or no input is called like the task.
    """
    task, codes = task_column(recipe, names), () if domain is None else domain.categorical
    columns = tuple(j for j in range(len(names)) if j != task and j not in codes)
    left = [names[j] for j in codes if j != task]
    if not columns:
        told = f"; {cure(recipe)}" if left else ""
        raise ValueError(f"SISSO needs a number among its inputs, and there is none among {', '.join(names)}{told}")
    return columns, [f"categories left out: {', '.join(left)}; {cure(recipe)}"] if left else []


def cure(recipe: "SISSO") -> str:
    """What to do about categories."""
    elements = "where categories are elements, give it `representation: element_encoding`"
    return elements if recipe.task or recipe.kind == "classification" else f"name one as `task` or, {elements}"


def divide(recipe: "SISSO", X: Array, names: Sequence[str]) -> tuple[Array, tuple["Ints", ...]]:
    """Task labels (t,) and rows of each task."""
    column = task_column(recipe, names)
    if column is None:
        return np.empty(0), (np.arange(len(X)),)
    labels, index = np.unique(X[:, column], return_inverse=True)
    return labels, tuple(np.flatnonzero(index.reshape(-1) == t) for t in range(len(labels)))


def constants(X: Array, names: Sequence[str], columns: tuple[int, ...]) -> tuple[str, ...]:
    """A note on inputs that are constant and therefore left out."""
    still = [names[j] for j in columns if not np.ptp(X[:, j]) > 0]
    return (f"constant inputs left out: {', '.join(still)}",) if still else ()
