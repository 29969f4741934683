"""The campaigns of systems in the literature: their oracles against known answers, each run shortened."""

import csv
import importlib.util
import os
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from benchmarks.gallery import classified
from eutectic.campaigns.file import examples
from eutectic.campaigns.record.volume import hypervolume
from eutectic.oracles.base import EngineMissing
from tests.campaigns.trial_campaigns import run_example


def module(name: str, folder: Path | None = None) -> ModuleType:
    """The module beside a bundled campaign, or its copy in a folder."""
    spec = importlib.util.spec_from_file_location(name, (folder or examples.folder()) / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


DATA = os.environ.get("EUTECTIC_DATA")
REAL = pytest.mark.skipif(not DATA, reason="EUTECTIC_DATA does not say where the public tables are")
FILM = module("thin_film_colour")
NM = np.array([450.0, 550.0, 650.0])


def flat(n: complex) -> np.ndarray:
    return np.full(len(NM), n, dtype=complex)


def test_a_bare_surface_reflects_as_fresnel_says() -> None:
    for n in (1.5, 2.5 + 3j):
        reflected, passed = FILM.spectrum([], NM, substrate=n)
        assert reflected == pytest.approx(abs((1 - n) / (1 + n)) ** 2)
        assert reflected + passed == pytest.approx(1)


def test_a_quarter_wave_layer_of_the_mean_index_reflects_nothing() -> None:
    n = 2.25**0.5
    reflected, _ = FILM.spectrum([(flat(n), 550 / (4 * n))], NM, substrate=2.25)
    assert reflected[1] == pytest.approx(0, abs=1e-12)
    assert (reflected[[0, 2]] > 1e-3).all()


def test_quarter_wave_pairs_reflect_as_their_closed_form_says() -> None:
    high, low, pairs = 2.3, 1.46, 6
    stack = [(flat(high), 550 / (4 * high)), (flat(low), 550 / (4 * low))] * pairs
    admittance = 1.5 * (high / low) ** (2 * pairs)
    assert FILM.spectrum(stack, NM)[0][1] == pytest.approx(((1 - admittance) / (1 + admittance)) ** 2)


def test_a_half_wave_layer_is_not_seen_and_a_thick_metal_hides_what_lies_below() -> None:
    assert FILM.spectrum([(flat(2.0), 550 / 4.0)], NM)[0][1] == pytest.approx(((1 - 1.5) / (1 + 1.5)) ** 2)
    silver = FILM.index("Ag", NM)
    assert FILM.spectrum([(silver, 400.0)], NM)[0] == pytest.approx(abs((1 - silver) / (1 + silver)) ** 2, rel=1e-6)


def test_energy_is_kept_where_nothing_absorbs_and_lost_in_metals() -> None:
    clear = [(FILM.index(name, NM), 80.0) for name in FILM.DIELECTRICS]
    reflected, passed = FILM.spectrum(clear, NM)
    assert reflected + passed == pytest.approx(1)
    reflected, passed = FILM.spectrum([*clear, (FILM.index("W", NM), 10.0)], NM)
    assert (reflected + passed < 1).all()
    assert (reflected + passed > 0).all()


@pytest.mark.parametrize(
    ("material", "nm", "n"),
    [("SiO2", 587.6, 1.45846), ("MgF2", 587.6, 1.37774), ("Al2O3", 587.6, 1.76817), ("Si3N4", 587.6, 2.01673)],
)
def test_refractive_indices_at_the_yellow_helium_line(material: str, nm: float, n: float) -> None:
    assert FILM.index(material, np.array([nm]))[0].real == pytest.approx(n, abs=2e-4)


@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 3.1571, -77.2803), (50, 0, -82.7485), 2.8615),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ],
)
def test_colour_differences_are_those_of_the_published_pairs(
    first: tuple[float, ...], second: tuple[float, ...], difference: float
) -> None:
    assert FILM.ciede2000(np.array(first), np.array(second)) == pytest.approx(difference, abs=1e-4)
    assert FILM.ciede2000(np.array(second), np.array(first)) == pytest.approx(difference, abs=1e-4)


def test_a_mirror_is_white_a_grey_is_grey_and_gold_is_yellow() -> None:
    assert FILM.lab(np.ones(31)) == pytest.approx([100, 0, 0], abs=1e-9)
    assert FILM.lab(np.full(31, 0.184187)) == pytest.approx([50, 0, 0], abs=1e-3)
    assert FILM.bare("Au")[2] > 30
    assert abs(FILM.bare("Ag")[2]) < 5


