"""This file is what a part of any kind may be able to do when a campaign file is read: hold other parts.

An ability is a `Protocol`; a part has it by having its members. `located` and `check` are others, in
`oracles/abilities.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self, runtime_checkable


@runtime_checkable
class Holding(Protocol):
    """A part whose options name other parts: of its own kind, unless it is `HoldingOther`."""

    def nested(self) -> Mapping[str, Any]:
        """Option -> the mappings `{use: NAME, ...}` in it, listed or by name; of `HoldingOther` one mapping."""
        ...

    def holding(self, parts: Sequence[Any]) -> Self:
        """The same with these parts, built, in their order; ValueError where they do not go together."""
        ...


@runtime_checkable
class HoldingOther(Holding, Protocol):
    """A part whose options name parts of another kind, each option one."""

    @property
    def nested_kind(self) -> str:
        """That kind, in the plural: `engines`, say."""
        ...
