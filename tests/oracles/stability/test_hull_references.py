"""Energies of known phases as they are read: of an atom or a formula unit, with corrections, and which are refused."""

import json
from pathlib import Path

import pytest

from eutectic.oracles.stability.hull_references import Reading, References, load


def table(folder: Path, text: str, per: str = "atom", kind: str | None = None) -> References:
    (folder / "known.csv").write_text("formula,energy\n" + text)
    return load(Reading(str(folder / "known.csv"), "formula", "energy", per, kind))  # type: ignore[arg-type]


def listed(folder: Path, rows: list[dict[str, object]]) -> References:
    (folder / "known.json").write_text(json.dumps(rows))
    return load(Reading(str(folder / "known.json"), "formula", "energy", "atom", None))


def test_energies_of_a_table_are_of_an_atom_or_of_the_formula_as_written(tmp_path: Path) -> None:
    assert table(tmp_path, "Fe2O3,-1.5\n").phases[0].energy_ev == pytest.approx(-7.5)
    assert table(tmp_path, "Fe2O3,-7.5\n", per="formula").phases[0].ev_per_atom == pytest.approx(-1.5)


def test_corrections_of_computed_entries_count(tmp_path: Path) -> None:
    rows = [{"composition": {"Li": 2, "O": 1}, "energy": -14.0, "correction": -0.7}]
    (phase,) = listed(tmp_path, rows).phases
    assert phase.energy_ev == pytest.approx(-14.7)
    assert phase.ev_per_atom == pytest.approx(-4.9)
    assert phase.elements == {"Li", "O"}


def test_computed_entries_are_total_energies_and_documents_formation_energies(tmp_path: Path) -> None:
    entry: dict[str, object] = {"composition": {"Li": 1}, "energy": -2.0}
    assert listed(tmp_path, [entry]).kind == "total"
    document: dict[str, object] = {"formula_pretty": "Li2O", "formation_energy_per_atom": -2.0}
    documents = listed(tmp_path, [document, {**document, "material_id": "mp-1"}])
    assert documents.kind == "formation"
    assert [phase.energy_ev for phase in documents.phases] == pytest.approx([-6.0, -6.0])
    assert documents.phases[1].name == "Li2O (mp-1)"


def test_a_total_energy_needs_the_pure_element_and_a_formation_energy_does_not(tmp_path: Path) -> None:
    assert table(tmp_path, "LiO,-1\n").lacking(["Li", "O", "Na"]) == "Na"
    assert table(tmp_path, "LiO,-1\nLi,-2\n", kind="total").lacking(["Li", "O"]) == "O"


@pytest.mark.parametrize(("text", "fits"), [("LiO,-9.9\n", True), ("LiO,-10.1\n", False), ("LiO,10.1\n", False)])
def test_a_formation_energy_beyond_ten_ev_an_atom_is_refused(tmp_path: Path, text: str, fits: bool) -> None:
    if fits:
        assert table(tmp_path, text).phases
        return
    with pytest.raises(ValueError, match=r"line 2.*eV/atom is no formation energy of LiO; say `per: formula`"):
        table(tmp_path, text)


def test_an_element_below_zero_is_refused_and_one_above_is_not(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the formation energy of the element Li is -0\.1 eV/atom"):
        table(tmp_path, "Li,-0.1\n")
    assert table(tmp_path, "Li,0.1\n").phases
    assert table(tmp_path, "Li,-0.1\n", kind="total").phases
