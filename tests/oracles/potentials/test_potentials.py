"""The built-in potential's table equals its formula, and files, checksums and NIST records are handled with care."""

import json
from pathlib import Path

import numpy as np
import pytest

from eutectic.oracles.base import EngineMissing
from eutectic.oracles.lammps.alloy import LammpsAlloy
from eutectic.oracles.lammps.session import Session
from eutectic.oracles.potentials import eam, files, nist
from eutectic.oracles.potentials.resolve import resolve
from eutectic.oracles.whole_files import write_whole

POTENTIAL = eam.load()
RECORD = "2001--Somebody-A--Cu-Ni--LAMMPS--ipr1"


def tables(text: str) -> tuple[dict[str, np.ndarray], float, float]:
    """Embedding, density and r * pair tables by name, and the steps of density and distance."""
    lines = text.splitlines()
    elements = lines[3].split()[1:]
    nrho, drho, nr, dr, _ = (float(word) for word in lines[4].split())
    words = " ".join(lines[5:]).split()
    found, at = {}, 0
    for element in elements:
        at += 4
        found[f"F {element}"] = np.array(words[at : at + int(nrho)], dtype=float)
        at += int(nrho)
        found[f"rho {element}"] = np.array(words[at : at + int(nr)], dtype=float)
        at += int(nr)
    for i, first in enumerate(elements):
        for second in elements[: i + 1]:
            found[f"phi {first} {second}"] = np.array(words[at : at + int(nr)], dtype=float)
            at += int(nr)
    assert at == len(words)
    return found, drho, dr


def test_the_table_equals_the_formula_at_its_points() -> None:
    found, drho, dr = tables(eam.setfl(POTENTIAL))
    r, rho = np.arange(1000, 2900, 37) * dr, np.arange(1, 6000, 97) * drho
    for element in POTENTIAL.order:
        np.testing.assert_allclose(found[f"rho {element}"][1000:2900:37], POTENTIAL.density(element, r), rtol=1e-12)
        np.testing.assert_allclose(found[f"F {element}"][1:6000:97], POTENTIAL.embedding(element, rho), rtol=1e-12)
        assert found[f"F {element}"][0] == 0.0
        assert found[f"rho {element}"][-1] == 0.0
    np.testing.assert_allclose(found["phi Cr Ni"][1000:2900:37], r * POTENTIAL.pair("Ni", "Cr", r), rtol=1e-12)


def test_the_formula_has_the_values_of_its_definition() -> None:
    """By hand for a copper pair at r = 2.6: taper, density, pair function and embedding."""
    r = np.array([2.6])
    y4 = ((2.6 - 5.6) / 0.5) ** 4
    x = 2.6 / 2.556191
    psi = y4 / (1 + y4)
    assert POTENTIAL.density("Cu", r)[0] == pytest.approx(1.285981 * np.exp(-1.459706 * (x - 1)) * psi)
    pair = 0.3364073 * np.exp(-8.717664 * (x - 1)) - 0.5737097 * np.exp(-4.834015 * (x - 1))
    pair += 0.007563475 * np.exp(-(((x - 1.590254) / 0.1300957) ** 2))
    assert POTENTIAL.pair("Cu", "Cu", r)[0] == pytest.approx(pair * psi)
    assert POTENTIAL.embedding("Cu", np.array([24.97108, 0.0])).tolist() == pytest.approx([-1.746585, 0.0])


def test_every_pair_function_repels_at_short_range() -> None:
    r = np.linspace(0.6, 1.5, 50)
    for i, first in enumerate(POTENTIAL.order):
        for second in POTENTIAL.order[: i + 1]:
            pair = POTENTIAL.pair(first, second, r)
            assert np.all(pair > 4.0)
            assert np.all(np.diff(pair) < 0.0)


def analytic_energy(positions: np.ndarray, types: np.ndarray, side: float) -> float:
    """Energy in eV of atoms (n, 3) in a periodic cube, straight from the formula."""
    shifts = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3), axis=-1).reshape(-1, 3) * side
    steps = positions[None, :, None] - positions[:, None, None] + shifts
    distance = np.linalg.norm(steps, axis=-1)
    distance[distance < 1e-9] = 1e3
    energy, density = 0.0, np.zeros(len(positions))
    for a, first in enumerate(POTENTIAL.order, 1):
        for b, second in enumerate(POTENTIAL.order, 1):
            block = distance[np.ix_(types == a, types == b)]
            energy += 0.5 * POTENTIAL.pair(first, second, block).sum()
            density[types == a] += POTENTIAL.density(second, block).sum(axis=(1, 2))
    for a, first in enumerate(POTENTIAL.order, 1):
        energy += POTENTIAL.embedding(first, density[types == a]).sum()
    return energy


@pytest.fixture(scope="module")
def session() -> Session:
    return Session(resolve("builtin"))


