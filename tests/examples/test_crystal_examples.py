"""The bundled campaigns over crystals that nobody listed, run in a shortened form."""

import csv
import importlib.util
import warnings
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Structure

from eutectic.campaigns.file import examples
from eutectic.campaigns.record.outcomes import Ledger
from eutectic.generators.structures.conditions import Motif
from eutectic.generators.structures.nets import holds
from tests.campaigns.trial_campaigns import run_example

LEARNED = pytest.mark.skipif(importlib.util.find_spec("chgnet") is None, reason="pip install 'eutectic[mlip]'")
STAGES = "optimizers=[{use: sobol, evaluations: 3}, {use: bayesian}]"


def require_crystals(ledger: Ledger, elements: set[str]) -> None:
    """Everything that was computed is a crystal of the engine, of these elements, with all its properties."""
    assert ledger.finished
    for outcome in ledger.finished:
        assert set(outcome.composition or {"none": 1.0}) <= elements
        assert str(outcome.variables["made_by"]).startswith("wyckoff")
        assert {"bulk_modulus_gpa", "price_usd_per_kg", "hhi_production"} <= set(outcome.values)
        assert -1.0 < outcome.values["energy_above_hull_ev_per_atom"] < 3.0
        assert 0 < outcome.values["hhi_production"] < 10_000


def test_generated_crystals_are_relaxed_and_held_against_the_hull(tmp_path: Path) -> None:
    ledger = run_example(
        "new_intermetallics",
        tmp_path,
        "space={use: crystal, engine: {use: wyckoff, steering: {every: 3, updates: 1}}, elements: [Al, Ni], "
        "atoms: [2, 4], candidates: 40}",
        "oracles.relax={name: relax, use: mlip, calculator: emt}",
        "executor={use: local, workers: 1}",
        "budget={evaluations: 6, batch: 3}",
        STAGES,
    )
    require_crystals(ledger, {"Al", "Ni"})
    assert len(ledger.outcomes) >= 6
    assert ledger.outcomes[0].variables["experience"] == 0
    assert ledger.outcomes[-1].variables["experience"] == 3


def net_of(structure: Structure) -> str:
    """Is a kagome net in it? "" if so."""
    fractional, numbers = structure.frac_coords, np.array(structure.atomic_numbers, dtype=np.int64)
    return holds(Motif("kagome"), structure.lattice.matrix, fractional, numbers)


def test_kagome_nets_are_drawn_and_stay_when_crystals_relax_with_their_symmetry(tmp_path: Path) -> None:
    ledger = run_example(
        "kagome",
        tmp_path,
        "space={use: crystal, engine: {use: wyckoff, steering: {every: 3, updates: 1}}, elements: [Al, Ni, Pd], "
        "motif: {kind: kagome, elements: [Ni, Pd]}, atoms: [4, 6], candidates: 20}",
        "oracles.relax={name: relax, use: mlip, calculator: emt, keep_symmetry: true}",
        "executor={use: local, workers: 1}",
        "budget={evaluations: 6, batch: 3}",
        STAGES,
    )
    assert ledger.finished
    for outcome in ledger.finished:
        assert outcome.structure is not None
        assert net_of(Structure.from_dict(dict(outcome.structure))) == ""
        texts = [e.artifacts["relaxed.cif"] for e in outcome.evaluations if "relaxed.cif" in e.artifacts]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            assert net_of(Structure.from_str(texts[0], fmt="cif")) == ""


@LEARNED
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_generated_crystals_are_relaxed_by_the_learned_potential(tmp_path: Path) -> None:
    ledger = run_example("new_intermetallics", tmp_path, "budget={evaluations: 6, batch: 3}", STAGES)
    require_crystals(ledger, {"Al", "Ti", "Fe", "Ni"})
    moduli = [outcome.values["bulk_modulus_gpa"] for outcome in ledger.finished]
    assert all(20 < modulus < 350 for modulus in moduli)


def test_the_hull_holds_known_compounds_of_the_space_only() -> None:
    with (examples.folder() / "new_intermetallics.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len({row["formula"] for row in rows}) == len(rows) == 13
    assert all(-1.0 < float(row["energy"]) < 0.1 for row in rows)
    assert float(next(row["energy"] for row in rows if row["formula"] == "NiAl")) == pytest.approx(-0.65, abs=0.1)
