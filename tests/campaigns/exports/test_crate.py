"""A campaign as a research object: a folder that says what is in it, read by others' readers."""

import csv
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from monty.serialization import loadfn

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.commands.read import export
from eutectic.campaigns.exports.crate import METADATA, PARTS, write_crate
from eutectic.campaigns.exports.structures import to_structures
from eutectic.campaigns.record.ledger import read_ledger
from tests.campaigns.trial_campaigns import write

COPPER = (
    "data_Cu\n_symmetry_space_group_name_H-M 'P 1'\n_cell_length_a 3.6\n_cell_length_b 3.6\n_cell_length_c 3.6\n"
    "_cell_angle_alpha 90\n_cell_angle_beta 90\n_cell_angle_gamma 90\nloop_\n_atom_site_label\n_atom_site_type_symbol\n"
    "_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"
    "Cu1 Cu 0 0 0\nCu2 Cu 0.5 0.5 0\nCu3 Cu 0.5 0 0.5\nCu4 Cu 0 0.5 0.5\n"
)
AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    """A campaign that has run: its folder."""
    folder = tmp_path_factory.mktemp("crate")
    with Campaign.from_yaml(write(folder), folder / "run") as campaign:
        for _ in campaign.rounds():
            pass
    return folder / "run"


@pytest.fixture
def with_structures(campaign):
    """Its ledger, as if two evaluations had recorded a structure."""
    ledger = read_ledger(campaign)
    told = [replace(o.evaluations[0], artifacts={"relaxed.cif": COPPER}) for o in ledger.outcomes[:2]]
    given = [replace(o, evaluations=(e,)) for o, e in zip(ledger.outcomes[:2], told, strict=True)]
    return replace(ledger, outcomes=(*given, *ledger.outcomes[2:]))


def page(path):
    return path.write_text("<!doctype html><title>report</title>")


def test_a_crate_has_the_record_in_open_formats_and_says_what_each_file_is(with_structures, tmp_path):
    crate = write_crate(with_structures, tmp_path / "crate", page, AT)
    content = json.loads((crate / METADATA).read_text())
    entities = {entity["@id"]: entity for entity in content["@graph"]}
    assert content["@context"] == "https://w3id.org/ro/crate/1.1/context"
    assert len(entities) == len(content["@graph"]), "each entity once"
    assert entities[METADATA]["about"] == {"@id": "./"}
    assert entities[METADATA]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    root = entities["./"]
    assert (root["@type"], root["datePublished"]) == ("Dataset", "2026-05-04")
    here = {str(path.relative_to(crate)) for path in crate.rglob("*") if path.is_file()} - {METADATA}
    assert {part["@id"] for part in root["hasPart"]} == here
    assert {part.path for part in PARTS} < here
    assert len(here) == len(PARTS) + 2
    assert all(entities[name]["contentSize"] == str((crate / name).stat().st_size) for name in here)
    assert not [ref for ref in references(content["@graph"]) if ref not in entities and "://" not in ref]
    action = entities["#campaign"]
    assert action["actionStatus"] == {"@id": "http://schema.org/CompletedActionStatus"}
    assert action["startTime"] <= action["endTime"]
    assert entities["#eutectic"]["softwareVersion"]
    assert entities["#property-a"]["minValue"] < entities["#property-a"]["maxValue"]


