"""This file is how a surrogate named within another one is built: from the table of surrogates or an installed one."""

from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from eutectic.surrogates import BUILTIN
from eutectic.surrogates.base import Surrogate
from eutectic.surrogates.frames import near

GROUP = "eutectic.surrogates"
"""Entry points of surrogates from other packages."""


def recipe(content: Mapping[str, Any]) -> Surrogate:
    """The surrogate of `{use: NAME, ...options}`; ValueError with the nearest name for one that is unknown.

    Lists become tuples. A campaign file's mappings are checked before, type by type, by who reads the file.
    """
    installed = {entry.name: entry.value for entry in entry_points(group=GROUP)}
    known = {**installed, **BUILTIN}
    use = content["use"]
    if use not in known:
        raise ValueError(f"unknown surrogate {use!r}{near(use, known)}")
    module, _, name = known[use].partition(":")
    part = getattr(import_module(module), name)
    options = {key: tuple(v) if isinstance(v, list) else v for key, v in content.items() if key != "use"}
    names = [option.name for option in fields(part) if option.init and option.metadata.get("option", True)]
    for key in options:
        if key not in names:
            raise ValueError(f"surrogate {use!r} has no option {key!r}{near(key, names)}")
    made: Surrogate = part(**options)
    return made
