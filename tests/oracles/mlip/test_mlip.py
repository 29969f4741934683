"""The learned-potential oracle: its machinery under ASE's EMT, whose answers are known; CHGNet where installed."""

import importlib.util
import json
import sys

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file import plugins
from eutectic.oracles.base import Candidate, EngineMissing
from eutectic.oracles.mlip import calculators, properties, references
from eutectic.oracles.mlip.elasticity import moduli
from eutectic.oracles.mlip.oracle import PROPERTIES, Mlip
from eutectic.oracles.mlip.potential import Potential, _kept, digest
from eutectic.oracles.physics.elasticity import Cubic, cubic_symmetry, hill, turned

COPPER = Candidate({}, {"Cu": 1.0})
HALF = Candidate({}, {"Cu": 0.5, "Ni": 0.5})
QUICK = {"calculator": "emt", "cells": 1, "decorations": 1}


def ask(oracle, candidate=COPPER, seed=1):
    (found,) = oracle.evaluate([candidate], np.random.default_rng(seed))
    assert found.status == "finished", found.error
    return found


def refused(oracle, candidate=COPPER):
    (found,) = oracle.evaluate([candidate], np.random.default_rng(1))
    assert found.status == "failed"
    return found.failure, found.error


def structure(atoms):
    from pymatgen.io.ase import AseAtomsAdaptor

    content = AseAtomsAdaptor.get_structure(atoms).as_dict()
    return Candidate({}, structure=json.loads(json.dumps(content)))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(references, "cache_folder", lambda name: tmp_path)


def test_copper_under_emt_has_the_constants_of_ases_own_tests():
    # ase/test/test_eos... and the tutorial give a = 3.59 angstrom and B = 134 GPa for EMT copper
    oracle = Mlip(**QUICK).only(["lattice_constant_angstrom", "bulk_modulus_gpa", "c11_gpa", "c12_gpa", "c44_gpa"])
    values = ask(oracle).values
    assert values["lattice_constant_angstrom"] == pytest.approx(3.59, abs=0.005)
    assert values["bulk_modulus_gpa"] == pytest.approx(134.4, rel=0.01)
    assert (values["c11_gpa"] + 2 * values["c12_gpa"]) / 3 == pytest.approx(values["bulk_modulus_gpa"], rel=0.01)
    assert values["c11_gpa"] > values["c12_gpa"] > values["c44_gpa"] > 0


def test_the_bulk_modulus_follows_the_window_of_strain_as_ases_equation_of_state_does():
    from ase.eos import EquationOfState
    from ase.units import GPa

    for window in (0.005, 0.04):
        volumes, energies = [], []
        for strain in np.linspace(-window, window, 7):
            atoms = bulk("Cu", a=3.5895 * (1 + strain))
            atoms.calc = EMT()
            volumes.append(atoms.get_volume())
            energies.append(atoms.get_potential_energy())
        _, _, modulus = EquationOfState(volumes, energies, eos="birchmurnaghan").fit()
        mine = ask(Mlip(**QUICK, strain=window).only(["bulk_modulus_gpa"])).values["bulk_modulus_gpa"]
        assert mine == pytest.approx(modulus / GPa, rel=5e-3)


def test_voigt_reuss_hill_of_a_cubic_matrix_is_that_of_its_constants():
    cubic = Cubic(168.0, 121.0, 75.0)
    matrix = np.diag([47.0] * 3 + [75.0] * 3)
    matrix[:3, :3] += 121.0
    assert hill(matrix) == pytest.approx((cubic.bulk, cubic.shear))
    assert moduli(matrix) == pytest.approx(moduli(turned(matrix, cubic_symmetry())))


def test_a_pure_element_in_its_reference_state_has_no_formation_energy():
    names = ["formation_energy_ev_per_atom", "mixing_enthalpy_ev_per_atom"]
    values = ask(Mlip(**QUICK, force_tolerance_ev_per_angstrom=0.005, stress_tolerance_gpa=0.02).only(names)).values
    assert values == {name: pytest.approx(0.0, abs=1e-5) for name in names}


def test_copper_nickel_unmixes_and_its_error_is_over_decorations():
    found = ask(Mlip(calculator="emt", cells=2, decorations=3).only(["formation_energy_ev_per_atom"]), HALF)
    assert 0.0 < found.values["formation_energy_ev_per_atom"] < 0.1
    samples = json.loads(found.artifacts["decorations.json"])["formation_energy_ev_per_atom"]
    assert len(samples) == 3
    assert found.errors["formation_energy_ev_per_atom"] == pytest.approx(np.std(samples, ddof=1) / np.sqrt(3))


