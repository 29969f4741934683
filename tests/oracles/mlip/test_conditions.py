"""Conditions among the variables: each candidate's own where a property depends on them, else refused."""

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.units import GPa

from eutectic.oracles.base import Candidate
from eutectic.oracles.mlip.oracle import Mlip

RNG = np.random.default_rng(0)
QUICK = {"calculator": "emt", "cells": 1, "decorations": 1, "stress_tolerance_gpa": 1e-3}
AT_REST = ("lattice_constant_angstrom", "energy_ev_per_atom", "enthalpy_ev_per_atom", "volume_angstrom3_per_atom")


def copper(oracle, **conditions):
    (found,) = oracle.evaluate([Candidate(conditions, {"Cu": 1.0})], RNG)
    assert found.status == "finished", found.error
    return found


@pytest.mark.parametrize("pressure", [-2.0, 15.0])
def test_a_crystal_is_relaxed_to_the_least_enthalpy_at_its_own_pressure(pressure):
    found = copper(Mlip(**QUICK).only(AT_REST), pressure_gpa=pressure)
    a = found.values["lattice_constant_angstrom"]
    atoms = bulk("Cu", a=a)
    atoms.calc = EMT()
    assert atoms.get_stress()[:3] / GPa == pytest.approx(-pressure, abs=0.01)
    assert found.values["enthalpy_ev_per_atom"] - found.values["energy_ev_per_atom"] == pytest.approx(
        pressure * GPa * a**3 / 4
    )
    assert found.provenance["pressure_gpa"] == pressure
    by_option = copper(Mlip(**QUICK, pressure_gpa=pressure).only(AT_REST))
    assert by_option.values == pytest.approx(found.values)


def test_without_pressure_enthalpy_is_energy():
    values = copper(Mlip(**QUICK).only(AT_REST)).values
    assert values["enthalpy_ev_per_atom"] == values["energy_ev_per_atom"]


def test_molecular_dynamics_runs_at_the_candidates_own_temperature():
    oracle = Mlip(**{**QUICK, "cells": 2}, npt_ps=0.2).only(["npt_mean_square_displacement_angstrom2"])
    cold, warm = (copper(oracle, temperature_k=t).values["npt_mean_square_displacement_angstrom2"] for t in (50, 600))
    assert warm > 3 * cold


def test_a_condition_that_nothing_asked_depends_on_is_refused_with_what_would():
    modulus = Mlip(**QUICK).only(["bulk_modulus_gpa"])
    heat = modulus.refuse(["temperature_k"], [300], [900])
    assert "would not look at temperature_k" in heat
    assert "npt_volume_drift_percent" in heat
    pressed = modulus.refuse(["pressure_gpa"], [0], [9])
    assert "bulk_modulus_gpa: known at no pressure only" in pressed
    assert "lattice_constant_angstrom" in pressed
    fixed = Mlip(**QUICK, cell="fixed").only(["energy_ev_per_atom"])
    assert "would not look at pressure_gpa" in fixed.refuse(["pressure_gpa"], [0], [9])
    lattice = Mlip(**QUICK).only(["lattice_constant_angstrom"])
    assert lattice.refuse(["pressure_gpa"], [0], [9]) is None
    assert Mlip(**QUICK, pressure_gpa=5.0).only(["bulk_modulus_gpa"]).refuse(["Cu"], [0], [1]) is not None
    assert Mlip(**QUICK).only(["npt_volume_drift_percent"]).refuse(["temperature_k"], [300], [900]) is None


def test_what_is_ignored_is_not_used_and_what_cannot_be_is_bad_input():
    oracle = Mlip(**QUICK, ignores=("pressure_gpa",)).only(AT_REST)
    assert copper(oracle, pressure_gpa=15.0).values == copper(oracle).values
    (found,) = Mlip(**QUICK).evaluate([Candidate({"temperature_k": -3.0}, {"Cu": 1.0})], RNG)
    assert found.failure == "bad_input"
    assert "temperature_k is -3" in found.error


def test_a_pressure_of_the_options_is_another_setting_than_before():
    assert Mlip(pressure_gpa=3.0).settings["relaxed_under_pressure"]
    assert "relaxed_under_pressure" not in Mlip().settings
