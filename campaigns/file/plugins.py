"""This file is how parts are found, built and explained: built-in tables, entry points, options, manuals."""

import ast
import importlib
import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, NotRequired, Required

from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from eutectic import generators, optimizers, oracles, surrogates
from eutectic.campaigns.errors import CampaignFileError, Complaint, KeyPath, unknown
from eutectic.campaigns.file.abilities import Holding, HoldingOther
from eutectic.campaigns.file.messages import complaint_of, complaints_of
from eutectic.oracles.abilities import Located, Selective

EXECUTORS = {
    "local": "eutectic.campaigns.execution.local:Local",
    "dask": "eutectic.campaigns.execution.dask:Dask",
    "parsl": "eutectic.campaigns.execution.parsl:Parsl",
    "threads": "eutectic.campaigns.execution.threads:Threads",
}
"""Executors that come with Eutectic."""
KINDS: dict[str, Mapping[str, str]] = {
    "generators": generators.BUILTIN,
    "oracles": oracles.BUILTIN,
    "surrogates": surrogates.BUILTIN,
    "optimizers": optimizers.BUILTIN,
    "representations": generators.REPRESENTATIONS,
    "engines": generators.ENGINES,
    "executors": EXECUTORS,
}
"""Kind of part -> the parts that come with Eutectic, name -> `module:class`."""

RESERVED = {
    "generators": ("use",),
    "oracles": ("use", "name", "cost", "search", "resources"),
    "surrogates": ("use", "representation"),
    "optimizers": ("use", "evaluations", "goal", "satisfied", "stall"),
    "representations": ("use",),
    "engines": ("use",),
    "executors": ("use", "workers", "timeout_s", "memory_mb", "retries"),
}
"""Keys beside a part's options that belong to the campaign."""

_SINGULAR = {
    "generators": "space",
    "oracles": "oracle",
    "surrogates": "surrogate",
    "optimizers": "optimizer",
    "representations": "representation",
    "engines": "engine",
    "executors": "executor",
}
NEEDED = {
    "generators": ("space", "generate", "coordinates"),
    "oracles": ("properties", "evaluate"),
    "surrogates": ("fit",),
    "optimizers": ("ask",),
    "representations": ("of",),
    "engines": ("understands", "seconds_each", "checkpoint", "draw"),
    "executors": ("open",),
}
"""What a part's contract asks of it, without which nothing can be done with it."""
_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a part, for its manual."""

    name: str
    type: str
    """As annotated."""
    default: str
    """As Python writes it; empty when the option is required."""
    help: str


def names(kind: str) -> tuple[str, ...]:
    """Every part of a kind that can be named in a campaign file: built in first, then installed ones."""
    return (*KINDS[kind], *sorted({entry.name for entry in _entries(kind)} - set(KINDS[kind])))


def usable(kind: str) -> tuple[str, ...]:
    """Every part of a kind that can be loaded here: one broken part costs that part alone."""
    return tuple(name for name in names(kind) if _loads(kind, name))


def load(kind: str, name: str) -> type:
    """The part's class, imported now; CampaignFileError for an unknown, doubled or broken part."""
    entries = [entry for entry in _entries(kind) if entry.name == name]
    targets = {entry.value: _home(entry) for entry in entries}
    if name in KINDS[kind]:
        targets = {KINDS[kind][name]: "eutectic", **targets}
    if not targets:
        raise _refusal(unknown(_SINGULAR[kind], name, names(kind)))
    if len(targets) > 1:
        homes = " and ".join(f"{home} ({target})" for target, home in targets.items())
        raise _refusal(f"'{name}' names {len(targets)} parts: {homes}; uninstall or rename one")
    target, home = next(iter(targets.items()))
    part = _imported(target) if home == "eutectic" else _foreign(target, home, name)
    if not isinstance(part, type) or not is_dataclass(part):
        raise _refusal(f"'{name}' of {home} is no dataclass ({target}), so it cannot be a part")
    if lacking := sorted({*NEEDED[kind]} - {*dir(part), *(field.name for field in fields(part))}):
        raise _refusal(f"'{name}' of {home} ({target}) has no {' and no '.join(f'`{member}`' for member in lacking)}")
    return part


def build(kind: str, content: Mapping[str, object], folder: str | Path) -> Any:
    """The part a campaign file's mapping stands for, file options taken from `folder`.

    For oracles, the key `only` (a list of properties) restricts it to these where it can be restricted.
    CampaignFileError with everything wrong with its options, paths relative to the mapping.
    """
    plain = {key: value for key, value in content.items() if key != "only" or kind != "oracles"}
    part, complaints = examine(kind, plain)
    if complaints:
        raise CampaignFileError(complaints)
    if isinstance(part, Located):
        part = _located(part, folder, plain)
    wanted: Any = content.get("only")
    if kind == "oracles" and wanted and isinstance(part, Selective):
        part = part.only(wanted)
    return part