def test_references_are_relaxed_once_and_kept_by_the_models_hash(tmp_path):
    oracle = Mlip(**QUICK).only(["formation_energy_ev_per_atom"])
    first = ask(oracle).values
    (kept,) = tmp_path.glob("*.json")
    content = json.loads(kept.read_text())
    assert content["model"] == digest(oracle.potential)
    kept.write_text(json.dumps({**content, "energy_ev_per_atom": content["energy_ev_per_atom"] - 1.0}))
    second = ask(oracle).values["formation_energy_ev_per_atom"]
    assert second == pytest.approx(first["formation_energy_ev_per_atom"] + 1.0)


def test_a_stated_reference_energy_is_used_as_it_is():
    oracle = Mlip(**QUICK, references={"Cu": -1.0}).only(["formation_energy_ev_per_atom", "energy_ev_per_atom"])
    values = ask(oracle).values
    assert values["formation_energy_ev_per_atom"] == values["energy_ev_per_atom"] + 1.0


def test_asking_for_less_changes_no_value():
    names = ["lattice_constant_angstrom", "bulk_modulus_gpa", "npt_volume_drift_percent"]
    oracle = Mlip(**QUICK, npt_ps=0.1)
    both = ask(oracle.only(names), HALF).values
    assert {name: ask(oracle.only([name]), HALF).values[name] for name in names} == dict(both)


def test_the_same_seed_gives_the_same_and_another_seed_another_alloy():
    oracle = Mlip(calculator="emt", cells=2, decorations=1).only(["energy_ev_per_atom"])
    first, again, other = (ask(oracle, HALF, seed).values for seed in (1, 1, 2))
    assert first == again != other


def test_copper_has_no_imaginary_phonons_on_fcc_and_some_on_simple_cubic():
    pytest.importorskip("phonopy", reason="pip install phonopy")
    oracle = Mlip(calculator="emt").only(["lowest_phonon_thz", "imaginary_phonons"])
    stable = ask(oracle, structure(bulk("Cu", a=3.59))).values
    assert stable["imaginary_phonons"] == 0
    assert stable["lowest_phonon_thz"] == pytest.approx(0.0, abs=0.05)
    unstable = ask(oracle, structure(bulk("Cu", "sc", a=2.4))).values
    assert unstable["imaginary_phonons"] > 0
    assert unstable["lowest_phonon_thz"] < -0.5


@pytest.mark.parametrize("fault", ["rigid", "relaxed"])
def test_stacking_faults_of_copper_under_emt(fault):
    names = ["unstable_stacking_fault_energy_mj_per_m2", "intrinsic_stacking_fault_energy_mj_per_m2"]
    oracle = Mlip(**QUICK, fault=fault, fault_decorations=1, fault_cells=(1, 1, 12)).only(names)
    values = ask(oracle).values
    assert 100 < values[names[0]] < 250
    assert abs(values[names[1]]) < 30  # EMT reaches hardly past the second neighbours, so that fcc and hcp are alike


def test_a_structure_relaxes_its_whole_cell_and_keeps_its_symmetry_when_told():
    names = ["lattice_constant_angstrom", "volume_angstrom3_per_atom", "density_g_per_cm3"]
    squeezed = bulk("Cu", a=3.7, cubic=True)
    found = ask(Mlip(calculator="emt", keep_symmetry=True, stress_tolerance_gpa=0.01).only(names), structure(squeezed))
    assert found.values["lattice_constant_angstrom"] == pytest.approx(3.59, abs=0.005)
    assert found.values["density_g_per_cm3"] == pytest.approx(9.13, abs=0.02)
    assert found.errors == {}
    assert "_cell_length_a" in found.artifacts["relaxed.cif"]


@pytest.mark.parametrize("lattice", ["bcc", "hcp"])
def test_other_lattices_are_alloys_of_the_same_atomic_volume(lattice):
    values = ask(Mlip(**QUICK, lattice=lattice).only(["volume_angstrom3_per_atom"]), HALF).values
    assert values["volume_angstrom3_per_atom"] == pytest.approx(11.3, abs=0.5)


def test_a_relaxation_that_uses_up_its_steps_has_not_converged():
    gold = Candidate({}, {"Cu": 0.5, "Au": 0.5})
    failure, error = refused(Mlip(calculator="emt", steps=1).only(["energy_ev_per_atom"]), gold)
    assert failure == "not_converged"
    assert error.startswith("after 1 steps a force of")


def test_atoms_on_top_of_each_other_are_unphysical():
    atoms = bulk("Cu", a=3.6, cubic=True)
    atoms.positions[1] = atoms.positions[0] + 0.3
    assert refused(Mlip(calculator="emt"), structure(atoms)) == (
        "unphysical",
        "Cu and Cu are 0.52 angstrom apart, under 0.5 of the sum of their covalent radii",
    )