def references(node):
    """Every `@id` that something points at."""
    if isinstance(node, dict):
        if set(node) == {"@id"}:
            yield node["@id"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_journal_in_a_crate_is_the_campaigns(campaign, tmp_path):
    crate = write_crate(read_ledger(campaign), tmp_path / "crate", page, AT)
    assert not list(crate.glob("*-wal"))
    again = read_ledger(crate)
    assert [(o.id, dict(o.values)) for o in again.outcomes] == [
        (o.id, dict(o.values)) for o in read_ledger(campaign).outcomes
    ]
    with closing(sqlite3.connect(crate / "journal.sqlite")) as journal:
        assert journal.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with (crate / "evaluations.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    assert (crate / "campaign.yaml").read_bytes() == (campaign / "campaign.yaml").read_bytes()


def test_the_reader_of_rocrate_reads_it(with_structures, tmp_path):
    rocrate = pytest.importorskip("rocrate.rocrate")
    crate = rocrate.ROCrate(write_crate(with_structures, tmp_path / "crate", page, AT))
    assert crate.name == "Eutectic campaign trial"
    assert str(crate.datePublished.date()) == "2026-05-04"
    files = {entity.id: entity for entity in crate.data_entities}
    assert files["journal.sqlite"]["encodingFormat"] == "application/vnd.sqlite3"
    assert crate.get("#campaign")["instrument"].id == "#eutectic"
    assert {entity.id for entity in crate.get("#campaign")["result"]} == set(files) - {"campaign.yaml"}
    crate.write(tmp_path / "copy")
    assert (tmp_path / "copy" / "report.html").exists()


def test_structures_are_read_back_by_pymatgen_with_what_was_measured_of_them(with_structures, tmp_path):
    crate = write_crate(with_structures, tmp_path / "crate", page, AT)
    first, second = loadfn(crate / "structures.json")
    assert (first["number"], second["number"], first["name"]) == (1, 2, "relaxed")
    assert first["structure"].composition.reduced_formula == "Cu"
    assert first["structure"].volume == pytest.approx(3.6**3)
    assert first["values"] == dict(with_structures.outcomes[0].values)


def test_occupancies_that_rounding_took_over_one_are_read_and_what_is_no_structure_is_named(with_structures):
    head, _, _ = COPPER.partition("_atom_site_label")
    mixed = head + (
        "_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"
        "_atom_site_occupancy\nCu1 Cu 0 0 0 0.333334\nNi1 Ni 0 0 0 0.666667\n"
    )
    first = with_structures.outcomes[0]

    def as_if(text):
        told = replace(first.evaluations[0], artifacts={"average.cif": text})
        return replace(with_structures, outcomes=(replace(first, evaluations=(told,)),))

    (entry,) = json.loads(to_structures(as_if(mixed)))
    assert sum(s["occu"] for s in entry["structure"]["sites"][0]["species"]) == pytest.approx(1.0)
    with pytest.raises(ValueError, match=r"average.cif of #1 by 'python' is no CIF that pymatgen reads"):
        to_structures(as_if("data_nothing\n"))


def test_a_crate_takes_only_a_folder_of_its_own(campaign, tmp_path):
    (tmp_path / "mine").write_text("")
    with pytest.raises(ValueError, match="is not an empty folder; a crate needs one of its own: -o PATH"):
        write_crate(read_ledger(campaign), tmp_path, page)


def test_the_command_writes_a_crate_with_the_real_report(campaign, tmp_path, capsys):
    export(campaign, "crate", tmp_path / "crate")
    assert capsys.readouterr().err == f"wrote {tmp_path / 'crate'}\n"
    assert "<h2" in (tmp_path / "crate" / "report.html").read_text()
    assert "structures.json" not in (tmp_path / "crate" / METADATA).read_text()


def test_a_password_in_any_address_stays_at_home(campaign, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(campaign, folder)
    secret = "https://eva:hunter2@store.example"
    kept = folder / "campaign.yaml"
    kept.write_text(kept.read_text() + f"# the store: {secret}\n")
    with closing(sqlite3.connect(folder / "journal.sqlite")) as journal, journal:
        (seq, body) = journal.execute("SELECT seq, body FROM events ORDER BY seq LIMIT 1").fetchone()
        content = json.loads(body)
        content["facts"] = {**content["facts"], "store": secret}
        journal.execute("UPDATE events SET body = ? WHERE seq = ?", (json.dumps(content), seq))
    crate = write_crate(read_ledger(folder), tmp_path / "crate", page, AT)
    for path in crate.rglob("*"):
        assert path.is_dir() or b"hunter2" not in path.read_bytes(), path
    assert "eva:***@store.example" in (crate / "campaign.yaml").read_text()
    assert len(read_ledger(crate).outcomes) == len(read_ledger(folder).outcomes)
    assert b"hunter2" in (folder / "journal.sqlite").read_bytes()
