"""The training of a generator as an MLflow run."""

import json

import pytest
from typer.testing import CliRunner

from eutectic.campaigns.commands.generator import app
from eutectic.campaigns.tracking.mlflow_store import Store
from eutectic.campaigns.tracking.training import logged

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # MLflow's own


@pytest.fixture
def crystals(tmp_path):
    """A CSV of twenty rock salts."""
    from pymatgen.core import Lattice, Structure

    rows = ["structure"]
    for k in range(20):
        cell = Structure.from_spacegroup(
            225, Lattice.cubic(5.0 + k / 20), ["Na" if k % 2 else "K", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
        )
        text = str(cell.get_primitive_structure().to(fmt="cif")).replace('"', "'")
        rows.append(f'"{text}"')
    path = tmp_path / "salts.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_a_training_is_logged_with_its_losses_its_card_and_its_checkpoint(tmp_path, crystals):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    output = tmp_path / "own"
    words = ["train", str(crystals), "-o", str(output), "--engine", "diffusion", "--minutes", "0.01", "--mlflow", uri]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0, said.output
    assert "logged to MLflow as run" in said.output
    store = Store(uri, "generators")
    (run,) = store._client.search_runs([store.experiment])
    card = json.loads((output / "diffusion.card.json").read_text())
    assert run.info.status == "FINISHED"
    assert run.data.params["engine"] == "diffusion"
    assert run.data.params["card.metrics.n_trained"] == str(card["metrics"]["n_trained"])
    history = store._client.get_metric_history(run.info.run_id, "loss_held_out")
    assert [point.step for point in history][-1] == card["metrics"]["steps"]["trained"]
    files = {file.path for file in store._client.list_artifacts(run.info.run_id)}
    assert files == {"diffusion.card.json", "diffusion.safetensors"}


def test_a_store_that_is_away_costs_no_checkpoint(tmp_path):
    assert logged("http://127.0.0.1:9", "generators", {}, tmp_path, "done").startswith("not logged to MLflow: ")