def test_a_thick_layer_of_chromium_has_no_difference_from_it() -> None:
    values = {"absorber_1": "Cr", "absorber_2": "Cr", "mirror": "Cr", "top": "SiO2", "spacer": "SiO2"}
    nothing = dict.fromkeys(("top_nm", "absorber_1_nm", "absorber_2_nm", "spacer_nm"), 0.0)
    assert FILM.colour(values | nothing)["color_difference"] < 0.1


def test_chrome_is_imitated_better_than_by_a_bare_metal_in_a_shortened_campaign(tmp_path: Path) -> None:
    short = ("budget.evaluations=56", "optimizers.0.evaluations=40", "optimizers.0.population=20", "executor.workers=1")
    ledger = run_example("thin_film_colour", tmp_path, *short, "seed=4")
    assert len(ledger.finished) == 56
    best = min(o.values["color_difference"] for o in ledger.finished)
    assert best < min(FILM.ciede2000(FILM.bare(metal), FILM.CHROME) for metal in ("Al", "Ni", "Ti", "W", "Ag"))
    assert {o.variables["mirror"] for o in ledger.finished} <= {"Ag", "Al", "Au", "Cu", "Ni", "Ti", "W"}


MIXES = ("cement", "slag", "ash", "water", "superplastic", "coarseagg", "fineagg", "age")


def mixes(folder: Path) -> None:
    """An invented table of 90 mixes, ten of them tested twice, whose strength follows Abrams' law and time."""
    rng = np.random.default_rng(0)
    cement, slag, water = rng.uniform(120, 500, 80), rng.choice([0.0, 100, 200], 80), rng.uniform(140, 220, 80)
    age = rng.choice([3.0, 7, 28, 90], 80)
    rest = [rng.choice([0.0, 100], 80), rng.uniform(0, 15, 80), rng.uniform(850, 1100, 80), rng.uniform(600, 900, 80)]
    strength = 110 / 8 ** (water / (cement + 0.6 * slag)) * (age / 28) ** 0.25
    rows = np.column_stack([cement, slag, rest[0], water, *rest[1:], age, strength]).round(3)
    rows = np.concatenate([rows, rows[:10] + np.eye(9)[8]])
    lines = [",".join(map(str, row)) for row in rows]
    (folder / "concrete.csv").write_text("\n".join([",".join((*MIXES, "strength")), *lines]) + "\n")


def test_strong_mixes_of_little_cement_are_singled_out_of_a_table(tmp_path: Path) -> None:
    mixes(tmp_path)
    short = ("budget.evaluations=35", "optimizers.0.evaluations=20", "executor.workers=1")
    ledger = run_example("concrete", tmp_path, *short)
    assert len(ledger.finished) == 35
    assert {o.feasible for o in ledger.finished} == {True, False}
    for o in ledger.finished:
        assert o.feasible == (float(o.variables["age"]) <= 28)
        assert o.values["cement_kg_per_m3"] == o.variables["cement"]
    learned = [o.feasible for o in ledger.outcomes[20:]]
    assert np.mean(learned) > np.mean([o.feasible for o in ledger.outcomes[:20]])


MADE = (
    "gd_wt_percent", "y_wt_percent", "zn_wt_percent", "mn_wt_percent", "solution_temperature_k", "solution_time_h",
    "extrusion_temperature_k", "extrusion_ratio", "strength_mpa", "elongation_percent",
)  # fmt: skip


@REAL
def test_most_of_the_published_mixes_front_is_found_in_a_shortened_campaign(tmp_path: Path) -> None:
    assert DATA is not None
    shutil.copy(Path(DATA) / "uci_concrete" / "concrete.csv", tmp_path)
    ledger = run_example("concrete", tmp_path, "budget.evaluations=50", "executor.workers=1")
    rows = np.genfromtxt(tmp_path / "concrete.csv", delimiter=",", skip_header=1)
    young = rows[rows[:, 7] <= 28]
    whole = hypervolume(np.column_stack([-young[:, 8], young[:, 0]]), (-10.0, 500.0))
    assert ledger.hypervolume is not None
    assert 0.75 < ledger.hypervolume / whole < 1.01


