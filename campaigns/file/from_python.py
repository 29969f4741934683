"""This file is a campaign's content as Python has it: parts as objects or mappings, functions as oracles, defaults."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from eutectic.campaigns.errors import CampaignFileError, Complaint
from eutectic.campaigns.file import plugins
from eutectic.oracles.user.call import hand_over

FIRST_SHARE = 0.4
"""Most of a budget that evenly spread points take where no optimizers are named; the rest of it is learned from."""


def content_of(
    name: str,
    space: Any,
    objectives: Mapping[str, Any] | Sequence[str] | str,
    oracles: Any,
    surrogates: Any,
    optimizers: Any,
    budget: Mapping[str, Any] | int,
    others: Mapping[str, Any],
) -> dict[str, object]:
    """The mapping that a campaign file of this would hold.

    space: a generator or its mapping. oracles: functions, oracles, mappings, one or several. surrogates: one for all,
    or by property; None for the default. optimizers: None for evenly spread points and Bayesian search after. budget: a
    mapping, or the number of evaluations. others: further sections of a campaign file, None where not given.
    CampaignFileError for what cannot stand in a campaign.
    """
    each = list(oracles) if isinstance(oracles, Sequence) and not isinstance(oracles, str) else [oracles]
    given = {"evaluations": budget} if isinstance(budget, int) else dict(budget)
    content: dict[str, object] = {
        "name": name,
        "space": part("generators", space, "space"),
        "objectives": _objectives(objectives),
        "oracles": [_oracle(oracle, f"oracles.{k}") for k, oracle in enumerate(each)],
        "optimizers": _optimizers(optimizers, given),
        "budget": given,
    }
    if surrogates is not None:
        named = surrogates if isinstance(surrogates, Mapping) and "use" not in surrogates else {"default": surrogates}
        content["surrogates"] = {key: part("surrogates", one, f"surrogates.{key}") for key, one in named.items()}
    return content | {key: plain(value) for key, value in others.items() if value is not None}


def part(kind: str, given: Any, place: str) -> dict[str, object]:
    """The mapping of a part: its own, or `use` and the options of an object that differ from their defaults."""
    if isinstance(given, Mapping):
        return {str(key): plain(value) for key, value in given.items()}
    if isinstance(given, str):
        return {"use": given}
    if isinstance(given, type) and is_dataclass(given):
        raise _refused(place, f"{given.__name__} is a class; give an object of it, such as {given.__name__}()")
    if not is_dataclass(given):
        raise _refused(
            place, f"{given!r} is no part; give a mapping with `use`, or an object such as those in eutectic"
        )
    for name in plugins.usable(kind):
        if plugins.load(kind, name) is type(given):
            return {"use": name, **_options(given, place)}
    written = f"a part of your own is installed as a package (campaign plugins --new {kind.removesuffix('s')} NAME)"
    own = "" if type(given).__module__.startswith("eutectic.") else f"; {written}"
    raise _refused(place, f"{type(given).__name__} is none of the {kind}: {', '.join(plugins.names(kind))}{own}")


def points_of(given: Any) -> list[Mapping[str, Any]]:
    """Points as mappings of plain values: those of a list, the only one, or the rows of a DataFrame."""
    if hasattr(given, "columns"):
        names = [str(name) for name in given.columns]
        return [dict(zip(names, map(plain, row), strict=True)) for row in given.itertuples(index=False, name=None)]
    return [given] if isinstance(given, Mapping) else list(given)


def plain(value: Any) -> Any:
    """The value as a campaign file can hold it: objects as mappings of what differs from their defaults."""
    if is_dataclass(value) and not isinstance(value, type):
        return _options(value, type(value).__name__)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    if isinstance(value, Path):
        return str(value)
    return value.item() if hasattr(value, "item") and getattr(value, "shape", None) == () else value


def _options(given: Any, place: str) -> dict[str, object]:
    hidden = [f.name for f in fields(given) if not f.metadata.get("option", True) and getattr(given, f.name)]
    if hidden:
        raise _refused(place, f"it holds {', '.join(hidden)}, which a campaign gives by itself; leave that out")
    return {
        option.name: plain(getattr(given, option.name))
        for option in plugins.offered(given)
        if plugins.required(option) or getattr(given, option.name) != plugins.default_of(option)
    }


def _objectives(given: Mapping[str, Any] | Sequence[str] | str) -> Any:
    """A mapping as it is; names alone are minimised."""
    if isinstance(given, Mapping):
        return plain(given)
    return dict.fromkeys([given] if isinstance(given, str) else given, "minimize")


def _oracle(given: Any, place: str) -> dict[str, object]:
    if callable(given) and not isinstance(given, type) and not is_dataclass(given):
        return {"use": "call", **hand_over(given)}
    return part("oracles", given, place)


def _optimizers(given: Sequence[Any] | Any | None, budget: Mapping[str, Any]) -> list[dict[str, object]]:
    """As given; without any, evenly spread points and then Bayesian search."""
    if given is not None:
        each = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else [given]
        return [part("optimizers", one, f"optimizers.{k}") for k, one in enumerate(each)]
    most = budget.get("evaluations")
    first = max(1, min(10, int(FIRST_SHARE * most))) if isinstance(most, int) else 10
    return [{"use": "sobol", "evaluations": first}, {"use": "bayesian"}]


def _refused(place: str, message: str) -> CampaignFileError:
    return CampaignFileError([Complaint(tuple(place.split(".")), message)])