def test_a_crystal_that_flies_apart_is_unphysical():
    failure, error = refused(Mlip(calculator="emt", volume_window=(0.95, 1.05)), structure(bulk("Cu", a=3.2)))
    assert failure == "unphysical"
    assert "the volume went to" in error


def test_a_crystal_that_melts_is_unphysical():
    oracle = Mlip(**QUICK | {"cells": 2}, temperature_k=4000.0).only(["npt_volume_drift_percent"])
    failure, error = refused(oracle)
    assert failure == "unphysical"
    assert error.startswith("melted:")
    assert error.endswith("at 4000 K")


def test_copper_survives_room_temperature_and_expands():
    names = ["npt_volume_drift_percent", "npt_mean_square_displacement_angstrom2"]
    values = ask(Mlip(**QUICK | {"cells": 2}, npt_ps=0.6, timestep_fs=5.0).only(names)).values
    assert 0.0 < values[names[0]] < 4.0
    assert 0.0 < values[names[1]] < 0.1


def test_an_element_that_is_not_covered_is_named_with_those_that_are():
    sentence = "emt does not cover Fe; it covers Al, Cu, Ag, Au, Ni, Pd, Pt"
    assert refused(Mlip(calculator="emt"), Candidate({}, {"Cu": 0.5, "Fe": 0.5})) == ("bad_input", sentence)
    assert Mlip(calculator="emt").refuse(["Cu", "Fe"], [0, 0], [1, 1]) == sentence
    assert Mlip(calculator="emt").refuse(["annealing_temperature_k", "Cu"], [0, 0], [1, 1]) is None


def test_an_element_without_a_reference_state_is_named_with_the_cure():
    oracle = Mlip(calculator="sevennet").only(["formation_energy_ev_per_atom"])
    said = oracle.refuse(["Fe", "Mn"], [0, 0], [1, 1])
    assert said is not None
    assert "for Mn: give `references: {Mn: FILE}`" in said
    assert oracle.only(["energy_ev_per_atom"]).refuse(["Fe", "Mn"], [0, 0], [1, 1]) is None


def test_what_a_candidate_lacks_is_bad_input():
    assert refused(Mlip(calculator="emt"), Candidate({})) == (
        "bad_input",
        "the candidate has neither a composition nor a structure",
    )
    faults = Mlip(calculator="emt").only(["unstable_stacking_fault_energy_mj_per_m2"])
    failure, error = refused(faults, structure(bulk("Cu")))
    assert (failure, error.split(" is of ")[1]) == ("bad_input", "random alloys, and the candidate is a structure")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"calculator": "chgnett"}, "no calculator 'chgnett'; did you mean 'chgnet'?"),
        ({"guard": "chgnet"}, "cannot disagree with itself"),
        ({"strain": 0.0}, "strain is 0.0"),
        ({"temperature_k": -5.0}, "temperature_k is -5.0; it must be positive"),
        ({"temperature_k": 1e6}, "temperature_k is 1e+06, and at most 10000: no crystal survives"),
        ({"phonon_displacement_angstrom": 2.0}, "farther out forces are not linear"),
        ({"phonon_length_angstrom": 1e6}, "phonon_length_angstrom is 1e+06, and at most 100"),
        ({"timestep_fs": 200.0}, "a longer step follows no vibration"),
        ({"force_tolerance_ev_per_angstrom": 20.0}, "no crystal is relaxed"),
        ({"volume_window": (1.1, 1.2)}, "1 must lie inside it"),
        ({"fault_cells": (1, 1, 10)}, "a multiple of 3"),
        ({"steps": 0}, "steps is 0"),
        ({"compute": ("bulk_modulus",)}, "did you mean 'bulk_modulus_gpa'?"),
        ({"lattice": "bcc", "compute": ("intrinsic_stacking_fault_energy_mj_per_m2",)}, "those of fcc alloys"),
    ],
)
def test_options_that_cannot_work_are_refused(options, said):
    written = {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}
    with pytest.raises(CampaignFileError) as refusal:
        plugins.build("oracles", {"use": "mlip", **written}, ".")
    assert said in str(refusal.value)


def test_a_model_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("not weights")
    (tmp_path / "cut.pth").write_bytes(b"PK\x03\x04 and then nothing")
    for model, said in [
        ("notes.txt", "holds no weights"),
        ("cut.pth", "is truncated"),
        ("missing/model.pth", "there is no file"),
    ]:
        oracle = Mlip(calculator="mace", model=model).located(str(tmp_path))
        with pytest.raises(ValueError, match=said):
            oracle.check()
    with pytest.raises(ValueError, match=r"did you mean '0\.3\.0'"):
        Mlip(calculator="chgnet", model="0.3").check()


