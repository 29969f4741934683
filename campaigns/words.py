"""This file is the words of a campaign file that are no parts: where each may stand, and what it does there."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from campaigns import sections

SECTIONS: dict[str, type[BaseModel]] = {
    "objectives.PROPERTY": sections.Objective,
    "constraints.PROPERTY": sections.Constraint,
    "oracles": sections.OraclePart,
    "surrogates.PROPERTY": sections.SurrogatePart,
    "optimizers": sections.OptimizerPart,
    "fidelity": sections.Fidelity,
    "validate": sections.Validation,
    "history": sections.Known,
    "budget": sections.Budget,
    "executor": sections.Execution,
    "tracking": sections.Tracking,
}
"""Where a section stands in the file -> the keys it may have."""


def told(word: str) -> list[str]:
    """A line for every place in a campaign file where a word is a key or a key's value; [] where it is neither."""
    return list(_places(word))


def _places(word: str) -> Iterator[str]:
    for place, model in SECTIONS.items():
        for key, field in model.model_fields.items():
            if key == word:
                yield f"{word} is a key of `{place}` in a campaign file: {field.description}"
            elif word in _values(field.annotation):
                yield f"{word} is a value of `{key}` in `{place}` of a campaign file: {field.description}"


def _values(kind: Any) -> set[str]:
    """The words among the values a key may take."""
    inner = get_args(kind)
    return {one for one in inner if isinstance(one, str)}.union(*(_values(one) for one in inner if get_args(one)))
