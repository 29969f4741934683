"""Editors get a JSON Schema of campaign files that knows the options of every part."""

import json
from pathlib import Path

import pytest

from eutectic.campaigns.file import plugins, schema
from eutectic.campaigns.file.spec import CampaignSpec
from tests.campaigns import fakes

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.yaml"))


@pytest.fixture
def told(monkeypatch):
    """The schema with nothing but fake parts."""
    for kind, table in fakes.TABLES.items():
        monkeypatch.setitem(plugins.KINDS, kind, table)
    return schema.schema()


def branch(content, kind, name):
    """What holds of a part's mapping when `use` is `name`."""
    branches = content["$defs"][kind]["allOf"]
    return next(b["then"] for b in branches if b["if"]["properties"]["use"]["const"] == name)


def references(node):
    """Every `$ref` in a schema."""
    if isinstance(node, dict):
        yield from ([node["$ref"]] if "$ref" in node else [])
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_schema_is_json_and_every_reference_in_it_leads_somewhere():
    content = json.loads(json.dumps(schema.schema()))
    assert content["$schema"] == schema.DIALECT
    assert {reference.removeprefix("#/$defs/") for reference in references(content)} <= set(content["$defs"])


def test_the_schema_knows_every_section_and_nothing_else():
    content = schema.schema()
    names = {field.alias or name for name, field in CampaignSpec.model_fields.items()}
    assert set(content["properties"]) == names
    assert content["additionalProperties"] is False
    assert set(content["required"]) == {"name", "space", "objectives", "oracles", "optimizers", "budget"}
    assert [key for key, value in content["properties"].items() if not value.get("description")] == []


def test_every_part_has_its_options_with_help_default_and_type(told):
    probe = branch(told, "oracles", "probe")
    assert probe["properties"]["temperature_k"] == {
        "description": "Temperature, K.",
        "default": 300.0,
        "title": "Temperature K",
        "type": "number",
    }
    assert probe["additionalProperties"] is False
    assert {"use", "name", "cost"} <= set(probe["properties"])
    assert probe["properties"]["inner"]["$ref"] == "#/$defs/oracles.probe.Inner"
    assert told["$defs"]["oracles.probe.Inner"]["properties"]["depth"]["type"] == "integer"


def test_parts_are_offered_where_they_can_stand(told):
    assert told["$defs"]["oracles"]["properties"]["use"]["enum"] == ["probe", "anything", "sieve"]
    assert told["properties"]["space"]["$ref"] == "#/$defs/generators"
    assert told["properties"]["optimizers"]["items"] == {"$ref": "#/$defs/optimizers"}
    assert "evaluations" in branch(told, "optimizers", "dice")["properties"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_bundled_example_is_valid_and_carries_the_hint_for_editors(path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=./campaign.schema.json"
    assert CampaignSpec.from_file(path).name


def test_there_are_bundled_examples():
    assert EXAMPLES
