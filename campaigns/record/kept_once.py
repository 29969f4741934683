"""This file is what thousands of candidates have alike, kept in memory once: names, and reasons that are a name."""

from collections.abc import Mapping
from functools import lru_cache
from sys import intern
from typing import Any

from eutectic.optimizers.base import Reason


def named(content: Mapping[str, Any]) -> dict[str, Any]:
    """The same by names that are kept once, and so are values that are text."""
    return {intern(str(name)): intern(value) if type(value) is str else value for name, value in content.items()}


def reason_of(content: Mapping[str, Any]) -> Reason:
    """A reason from its content in the journal; the same object for all that name their proposer alone."""
    said: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in named(content).items()}
    alone = all(value is None for name, value in said.items() if name != "proposer")
    return _nothing_but(said["proposer"]) if alone else Reason(**said)


@lru_cache(maxsize=256)
def _nothing_but(proposer: str) -> Reason:
    return Reason(proposer)
