"""This file is how a surrogate gets its representation: the one it asks for, or the one its kind reads by itself."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from eutectic.campaigns.errors import CampaignFileError, Complaint
from eutectic.campaigns.file import plugins
from eutectic.generators.abilities import materials
from eutectic.generators.representations.catalogue import described
from eutectic.optimizers.base import Array, Space
from eutectic.optimizers.spaces import region
from eutectic.surrogates.abilities import compares, sequential, spells
from eutectic.surrogates.base import Surrogate
from eutectic.surrogates.composite.represented import Represented

SPREAD = 256
"""Points of an endless space from which the range of features is taken."""


def represented(recipe: Any, content: Mapping[str, Any], generator: Any) -> Surrogate:
    """The recipe of a surrogate's mapping over the representation it names; without one, as it is.

    A recipe that reads sequences (`sequential`) gets the sequence of elements where the space has compositions; any
    other sees what describes the rows of a list within a product, which of the other columns are active where their
    parent is a number and, if it can compare them, which elements and ions among a category's labels are alike.
    CampaignFileError, its path relative to the mapping, when the representation cannot serve the space.
    """
    chosen = content.get("representation")
    if chosen is None:
        if sequential(recipe):
            own = _serving(generator, "element_sequence")
        else:
            own = described(generator.space, alike=compares(recipe))
        return recipe if own is None else Represented(recipe, own, rows_of_space(generator.space))
    named = {"use": chosen} if isinstance(chosen, str) else dict(chosen)
    try:
        part = plugins.build("representations", named, ".")
    except CampaignFileError as error:
        raise CampaignFileError([complaint.under(("representation",)) for complaint in error.complaints]) from None
    try:
        found = part.of(generator.space, materials(generator))
    except ValueError as error:
        able = ", ".join(name for name in plugins.names("representations") if _serving(generator, name) is not None)
        raise _refused(f"'{named['use']}' cannot represent this space: {error}; those that can: {able}") from None
    if spells(found) and not sequential(recipe):
        raise _refused(f"'{named['use']}' is read by `use: cnn` alone, not by '{content['use']}'")
    return Represented(recipe, found, rows_of_space(generator.space))


def rebuilt(content: Mapping[str, Any], space: Mapping[str, Any] | None, folder: Path) -> Surrogate:
    """The surrogate of a mapping that was kept, over the space section it was kept with, if any."""
    recipe = plugins.build("surrogates", content, folder)
    return recipe if space is None else represented(recipe, content, plugins.build("generators", space, folder))


def _refused(message: str) -> CampaignFileError:
    return CampaignFileError([Complaint(("representation",), message)])


def _serving(generator: Any, name: str) -> Any:
    """The representation with its default options, or None where it cannot serve the generator's space."""
    part, complaints = plugins.examine("representations", {"use": name})
    try:
        return None if complaints else part.of(generator.space, materials(generator))
    except ValueError:
        return None


def rows_of_space(space: Space) -> Any:
    """Rows (k, d) spread over the space, drawn when first asked for."""

    @cache
    def rows() -> Array:
        return space.table if space.table is not None else region.sample(replace(space, known=None), SPREAD, _rng())

    return rows


def _rng() -> np.random.Generator:
    """Always the same: it only says how features are scaled."""
    return np.random.default_rng(0)
