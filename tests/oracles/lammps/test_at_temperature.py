"""Alloys at a temperature: copper's known constants, melting, conditions as variables, short-range order, bad input."""

import functools
import json
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest

from eutectic.generators.pool import Pool
from eutectic.oracles.base import Candidate, Evaluation
from eutectic.oracles.lammps.alloy import DYNAMICS, STATICS, LammpsAlloy
from eutectic.oracles.physics import short_range_order, solid_solution

POTENTIALS = Path(str(distribution("lammps").locate_file("lammps/share/lammps/potentials")))
CUNI, NIAL = str(POTENTIALS / "CuNi.eam.alloy"), str(POTENTIALS / "NiAlH_jea.eam.alloy")
EQUIATOMIC = {"Fe": 0.2, "Ni": 0.2, "Cr": 0.2, "Co": 0.2, "Cu": 0.2}
COPPER = LammpsAlloy(
    potential=CUNI, cells=3, decorations=1, temperature_k=300.0, equilibration_steps=1000, production_steps=2000
)
BRIEF = replace(COPPER, equilibration_steps=500, production_steps=500)
LATTICE, DENSITY, MSD = "lattice_constant_angstrom", "density_g_per_cm3", "mean_square_displacement_angstrom2"
ANY_PHASE = (DENSITY, MSD, "fcc_fraction")


def ask(oracle: LammpsAlloy, composition: dict[str, float], seed: int = 0, **conditions: float) -> Evaluation:
    """The one evaluation of a composition."""
    candidate = Candidate({**composition, **conditions}, composition)
    (evaluation,) = oracle.evaluate([candidate], np.random.default_rng(seed))
    return evaluation


@functools.cache
def copper() -> Evaluation:
    """Everything about copper at 300 K."""
    return ask(COPPER, {"Cu": 1.0})


def test_copper_at_room_temperature_has_its_known_constants() -> None:
    """Experiment: 16.5e-6/K and 8.93 g/cm3 (CRC Handbook of Chemistry and Physics); elastic constants in GPa of
    Overton and Gaffney 1955 (doi 10.1103/PhysRev.98.969). The potential was fitted to constants at 0 K only."""
    found = copper()
    assert found.status == "finished"
    assert set(found.values) == set(DYNAMICS)
    assert found.values["thermal_expansion_per_k"] == pytest.approx(16.5e-6, abs=3.5e-6)
    assert found.values[DENSITY] == pytest.approx(8.93, rel=0.02)
    assert [found.values[f"c{i}_gpa"] for i in (11, 12, 44)] == pytest.approx([168.4, 121.4, 75.4], abs=15.0)
    assert found.values["bulk_modulus_gpa"] == pytest.approx(137.0, abs=12.0)
    assert found.values["fcc_fraction"] > 0.99
    assert found.values["warren_cowley"] == 0.0


def test_copper_swells_between_rest_and_room_temperature_by_its_expansion() -> None:
    """a(300 K) / a(0) - 1 of a classical crystal is 300 K times a mean expansion a little below the one there."""
    cold = ask(LammpsAlloy(potential=CUNI, cells=3, decorations=1, compute=(LATTICE,)), {"Cu": 1.0}).values[LATTICE]
    swelling = copper().values[LATTICE] / cold - 1.0
    assert 0.85 < swelling / (300.0 * copper().values["thermal_expansion_per_k"]) < 1.03


def test_atoms_of_copper_move_about_their_sites_as_far_as_diffraction_says() -> None:
    """0.021 angstrom^2 at 295 K (B = 0.55 angstrom^2; mean square = 3 B / (8 pi^2)); a cell of 108 atoms has no long
    waves and moves less."""
    assert 0.013 < copper().values[MSD] < 0.024


def test_every_mean_over_time_has_an_error_from_blocks_though_there_is_one_decoration() -> None:
    found = copper()
    assert set(found.errors) == set(DYNAMICS) - {"fcc_fraction", "warren_cowley"}
    assert 0.0 < found.errors["bulk_modulus_gpa"] < 3.0
    assert 0.0 < found.errors["thermal_expansion_per_k"] < 2e-6
    assert 0.0 < found.errors[LATTICE] < 0.002


def test_provenance_tells_conditions_and_lengths() -> None:
    told = copper().provenance
    assert (told["temperature_k"], told["pressure_gpa"], told["swaps"]) == (300.0, 0.0, 0)
    assert (told["timestep_fs"], told["equilibration_steps"], told["production_steps"]) == (2.0, 1000, 2000)
    assert isinstance(told["seed"], int)


