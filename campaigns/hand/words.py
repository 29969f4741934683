"""This file is what a person types, `NAME=VALUE` after `NAME=VALUE`, as values and standard errors."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from eutectic.campaigns.errors import CampaignFileError, Complaint
from eutectic.campaigns.problem.curves import Measured, file_points
from eutectic.oracles.user.answer import SUFFIX


@dataclass(frozen=True, slots=True)
class MeasuredValues:
    """What was measured of something."""

    values: Mapping[str, Measured]
    """Properties, in the units their names say, or curves."""
    errors: Mapping[str, float]
    """Standard errors of some of them."""
    context: Mapping[str, str] = field(default_factory=dict)
    """Variables measured with them, as typed."""


def from_words(words: Sequence[str], contexts: Collection[str] = ()) -> MeasuredValues:
    """`["yield_percent=71.5", "yield_percent_std=0.8"]`; CampaignFileError when a word says something else.

    `dos=@scan.csv` is the curve of a file.
    contexts: names of variables that are measured and not chosen; what they are may be text.
    """
    texts = pairs(words)
    if not texts.keys() - {*contexts}:
        raise refusal("say what was measured: PROPERTY=VALUE")
    numbers = {name: measured(text, f"{name}={text}") for name, text in texts.items() if name not in contexts}
    return replace(measured_values(numbers), context={name: text for name, text in texts.items() if name in contexts})


def pairs(words: Sequence[str]) -> dict[str, str]:
    """Names and values as text; CampaignFileError when a word is no pair, or a name comes twice."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, text = (part.strip() for part in word.partition("="))
        if not (name and equals and text):
            raise refusal(f"'{word}' is not NAME=VALUE")
        if name in found:
            raise refusal(f"'{name}' is given twice: {found[name]} and {text}")
        found[name] = text
    return found


def measured(text: str, place: str, folder: Path = Path()) -> Measured:
    """A finite number, or the curve of a file, `@scan.csv`, in a folder; CampaignFileError for anything else."""
    if not text.startswith("@"):
        return number(text, place)
    try:
        return file_points(folder / text[1:].strip())
    except ValueError as error:
        raise refusal(str(error), place) from None


def number(text: str, place: str) -> float:
    """A finite number; CampaignFileError for anything else."""
    try:
        value = float(text)
    except ValueError:
        raise refusal(f"'{text}' is not a number", place) from None
    if not math.isfinite(value):
        raise refusal(f"'{text}' is not a finite number", place)
    return value


def measured_values(numbers: Mapping[str, Measured]) -> MeasuredValues:
    """Split standard errors from values: a name is an error when the property it would belong to is told too.

    CampaignFileError for a standard error that is a curve.
    """
    errors: dict[str, float] = {}
    for n, v in numbers.items():
        if n.endswith(SUFFIX) and (name := n.removesuffix(SUFFIX)) in numbers:
            if not isinstance(v, int | float):
                raise refusal(f"the standard error of {name} is a curve; it is a number, of the distance")
            errors[name] = v
    values = {n: v for n, v in numbers.items() if n.removesuffix(SUFFIX) not in errors or not n.endswith(SUFFIX)}
    return MeasuredValues(values, errors)


def refusal(message: str, place: str = "") -> CampaignFileError:
    """The error that says one thing."""
    return CampaignFileError([Complaint((), message, place)])
