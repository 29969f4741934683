"""The bundled campaigns on a ladder and at a temperature, run in a shortened form."""

import importlib.util
import shutil
from importlib.metadata import distribution
from pathlib import Path

import pytest

from eutectic.campaigns.record.outcomes import Ledger
from tests.campaigns.trial_campaigns import run_example

STAGES = "optimizers=[{use: sobol, evaluations: 4}, {use: bayesian}]"
LEARNED = pytest.mark.skipif(importlib.util.find_spec("chgnet") is None, reason="pip install 'eutectic[mlip]'")


def require_ladder(ledger: Ledger, proposed: int, top: str) -> None:
    """Every candidate was asked on `md`, some of them on the top rung, and the best was computed again there."""
    searched = [o for o in ledger.outcomes if o.number > 0]
    asked = [{e.oracle for e in o.evaluations} for o in searched]
    assert len(searched) >= proposed
    assert all("md" in names for names in asked)
    assert 0 < sum(top in names for names in asked) < len(searched)
    assert all(o.values["valence_electron_concentration"] >= 8.0 for o in searched)
    assert ledger.hypervolume is not None
    assert ledger.hypervolume > 0


def test_the_ladder_climbs_from_small_cells_to_larger_ones(tmp_path: Path) -> None:
    ledger = run_example(
        "alloy_ladder",
        tmp_path,
        STAGES,
        "oracles.md={name: md, use: lammps_alloy, cells: 2, decorations: 1}",
        "oracles.mlip={name: mlip, use: lammps_alloy, cells: 3, decorations: 2}",
        "validate={oracle: mlip, top: 1, options: {decorations: 3}}",
        "budget={evaluations: 8, batch: 4}",
    )
    require_ladder(ledger, 8, "mlip")


@LEARNED
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_ladder_ends_with_the_learned_potential(tmp_path: Path) -> None:
    ledger = run_example(
        "alloy_ladder",
        tmp_path,
        "optimizers=[{use: sobol}]",
        "oracles.mlip={name: mlip, use: mlip, calculator: chgnet, cells: 2, decorations: 1}",
        "validate={oracle: mlip, top: 1, options: {decorations: 2}}",
        "budget={evaluations: 4, batch: 4}",
    )
    require_ladder(ledger, 4, "mlip")
    found = [e for o in ledger.outcomes for e in o.evaluations if e.oracle == "mlip"]
    assert all(str(e.provenance["potential"]).startswith("chgnet") for e in found)


@LEARNED
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(
    shutil.which("pw.x") is None or not Path("/usr/share/espresso/pseudo").is_dir(),
    reason="no pw.x: apt install quantum-espresso quantum-espresso-data",
)
def test_density_functional_theory_has_the_last_word_of_the_ladder(tmp_path: Path) -> None:
    """Screens, molecular dynamics, CHGNet and, at the end, Quantum ESPRESSO on 4 atoms of copper and nickel."""
    potential = distribution("lammps").locate_file("lammps/share/lammps/potentials/CuNi.eam.alloy")
    files = "pseudopotentials: {Cu: Cu.pbe-kjpaw.UPF, Ni: Ni.pbe-nd-rrkjus.UPF}"
    ledger = run_example(
        "alloy_ladder",
        tmp_path,
        "space={use: composition, elements: {Cu: [0.25, 0.75], Ni: [0.25, 0.75]}, step: 0.25}",
        "optimizers=[{use: sobol}]",
        "oracles=[{use: screens}, "
        f"{{name: md, use: lammps_alloy, potential: {potential}, cells: 2, decorations: 1}}, "
        "{name: mlip, use: mlip, calculator: chgnet, cells: 1, decorations: 1}, "
        f"{{name: dft, use: dft, engine: espresso, preset: fast, spin: none, search: false, {files}}}]",
        "validate={oracle: dft, top: 1}",
        "budget={evaluations: 3, batch: 3}",
    )
    searched = [o for o in ledger.outcomes if o.number > 0]
    assert {e.oracle for o in searched for e in o.evaluations} == {"md", "mlip", "screens"}
    (known,) = [o for o in searched if o.validation is not None]
    checked = known.validation
    assert checked is not None
    assert checked.status == "finished", checked.error
    assert str(checked.provenance["engine"]).startswith("Quantum ESPRESSO")
    assert checked.provenance["functional"] == "PBE"
    # between nickel's 200 GPa (PBE; Lejaeghere et al. 2016) and copper's 141; CHGNet is stiff by a tenth
    assert 130 < checked.values["bulk_modulus_gpa"] < 210
    assert checked.values["bulk_modulus_gpa"] == pytest.approx(known.values["bulk_modulus_gpa"], rel=0.25)


def test_alloys_at_900_k_trade_stiffness_for_density_and_stay_crystals(tmp_path: Path) -> None:
    brief = "cells: 3, decorations: 1, equilibration_steps: 500, production_steps: 500"
    ledger = run_example(
        "superalloy_at_temperature",
        tmp_path,
        "optimizers=[{use: sobol, evaluations: 2}, {use: bayesian}]",
        f"oracles.md={{name: md, use: lammps_alloy, temperature_k: 900, {brief}}}",
        "budget={evaluations: 4, batch: 2}",
    )
    assert len(ledger.finished) == 4
    assert all(o.values["fcc_fraction"] >= 0.9 for o in ledger.finished)
    assert all(110 < o.values["bulk_modulus_gpa"] < 180 for o in ledger.finished)
    assert all(7.5 < o.values["density_g_per_cm3"] < 8.8 for o in ledger.finished)
    assert {e.provenance["temperature_k"] for o in ledger.finished for e in o.evaluations} == {900.0}
    assert all(o.errors["bulk_modulus_gpa"] > 0 for o in ledger.finished)