@pytest.mark.parametrize("name", [n for n in calculators.ENGINES if n != "emt"])
def test_a_calculator_that_is_not_installed_ends_with_the_line_that_installs_it(name, monkeypatch):
    def none(distribution):
        raise importlib.metadata.PackageNotFoundError(distribution)

    monkeypatch.setattr(importlib.metadata, "version", none)
    with pytest.raises(EngineMissing, match=f"-m pip install {calculators.ENGINES[name].distribution}$"):
        Mlip(calculator=name).check()


def test_a_calculator_in_another_environment_gives_the_same_values():
    names = ["bulk_modulus_gpa", "energy_ev_per_atom"]
    here = ask(Mlip(**QUICK).only(names))
    there = ask(Mlip(**QUICK, python=sys.executable).only(names))
    assert dict(there.values) == pytest.approx(dict(here.values), rel=1e-9)
    assert there.provenance["engine"] == here.provenance["engine"]
    assert there.provenance["settings_sha256"] == here.provenance["settings_sha256"]


def test_another_environment_without_the_calculator_ends_with_the_line_that_installs_it(tmp_path):
    with pytest.raises(EngineMissing, match="cannot be started"):
        Mlip(calculator="emt", python=str(tmp_path / "python")).check()
    with pytest.raises(EngineMissing, match=f"{sys.executable} -m pip install ase mattersim"):
        Mlip(calculator="mattersim", python=sys.executable).check()


def test_the_guard_marks_what_another_potential_sees_otherwise(monkeypatch):
    oracle = Mlip(calculator="emt", cells=1, decorations=1, guard="sevennet").only(["energy_ev_per_atom"])

    class Doubled(EMT):
        def get_forces(self, atoms):
            return 2.0 * super().get_forces(atoms)

    monkeypatch.setattr("eutectic.oracles.mlip.potential.version", lambda potential: "1")
    for other, marked in ((EMT(), False), (Doubled(), True)):
        monkeypatch.setitem(_kept, (Potential("sevennet"), 0), other)
        found = ask(oracle)
        difference = found.provenance["guard_force_difference_ev_per_angstrom"]
        assert ("out_of_domain" in found.provenance) == marked == (difference > oracle.guard_limit_ev_per_angstrom)


def test_every_property_is_measured_or_refused_by_name():
    names = {*properties.TENSOR, *properties.PHONONS, *properties.DYNAMICS, *properties.OF_ALLOYS}
    assert names < {*PROPERTIES}


def test_values_carry_where_they_come_from():
    found = ask(Mlip(**QUICK).only(["energy_ev_per_atom"]))
    assert found.provenance["engine"].startswith("emt ")
    assert {"potential_sha256", "settings_sha256", "functional", "strain_window", "seed"} <= {*found.provenance}
    other = ask(Mlip(**QUICK, strain=0.01).only(["energy_ev_per_atom"]))
    assert other.provenance["settings_sha256"] != found.provenance["settings_sha256"]


def competing(folder):
    """A folder with copper-gold as L1_0 and, of other elements, palladium-silver."""
    folder.mkdir()
    ordered = bulk("Cu", cubic=True, a=3.9)
    ordered.symbols = ["Cu", "Cu", "Au", "Au"]
    ordered.write(folder / "CuAu.cif")
    bulk("AgPd", "rocksalt", a=5.2).write(folder / "POSCAR")
    return ordered


def test_the_distance_from_the_hull_of_phases_under_the_same_model(tmp_path):
    ordered = competing(tmp_path / "phases")
    names = ["formation_energy_ev_per_atom", "energy_above_hull_ev_per_atom"]
    oracle = Mlip(calculator="emt", competing="phases", force_tolerance_ev_per_angstrom=0.005).located(str(tmp_path))
    oracle.check()
    assert oracle.properties[-1] == names[1]
    stable = ask(oracle.only(names), structure(ordered)).values
    assert stable[names[0]] < -0.005
    assert stable[names[1]] == pytest.approx(0.0, abs=1e-4)
    rich = bulk("Cu", cubic=True, a=3.7)
    rich.symbols[0] = "Au"
    found = ask(oracle.only(names), structure(rich)).values
    # between copper at 0 and CuAu, a quarter gold lies half way
    assert found[names[1]] == pytest.approx(found[names[0]] - stable[names[0]] / 2, abs=1e-4)
    before = oracle.fingerprint()
    (tmp_path / "phases" / "POSCAR").unlink()
    assert oracle.fingerprint() != before


