"""Elastic constants of crystals do not depend on how they lie in their files, and agree with pymatgen's."""

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.units import GPa
from pymatgen.analysis.elasticity import DeformedStructureSet, ElasticTensor, Strain, Stress
from pymatgen.core import Lattice, Structure
from pymatgen.io.ase import AseAtomsAdaptor
from scipy.spatial.transform import Rotation

from eutectic.oracles.base import Candidate
from eutectic.oracles.mlip.oracle import Mlip
from eutectic.oracles.mlip.relaxation import Limits, relaxed

TETRAGONAL = ("c11_gpa", "c12_gpa", "c13_gpa", "c33_gpa", "c44_gpa", "c66_gpa")
LAYERED = Structure.from_spacegroup("P4/mmm", Lattice.tetragonal(2.85, 3.75), ["Cu", "Au"], [[0, 0, 0], [0.5] * 3])


def measured(structure, names, strain=0.005):
    oracle = Mlip(calculator="emt", strain=strain, force_tolerance_ev_per_angstrom=1e-3, stress_tolerance_gpa=1e-2)
    (found,) = oracle.only(names).evaluate([Candidate({}, None, structure.as_dict())], np.random.default_rng(0))
    assert found.status == "finished", found.error
    return found


def laid(structure, seed, cell):
    turn = Rotation.random(random_state=seed).as_matrix()
    other = structure.copy()
    other.make_supercell(cell)
    return Structure(Lattice(other.lattice.matrix @ turn.T), other.species, other.frac_coords)


def test_copper_has_the_same_constants_in_every_cell_and_direction():
    names = ("c11_gpa", "c12_gpa", "c44_gpa", "c13_gpa", "c14_gpa", "shear_modulus_gpa")
    cubic = AseAtomsAdaptor.get_structure(bulk("Cu", cubic=True))
    for crystal in (cubic, cubic.get_primitive_structure(), laid(cubic, 3, np.eye(3))):
        found = measured(crystal, names, strain=0.02)
        values = found.values
        assert [values[n] for n in names[:3]] == pytest.approx([172.6, 115.8, 90.1], abs=0.3)
        assert values["c13_gpa"] == pytest.approx(values["c12_gpa"])
        assert values["c14_gpa"] == pytest.approx(0.0, abs=1e-6)
        assert values["shear_modulus_gpa"] == pytest.approx(56.85, abs=0.1)
        assert found.provenance["elastic_axes"] == "IEEE 1987, cubic"


def test_a_tetragonal_crystal_has_six_constants_those_of_pymatgen_however_it_lies():
    atoms = AseAtomsAdaptor.get_atoms(LAYERED)
    atoms.calc = EMT()
    crystal = relaxed(atoms, Limits(1e-3, 1e-2), "free")
    structure = AseAtomsAdaptor.get_structure(crystal)
    strains, stresses = [], []
    for deformation in DeformedStructureSet(structure, (-0.005, 0.005), (-0.005, 0.005)).deformations:
        strained = crystal.copy()
        strained.set_cell(deformation.apply_to_structure(structure).lattice.matrix, scale_atoms=True)
        strained.calc = EMT()
        strains.append(Strain.from_deformation(deformation))
        stresses.append(Stress(strained.get_stress(voigt=False) / GPa))
    rest = Stress(crystal.get_stress(voigt=False) / GPa)
    fitted = ElasticTensor.from_independent_strains(strains, stresses, eq_stress=rest)
    theirs = fitted.convert_to_ieee(structure)
    for other in (LAYERED, laid(LAYERED, 5, [[1, 1, 0], [0, 1, 1], [0, 0, 1]])):
        found = measured(other, (*TETRAGONAL, "shear_modulus_gpa"))
        mine = [found.values[name] for name in TETRAGONAL]
        expected = [theirs.voigt[int(name[1]) - 1, int(name[2]) - 1] for name in TETRAGONAL]
        assert mine == pytest.approx(expected, abs=0.7)
        assert found.values["shear_modulus_gpa"] == pytest.approx(theirs.g_vrh, abs=0.3)


def test_an_hcp_alloy_has_the_five_constants_of_a_hexagonal_crystal():
    oracle = Mlip(calculator="emt", lattice="hcp", cells=1, decorations=1)
    names = ("c11_gpa", "c12_gpa", "c13_gpa", "c22_gpa", "c33_gpa", "c44_gpa", "c66_gpa")
    (found,) = oracle.only(names).evaluate([Candidate({}, {"Cu": 1.0})], np.random.default_rng(0))
    values = found.values
    assert values["c11_gpa"] == pytest.approx(values["c22_gpa"])
    assert values["c66_gpa"] == pytest.approx((values["c11_gpa"] - values["c12_gpa"]) / 2)
    assert values["c33_gpa"] > values["c11_gpa"] + 5
