"""This file is what a campaign file may say: its JSON Schema, every part's options included, and where its words stand.

The schema is for editors. The words are those that are no parts, such as `stall`: where each may stand, and what it
does there.
"""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from eutectic.campaigns.file import plugins, sections
from eutectic.campaigns.file.spec import CampaignSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_DEFINITIONS = {
    "generators": "Part",
    "oracles": "OraclePart",
    "optimizers": "OptimizerPart",
    "representations": "Part",
    "engines": "Part",
    "executors": "Execution",
    "surrogates": "SurrogatePart",
}
"""Kind of part -> the definition in the spec's schema that stands for it."""
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


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a campaign file, with every part that is installed here."""
    content = CampaignSpec.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = content["$defs"]
    for kind, section in _DEFINITIONS.items():
        own = definitions[section]
        branches = [_branch(kind, name, own, definitions) for name in plugins.usable(kind)]
        definitions[kind] = {
            "description": own["description"],
            "type": "object",
            "required": ["use"],
            "properties": {"use": {"enum": list(plugins.usable(kind)), "description": "Name of the part."}},
            "allOf": branches,
        }
    usual = definitions["executors"]["allOf"][list(plugins.names("executors")).index("local")]["then"]
    definitions["executors"]["allOf"].append({"if": {"not": {"required": ["use"]}}, "then": {**usual, "required": []}})
    definitions["executors"]["required"] = []
    for branch in definitions["surrogates"]["allOf"]:
        choice = branch["then"]["properties"]["representation"]
        choice["anyOf"] = [{"enum": list(plugins.usable("representations"))}, {"$ref": "#/$defs/representations"}]
    for branch in definitions["generators"]["allOf"]:
        if "engine" in branch["then"]["properties"]:
            branch["then"]["properties"]["engine"] = {"$ref": "#/$defs/engines"}
    properties = content["properties"]
    properties["space"]["$ref"] = "#/$defs/generators"
    properties["executor"]["$ref"] = "#/$defs/executors"
    properties["oracles"]["items"] = {"$ref": "#/$defs/oracles"}
    properties["optimizers"]["items"] = {"$ref": "#/$defs/optimizers"}
    properties["surrogates"]["additionalProperties"] = {"$ref": "#/$defs/surrogates"}
    for section in set(_DEFINITIONS.values()):
        del definitions[section]
    return {"$schema": DIALECT, "title": "Eutectic campaign", **{k: v for k, v in content.items() if k != "title"}}


def _branch(kind: str, name: str, section: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The options that hold when `use` is `name`; what they refer to is added to `definitions`."""
    options = _renamed(plugins.schema(kind, name), f"{kind}.{name}.")
    for inner, definition in options.pop("$defs", {}).items():
        definitions[f"{kind}.{name}.{inner}"] = definition
    helps = {option.name: option.help for option in plugins.manual(kind, name)}
    described = {key: _described(value, helps.get(key, "")) for key, value in options.get("properties", {}).items()}
    then = {
        "description": plugins.summary(kind, name),
        "properties": {**section["properties"], "use": {"const": name}, **described},
        "required": ["use", *options.get("required", [])],
        "additionalProperties": False,
    }
    return {"if": {"properties": {"use": {"const": name}}, "required": ["use"]}, "then": then}


def _described(value: Any, text: str) -> dict[str, Any]:
    """An option's schema with its help."""
    return {**value, "description": text} if text else value


def _renamed(node: Any, prefix: str) -> Any:
    """The schema with its references pointing at prefixed definitions."""
    if isinstance(node, dict):
        return {
            key: f"#/$defs/{prefix}{value.rpartition('/')[2]}" if key == "$ref" else _renamed(value, prefix)
            for key, value in node.items()
        }
    return [_renamed(entry, prefix) for entry in node] if isinstance(node, list) else node


def places_of(word: str) -> list[str]:
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