def test_competing_phases_that_are_not_there_or_no_structures_are_refused(tmp_path):
    with pytest.raises(ValueError, match="there is no file or folder"):
        Mlip(calculator="emt", competing="phases").located(str(tmp_path)).check()
    (tmp_path / "phases.txt").write_text("none")
    with pytest.raises(ValueError, match="holds no structure"):
        Mlip(calculator="emt", competing="phases.txt").located(str(tmp_path)).check()
    with pytest.raises(ValueError, match="needs `competing: FILE`"):
        Mlip(calculator="emt", compute=("energy_above_hull_ev_per_atom",))


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("chgnet") is None, reason="pip install 'eutectic[mlip]'")
def test_chgnet_puts_ordered_nickel_aluminium_on_its_own_hull(tmp_path):
    folder = tmp_path / "phases"
    folder.mkdir()
    bulk("NiAl", "cesiumchloride", a=2.89).write(folder / "NiAl.cif")
    oracle = Mlip(calculator="chgnet", competing=str(folder)).only(["energy_above_hull_ev_per_atom"])
    assert ask(oracle, structure(bulk("NiAl", "cesiumchloride", a=2.85))).values == {
        "energy_above_hull_ev_per_atom": pytest.approx(0.0, abs=2e-3)
    }
    rocksalt = ask(oracle, structure(bulk("NiAl", "rocksalt", a=5.1))).values["energy_above_hull_ev_per_atom"]
    assert rocksalt > 0.1


@pytest.mark.skipif(importlib.util.find_spec("chgnet") is None, reason="pip install 'eutectic[mlip]'")
def test_chgnets_copper_and_the_model_loaded_before_a_fork():
    oracle = Mlip(calculator="chgnet", cells=1, decorations=1).only(["lattice_constant_angstrom", "bulk_modulus_gpa"])
    oracle.check()
    oracle.prepare()
    found = ask(oracle)
    # chgnet 0.3.0, 7 volumes within 2 % of linear strain
    assert found.values["lattice_constant_angstrom"] == pytest.approx(3.617, abs=0.003)
    assert found.values["bulk_modulus_gpa"] == pytest.approx(154.0, abs=4.0)
    assert found.provenance["potential"] == "chgnet 0.3.0"
    assert oracle.refuse(["Cu", "Po"], [0, 0], [1, 1]).startswith("chgnet 0.3.0 does not cover Po; it covers H, He")


def test_a_campaign_feeds_its_formation_energies_to_the_hull(tmp_path):
    from eutectic.campaigns.campaign import Campaign

    (tmp_path / "references.csv").write_text("formula,energy\nCu,0.0\nNi,0.0\n")
    (tmp_path / "campaign.yaml").write_text(
        "name: hull\n"
        "seed: 1\n"
        "space: {use: composition, elements: {Cu: [0.2, 0.8], Ni: [0.2, 0.8]}}\n"
        "objectives: {energy_above_hull_ev_per_atom: minimize, bulk_modulus_gpa: maximize}\n"
        "oracles:\n"
        "  - {use: mlip, calculator: emt, cells: 1, decorations: 1}\n"
        "  - {use: hull, file: references.csv}\n"
        "optimizers: [{use: sobol}]\n"
        "budget: {evaluations: 2, batch: 2}\n"
        "executor: {use: local, workers: 1}\n"
        "tracking: {enabled: false}\n"
    )
    campaign = Campaign.from_yaml(tmp_path / "campaign.yaml", tmp_path / "run")
    oracles = {named.name: named.oracle for named in campaign.problem.oracles}
    assert oracles["mlip"].properties == ("bulk_modulus_gpa", "formation_energy_ev_per_atom")
    list(campaign.rounds())
    assert len(campaign.ledger.finished) == 2
    for outcome in campaign.ledger.finished:
        values = outcome.values
        assert values["energy_above_hull_ev_per_atom"] == pytest.approx(values["formation_energy_ev_per_atom"])
        assert 0.0 < values["formation_energy_ev_per_atom"] < 0.1


def test_a_property_has_one_value_whatever_else_is_asked_for():
    whole = Mlip(**QUICK, fault_cells=(2, 2, 9), fault_decorations=1, npt_ps=0.1)
    everything = ask(whole, HALF).values
    for name in ("bulk_modulus_gpa", "c11_gpa", "lattice_constant_angstrom", "mixing_enthalpy_ev_per_atom"):
        assert ask(whole.only([name]), HALF).values == {name: pytest.approx(everything[name], rel=1e-9)}