def crystal() -> tuple[np.ndarray, np.ndarray, float]:
    from eutectic.oracles.physics.solid_solution import decorate, fcc

    rng = np.random.default_rng(3)
    sites, side = fcc(3), 3 * 3.55
    positions = sites.positions * 3.55 + rng.normal(0.0, 0.05, (sites.count, 3))
    return positions, decorate(np.full(5, 0.2), sites.count, rng), side


def test_lammps_finds_the_energy_of_the_formula(session: Session) -> None:
    positions, types, side = crystal()
    session.place(np.eye(3) * side, positions, types)
    assert session.energy() == pytest.approx(analytic_energy(positions, types, side), abs=1e-5 * len(types))


def test_forces_are_the_slopes_of_the_formula(session: Session) -> None:
    positions, types, side = crystal()
    session.place(np.eye(3) * side, positions, types)
    session.energy()
    forces = session.forces()
    for atom, axis in [(0, 0), (17, 1), (60, 2), (100, 0)]:
        energies = []
        for step in (1e-4, -1e-4):
            moved = positions.copy()
            moved[atom, axis] += step
            energies.append(analytic_energy(moved, types, side))
        assert forces[atom, axis] == pytest.approx(-(energies[0] - energies[1]) / 2e-4, abs=2e-4)


def test_two_processes_may_write_the_table_at_once(tmp_path: Path) -> None:
    write_whole(tmp_path / "table", b"one")
    write_whole(tmp_path / "table", b"two")
    assert [path.name for path in tmp_path.iterdir()] == ["table"]
    assert (tmp_path / "table").read_bytes() == b"two"


def test_the_elements_and_lattice_constants_of_a_file_are_read(cuni: Path) -> None:
    found = resolve(str(cuni))
    assert (found.elements, found.lattice, found.style) == (("Ni", "Cu"), (3.52, 3.615), "eam/alloy")


def test_finnis_sinclair_files_and_their_crystals_are_recognised(cuni: Path) -> None:
    found = resolve(str(cuni.with_name("AlFe_mm.eam.fs")))
    assert (found.style, found.elements) == ("eam/fs", ("Al", "Fe"))
    assert found.lattice[1] == pytest.approx(2.855312 * 2 ** (1 / 3))


@pytest.fixture(scope="module")
def cuni() -> Path:
    from importlib.metadata import distribution

    return Path(str(distribution("lammps").locate_file("lammps/share/lammps/potentials/CuNi.eam.alloy")))


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.eam.alloy"
    wrong.write_text("a\nb\nc\n2 Cu Ni\nnothing\n")
    with pytest.raises(ValueError, match=r"wrong\.eam\.alloy: no setfl table"):
        resolve(str(wrong))


def test_a_missing_file_is_refused_with_what_is_known() -> None:
    with pytest.raises(ValueError, match=r"'nowhere\.setfl' is no file; known are 'builtin'"):
        resolve("nowhere.setfl")


def test_a_wrong_checksum_is_refused(cuni: Path) -> None:
    with pytest.raises(ValueError, match=r"the checksum is [0-9a-f]{64}, wanted is abc"):
        resolve(str(cuni), "abc")