def alloys(folder: Path, names: tuple[str, ...] = MADE) -> None:
    """An invented table of 60 magnesium alloys, stronger and less ductile with gadolinium."""
    rng = np.random.default_rng(0)
    low, high = np.array([0, 0, 0, 0, 673, 0, 573, 4]), np.array([15, 8, 4, 1.5, 823, 48, 773, 30])
    X = low + (high - low) * rng.random((60, 8))
    strength = 180 + 14 * X[:, 0] + 8 * X[:, 1] + 2 * X[:, 7] - 0.1 * (X[:, 6] - 573) + rng.normal(0, 5, 60)
    elongation = np.maximum(1, 32 - 1.6 * X[:, 0] - 1.0 * X[:, 1] + rng.normal(0, 1, 60))
    rows = [",".join(f"{v:.3f}" for v in row) for row in np.column_stack([X, strength, elongation])]
    (folder / "magnesium_extrusion.csv").write_text("\n".join([",".join(names), *rows]) + "\n")


def test_forests_of_a_table_are_searched_over_composition_and_process(tmp_path: Path) -> None:
    alloys(tmp_path)
    short = ("budget.evaluations=12", "optimizers.0.population=6", "budget.batch=6", "executor.workers=1")
    ledger = run_example("magnesium_extrusion", tmp_path, *short)
    assert len(ledger.finished) == 12
    for o in ledger.finished:
        assert sum(float(o.variables[symbol]) for symbol in ("Mg", "Gd", "Y", "Zn", "Mn")) == pytest.approx(100)
        assert o.errors["strength_mpa"] > 0
    strong = max(ledger.finished, key=lambda o: o.values["strength_mpa"])
    ductile = max(ledger.finished, key=lambda o: o.values["elongation_percent"])
    assert float(strong.variables["Gd"]) > float(ductile.variables["Gd"])


def test_a_table_of_alloys_is_asked_for_and_refused_by_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(EngineMissing, match=r"magnesium_extrusion\.csv is yours to supply, with the columns gd"):
        run_example("magnesium_extrusion", tmp_path)
    path = tmp_path / "magnesium_extrusion.yaml"
    assert examples.lacking(path) == {"magnesium_extrusion.csv": list(MADE)}
    alloys(tmp_path, (*MADE[:-1], "elongation"))
    assert examples.lacking(path) == {}
    with pytest.raises(ValueError, match="lacks the columns elongation_percent; it has gd_wt_percent"):
        module("magnesium_extrusion", tmp_path)
    alloys(tmp_path)
    table = tmp_path / "magnesium_extrusion.csv"
    table.write_text(table.read_text().replace("\n", "\n,", 1))
    with pytest.raises(ValueError, match="has no number in row 2"):
        module("magnesium_extrusion", tmp_path)


def test_three_searches_share_the_case_study_equally_on_the_same_surrogates(tmp_path: Path) -> None:
    short = (
        "budget.evaluations=12", "optimizers.0.evaluations=6", "oracles.0.cells=3", "oracles.0.decorations=1",
        "executor.workers=1",
    )  # fmt: skip
    ledger = run_example("case_study", tmp_path, *short)
    assert len(ledger.finished) == 12
    proposers = [o.origin for o in ledger.outcomes[6:]]
    assert sorted(proposers) == sorted(f"portfolio: {name}" for name in ("nsga2", "swarm", "policy") for _ in range(2))


