"""The bundled campaign over crystals that nobody listed, run in a shortened form."""

import csv
import importlib.util
from pathlib import Path

import pytest

from eutectic.campaigns.file import examples
from eutectic.campaigns.record.outcomes import Ledger
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
        "space={use: crystal, engine: {use: wyckoff}, elements: [Al, Ni], atoms: [2, 4], candidates: 40}",
        "oracles.relax={name: relax, use: mlip, calculator: emt}",
        "executor={use: local, workers: 1}",
        "budget={evaluations: 6, batch: 3}",
        STAGES,
    )
    require_crystals(ledger, {"Al", "Ni"})
    assert len(ledger.outcomes) >= 6


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
