import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure

from eutectic.generators.wyckoff.genes import encode
from eutectic.generators.wyckoff.table import GROUPS, PRIMITIVE, table
from tests.generators.wyckoff.crystals import known

KNOWN = known()


def gene_of(structure):
    return encode(structure.lattice.matrix, structure.frac_coords, np.array(structure.atomic_numbers))


def test_the_table_holds_all_positions_of_all_groups():
    assert len(table().positions) == 1731
    assert [len(table().of(g)) for g in (1, 2, 47, 225, 227, 230)] == [1, 9, 27, 12, 9, 8]
    assert table().of(225)[0].multiplicity == 4
    assert table().of(225)[0].atoms == 1


@pytest.mark.parametrize("group", range(1, GROUPS + 1))
def test_a_positions_atoms_are_as_many_as_the_primitive_cell_holds(group):
    rng = np.random.default_rng(group)
    basis = np.linalg.inv(PRIMITIVE[table().centring[group - 1]])
    for position in table().of(group):
        points = position.coordinates(rng.random(len(position.free))) @ basis
        apart = points[:, None] - points[None]
        apart -= np.rint(apart)
        distances = np.abs(apart).max(axis=2) + np.eye(len(points))
        assert distances.min() > 1e-6
        assert position.multiplicity == position.atoms * round(abs(np.linalg.det(basis)))


@pytest.mark.parametrize("group", range(1, GROUPS + 1))
def test_the_general_position_is_a_group(group):
    general = table().of(group)[-1]
    basis = np.linalg.inv(PRIMITIVE[table().centring[group - 1]])
    point = np.array([0.137, 0.291, 0.613])
    orbit = general.coordinates(point) @ basis
    image = general.coordinates(general.rotations[-1] @ point + general.shifts[-1]) @ basis
    apart = image[:, None] - orbit[None]
    apart -= np.rint(apart)
    assert np.abs(apart).max(axis=2).min(axis=1).max() < 1e-9


@pytest.mark.parametrize("name", KNOWN)
def test_a_crystal_comes_back_from_its_gene(name):
    structure = KNOWN[name]
    gene = gene_of(structure)
    lattice, fractional, numbers = gene.crystal()
    again = Structure(lattice, numbers, fractional)
    assert len(again) == len(structure) == gene.atoms
    assert again.volume == pytest.approx(structure.volume, rel=1e-6)
    assert StructureMatcher(ltol=0.01, stol=0.01, angle_tol=0.1).fit(structure, again)


@pytest.mark.parametrize("name", KNOWN)
def test_one_crystal_has_one_gene_however_it_is_written(name):
    structure = KNOWN[name]
    moved = Structure(structure.lattice, structure.species, structure.frac_coords + np.array([0.37, 0.11, 0.71]))
    turned = Structure(Lattice.from_parameters(*structure.lattice.parameters), moved.species, moved.frac_coords)
    shuffled = Structure.from_sites([turned[i] for i in np.random.default_rng(1).permutation(len(turned))])
    first, second = gene_of(structure), gene_of(shuffled)
    assert first.group == second.group
    assert [(s.position, s.element) for s in first.sites] == [(s.position, s.element) for s in second.sites]
    np.testing.assert_allclose(first.cell, second.cell, rtol=1e-5)


def test_rock_salt_with_the_ions_exchanged_is_written_the_same_way():
    sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    one = Structure.from_spacegroup(225, Lattice.cubic(5.6), ["Na", "Cl"], sites)
    other = Structure.from_spacegroup(225, Lattice.cubic(5.6), ["Cl", "Na"], sites)
    assert gene_of(one).sites == gene_of(other).sites
    assert gene_of(one).group == 225


def test_what_has_no_symmetry_is_said():
    with pytest.raises(ValueError, match="spglib finds no"):
        encode(np.eye(3) * 3, np.zeros((2, 3)), np.array([1, 1]))
