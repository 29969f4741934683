"""Compositions that a cell cannot hold are bad input, and conditions that an oracle would not look at are refused."""

import json

import numpy as np
import pytest

from eutectic.oracles.base import Candidate
from eutectic.oracles.dft.oracle import Dft
from eutectic.oracles.lammps.alloy import LammpsAlloy
from eutectic.oracles.mlip.oracle import Mlip
from eutectic.oracles.physics.conditions import ignored
from eutectic.oracles.physics.measured import summarise
from eutectic.oracles.physics.solid_solution import unheld
from eutectic.oracles.stability.pourbaix import Pourbaix

RNG = np.random.default_rng(0)


def cube(n: int) -> int:
    return 4 * n**3


@pytest.mark.parametrize(
    ("fractions", "cells", "said"),
    [
        (
            [0.99, 0.01],
            2,
            "B of 0.01 becomes 0 in 32 sites (cells: 2, composition_tolerance: 0.05); cells: 3 (108 sites)",
        ),
        ([0.999, 0.001], 4, "cells: 6 (864 sites) holds it"),
        ([0.86, 0.14], 1, "A of 0.86 becomes 0.75"),
        ([0.999999, 0.000001], 1, ""),
        ([0.97, 0.03], 2, ""),
        ([0.5, 0.5], 1, ""),
    ],
)
def test_an_element_that_would_vanish_or_be_far_from_its_share_is_named_with_the_cells_that_hold_it(
    fractions, cells, said
):
    text = unheld("AB", np.array(fractions), cube, cells, 0.05)
    assert said in text
    assert bool(text) == bool(said)


def test_learned_potentials_and_lammps_refuse_dilute_candidates_and_say_what_they_computed():
    oracle = Mlip(calculator="emt", decorations=1).only(["lattice_constant_angstrom"])
    dilute, fine = oracle.evaluate(
        [Candidate({}, {"Cu": 0.99, "Au": 0.01}), Candidate({}, {"Cu": 0.9, "Au": 0.1})], RNG
    )
    assert (dilute.failure, "Au of 0.01 becomes 0" in dilute.error) == ("bad_input", True)
    assert json.loads(fine.provenance["composition"]) == {"Au": 0.09375, "Cu": 0.90625}
    alloy = LammpsAlloy(cells=1, decorations=1, composition_tolerance=0.01).only(["lattice_constant_angstrom"])
    (coarse,) = alloy.evaluate([Candidate({}, dict.fromkeys(("Fe", "Ni", "Cr", "Co", "Cu"), 0.2))], RNG)
    assert coarse.failure == "bad_input"
    assert "becomes 0 in 4 sites" in coarse.error


def test_the_slab_of_a_fault_must_hold_the_composition_too():
    oracle = Mlip(calculator="emt", cells=5, fault_cells=(1, 1, 9)).only(["intrinsic_stacking_fault_energy_mj_per_m2"])
    (found,) = oracle.evaluate([Candidate({}, {"Cu": 0.99, "Ni": 0.01})], RNG)
    assert (found.failure, "18 sites do not hold the composition" in found.error) == ("bad_input", True)


@pytest.mark.parametrize(
    "name",
    [
        "temperature_k",
        "temperature_c",
        "Temperature_C",
        "T_K",
        "temp",
        "pressure_gpa",
        "magnetic_field_t",
        "pH",
        "strain",
        "wavelength_nm",
        "humidity_percent",
    ],
)
def test_conditions_are_known_by_their_names(name):
    assert ignored([name], (), (), "it", "it computes at rest") is not None
    assert ignored([name], (name,), (), "it", "") is None
    assert ignored([name], (), (name,), "it", "") is None


@pytest.mark.parametrize("name", ["annealing_temperature_k", "Cu", "P", "T", "thickness_nm", "time_s", "p_content"])
def test_processing_and_elements_are_none(name):
    assert ignored([name], (), (), "it", "") is None


@pytest.mark.parametrize(
    "oracle", [Mlip(calculator="emt").only(["bulk_modulus_gpa"]), LammpsAlloy(), Dft(engine="espresso")], ids=str
)
def test_every_engine_refuses_a_temperature_that_it_would_not_look_at(oracle):
    said = oracle.refuse(["temperature_k"], [300.0], [900.0])
    assert said is not None
    assert "would not look at temperature_k" in said
    assert "ignores: [temperature_k]" in said


def test_stability_in_water_refuses_a_ph_that_it_would_not_look_at():
    oracle = Pourbaix("phases.csv")
    assert "would not look at ph: it computes at the ph and potential_v of its options" in oracle.refuse(
        ["ph"], [0], [14]
    )
    assert Pourbaix("phases.csv", ignores=("temperature_k",)).refuse(["temperature_k"], [300], [400]) is None


def test_alloys_at_a_temperature_read_kelvin_alone():
    hot = LammpsAlloy(temperature_k=300.0)
    names, low, high = ["Fe", "Ni", "Cr", "Co", "Cu"], [0.2] * 5, [0.2] * 5
    assert hot.refuse([*names, "temperature_k"], [*low, 300.0], [*high, 900.0]) is None
    assert "temperature_c" in hot.refuse([*names, "temperature_c"], [*low, 30.0], [*high, 90.0])


def test_a_scatter_of_rounding_is_no_error():
    assert summarise({"a": [1.0, 1.0 + 2e-16]}, 0.0).errors == {"a": 0.0}
    assert summarise({"a": [1.0, 1.1]}, 0.0).errors["a"] == pytest.approx(0.05)
