import csv
import gzip

import numpy as np
import pytest
from ase.build import bulk
from ase.io import write

from eutectic.generators.learning import datasets
from tests.generators.wyckoff.crystals import known

KNOWN = known()


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    from eutectic.oracles import user_cache

    monkeypatch.setattr(user_cache, "cache_folder", lambda name="potentials": tmp_path)


def table(path, rows, columns):
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def test_a_folder_of_cif_is_read_by_name_and_a_broken_one_is_said(tmp_path):
    folder = tmp_path / "cif"
    folder.mkdir()
    for name in ("NaCl", "MgO"):
        KNOWN[name].to(filename=str(folder / f"{name}.cif"))
    (folder / "broken.cif").write_text("data_x\n_cell_length_a 3\n")
    read = datasets.load([folder])
    assert read.ids == ("MgO", "NaCl")
    assert list(read.sizes) == [2, 2]
    assert len(read.left_out) == 1
    assert read.left_out[0].startswith("broken.cif")


def test_a_table_is_read_with_its_properties_under_names_with_units_and_then_from_the_cache(tmp_path):
    rows = [
        {"material_id": name, "e_above_hull": 0.01 * k, "band_gap": "", "cif": structure.to(fmt="cif")}
        for k, (name, structure) in enumerate(KNOWN.items())
    ]
    rows.append({"material_id": "empty", "e_above_hull": 0, "band_gap": "1", "cif": ""})
    table(tmp_path / "set.csv.gz", rows, ["material_id", "e_above_hull", "band_gap", "cif"])
    for read in (datasets.load([tmp_path / "set.csv.gz"]), datasets.load([tmp_path / "set.csv.gz"])):
        assert read.ids == tuple(KNOWN)
        np.testing.assert_allclose(read.properties["energy_above_hull_ev_per_atom"], 0.01 * np.arange(len(KNOWN)))
        assert [text.split(":")[0] for text in read.left_out] == ["empty"]
        lattice, fractional, numbers = read.crystal(list(KNOWN).index("SrTiO3"))
        assert sorted(numbers) == [8, 8, 8, 22, 38]
        assert fractional.shape == (5, 3)
        assert abs(np.linalg.det(lattice)) == pytest.approx(KNOWN["SrTiO3"].volume, rel=1e-4)
        assert len(read.sources["set.csv.gz"]) == 64


def test_line_breaks_may_be_written_as_two_characters(tmp_path):
    text = KNOWN["MgO"].to(fmt="poscar").replace("\n", "\\n")
    table(tmp_path / "set.csv.gz", [{"id": "x", "structure": text}], ["id", "structure"])
    assert sorted(datasets.load([tmp_path / "set.csv.gz"]).numbers) == [8, 12]


def test_extended_xyz_is_read(tmp_path):
    write(tmp_path / "two.extxyz", [bulk("NaCl", "rocksalt", a=5.6), bulk("Cu", "fcc", a=3.6)])
    assert list(datasets.load([tmp_path / "two.extxyz"]).sizes) == [2, 1]


def test_the_same_identity_counts_once(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        KNOWN["NaCl"].to(filename=str(tmp_path / name / "NaCl.cif"))
    assert len(datasets.load([tmp_path / "one", tmp_path / "two"])) == 1


def test_what_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no such file or folder"):
        datasets.load([tmp_path / "nothing"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"holds no \.cif"):
        datasets.load([tmp_path / "empty"])
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="has no column cif"):
        datasets.load([tmp_path / "bad.csv"])


def test_crystals_can_be_taken_by_row():
    from tests.generators.wyckoff.crystals import structures

    whole = structures()
    some = whole.take([3, 1])
    assert some.ids == (whole.ids[3], whole.ids[1])
    np.testing.assert_array_equal(some.crystal(0)[1], whole.crystal(3)[1])
