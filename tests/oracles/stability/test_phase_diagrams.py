"""Distances from a hull by hand: which phases stand in it, on which scale, and what it falls apart into."""

from pathlib import Path

import pytest

from eutectic.oracles.stability.hull_references import Kind, Reading, References, load
from eutectic.oracles.stability.phase_diagrams import above_hull, distance


def references(folder: Path, rows: dict[str, float], kind: Kind = "formation", per: str = "atom") -> References:
    lines = ["formula,energy", *(f"{formula},{energy}" for formula, energy in rows.items())]
    (folder / "known.csv").write_text("\n".join(lines) + "\n")
    return load(Reading(str(folder / "known.csv"), "formula", "energy", per, kind))  # type: ignore[arg-type]


def test_an_element_that_is_listed_above_zero_still_stands_at_zero(tmp_path: Path) -> None:
    # a polymorph of lithium 0.3 eV above the ground state is no reference for lithium
    known = references(tmp_path, {"Li": 0.3, "LiO": -1.0})
    assert distance(known, {"Li": 1.0}, 0.3, "formation") == (pytest.approx(0.3), {"Li": pytest.approx(1.0)})
    value, phases = distance(known, {"Li": 0.75, "O": 0.25}, -0.5, "formation")
    assert value == pytest.approx(0.0)
    assert phases == {"Li": pytest.approx(0.5), "LiO": pytest.approx(0.5)}


def test_an_element_listed_at_zero_stands_there_once(tmp_path: Path) -> None:
    value, phases = distance(references(tmp_path, {"Li": 0.0, "O": 0.0}), {"Li": 0.4, "O": 0.6}, 0.2, "formation")
    assert value == pytest.approx(0.2)
    assert phases == {"Li": pytest.approx(0.4), "O": pytest.approx(0.6)}


def test_a_distance_is_of_an_atom_and_not_of_a_formula_unit(tmp_path: Path) -> None:
    known = references(tmp_path, {"Fe2O3": -7.5, "Fe": 0.0, "O": 0.0}, per="formula")
    # between Fe and Fe2O3 at x_O = 0.3: half of the atoms in each, -0.75 eV/atom
    assert distance(known, {"Fe": 0.7, "O": 0.3}, 0.0, "formation")[0] == pytest.approx(0.75)


def test_formation_energies_are_compared_with_total_ones_through_the_elements(tmp_path: Path) -> None:
    known = references(tmp_path, {"Li": -2.0, "O2": -5.0, "LiO": -4.5}, "total")
    # LiO forms with -4.5 - (-2 - 5) / 2 = -1 eV/atom
    assert distance(known, {"Li": 0.5, "O": 0.5}, -0.9, "formation")[0] == pytest.approx(0.1)
    assert distance(known, {"Li": 0.5, "O": 0.5}, -4.4, "total")[0] == pytest.approx(0.1)
    assert distance(known, {"Li": 0.5, "O": 0.5}, -1.2, "formation")[0] == pytest.approx(-0.2)


def test_phases_of_other_elements_do_not_stand_in_a_hull_and_all_of_its_own_do(tmp_path: Path) -> None:
    known = references(tmp_path, {"LiO": -1.0, "LiFeO2": -9.0})
    assert distance(known, {"Li": 0.5, "O": 0.5}, -1.0, "formation")[0] == pytest.approx(0.0)
    assert distance(known, {"Li": 0.25, "Fe": 0.25, "O": 0.5}, 0.0, "formation")[0] == pytest.approx(9.0)


def test_a_file_is_read_for_every_distance(tmp_path: Path) -> None:
    references(tmp_path, {"LiO": -1.0})
    reading = Reading(str(tmp_path / "known.csv"), "formula", "energy", "atom", None)
    assert above_hull(reading, {"Li": 0.5, "O": 0.5}, 0.0, "formation")[0] == pytest.approx(1.0)
    references(tmp_path, {"LiO": -1.25})
    assert above_hull(reading, {"Li": 0.5, "O": 0.5}, 0.0, "formation")[0] == pytest.approx(1.25)
