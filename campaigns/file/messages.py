"""This file is pydantic's findings in the words of someone who writes a campaign file."""

import re
from collections.abc import Iterator, Mapping, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from eutectic.campaigns.errors import Complaint, KeyPath, nearest_name, shortened, unknown

Schema = Mapping[str, object]
MEANT = "; did you mean"
"""How a question for a nearer word begins."""

_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
_NUMBERS = ("int_type", "float_type", "int_parsing", "float_parsing", "int_from_float")
_MAPPINGS = (
    "dict_type",
    "mapping_type",
    "model_type",
    "model_attributes_type",
    "dataclass_type",
    "dataclass_exact_type",
)
_LISTS = ("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type", "sequence_str")
_COMPARED = {
    "greater_than": ("gt", ">"),
    "greater_than_equal": ("ge", ">="),
    "less_than": ("lt", "<"),
    "less_than_equal": ("le", "<="),
}
_KINDS = {
    **dict.fromkeys(_MAPPINGS, "a mapping of options"),
    **dict.fromkeys(_LISTS, "a list"),
    "bool_type": "true or false",
}
_WITH_UNIT = re.compile(r"^\s*[-+]?[0-9.]+(e[-+]?[0-9]+)?\s*[A-Za-z°%µμÅ][^\s]*\s*$", re.IGNORECASE)


def complaints_of(error: ValidationError, content: object, schema: Schema) -> list[Complaint]:
    """What pydantic found in `content`, with real paths; `schema` (JSON Schema) knows the known keys."""
    found: dict[KeyPath, list[str]] = {}
    for details in error.errors(include_url=False):
        path = _path(details["loc"], content, details["type"] == "missing")
        if details["type"] == "value_error":
            own = complaint_of(_sentence(details), _at(content, path)).under(path)
            path, message = own.path, own.message
        else:
            message = _message(details, path, schema)
        messages = found.setdefault(path, [])
        if message not in messages:
            messages.append(message)
    inner = {path[:k] for path in found for k in range(len(path))}
    # An alternative that failed as a whole says nothing beside one that failed inside.
    return [Complaint(path, _either(messages)) for path, messages in found.items() if path not in inner or not path]


def _either(messages: Sequence[str]) -> str:
    """What each alternative wants, in one sentence; what was given is said once, at the end."""
    wants = [message.rpartition(", not ")[0] or message for message in messages[:-1]]
    hints = [message[message.index(MEANT) :] for message in messages[:-1] if MEANT in message]
    return " or ".join([*wants, messages[-1]]) + "".join(hints)


def keys_at(schema: Schema, path: KeyPath) -> set[str]:
    """The keys a mapping at `path` may have, from a JSON Schema; empty when any or none."""
    nodes = list(_alternatives(schema, schema))
    for step in path:
        nodes = [leaf for node in nodes for child in _children(node, step) for leaf in _alternatives(child, schema)]
    return {name for node in nodes for name in _mapping(node.get("properties"))}


def _alternatives(node: object, root: Schema) -> Iterator[Schema]:
    """The schemas a node stands for, references followed and alternatives listed."""
    content = _mapping(node)
    if "$ref" in content:
        name = str(content["$ref"]).rpartition("/")[2]
        yield from _alternatives(_mapping(root.get("$defs")).get(name), root)
        return
    yield content
    for word in ("anyOf", "oneOf", "allOf"):
        branches = content.get(word, ())
        assert isinstance(branches, Sequence)
        for branch in branches:
            yield from _alternatives(branch, root)


def _children(node: Schema, step: str | int) -> Iterator[object]:
    if isinstance(step, int):
        prefix = node.get("prefixItems", ())
        assert isinstance(prefix, Sequence)
        yield prefix[step] if step < len(prefix) else node.get("items")
    else:
        yield _mapping(node.get("properties")).get(step, node.get("additionalProperties"))


def _mapping(node: object) -> Schema:
    return node if isinstance(node, Mapping) else {}


def _path(loc: KeyPath, content: object, missing: bool) -> KeyPath:
    """Pydantic's location without its names for alternatives: only steps that exist in the content."""
    path: list[str | int] = []
    for k, step in enumerate(loc):
        if step in (range(len(content)) if isinstance(content, list) else _mapping(content)):
            content = _inside(content, step)
        elif not (missing and k == len(loc) - 1):
            continue
        path.append(step)
    return tuple(path)


