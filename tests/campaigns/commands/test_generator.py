"""The command that works with generators of crystals alone."""

import json

import pytest
from typer.testing import CliRunner

from eutectic.campaigns.commands.generator import app
from eutectic.campaigns.errors import CampaignFileError
from tests.campaigns.crystal_campaigns import types

RUNNER = CliRunner()


def said(*words):
    return RUNNER.invoke(app, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture
def pool(tmp_path):
    return types(tmp_path / "types")


def test_crystals_are_drawn_into_files_and_the_same_draws_are_the_same(pool, tmp_path):
    words = [
        "sample",
        "-n",
        6,
        "--engine",
        "prototypes",
        "--set",
        f"pool={pool}",
        "--elements",
        "Na,K,Cl,F,O",
        "--json",
    ]
    first = json.loads(said(*words, "-o", tmp_path / "a").stdout)
    again = json.loads(said(*words, "-o", tmp_path / "b").stdout)
    assert len(first["crystals"]) == 6
    assert [row["formula"] for row in first["crystals"]] == [row["formula"] for row in again["crystals"]]
    assert len(list((tmp_path / "a").glob("*.cif"))) == 6
    one = said(*words[:-1], "-o", tmp_path / "all.extxyz")
    assert one.stdout.count("all.extxyz@") == 6
    judged = json.loads(said("evaluate", tmp_path / "all.extxyz", "--reference", pool, "--json").stdout)
    assert {rate["name"]: rate["n"] for rate in judged if "share" in rate}["new prototype"] == 6
    assert next(rate for rate in judged if rate["name"] == "new prototype")["count"] == 0


def test_a_relaxed_set_has_stability_with_hull_and_potential(tmp_path):
    words = ["--engine", "prototypes", "--elements", "Al,Ni,Cu", "--required", "Al", "--atoms", "2-4"]
    said("sample", "-n", 3, "--set", f"pool={types(tmp_path / 'types')}", *words, "-o", tmp_path / "made")
    (tmp_path / "hull.csv").write_text("formula,energy\nAl,0\nNi,0\nCu,0\nAlNi,-0.6\n")
    told = said("evaluate", tmp_path / "made", "--relax", "emt", "--hull", tmp_path / "hull.csv", "--json")
    rates = {rate["name"]: rate for rate in json.loads(told.stdout)}
    assert rates["metastable"]["n"] == 3
    assert rates["metastable"]["against"]["potential"] == "emt"
    assert rates["metastable"]["against"]["hull"] == "hull.csv"
    assert "corrected_rmsd_angstrom, mean (others count as 0.5 of a spacing)" in rates


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--engine", "prototipes"], "did you mean 'prototypes'"),
        (["--set", "temprature=2"], "did you mean 'temperature'"),
        (["--elements", "Xx"], "'Xx' is no element"),
        (["--atoms", "a-b"], "--atoms a-b: write a number"),
        (["--target", "gap"], "--target gap: write PROPERTY=NUMBER"),
        (["--target", "band_gap_ev=2"], "substitution cannot be asked for 'band_gap_ev'"),
        (["--formula", "Mg7O9"], "none of 3 structure types"),
    ],
)
def test_what_cannot_be_drawn_is_refused(pool, tmp_path, words, message):
    engine = [] if "--engine" in words else ["--engine", "substitution"]
    with pytest.raises(CampaignFileError, match=message):
        said("sample", *engine, "--set", f"pool={pool}", *words, "-o", tmp_path / "out")


def test_files_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "broken.cif").write_text("data_x\n")
    with pytest.raises(CampaignFileError, match=r"broken\.cif holds no structure"):
        said("evaluate", tmp_path)
    with pytest.raises(CampaignFileError, match="--hull needs --relax"):
        said("evaluate", types(tmp_path / "types"), "--hull", "x.csv")


def test_a_card_says_what_an_engine_is_and_what_learns_nothing_is_not_trained(pool, tmp_path):
    content = json.loads(said("card", "substitution").stdout)
    assert content["understands"] == ["atoms", "elements", "formula", "required", "space_groups"]
    assert "no card.json" in said("card", pool).output
    assert "substitution learns nothing" in said("train", pool, "-o", tmp_path / "x", "--engine", "substitution").output


@pytest.mark.parametrize("engine", ["wyckoff", "diffusion"])
def test_an_engine_is_trained_from_a_folder_described_and_drawn_from(engine, pool, tmp_path):
    told = said("train", pool, "-o", tmp_path / "own", "--engine", engine, "--minutes", "0.01")
    weights = tmp_path / "own" / f"{engine}.safetensors"
    assert f"wrote {weights}" in told.output
    assert json.loads(said("card", weights).stdout)["engine"] == engine
    drawn = said("sample", "-o", tmp_path / "out", "-n", 2, "--engine", engine, "--set", f"weights={weights}", "--json")
    assert set(json.loads(drawn.stdout)) == {"crystals", "refused"}
    words = ("train", pool, "--engine", engine, "--minutes", "0.01", "--from", weights)
    assert "wrote " in said(*words, "-o", tmp_path / "next").output
    first, second = (json.loads(said("card", tmp_path / k / f"{engine}.safetensors").stdout) for k in ("own", "next"))
    assert second["training_set"]["began_with"] == first["sha256"]
    assert "began_with" not in first["training_set"]


def test_a_training_can_only_begin_with_a_checkpoint_of_its_engine(pool, tmp_path):
    words = ("train", pool, "-o", tmp_path / "x", "--minutes", "0.01")
    with pytest.raises(CampaignFileError, match="is of the engine 'wyckoff', not 'diffusion'"):
        said(*words, "--engine", "diffusion", "--from", "wyckoff-1")
    with pytest.raises(CampaignFileError, match="no bundled checkpoint 'wyckof-1'; did you mean 'wyckoff-1'"):
        said(*words, "--from", "wyckof-1")


def test_training_from_what_holds_no_crystals_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CampaignFileError, match=r"holds no \.cif"):
        said("train", tmp_path / "empty", "-o", tmp_path / "own")
