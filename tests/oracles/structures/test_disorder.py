"""Partial occupancies become ordered cells of their composition, at random or with little electrostatic energy."""

import json

import numpy as np
import pytest
from pymatgen.analysis.ewald import EwaldSummation
from pymatgen.core import Lattice, Structure

from eutectic.generators.pool import Pool
from eutectic.oracles.base import Candidate
from eutectic.oracles.dft.calculation import DftFailed
from eutectic.oracles.dft.cells import subject
from eutectic.oracles.mlip.oracle import Mlip
from eutectic.oracles.rules.screens import Screens
from eutectic.oracles.structures.disorder import ordered
from eutectic.oracles.structures.files import read

SALT = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.9), [{"Na": 0.5, "K": 0.5}, "Cl"], [[0, 0, 0], [0.5] * 3])
ALLOY = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.6), [{"Cu": 0.75, "Ni": 0.25}], [[0, 0, 0]])


def rng(seed=0):
    return np.random.default_rng(seed)


def test_every_cell_has_the_composition_and_draws_differ():
    cells = ordered(SALT * (2, 2, 1), 3, "random", 0.01, rng())
    assert {cell.composition.reduced_formula for cell in cells} == {"KNaCl2"}
    assert len({tuple(site.specie.symbol for site in cell) for cell in cells}) == 3
    again = ordered(SALT * (2, 2, 1), 3, "random", 0.01, rng())
    assert [cell.species for cell in again] == [cell.species for cell in cells]


def test_vacancies_are_kept_and_the_cell_grows_until_it_holds_the_occupancies():
    fluorite = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.1), [{"Zr": 0.875, "Y": 0.125}, {"O": 0.96875}], [[0, 0, 0], [0.25] * 3]
    )
    (cell,) = ordered(fluorite, 1, "random", 0.002, rng())
    amounts = cell.composition
    assert amounts["Y"] / (amounts["Y"] + amounts["Zr"]) == pytest.approx(0.125)
    assert amounts["O"] / (amounts["Y"] + amounts["Zr"]) == pytest.approx(1.9375)
    with pytest.raises(ValueError, match="no cell of up to 240 sites holds its occupancies"):
        ordered(Structure(Lattice.cubic(3.0), [{"Cu": 0.999, "Au": 0.001}], [[0, 0, 0]]), 1, "random", 0.05, rng())


def test_exchanges_find_the_order_of_least_electrostatic_energy():
    """Two charges on a rock-salt sublattice: of all orders of the cell none has less energy than what is found."""
    cation = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(4.2), [{"Li+": 0.5, "Al3+": 0.5}, "O2-"], [[0, 0, 0], [0.5] * 3]
    )
    (found,) = ordered(cation, 1, "electrostatic", 0.01, rng())
    random = ordered(cation * (1, 1, 1), 12, "random", 0.01, rng(1))
    energies = [EwaldSummation(cell).total_energy for cell in random]
    assert EwaldSummation(found).total_energy <= min(energies) + 1e-6
    assert found.composition.reduced_formula == "LiAlO2"


def test_states_are_those_that_balance_where_a_file_gives_none():
    plain = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(4.2), [{"Li": 0.5, "Al": 0.5}, "O"], [[0, 0, 0], [0.5] * 3]
    )
    (found,) = ordered(plain, 1, "electrostatic", 0.01, rng())
    assert {str(s) for s in found.species} == {"Li+", "Al3+", "O2-"}
    metal = Structure(Lattice.cubic(3.0), [{"Cu": 0.5, "Au": 0.5}], [[0, 0, 0]])
    with pytest.raises(ValueError, match="no oxidation states of its elements balance"):
        ordered(metal, 1, "electrostatic", 0.05, rng())


def test_split_sites_are_never_filled_together():
    split = Structure(
        Lattice.tetragonal(4.0, 4.2), [{"Li": 0.5}, {"Li": 0.5}, "Cl"], [[0, 0, 0.06], [0, 0, 0.94], [0.5, 0.5, 0.5]]
    )
    for cell in ordered(split * (2, 2, 2), 4, "random", 0.05, rng()):
        distances = cell.distance_matrix[np.triu_indices(len(cell), 1)]
        assert distances.min() > 1.5
        assert cell.composition.reduced_formula == "LiCl"


def test_learned_potentials_average_over_orders_with_an_error_and_keep_the_average_axes():
    oracle = Mlip(calculator="emt", decorations=3)
    names = ("energy_ev_per_atom", "lattice_constant_angstrom", "c11_gpa", "c12_gpa", "c13_gpa")
    big = (ALLOY * (2, 1, 1)).as_dict()
    (found,) = oracle.only(names).evaluate([Candidate({}, None, big)], rng())
    assert found.status == "finished", found.error
    assert found.errors["energy_ev_per_atom"] > 0
    assert found.values["lattice_constant_angstrom"] == pytest.approx(3.57, abs=0.03)
    assert found.values["c13_gpa"] == pytest.approx(found.values["c12_gpa"])
    assert found.provenance["elastic_axes"] == "IEEE 1987, cubic"
    assert json.loads(found.provenance["composition"]) == {"Cu": 0.75, "Ni": 0.25}


def test_density_functional_theory_orders_one_cell_or_says_why_not():
    asked = subject(Candidate({}, None, ALLOY.as_dict()), "fcc", 1, 0.05, 0.0, 0)
    assert sorted(asked.crystal.symbols) == ["Cu", "Cu", "Cu", "Ni"]
    assert asked.cubic_atoms == pytest.approx(4.0)
    lost = Structure(Lattice.cubic(3.6), [{"Cu": 0.99999, "Ni": 0.00001}], [[0, 0, 0]])
    with pytest.raises(DftFailed, match="no cell of up to 240 sites"):
        subject(Candidate({}, None, lost.as_dict()), "fcc", 1, 0.05, 0.0, 0)


def test_a_pool_refuses_disordered_files_or_keeps_them_by_option(tmp_path):
    for name, structure in (("salt", SALT), ("alloy", ALLOY)):
        structure.to(str(tmp_path / f"{name}.cif"))
    (tmp_path / "pool.csv").write_text("file\nsalt.cif\nalloy.cif\n")
    pool = Pool(str(tmp_path / "pool.csv"), structures="file")
    with pytest.raises(ValueError, match=r"row 1 .*salt.cif is disordered .*`disordered: keep`"):
        _ = pool.space
    kept = Pool(str(tmp_path / "pool.csv"), structures="file", disordered="keep")
    salt, alloy = kept.materials
    assert salt.composition == pytest.approx({"Cl": 0.5, "K": 0.25, "Na": 0.25})
    (density,) = Screens(("density_g_per_cm3",)).evaluate([salt], rng())
    assert density.values["density_g_per_cm3"] == pytest.approx(SALT.density, rel=1e-3)
    assert not read(str(tmp_path / "alloy.cif")).is_ordered
    assert alloy.structure is not None


def test_vacancies_are_not_rounded_away():
    holed = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.2), [{"Mg": 0.9}, {"O": 0.9}], [[0, 0, 0], [0.5] * 3])
    for tolerance, atoms, sites in ((0.02, 22, 24), (1e-6, 36, 40)):
        (cell,) = ordered(holed, 1, "random", tolerance, np.random.default_rng(0))
        assert len(cell) == atoms
        assert cell.volume == pytest.approx(4.2**3 * sites / 8)
