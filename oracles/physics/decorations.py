"""This file is which element stood on which site of the crystals behind a value: as an artifact, and read back."""

import json
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from eutectic.oracles.base import Evaluation

SITES = "sites.json"
"""Name of the artifact: {"elements": [...], "crystals": [{"properties": [...], "sites": ["ABBA...", ...]}]}, a letter
a site, the first letter of the alphabet for the first element."""
SAMPLES = "decorations.json"
"""Name of the artifact with each property's values, one a decoration."""


@dataclass(frozen=True, slots=True, eq=False)
class Decorated:
    """Crystals of one kind, alike but for their decoration."""

    properties: tuple[str, ...]
    """What was measured on each of them."""
    types: Sequence[npt.NDArray[np.int64]]
    """One (s,) a decoration: elements on its sites, from 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One property's crystals and values."""

    elements: tuple[str, ...]
    codes: npt.NDArray[np.uint8]
    """(r, s) place in `elements` of each site."""
    values: npt.NDArray[np.float64]
    """(r,) of the property, in its unit."""


def artifact(elements: Sequence[str], crystals: Iterable[Decorated]) -> dict[str, str]:
    """The artifact by name; nothing where there is none to tell of."""
    letters = np.array(list(string.ascii_letters))
    listed = [
        {"properties": list(kind.properties), "sites": ["".join(letters[types - 1]) for types in kind.types]}
        for kind in crystals
        if kind.properties
    ]
    if not listed or len(elements) > len(letters):
        return {}
    return {SITES: json.dumps({"elements": list(elements), "crystals": listed}, separators=(",", ":"))}


def seen(evaluation: Evaluation) -> Mapping[str, Seen]:
    """What each property's value is the mean of, by property; none of an evaluation that does not tell."""
    sites, samples = evaluation.artifacts.get(SITES), evaluation.artifacts.get(SAMPLES)
    return _read(sites, samples) if sites and samples else {}


@lru_cache(maxsize=16384)
def _read(sites: str, samples: str) -> Mapping[str, Seen]:
    content, values = json.loads(sites), json.loads(samples)
    found = {}
    for kind in content["crystals"]:
        rows = [np.frombuffer(row.encode("ascii"), dtype=np.uint8) for row in kind["sites"]]
        codes = _CODES[np.stack(rows)]
        for name in kind["properties"]:
            found[name] = Seen(tuple(content["elements"]), codes, np.array(values[name], dtype=float))
    return found


_CODES = np.zeros(128, dtype=np.uint8)
"""Number of each letter, by its ASCII code."""
_CODES[[ord(letter) for letter in string.ascii_letters]] = np.arange(len(string.ascii_letters))
