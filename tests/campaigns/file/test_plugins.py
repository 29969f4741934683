"""Parts are found by name, built from options, and explain themselves."""

import importlib.metadata
import sys
import types
from dataclasses import dataclass, fields, is_dataclass

import pytest

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file import plugins
from tests.campaigns import fakes

PARTS = [(kind, name) for kind, table in plugins.KINDS.items() for name in table]


@pytest.fixture
def _fake_parts(monkeypatch):
    for kind, table in fakes.TABLES.items():
        monkeypatch.setitem(plugins.KINDS, kind, table)


@pytest.fixture
def installed(monkeypatch):
    """Pretends that wheels provide these entry points: (kind, name, target, distribution)."""

    class Wheel:
        def __init__(self, name):
            self.name = name

    def pretend(*entries):
        def find(kind):
            found = []
            for group, name, target, home in entries:
                entry = importlib.metadata.EntryPoint(name, target, f"eutectic.{group}")
                vars(entry).update(dist=Wheel(home))
                found.append(entry)
            return tuple(entry for entry in found if entry.group == f"eutectic.{kind}")

        monkeypatch.setattr(plugins, "_entries", find)

    return pretend


def refused(kind, content, folder="."):
    with pytest.raises(CampaignFileError) as caught:
        plugins.build(kind, content, folder)
    return str(caught.value)


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_every_built_in_part_is_a_frozen_slotted_dataclass_with_a_manual(kind, name):
    part = plugins.load(kind, name)
    assert is_dataclass(part)
    assert part.__dataclass_params__.frozen
    assert "__slots__" in vars(part)
    assert plugins.summary(kind, name)
    assert not part.__doc__.startswith(f"{part.__name__}(")
    undocumented = [option.name for option in plugins.manual(kind, name) if not option.help]
    assert undocumented == []


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_no_option_of_a_built_in_part_is_a_key_of_the_campaign(kind, name):
    taken = {*plugins.RESERVED[kind], "only"}
    assert taken.isdisjoint(field.name for field in fields(plugins.load(kind, name)))


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_every_built_in_part_refuses_an_option_it_does_not_know(kind, name):
    _, complaints = plugins.examine(kind, {"use": name, "no_such_option": 1})
    assert any(c.path == ("no_such_option",) and "unknown key" in c.message for c in complaints)


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_every_built_in_part_has_a_schema_of_its_options(kind, name):
    schema = plugins.schema(kind, name)
    assert set(schema["properties"]) == {option.name for option in plugins.manual(kind, name)}
    assert schema["additionalProperties"] is False


@pytest.mark.usefixtures("_fake_parts")
def test_a_part_is_built_with_its_options_and_none_of_the_campaigns_keys(tmp_path):
    content = {"use": "probe", "name": "md", "cost": 3, "cells": 5, "returns": ["x"], "inner": {"depth": 4}}
    assert plugins.build("oracles", content, tmp_path) == fakes.Probe(cells=5, returns=("x",), inner=fakes.Inner(4))
    assert plugins.build("optimizers", {"use": "dice", "evaluations": 4}, tmp_path) == fakes.Dice()


@pytest.mark.usefixtures("_fake_parts")
def test_an_oracle_can_be_rebuilt_restricted_to_what_is_wanted():
    content = {"use": "probe", "only": ["cost_usd"]}
    assert plugins.build("oracles", content, ".") == fakes.Probe(wanted=("cost_usd",))


@pytest.mark.usefixtures("_fake_parts")
def test_files_of_a_part_are_taken_from_the_folder(tmp_path):
    (tmp_path / "data.csv").write_text("")
    assert plugins.build("generators", {"use": "square", "file": "data.csv"}, tmp_path).file == str(
        tmp_path / "data.csv"
    )
    assert (
        refused("generators", {"use": "square", "file": "no.csv"}, tmp_path)
        == f"file: file {tmp_path}/no.csv does not exist"
    )


@pytest.mark.usefixtures("_fake_parts")
@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({}, "use: name a part: probe, anything, sieve"),
        ({"use": 3}, "use: name a part: probe, anything, sieve"),
        ({"use": "Prob"}, "use: unknown oracle 'Prob'; did you mean 'probe'? known: anything, probe, sieve"),
        ({"use": "qqqq"}, "use: unknown oracle 'qqqq'; known: anything, probe, sieve"),
        (
            {"use": "probe", "cells": "3"},
            "cells: give a whole number, not the text '3'; write it without quotes or underscores",
        ),
        ({"use": "probe", "cells": True}, "cells: give a whole number, not true"),
        ({"use": "probe", "cells": None}, "cells: has no value"),
        ({"use": "probe", "temperature_k": float("nan")}, "temperature_k: "),
        ({"use": "probe", "returns": "x"}, "returns: give a list, not 'x'"),
        (
            {"use": "probe", "temperature_k": "300 K"},
            "temperature_k: give a number, not '300 K'; the unit is in the option's name",
        ),
        ({"use": "probe", "temperature_k": "25 °C"}, "temperature_k: give a number, not '25 °C'; the unit is"),
    ],
)
def test_bad_options_are_refused_in_words(content, says):
    assert says in refused("oracles", content)


