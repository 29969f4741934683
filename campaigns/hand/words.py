"""This file is what a person types, `NAME=VALUE` after `NAME=VALUE`, as values and standard errors."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from eutectic.campaigns.errors import CampaignFileError, Complaint
from eutectic.campaigns.problem.curves import Measured, file_points
from eutectic.oracles.tables.sheet import objection, parse
from eutectic.oracles.user.answer import SUFFIX


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a sheet or a curve's file is written, and the numbers in words."""

    separator: str = ","
    """What stands between two cells; a blank means any white space."""
    decimal: str = "."
    """What stands before the decimals of a number."""


PLAIN = Dialect()


@dataclass(frozen=True, slots=True)
class MeasuredValues:
    """What was measured of something."""

    values: Mapping[str, Measured]
    """Properties, in the units their names say, or curves."""
    errors: Mapping[str, float]
    """Standard errors of some of them."""
    context: Mapping[str, str] = field(default_factory=dict)
    """Variables measured with them, as typed."""


def from_words(
    words: Sequence[str], contexts: Collection[str] = (), dialect: Dialect = PLAIN, correcting: bool = False
) -> MeasuredValues:
    """`["yield_percent=71.5", "yield_percent_std=0.8"]`; CampaignFileError when a word says something else.

    `dos=@scan.csv` is the curve of a file.
    contexts: names of variables that are measured and not chosen; what they are may be text, and needs a property
    beside it unless what was told before is put right.
    """
    texts = pairs(words)
    if not texts or (not correcting and texts.keys() <= {*contexts}):
        raise refusal("say what was measured: PROPERTY=VALUE")
    numbers = {name: measured(text, f"{name}={text}", dialect) for name, text in texts.items() if name not in contexts}
    context = {name: pointed(text, dialect.decimal) for name, text in texts.items() if name in contexts}
    return replace(measured_values(numbers), context=context)


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


def measured(text: str, place: str, dialect: Dialect = PLAIN, folder: Path = Path()) -> Measured:
    """A finite number, or the curve of a file, `@scan.csv`, in a folder; CampaignFileError for anything else."""
    if not text.startswith("@"):
        return number(text, place, dialect.decimal)
    try:
        return file_points(folder / text[1:].strip(), dialect.separator, dialect.decimal)
    except ValueError as error:
        raise refusal(as_option(str(error)), place) from None


def number(text: str, place: str, decimal: str = ".") -> float:
    """A finite number; CampaignFileError for anything else."""
    value = parse(text, decimal)
    if value is None or not math.isfinite(value):
        raise refusal(as_option(objection(text, decimal)), place)
    return value


def pointed(text: str, decimal: str) -> str:
    """A number with a full stop before its decimals; anything else as it is."""
    value = parse(text, decimal)
    return text if decimal == "." or value is None else text.replace("\u2212", "-").replace(decimal, ".")


def as_option(message: str) -> str:
    """What is said of a file's section, as the option of a command."""
    return message.replace("say `decimal: ", "say `--decimal ").replace("say `separator: ", "say `--separator ")


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