def test_the_same_seed_repeats_a_trajectory_to_the_bit_and_asking_for_less_changes_no_value() -> None:
    names = (LATTICE, "fcc_fraction", MSD)
    again = ask(replace(COPPER, compute=names), {"Cu": 1.0})
    assert dict(again.values) == {name: copper().values[name] for name in names}
    bulk = replace(BRIEF, compute=("bulk_modulus_gpa",))
    first, second, other = (ask(bulk, {"Cu": 1.0}, seed).values for seed in (1, 1, 2))
    assert first == second
    assert first != other


def test_a_melt_is_told_from_a_crystal() -> None:
    found = ask(replace(BRIEF, temperature_k=3000.0, compute=ANY_PHASE), {"Cu": 1.0})
    assert found.status == "finished"
    assert found.values["fcc_fraction"] < 0.3
    assert found.values[MSD] > 1.0
    assert found.values[DENSITY] < 8.0
    assert "average_cell.cif" not in found.artifacts


def test_a_property_of_the_crystal_fails_where_the_crystal_is_gone() -> None:
    found = ask(replace(BRIEF, temperature_k=3000.0, compute=("bulk_modulus_gpa", "fcc_fraction")), {"Cu": 1.0})
    assert (found.status, found.failure) == ("failed", "unphysical")
    assert "did not survive 3000 K" in found.error
    assert "% of its atoms have fcc surroundings" in found.error


def test_temperature_and_pressure_of_the_candidate_come_before_those_of_the_oracle() -> None:
    oracle = replace(BRIEF, compute=(DENSITY,))
    plain = ask(oracle, {"Cu": 1.0})
    hot = ask(oracle, {"Cu": 1.0}, temperature_k=900.0)
    pressed = ask(oracle, {"Cu": 1.0}, pressure_gpa=5.0)
    assert hot.provenance["temperature_k"] == 900.0
    assert pressed.provenance["pressure_gpa"] == 5.0
    assert hot.provenance["settings_sha256"] == plain.provenance["settings_sha256"]
    assert hot.values[DENSITY] < plain.values[DENSITY] - 0.2
    compression = np.log(pressed.values[DENSITY] / plain.values[DENSITY])  # 5 GPa over a bulk modulus of about 140
    assert compression == pytest.approx(5.0 / 142.0, abs=0.005)


def test_a_pool_of_alloys_and_temperatures_is_measured_at_each_rows_own(tmp_path: Path) -> None:
    (tmp_path / "hot.csv").write_text("formula,temperature_k\nCu,300\nCu3Ni,900\n")
    pool = Pool(file=str(tmp_path / "hot.csv"), features=("formula", "temperature_k"))
    assert pool.space.table is not None
    candidates = pool.generate(pool.space.table[1:], np.random.default_rng(0))
    (found,) = replace(BRIEF, compute=(LATTICE,)).evaluate(candidates, np.random.default_rng(0))
    assert found.provenance["temperature_k"] == 900.0
    assert 3.615 < found.values[LATTICE] < 3.68  # Vegard: 3.59 at rest


def test_an_impossible_temperature_of_a_candidate_is_a_failed_evaluation() -> None:
    for kelvin, sentence in ((-5.0, "more than 0 K"), (0.0, "more than 0 K"), (2e4, "0 .statics. to 10000 K")):
        found = ask(BRIEF, {"Cu": 1.0}, temperature_k=kelvin)
        assert found.status == "failed"
        assert f"temperature_k is {kelvin:g}" in found.error
        assert sentence.split(".")[0] in found.error


def test_a_space_with_impossible_temperatures_is_refused_and_one_at_rest_does_not_look_unnoticed() -> None:
    names, low, high = [*EQUIATOMIC, "temperature_k"], [0.05] * 5, [0.35] * 5
    hot = LammpsAlloy(temperature_k=300.0)
    assert hot.refuse(names, [*low, 300.0], [*high, 1200.0]) is None
    assert "temperature_k is -1" in str(hot.refuse(names, [*low, -1.0], [*high, 1200.0]))
    assert "temperature_k is 20000" in str(hot.refuse(names, [*low, 300.0], [*high, 2e4]))
    assert "would not look at temperature_k: it computes at 0 K" in LammpsAlloy().refuse(
        names, [*low, -1.0], [*high, 2e4]
    )
    assert LammpsAlloy(ignores=("temperature_k",)).refuse(names, [*low, -1.0], [*high, 2e4]) is None


def test_statics_know_nothing_of_the_dynamics() -> None:
    """Values of earlier versions and of this one carry the same hash of settings."""
    plain = LammpsAlloy(compute=(LATTICE,), cells=2, decorations=1)
    found = ask(plain, EQUIATOMIC)
    assert set(found.provenance) == {
        "engine",
        "potential",
        "potential_sha256",
        "settings_sha256",
        "seed",
        "composition",
    }
    assert found.provenance["settings_sha256"] == "68bf0b875454f2e80cc259734235365c36a6ff062287aac4d268258a01d27f22"
    assert plain.only(STATICS).properties == (LATTICE,)
    assert LammpsAlloy().properties == STATICS
    assert LammpsAlloy(temperature_k=300.0).properties == DYNAMICS