def _located(part: Any, folder: str | Path, content: Mapping[str, object]) -> Any:
    try:
        return part.located(str(folder))
    except ValueError as error:
        raise CampaignFileError([complaint_of(str(error), content)]) from error


def examine(kind: str, content: Mapping[str, object]) -> tuple[Any, list[Complaint]]:
    """The part, or None with everything wrong with its mapping, paths relative to it."""
    use = content.get("use")
    if not isinstance(use, str):
        return None, [Complaint(("use",), f"name a part: {', '.join(names(kind))}")]
    try:
        part = load(kind, use)
    except CampaignFileError as error:
        return None, [complaint.under(("use",)) for complaint in error.complaints]
    options = {key: value for key, value in content.items() if key not in RESERVED[kind]}
    try:
        checked = _adapter(part).validate_json(json.dumps([options]))[0]
    except ValidationError as error:
        found = complaints_of(error, [options], _whole_schema(kind, part))
        return None, [Complaint(c.path[1:], c.message + _elsewhere(kind, part, c.path[1:])) for c in found]
    try:
        built = part(**checked)
        return _filled(kind, built) if isinstance(built, Holding) else (built, [])
    except ValueError as error:
        return None, [complaint_of(str(error), options)]


def _elsewhere(kind: str, part: type, path: KeyPath) -> str:
    """Which of our parts have an option that this one lacks, as a refusal ends; "" where none has it."""
    if len(path) != 1 or path[0] in {field.name for field in fields(part)}:
        return ""
    able = [name for name in KINDS[kind] if _loads(kind, name) and _has(load(kind, name), path[0])]
    return f"; an option of {', '.join(able)}" if able else ""


def _has(part: Any, option: object) -> bool:
    return option in {field.name for field in offered(part)}


def _filled(kind: str, part: Holding) -> tuple[Any, list[Complaint]]:
    """A part that names others (`nested`: option -> mappings), holding them, built.

    They are of its kind, or of its `nested_kind`, and then each option is the mapping of one.
    """
    if isinstance(part, HoldingOther):
        return _filled_with(part.nested_kind, part)
    parts, complaints = [], []
    for option, entries in part.nested().items():
        for j, entry in entries.items() if isinstance(entries, Mapping) else enumerate(entries):
            inner, wrong = examine(kind, entry)
            alien = [key for key in RESERVED[kind] if key != "use" and key in entry]
            where = f"inside a part; give it beside `{option}`, and it holds for all of them"
            wrong += [Complaint((key,), f"`{key}` has no meaning {where}") for key in alien]
            complaints += [complaint.under((option, j)) for complaint in wrong]
            parts.append(inner)
    return (None, complaints) if complaints else (part.holding(parts), [])


def _filled_with(kind: str, part: Holding) -> tuple[Any, list[Complaint]]:
    """A part that names one of another kind an option, holding them; ValueError where they do not go together."""
    examined = {option: examine(kind, entry) for option, entry in part.nested().items()}
    complaints = [complaint.under((option,)) for option, (_, wrong) in examined.items() for complaint in wrong]
    return (None, complaints) if complaints else (part.holding([inner for inner, _ in examined.values()]), [])


def part_complaints(content: Mapping[str, object]) -> list[Complaint]:
    """What is wrong with the parts of a campaign file's content, wherever a part stands."""
    found = [(kind, path, part) for kind, path, part in _parts(content) if isinstance(part.get("use"), str)]
    return [complaint.under(path) for kind, path, part in found for complaint in examine(kind, part)[1]]


def manual(kind: str, name: str) -> list[Option]:
    """A part's options with type, default and help, from its source."""
    part = load(kind, name)
    annotations = _annotations(part)
    return [
        Option(field.name, annotations[field.name][0], _default(field), annotations[field.name][1])
        for field in offered(part)
    ]


def offered(part: Any) -> list[Field[Any]]:
    """The fields of a part that a campaign file may give: all but what `{"option": False}` in its metadata keeps."""
    return [field for field in fields(part) if field.init and field.metadata.get("option", True)]


def returned(name: str) -> tuple[str, ...]:
    """Properties that an oracle returns as it comes, without options or whatever these are; () where these decide."""
    part, complaints = examine("oracles", {"use": name})
    properties = vars(load("oracles", name)).get("properties") if complaints else part.properties
    return properties if isinstance(properties, tuple) else ()