@pytest.mark.usefixtures("_fake_parts")
def test_the_manual_comes_from_the_source():
    options = {option.name: option for option in plugins.manual("oracles", "probe")}
    assert options["temperature_k"] == plugins.Option("temperature_k", "float", "300.0", "Temperature, K.")
    assert options["wanted"].type == "tuple[str, ...] | None"


@pytest.mark.usefixtures("_fake_parts")
def test_an_installed_part_is_listed_loaded_and_built(installed):
    installed(("oracles", "mine", "tests.campaigns.fakes:Sieve", "my-wheel"))
    assert plugins.names("oracles") == ("probe", "anything", "sieve", "mine")
    assert plugins.load("oracles", "mine") is fakes.Sieve
    assert plugins.build("oracles", {"use": "mine"}, ".") == fakes.Sieve()


@pytest.mark.usefixtures("_fake_parts")
def test_a_built_in_part_cannot_be_shadowed_silently(installed):
    installed(("oracles", "probe", "tests.campaigns.fakes:Sieve", "my-wheel"))
    assert plugins.names("oracles") == ("probe", "anything", "sieve")
    parts = "eutectic (tests.campaigns.fakes:Probe) and my-wheel (tests.campaigns.fakes:Sieve)"
    says = f"use: 'probe' names 2 parts: {parts}; uninstall or rename one"
    assert refused("oracles", {"use": "probe"}) == says


@pytest.mark.usefixtures("_fake_parts")
def test_two_wheels_cannot_fight_silently_but_one_may_be_found_twice(installed):
    installed(
        ("oracles", "mine", "tests.campaigns.fakes:Sieve", "one"),
        ("oracles", "mine", "tests.campaigns.fakes:Probe", "two"),
    )
    assert "'mine' names 2 parts" in refused("oracles", {"use": "mine"})
    installed(
        ("oracles", "mine", "tests.campaigns.fakes:Sieve", "one"),
        ("oracles", "mine", "tests.campaigns.fakes:Sieve", "one"),
    )
    assert plugins.load("oracles", "mine") is fakes.Sieve


@pytest.mark.usefixtures("_fake_parts")
def test_a_broken_wheel_is_named(installed, monkeypatch):
    monkeypatch.setitem(sys.modules, "odd", types.ModuleType("odd"))
    sys.modules["odd"].thing = 3
    installed(
        ("oracles", "gone", "no_such_module:X", "my-wheel"),
        ("oracles", "empty", "odd:X", "my-wheel"),
        ("oracles", "number", "odd:thing", "my-wheel"),
    )
    assert "'gone' of my-wheel cannot be imported from no_such_module:X" in refused("oracles", {"use": "gone"})
    assert "'empty' of my-wheel cannot be imported from odd:X" in refused("oracles", {"use": "empty"})
    assert "'number' of my-wheel is no dataclass" in refused("oracles", {"use": "number"})


@pytest.mark.parametrize("kind", plugins.KINDS)
def test_a_part_that_lacks_what_its_contract_asks_for_is_refused_by_name_and_costs_nobody_else(
    kind, installed, monkeypatch
):
    lame = dataclass(frozen=True)(type("Lame", (), {"__doc__": "Nothing.", "__annotations__": {}}))
    monkeypatch.setitem(sys.modules, "lame", types.SimpleNamespace(Lame=lame))
    installed((kind, "lame", "lame:Lame", "my-wheel"))
    said = refused(kind, {"use": "lame"})
    assert "'lame' of my-wheel (lame:Lame) has no" in said
    assert all(f"`{member}`" in said for member in plugins.NEEDED[kind])
    assert "lame" not in plugins.usable(kind)


def test_an_option_of_another_part_is_refused_with_that_parts_name():
    _, complaints = plugins.examine("engines", {"use": "diffusion", "steering": {"every": 8}})
    assert [str(c.path[0]) for c in complaints] == ["steering"]
    assert complaints[0].message.endswith("; an option of wyckoff")
    _, complaints = plugins.examine("engines", {"use": "diffusion", "stepss": 20})
    assert "an option of" not in complaints[0].message