@pytest.fixture
def repository(tmp_path: Path, cuni: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in a folder, holding one record."""
    table = tmp_path / "CuNi.eam.alloy"
    table.write_bytes(cuni.read_bytes())
    link = {"web-link": {"URL": table.as_uri(), "link-text": table.name}}
    content = {"potential-LAMMPS": {"id": RECORD, "pair_style": {"type": "eam/alloy"}, "artifact": link}}
    (tmp_path / f"{RECORD}.json").write_text(json.dumps(content))
    monkeypatch.setattr(nist, "RECORDS", tmp_path.as_uri() + "/{record}.json")
    return tmp_path


def test_a_record_is_downloaded_once(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = tmp_path_factory.mktemp("cache")
    path, style = nist.fetch(RECORD, cache)
    assert style == "eam/alloy"
    (repository / "CuNi.eam.alloy").unlink()
    (repository / f"{RECORD}.json").unlink()
    assert nist.fetch(RECORD, cache) == (path, style)
    assert files.describe(RECORD, path).elements == ("Ni", "Cu")


def test_a_changed_cache_is_noticed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = tmp_path_factory.mktemp("cache")
    path, _ = nist.fetch(RECORD, cache)
    path.write_text("something else")
    with pytest.raises(ValueError, match="at its download it was"):
        nist.fetch(RECORD, cache)


def test_a_download_with_another_checksum_is_not_kept(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = tmp_path_factory.mktemp("cache")
    with pytest.raises(ValueError, match="wanted is 0123"):
        nist.fetch(RECORD, cache, "0123")
    assert list(cache.iterdir()) == []


def test_a_record_of_another_kind_is_refused(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    content = {"potential-LAMMPS": {"pair_style": {"type": "meam"}, "artifact": []}}
    (repository / f"{RECORD}.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="is meam in 0 files"):
        nist.fetch(RECORD, tmp_path_factory.mktemp("cache"))


def test_being_offline_is_a_missing_engine_with_a_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nist, "RECORDS", "http://127.0.0.1:9/{record}.json")
    with pytest.raises(EngineMissing, match=r"cannot be reached.*cure: download it by hand"):
        nist.fetch(RECORD, tmp_path)


def small(core: float = 0.5) -> str:
    return eam.setfl(POTENTIAL, radii=10, densities=15, core=core)


def described(tmp_path: Path, text: str, name: str = "x.eam.alloy") -> files.PotentialFile:
    (tmp_path / name).write_text(text)
    return files.describe(name, tmp_path / name)


def test_a_value_more_behind_each_function_is_refused(tmp_path: Path) -> None:
    """It shifts every table that follows by one point, and LAMMPS does not say so."""
    lines = small().splitlines()
    assert described(tmp_path, small()).elements == POTENTIAL.order
    for after in (8, 10, 12):  # embedding of the first element, its density, the header of the next
        more = [*lines[: after + 1], "0.0", *lines[after + 1 :]]
        with pytest.raises(ValueError, match="no setfl table"):
            described(tmp_path, "\n".join(more) + "\n")
    single = ["", "", "", "1 Cu", "4 0.1 4 0.5 2.0", "29 63.5 3.6 fcc", *["1.0"] * 12]
    assert described(tmp_path, "\n".join(single)).elements == ("Cu",)
    for extra in (10, 14, 18):
        with pytest.raises(ValueError, match="line 19 follows its last table: values too many"):
            described(tmp_path, "\n".join([*single[:extra], "0.0", *single[extra:]]))


def test_a_truncated_file_and_text_behind_the_tables_are_refused_with_their_line(tmp_path: Path) -> None:
    lines = small().splitlines()
    with pytest.raises(ValueError, match=r"ends in line 30, before the tables .*: it is truncated"):
        described(tmp_path, "\n".join(lines[:30]))
    with pytest.raises(ValueError, match=rf"line {len(lines) + 1} follows its last table.*eam/cd"):
        described(tmp_path, "\n".join([*lines, "5 0.1 0.2 0.3"]))
    with pytest.raises(ValueError, match=r"line 8, in the embedding function of Fe: 'x' is no number"):
        described(tmp_path, "\n".join([*lines[:7], "1 2 3 4 x", *lines[8:]]))
    assert described(tmp_path, small() + "\n\n").elements == POTENTIAL.order


def test_a_bad_potential_is_said_by_check_and_not_raised_by_refuse(tmp_path: Path) -> None:
    (tmp_path / "broken.eam.alloy").write_text("nothing\n")
    oracle = LammpsAlloy(potential="broken.eam.alloy").located(str(tmp_path))
    assert oracle.refuse(["Cu", "Ni"], [0.0, 0.0], [1.0, 1.0]) is None
    with pytest.raises(ValueError, match=r"broken.eam.alloy: no setfl table"):
        oracle.check()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{step:.16E}", "0.0", "line 5 is to hold two numbers of values, their steps and the cutoff"),
        ("{cutoff:.16E}", "50.0", "line 5: its cutoff of 50 lies beyond its tables"),
        (" Cu", " CU", "line 4: 'CU' is no element"),
        (" Cu", " Fe", "line 4: an element stands there twice"),
        ("{header}", "26 1.0 3.5 fcc", r"line 6: a mass of 1 is not that of Fe, 55\.845"),
        ("{header}", "26 55.8 0.0 fcc", "line 6: 0 is no lattice constant"),
        ("{header}", "26 mass 3.5 fcc", "line 6, in the header of Fe: 'mass' is no number"),
    ],
)
def test_headers_that_cannot_be_are_refused_by_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = small()
    lines = text.splitlines()
    assert lines[3].split()[1] == "Fe"
    assert described(tmp_path, text).elements[0] == "Fe"
    _, _, _, step, cutoff = lines[4].split()
    place = {"{step:.16E}": 4, "{cutoff:.16E}": 4, " Cu": 3, "{header}": 5}[old]
    written = {"{step:.16E}": step, "{cutoff:.16E}": cutoff, "{header}": lines[5]}.get(old, old)
    lines[place] = new.join(lines[place].rsplit(written, 1))
    with pytest.raises(ValueError, match=said):
        described(tmp_path, "\n".join(lines) + "\n")


def test_a_table_without_a_number_is_refused_and_windows_lines_are_lines(tmp_path: Path) -> None:
    lines = small().splitlines()
    assert described(tmp_path, "\r\n".join(lines) + "\r\n").style == "eam/alloy"
    lines[8] = " ".join(["nan", *lines[8].split()[1:]])
    with pytest.raises(ValueError, match=r"line 9, in the embedding function of Fe: 'nan' is no finite number"):
        described(tmp_path, "\n".join(lines) + "\n")