def test_exchanges_order_nickel_and_aluminium() -> None:
    """Ni3Al is ordered (L1_2, parameter -1/3) up to its melting point; a random occupation has 0 on average."""
    oracle = replace(BRIEF, potential=NIAL, temperature_k=900.0, compute=("warren_cowley",))
    random = ask(oracle, {"Ni": 0.75, "Al": 0.25})
    ordered = ask(replace(oracle, swaps=3000), {"Ni": 0.75, "Al": 0.25})
    assert abs(random.values["warren_cowley"]) < 0.1
    assert -0.334 <= ordered.values["warren_cowley"] < -0.2
    assert ordered.provenance["swaps"] == 3000


def test_short_range_order_of_known_occupations() -> None:
    sites = solid_solution.fcc(3)
    assert len(short_range_order.nearest_pairs(sites)) == 6 * sites.count
    ordered = np.where(np.all(np.isclose(sites.positions % 1.0, 0.0), axis=1), 2, 1)  # cube corners: L1_2
    wanted = 1.0 - 0.5 / (2 * 0.25 * 0.75 * sites.count / (sites.count - 1))
    assert short_range_order.warren_cowley(sites, ordered) == pytest.approx(wanted)
    rng = np.random.default_rng(0)
    random = [
        short_range_order.warren_cowley(sites, solid_solution.decorate(np.full(5, 0.2), sites.count, rng))
        for _ in range(20)
    ]
    assert abs(np.mean(random)) < 3 * np.std(random) / np.sqrt(20)


def test_the_alloy_of_five_elements_survives_and_errors_cover_decorations() -> None:
    oracle = LammpsAlloy(
        cells=3, temperature_k=600.0, equilibration_steps=500, production_steps=500, compute=(*ANY_PHASE, LATTICE)
    )
    found = ask(oracle, EQUIATOMIC)
    assert found.values["fcc_fraction"] > 0.9
    assert 3.552 < found.values[LATTICE] < 3.65
    assert found.values[DENSITY] == pytest.approx(8.2, abs=0.3)
    samples = json.loads(found.artifacts["decorations.json"])
    assert len(samples[DENSITY]) == 2
    assert found.errors[DENSITY] >= np.std(samples[DENSITY], ddof=1) / np.sqrt(2) - 1e-12


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"temperature_k": -1.0}, "temperature_k is -1; possible are 0 .statics. to 10000 K"),
        ({"temperature_k": 1e5}, "temperature_k is 100000; possible"),
        ({"temperature_k": float("nan")}, "temperature_k is nan"),
        ({"temperature_k": 300.0, "pressure_gpa": 1e4}, "pressure_gpa is 10000; possible are -20 to 500 GPa"),
        ({"pressure_gpa": 1.0}, "pressure_gpa is 1.0 at temperature_k 0"),
        ({"swaps": 100}, "swaps is 100 at temperature_k 0"),
        ({"temperature_k": 300.0, "swaps": -1}, "swaps is -1"),
        ({"temperature_k": 300.0, "cells": 2}, "cells is 2; .* 3 or more"),
        ({"temperature_k": 300.0, "timestep_fs": 20.0}, "timestep_fs is 20"),
        ({"temperature_k": 300.0, "production_steps": 10}, "production_steps is 10; it must be at least 500"),
        ({"temperature_k": 300.0, "equilibration_steps": 0}, "equilibration_steps is 0"),
        ({"temperature_k": 300.0, "thermal_strain": 0.2}, "thermal_strain is 0.2"),
        ({"temperature_k": 300.0, "expansion_step_k": 0.0}, "expansion_step_k is 0"),
        ({"compute": ("fcc_fraction",)}, "fcc_fraction at finite temperature; give temperature_k above 0"),
        ({"temperature_k": 9.0, "compute": ("mixing_enthalpy_ev_per_atom",)}, "at 0 K only; leave out temperature_k"),
        (
            {"temperature_k": 9.0, "compute": ("fcc_fractoin",)},
            "no property 'fcc_fractoin'; did you mean 'fcc_fraction'",
        ),
    ],
)
def test_conditions_that_cannot_be_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        LammpsAlloy(**options)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_larger_crystal_of_copper_expands_and_stiffens_as_the_small_one_does() -> None:
    oracle = replace(
        COPPER, cells=6, production_steps=5000, compute=("bulk_modulus_gpa", "thermal_expansion_per_k", LATTICE)
    )
    found = ask(oracle, {"Cu": 1.0})
    for name in oracle.properties:
        spread = float(np.hypot(found.errors[name], copper().errors[name]))
        assert found.values[name] == pytest.approx(copper().values[name], rel=0.02, abs=5 * spread), name
