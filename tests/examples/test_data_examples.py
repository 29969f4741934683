"""The bundled campaigns whose tables their user supplies: on small invented tables always, in full on the real ones."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from eutectic.campaigns.cli import app
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file import examples
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem import build
from tests.campaigns.trial_campaigns import run_example

DATA = os.environ.get("EUTECTIC_DATA")
REAL = pytest.mark.skipif(not DATA, reason="EUTECTIC_DATA does not say where the public tables are")
TABLES = {"acid_stable_oxides": "oxides_250.csv", "alloy_replay": "data_pso_Cu.dat"}
STABLE = "g_pbx (eV/atom)"


def columns(name: str) -> list[str]:
    """The columns of an example's table."""
    return examples.lacking(examples.folder() / f"{name}.yaml")[TABLES[name]]


def oxides(folder: Path) -> None:
    """An invented table of 60 oxides whose energy is a short formula of two of their features."""
    rng = np.random.default_rng(0)
    features = columns("acid_stable_oxides")[:-1]
    X = rng.uniform(1, 3, (60, len(features)))
    energy = X[:, features.index("r_cov (AA)")] / X[:, features.index("r_s (AA)")] - 0.6
    rows = "\n".join(f"O{i},{e:.6f}," + ",".join(f"{v:.6f}" for v in x) for i, (x, e) in enumerate(zip(X, energy)))  # noqa: B905
    (folder / TABLES["acid_stable_oxides"]).write_text(f"oxide,{STABLE},{','.join(features)}\n{rows}\n")


def alloys(folder: Path) -> None:
    """An invented table of 80 alloys, some in three decorations, with a modulus and an energy that disagree."""
    rng = np.random.default_rng(0)
    X = rng.dirichlet(np.ones(5), 80) * 75
    X = np.concatenate([X, X[:10], X[:10]])
    bulk = 170 + 0.3 * X[:, 1] - 0.2 * X[:, 0] + 0.2 * rng.normal(size=100)
    energy = 25 + 0.04 * X[:, 2] - 0.05 * X[:, 1] + 0.05 * rng.normal(size=100)
    rest = np.tile([200.0, 140.0, 100.0, 150.0], (100, 1))
    np.savetxt(folder / TABLES["alloy_replay"], np.column_stack([X, bulk, rest, energy]), fmt="%.6f")


@pytest.mark.parametrize("name", sorted(TABLES))
def test_without_its_table_an_example_is_refused_with_the_columns_it_needs(name: str, tmp_path: Path) -> None:
    path = examples.write(name, tmp_path)[0]
    assert path.read_text().startswith("# yaml-language-server: $schema=./campaign.schema.json\n")
    with pytest.raises(CampaignFileError) as refused:
        build.build(CampaignSpec.from_file(path), tmp_path, engines=False)
    assert f"{TABLES[name]} cannot be read" in str(refused.value)
    assert f"it is to have the columns {columns(name)[0]}" in str(refused.value)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_init_says_which_table_is_to_be_supplied(name: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["init", name, "--dir", str(tmp_path)])
    assert result.exit_code == 0
    assert f"Yours to supply: {tmp_path / TABLES[name]}, with the columns {columns(name)[0]}" in result.stderr
    assert columns(name)[-1] in result.stderr
    assert (tmp_path / f"{name}.yaml").exists()


def test_an_example_with_all_its_files_lacks_none() -> None:
    assert examples.lacking(examples.folder() / "catalyst_pool.yaml") == {}
    assert examples.lacking(examples.folder() / "heat_treatment.yaml") == {}


def test_the_oxide_campaign_finds_stable_ones_of_a_small_table_by_a_formula(tmp_path: Path) -> None:
    oxides(tmp_path)
    light = "surrogates.default={use: sisso, units: names, rungs: 1, terms: 1, members: 4}"
    ledger = run_example("acid_stable_oxides", tmp_path, light, "budget.evaluations=30")
    found = [o.values[STABLE] for o in ledger.finished]
    assert len(found) == 30
    assert sum(v <= 0 for v in found[20:]) >= 5  # 16 of 60 are stable


def test_the_alloy_replay_runs_with_the_published_ensemble_and_with_ours_on_a_small_table(tmp_path: Path) -> None:
    both = {"published": "{use: stacked, preset: published, iterations: 60}", "ours": "{use: stacked}"}
    for label, content in both.items():
        folder = tmp_path / label
        folder.mkdir()
        alloys(folder)
        ledger = run_example("alloy_replay", folder, f"surrogates.default={content}", "budget.evaluations=30")
        assert len(ledger.finished) == 30
        assert ledger.hypervolume is not None
        assert ledger.hypervolume > 0
        repeated = [o for o in ledger.finished if o.errors]
        assert all(o.errors["bulk_modulus_gpa"] < 1 for o in repeated)
        assert ledger.rounds[-1].diagnostics["bulk_modulus_gpa"]["r2"] > 0.3


@REAL
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_oxide_campaign_finds_half_the_stable_oxides_within_its_budget(tmp_path: Path) -> None:
    shutil.copy(Path(str(DATA)) / "acid_stable_oxides/oxides_250.csv", tmp_path)
    ledger = run_example("acid_stable_oxides", tmp_path)
    found = [o.values[STABLE] for o in ledger.finished]
    assert len(found) == 100
    assert sum(v <= 0 for v in found) >= 9  # of 18; 7 are expected of 100 at random


@REAL
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_alloy_replay_reaches_the_tables_front_with_the_published_ensemble(tmp_path: Path) -> None:
    shutil.copy(Path(str(DATA)) / "mpea_md/data_pso_Cu.dat", tmp_path)
    ledger = run_example("alloy_replay", tmp_path)
    assert len(ledger.finished) == 60
    first = next(r.hypervolume for r in ledger.rounds if r.hypervolume is not None)
    assert ledger.hypervolume is not None
    assert ledger.hypervolume > 1.05 * first
