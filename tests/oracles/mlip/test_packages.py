"""Packages of learned potentials, each under the Python that has it, with small untrained models; and many at once.

The Python of a package is this one, or what EUTECTIC_PYTHON_MACE, ..._ORB, ..._MATTERSIM, ..._MATGL or ..._SEVENNET
names: their pins clash.
"""

import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import CalculatorError
from ase.calculators.emt import EMT

from eutectic.oracles.base import Candidate, EngineMissing
from eutectic.oracles.mlip import batching, evaluation, references, weights
from eutectic.oracles.mlip.oracle import Mlip
from eutectic.oracles.mlip.potential import Potential, load, require_model, version

BUILDER = Path(__file__).with_name("tiny_models.py")
NAMES = ["lattice_constant_angstrom", "bulk_modulus_gpa"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(references, "cache_folder", lambda name: tmp_path)


def interpreter(name):
    """The Python that has a package, or a skipped test."""
    python = os.environ.get(f"EUTECTIC_PYTHON_{name.upper()}", sys.executable)
    try:
        version(Potential(name, python=python))
    except EngineMissing as missing:
        pytest.skip(str(missing))
    return python


def tiny(name, folder):
    """(its Python, the path of a small untrained model of Cu and Ni)."""
    python, path = interpreter(name), folder / f"{name}.model"
    single = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    subprocess.run([python, str(BUILDER), name, str(path)], check=True, capture_output=True, env=single)
    return python, path


def started(potential):
    """What is loaded, or a skipped test where releases do not fit each other."""
    try:
        return load(potential)
    except EngineMissing as missing:
        pytest.skip(str(missing))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ["mace", "orb", "mattersim", "matgl"])
def test_a_saved_model_is_loaded_and_its_forces_and_stress_are_slopes_of_its_energy(name, tmp_path):
    python, path = tiny(name, tmp_path)
    require_model(Potential(name, str(path)), trusted=name == "mace")
    crystal = bulk("Cu", cubic=True)
    crystal.symbols[1] = "Ni"
    crystal.rattle(0.05, seed=1)
    crystal.calc = started(Potential(name, str(path), python))
    force, stress, step = crystal.get_forces()[0, 0], crystal.get_stress()[0], 1e-2
    energies, strained = [], []
    for sign in (1, -1):
        moved = crystal.copy()
        moved.calc = crystal.calc
        moved.positions[0, 0] += sign * step
        energies.append(moved.get_potential_energy())
        moved.positions[0, 0] -= sign * step
        moved.set_cell(crystal.cell.array @ np.diag([1 + sign * step, 1, 1]), scale_atoms=True)
        strained.append(moved.get_potential_energy())
    crystal.calc.close()
    assert force == pytest.approx(-(energies[0] - energies[1]) / (2 * step), rel=0.05, abs=2e-4)
    slope = (strained[0] - strained[1]) / (2 * step * crystal.get_volume())
    assert stress == pytest.approx(slope, rel=0.05, abs=2e-5)