def quarter_waves(optics: ModuleType, nm: float) -> float:
    """The loss of a quarter-wave stack of TiO2 and SiO2 for a wavelength, the textbook's mirror."""
    materials = ["TiO2", "SiO2"] * (optics.LAYERS // 2)
    thin = {m: nm / (4 * float(np.interp(nm, optics.NM, optics.index(m)))) for m in ("TiO2", "SiO2")}
    values = {f"layer_{k + 1}": m for k, m in enumerate(materials)}
    return optics.filtered(values | {f"layer_{k + 1}_nm": thin[m] for k, m in enumerate(materials)})["loss"]


def test_layers_return_what_their_closed_forms_say() -> None:
    optics = module("layered_optics")
    assert optics.reflectance([], []) == pytest.approx(((1 - 1.52) / (1 + 1.52)) ** 2)
    n = float(optics.index("SiO2")[-1])  # 1100 nm
    (last,) = optics.reflectance(["SiO2"], [1100 / (4 * n)])[-1:]
    assert last == pytest.approx(((1 - n**2 / 1.52) / (1 + n**2 / 1.52)) ** 2)
    assert quarter_waves(optics, 900) < 0.12


def test_climbing_evolution_nears_the_textbook_filter_in_a_shortened_campaign(tmp_path: Path) -> None:
    ledger = run_example("layered_optics", tmp_path, "budget.evaluations=400", "executor.workers=1")
    assert len(ledger.finished) == 400
    losses = [o.values["loss"] for o in ledger.finished]
    assert min(losses) < 0.85 * min(losses[:40])
    for o in ledger.finished:
        passed, returned = o.values["visible_passed"], o.values["infrared_returned"]
        assert o.values["loss"] == pytest.approx(1 - (passed + returned) / 2)


def compounds(folder: Path) -> None:
    """An invented table of 96 ABO3 that are stable where A is large."""
    labels = dict.fromkeys(("K", "Ba", "Sr", "La", "Rb", "Ca"), 1) | dict.fromkeys(
        ("Be", "Mg", "Li", "Cu", "Ag", "Zn"), 0
    )
    others = ("Ti", "Zr", "Mn", "Fe", "Al", "Sn", "Nb", "Hf")
    rows = [f"{a}{b}O3,{label}" for a, label in labels.items() for b in others]
    (folder / "stability_screen.csv").write_text("\n".join(["formula,stable", *rows]) + "\n")


def test_a_stacked_classifier_of_formulas_tells_compounds_apart_that_it_has_not_seen(tmp_path: Path) -> None:
    with pytest.raises(EngineMissing, match=r"stability_screen\.csv is yours to supply, with the columns formula"):
        run_example("stability_screen", tmp_path)
    compounds(tmp_path)
    screen = module("stability_screen", tmp_path)
    assert screen.views("NaCl")["configuration"][: len(screen.SHELLS)].sum() == pytest.approx((11 + 17) / 2)
    assert screen.views("BaTiO3")["elements"].sum() == pytest.approx(1)
    formulas, labels = screen.table()
    seen = np.random.default_rng(0).random(len(labels)) < 0.7
    stack = screen.stack().fit(screen.described([f for f, s in zip(formulas, seen, strict=True) if s]), labels[seen])
    left = screen.described([f for f, s in zip(formulas, seen, strict=True) if not s])
    assert (stack.predict(left) == labels[~seen]).mean() > 0.8
    (tmp_path / "stability_screen.csv").write_text("formula,stable\nBaTiO3,yes\n")
    with pytest.raises(ValueError, match=r"stability_screen\.csv:2: `stable` is 1 or 0, not 'yes'"):
        screen.table()


def test_cheap_compounds_are_screened_in_a_shortened_campaign(tmp_path: Path) -> None:
    compounds(tmp_path)
    short = ("budget.evaluations=8", "optimizers.0.evaluations=6", "executor.workers=1")
    ledger = run_example("stability_screen", tmp_path, *short)
    assert len(ledger.finished) == 8
    for o in ledger.finished:
        assert 0 <= o.values["stable_probability"] <= 1
        assert sum(float(o.variables[symbol]) for symbol in ("Ca", "Sr", "Ba", "La", "Na", "K")) == 1


@REAL
def test_perovskites_are_recognised_by_their_formulas_alone(tmp_path: Path) -> None:
    assert DATA is not None
    examples.write("stability_screen", tmp_path)
    with (Path(DATA) / "bartel_tau_perovskites" / "TableS1.csv").open(newline="") as stream:
        rows = [f"{row['ABX3']},{int(float(row['exp_label']) > 0)}" for row in csv.DictReader(stream)]
    (tmp_path / "stability_screen.csv").write_text("\n".join(["formula,stable", *rows]) + "\n")
    screen = module("stability_screen", tmp_path)
    formulas, labels = screen.table()
    X, train = screen.described(formulas), np.random.default_rng(0).random(len(labels)) < 0.7
    chance = screen.stack().fit(X[train], labels[train]).predict_proba(X[~train])[:, 1]
    assert ((chance > 0.5) == labels[~train]).mean() > 0.8


@REAL
@pytest.mark.parametrize(("column", "right"), [("tau_pred", 0.92), ("t_pred", 0.74)])
def test_what_the_figure_calls_published_is_right_as_often_as_its_paper_says(column: str, right: float) -> None:
    """Bartel et al., Sci. Adv. 5, eaav0693, 2019, doi 10.1126/sciadv.aav0693."""
    assert DATA is not None
    with (Path(DATA) / "bartel_tau_perovskites" / "TableS1.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert classified(rows, column)[2] == pytest.approx(right, abs=0.005)