def _at(content: object, path: KeyPath) -> object:
    for step in path:
        content = _inside(content, step)
    return content


def _inside(content: object, step: str | int) -> object:
    if isinstance(content, list):
        assert isinstance(step, int)
        return content[step]
    return _mapping(content)[str(step)]


def complaint_of(sentence: str, options: object) -> Complaint:
    """A part's own sentence under the option it begins with, so that its line can be shown; at () when it names none.

    `step: 3 does not divide 1` is said as `3 does not divide 1`, for the path says `step` already.
    """
    first = re.match(r"[`'\"]?(\w+)[`'\"]?(: )?", sentence)
    if first is None or first[1] not in _mapping(options):
        return Complaint((), sentence)
    return Complaint((first[1],), sentence[first.end() :] if first[2] else sentence)


def _sentence(details: ErrorDetails) -> str:
    return str(details.get("ctx", {}).get("error", details["msg"]))


def _message(details: ErrorDetails, path: KeyPath, schema: Schema) -> str:
    kind, given, context = details["type"], details["input"], details.get("ctx", {})
    if kind in _UNKNOWN:
        return unknown("key", str(path[-1]) if path else "", keys_at(schema, path[:-1]))
    if kind == "missing":
        return "is missing"
    if given is None:
        return "has no value"
    if kind in _NUMBERS:
        return _number(given, whole=kind.startswith("int"))
    if kind == "literal_error":
        return f"must be {context['expected']}, not {_quoted(given)}{_nearest_word(given, context['expected'])}"
    if kind in _COMPARED:
        key, sign = _COMPARED[kind]
        return f"must be {sign} {context[key]:g}, not {_quoted(given)}"
    if kind in _KINDS:
        return f"give {_part_of(given, path, schema) or _KINDS[kind]}, not {_quoted(given)}"
    return _other(kind, given, details["msg"])


def _part_of(name: object, path: KeyPath, schema: Schema) -> str:
    """How a part's bare name is to be written at `path`: `{use: gp}`, in a list or by name; empty where none stands."""
    if not isinstance(name, str) or not re.fullmatch(r"\w+", name):
        return ""
    named = f"{{use: {name}}}"
    if "use" in keys_at(schema, path):
        return named
    if "use" in keys_at(schema, (*path, 0)):
        return f"[{named}]"
    return f"{{default: {named}}}" if path == ("surrogates",) else ""


def _number(given: object, whole: bool) -> str:
    """What to say when a number is wanted."""
    wanted = "a whole number" if whole else "a number"
    if isinstance(given, str) and _WITH_UNIT.match(given):
        return f"give {wanted}, not {_quoted(given)}; the unit is in the option's name"
    if isinstance(given, str) and re.fullmatch(r"\s*[-+]?[0-9._]+(e[-+]?[0-9]+)?\s*", given, re.IGNORECASE):
        return f"give {wanted}, not the text {_quoted(given)}; write it without quotes or underscores"
    return f"give {wanted}, not {_quoted(given)}"


def _nearest_word(given: object, expected: str) -> str:
    """The one of the expected words that the given one resembles, as a question; empty when none does."""
    nearest = nearest_name(given, re.findall(r"'([^']*)'", expected)) if isinstance(given, str) else None
    return f"{MEANT} '{nearest}'?" if nearest else ""


def _other(kind: str, given: object, message: str) -> str:
    if kind == "too_short":
        return "is empty; give at least one"
    if kind == "string_type":
        return f"give text, not {_quoted(given)}; put it in quotes if text is meant"
    if kind == "string_pattern_mismatch":
        return f"{_quoted(given)} is no name; use letters, digits, '.', '_' and '-', beginning with a letter or digit"
    return f"{message[:1].lower()}{message[1:]}, not {_quoted(given)}"


def _quoted(given: object) -> str:
    """The given value as it may have been written, or what kind of thing it is."""
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, Mapping):
        return "a mapping"
    return shortened("a list" if isinstance(given, list) else repr(given))