def summary(kind: str, name: str) -> str:
    """A part's docstring."""
    return inspect.getdoc(load(kind, name)) or ""


def schema(kind: str, name: str) -> dict[str, Any]:
    """JSON Schema of a part's options, each with its default."""
    part = load(kind, name)
    content = _adapter(part).json_schema()
    definitions: dict[str, Any] = dict(content.get("$defs", {}))
    (entry,) = content["prefixItems"]
    options = definitions.pop(entry["$ref"].rpartition("/")[2]) if "$ref" in entry else entry
    for option in offered(part):
        if option.name in options.get("properties", {}) and isinstance(option.default, str | int | float | None):
            options["properties"][option.name]["default"] = option.default
    return {**options, "$defs": definitions}


@cache
def _adapter(part: type) -> TypeAdapter[tuple[dict[str, Any]]]:
    """The checker of a part's options: a tuple of one mapping, strict about every type in it."""
    options: dict[str, Any] = {
        field.name: Required[field.type] if required(field) else NotRequired[field.type] for field in offered(part)
    }
    mapping = TypedDict(part.__name__, options)  # type: ignore[misc]
    mapping.__module__ = part.__module__  # where names in its annotations are looked up
    # A mapping takes its strictness from what is around it; a tuple of one is the least around it.
    return TypeAdapter(tuple[mapping], config=_STRICT)  # type: ignore[arg-type]


def _whole_schema(kind: str, part: type) -> dict[str, Any]:
    """JSON Schema of a tuple of one mapping: a part's options beside the campaign's own keys."""
    content = _adapter(part).json_schema()
    own: dict[str, Any] = {"properties": {key: {} for key in RESERVED[kind]}}
    return {**content, "prefixItems": [{"anyOf": [*content["prefixItems"], own]}]}


def required(option: Field[Any]) -> bool:
    """Has an option no default?"""
    return option.default is MISSING and option.default_factory is MISSING


def default_of(option: Field[Any]) -> Any:
    """What an option is where a campaign file does not give it; None where it must."""
    if option.default is not MISSING:
        return option.default
    return None if option.default_factory is MISSING else option.default_factory()


@cache  # what is installed does not change while we run, and looking costs 10 ms
def _entries(kind: str) -> Sequence[EntryPoint]:
    return tuple(entry_points(group=f"eutectic.{kind}"))


def _loads(kind: str, name: str) -> bool:
    try:
        load(kind, name)
    except CampaignFileError:
        return False
    return True


def _home(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an installed package"


def _imported(target: str) -> object:
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _foreign(target: str, home: str, name: str) -> object:
    """A stranger's part; CampaignFileError when its package cannot be imported, whatever it raises."""
    try:
        return _imported(target)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise _refusal(f"'{name}' of {home} cannot be imported from {target}: {said}") from error


def _refusal(message: str) -> CampaignFileError:
    return CampaignFileError([Complaint((), message)])


def _parts(content: Mapping[str, object]) -> Iterator[tuple[str, KeyPath, Mapping[str, object]]]:
    """Kind, path and mapping of every part in a campaign file's content, well-formed or not."""
    places: list[tuple[str, KeyPath, object]] = [("generators", ("space",), content.get("space"))]
    for kind in ("oracles", "optimizers"):
        entries = content.get(kind)
        places += [(kind, (kind, k), entry) for k, entry in enumerate(entries if isinstance(entries, list) else [])]
    recipes = content.get("surrogates")
    chosen = recipes if isinstance(recipes, Mapping) else {}
    places += [("surrogates", ("surrogates", key), entry) for key, entry in chosen.items()]
    for key, entry in chosen.items():
        named = entry.get("representation") if isinstance(entry, Mapping) else None
        seen = {"use": named} if isinstance(named, str) else named
        places.append(("representations", ("surrogates", key, "representation"), seen))
    executor = content.get("executor")
    places.append(("executors", ("executor",), {"use": "local", **executor} if isinstance(executor, Mapping) else None))
    yield from ((kind, path, entry) for kind, path, entry in places if isinstance(entry, Mapping))


def _annotations(part: type) -> dict[str, tuple[str, str]]:
    """Field -> annotation and the docstring under it, from the class's source."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(part))).body[0]
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, tuple[str, str]] = {}
    for statement, following in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            text = ""
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                text = inspect.cleandoc(str(following.value.value))
            found[statement.target.id] = (ast.unparse(statement.annotation), text)
    return found


def _default(field: Any) -> str:
    return "" if required(field) else repr(default_of(field))