def test_a_file_that_would_run_code_is_refused_until_it_is_trusted(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    torch.save({"model": Trap()}, tmp_path / "trap.pt")
    oracle = Mlip(calculator="mace", model="trap.pt").located(str(tmp_path))
    with pytest.raises(ValueError, match=r"more than weights \(posix.mkdir\), and mace would run .* trust_model: true"):
        oracle.check()
    (found,) = oracle.evaluate([Candidate({}, {"Cu": 1.0})], np.random.default_rng(1))
    assert (found.status, found.failure) == ("failed", "bad_input")
    assert not (tmp_path / "sprung").exists()
    require_model(Potential("mace", str(tmp_path / "trap.pt")), trusted=True)


def test_a_file_of_tensors_and_numbers_needs_no_trust_and_programs_and_old_pickles_do(tmp_path):
    plain = {"model": {"w": torch.ones(2), "b": torch.nn.Parameter(torch.ones(2))}, "a": 1, "s": {1, 2}}
    torch.save(plain, tmp_path / "plain.pt")
    assert weights.foreign(tmp_path / "plain.pt") == ""
    with zipfile.ZipFile(tmp_path / "script.pt", "w") as archive:
        archive.writestr("script/code/__torch__.py", "")
    assert weights.foreign(tmp_path / "script.pt") == "a TorchScript program"
    torch.save(plain, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    assert "before torch 1.6" in weights.foreign(tmp_path / "old.pt")


def test_a_functions_name_that_is_hidden_counts_as_foreign(tmp_path):
    torch.save({"a": os.getcwd}, tmp_path / "new.pt", pickle_protocol=4)
    assert weights.foreign(tmp_path / "new.pt") == "pickle.STACK_GLOBAL"


def test_matgls_folder_is_checked_and_a_class_of_another_package_is_refused(tmp_path):
    folder = tmp_path / "kept"
    folder.mkdir()
    oracle = Mlip(calculator="matgl", model="kept").located(str(tmp_path))
    with pytest.raises(ValueError, match=r"it lacks model\.json, model\.pt, state\.pt"):
        require_model(oracle.potential)
    for name in ("model.pt", "state.pt"):
        (folder / name).write_bytes(b"")
    (folder / "model.json").write_text('{"@module": "os", "@class": "system"}')
    with pytest.raises(ValueError, match="names a class of os, which is not matgl's"):
        require_model(oracle.potential)
    (folder / "model.json").write_text('{"@module": "matgl.apps.pes", "@class": "Potential"}')
    require_model(oracle.potential)
    with pytest.raises(ValueError, match="is a folder; mace takes a file"):
        require_model(replace(oracle.potential, calculator="mace"))


class Counted:
    """EMT for many crystals, its calls counted."""

    def __init__(self):
        self.sizes = []

    def __call__(self, crystals):
        self.sizes.append(len(crystals))
        answers = []
        for crystal in crystals:
            one = crystal.copy()
            one.calc = EMT()
            found = {"energy": float(one.get_potential_energy()), "forces": one.get_forces()}
            answers.append({**found, "stress": one.get_stress()})
        return answers


def both_ways(monkeypatch, oracle, candidates):
    """Evaluations one by one and side by side, and the sizes of the calls."""
    alone = oracle.evaluate(candidates, np.random.default_rng(1))
    counted = Counted()
    asking = batching.Asking(batching.LockStep(counted, 512))
    monkeypatch.setattr(evaluation, "_calculator", lambda options: asking)
    return alone, oracle.evaluate(candidates, np.random.default_rng(1)), counted.sizes


def test_side_by_side_the_values_are_those_of_one_by_one(monkeypatch):
    candidates = [Candidate({}, {"Cu": x, "Ni": 1 - x}) for x in (0.25, 0.75)]
    oracle = Mlip(calculator="emt", cells=1, decorations=2).only(NAMES)
    alone, together, sizes = both_ways(monkeypatch, oracle, candidates)
    for one, other in zip(alone, together, strict=True):
        assert one.candidate_id == other.candidate_id
        assert dict(other.values) == pytest.approx(dict(one.values), rel=1e-9)
        assert dict(other.errors) == pytest.approx(dict(one.errors), rel=1e-6, abs=1e-9)
    assert sizes[0] == 4  # decorations of all candidates
    assert max(sizes) == 4 * 7  # volumes of all decorations


def test_side_by_side_the_failures_are_those_of_one_by_one(monkeypatch):
    gold = Candidate({}, {"Cu": 0.25, "Au": 0.75})
    candidates = [Candidate({}, {"Ni": 1.0}), Candidate({}), gold, Candidate({}, structure=overlapping())]
    oracle = Mlip(calculator="emt", cells=1, decorations=1, steps=1).only(["energy_ev_per_atom"])
    alone, together, _ = both_ways(monkeypatch, oracle, candidates)
    assert [e.failure for e in alone][1:] == ["bad_input", "not_converged", "unphysical"]
    assert [(e.status, e.failure, e.error) for e in together] == [(e.status, e.failure, e.error) for e in alone]


def test_a_crystal_that_breaks_the_model_fails_alone():
    def fragile(crystals):
        if any(len(crystal) == 2 for crystal in crystals):
            raise RuntimeError("no such crystal")
        return Counted()(crystals)

    lockstep = batching.LockStep(fragile, 512)

    def work(crystal):
        crystal.calc = batching.Asking(lockstep)
        try:
            return crystal.get_potential_energy()
        except CalculatorError as problem:
            return str(problem)

    found = lockstep.each(work, [bulk("Cu"), bulk("Cu") * (2, 1, 1), bulk("Ni")])
    assert found[1] == "RuntimeError: no such crystal"
    assert [type(energy) for energy in found] == [float, str, float]


def test_an_exception_in_a_thread_is_raised_where_it_was_started_and_the_others_end():
    lockstep, ended = batching.LockStep(Counted(), 512), []

    def work(number):
        if number == 1:
            raise KeyError(number)
        lockstep.ask(bulk("Cu"))
        ended.append(number)

    with pytest.raises(KeyError):
        lockstep.each(work, range(3))
    assert sorted(ended) == [0, 2]
    assert lockstep.ask(bulk("Cu"))["energy"] == pytest.approx(-0.005682, abs=1e-5)


def test_a_call_is_cut_at_so_many_atoms_and_a_larger_crystal_goes_alone():
    counted = Counted()
    lockstep = batching.LockStep(counted, 4)
    crystals = [bulk("Cu"), bulk("Cu", cubic=True), bulk("Cu"), bulk("Cu"), bulk("Cu", cubic=True) * (2, 1, 1)]
    energies = lockstep.each(lambda crystal: lockstep.ask(crystal)["energy"] / len(crystal), crystals)
    assert counted.sizes == [1, 1, 2, 1]
    assert energies == pytest.approx([energies[0]] * 5)


@pytest.mark.parametrize("name", ["chgnet", "matgl", "emt"])
def test_torch_sim_is_refused_for_a_calculator_it_has_no_model_of(name):
    with pytest.raises(ValueError, match=f"cannot be had for {name}, only for sevennet, mace"):
        Mlip(calculator=name, batched="torch-sim")


def crystals():
    """Three crystals off their sites, of different sizes."""
    found = [bulk("Cu", cubic=True), bulk("Ni"), bulk("NiCu", "rocksalt", a=4.4)]
    for i, crystal in enumerate(found):
        crystal.rattle(0.05, seed=i)
    return found


def require_alike(one_by_one, together):
    """Energies to 1e-5 eV/atom, forces and stresses to 1e-4, as single precision has them."""
    for crystal, answer in zip(crystals(), together(crystals()), strict=True):
        crystal.calc = one_by_one
        assert answer["energy"] == pytest.approx(crystal.get_potential_energy(), abs=1e-5 * len(crystal))
        assert np.array(answer["forces"]) == pytest.approx(crystal.get_forces(), abs=1e-4)
        assert np.array(answer["stress"]) == pytest.approx(crystal.get_stress(), abs=1e-4)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_sevennet_through_torch_sim_is_sevennet():
    potential = Potential("sevennet", python=interpreter("sevennet"))
    together = started(replace(potential, together=True))
    require_alike(started(potential), together)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_mace_through_torch_sim_is_mace(tmp_path):
    python, path = tiny("mace", tmp_path)
    potential = Potential("mace", str(path), python)
    together = started(replace(potential, together=True))
    require_alike(started(potential), together)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_batch_relaxed_through_torch_sim_ends_where_one_by_one_does():
    python = interpreter("sevennet")
    started(Potential("sevennet", python=python, together=True))
    candidates = [Candidate({}, {"Cu": x, "Ni": 1 - x}) for x in (0.25, 0.75)]
    candidates.append(Candidate({}, structure=overlapping()))
    oracle = Mlip(calculator="sevennet", python=python, cells=1, decorations=2)
    oracle = oracle.only(["energy_ev_per_atom", "lattice_constant_angstrom"])
    alone = oracle.evaluate(candidates, np.random.default_rng(1))
    together = replace(oracle, batched="torch-sim").evaluate(candidates, np.random.default_rng(1))
    for one, other in zip(alone, together, strict=True):
        assert (one.status, one.failure) == (other.status, other.failure)
        assert dict(other.values) == pytest.approx(dict(one.values), abs=1e-4)
    assert together[2].failure == "unphysical"


def overlapping():
    from pymatgen.io.ase import AseAtomsAdaptor

    atoms = Atoms("CuNi", [[0, 0, 0], [0.3, 0, 0]], cell=[4, 4, 4], pbc=True)
    return AseAtomsAdaptor.get_structure(atoms).as_dict()
