"""This file is the gallery's figures: campaigns of systems in the literature, run as bundled, beside simpler searches.

    [EUTECTIC_DATA=...] python benchmarks/gallery.py [--only films layers concrete stability] [--seeds 3]

films: `thin_film_colour` (swarm, then hybrid, over materials and thicknesses), the swarm alone, random designs, and
what NEUTRON's data set is made with (Wang and Guo 2022, doi 10.1016/j.isci.2022.104339): materials drawn at random, and
a particle swarm over the four thicknesses. Colour difference from chromium against stacks computed.
concrete: `concrete` on the table of Yeh 1998 (doi 10.1016/S0008-8846(98)00165-3), with Gaussian processes as bundled,
with forests, with forests under NSGA-II, and at random. Share of the hypervolume of all mixes of at most 28 days.
layers: `layered_optics`, with and without climbing, and at random, beside the best quarter-wave stack.
stability: the classifier of `stability_screen` on the 576 ABX3 of Bartel et al. 2019 (doi 10.1126/sciadv.aav0693), each
compound judged without it (five folds), beside what the paper's table says by its tolerance factor tau and by
Goldschmidt's. What is published is drawn in black and called so.
Figures: docs/images/gallery_{films,layers,concrete,stability}.png; numbers are printed.
"""

import argparse
import csv
import importlib.util
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.record.outcomes import Ledger
from eutectic.campaigns.record.volume import hypervolume
from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.designs.uniform import Uniform
from eutectic.optimizers.evolutionary.evolution import Evolution
from eutectic.optimizers.pareto import nondominated
from eutectic.optimizers.swarms.swarm import Swarm

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
QUIET = ["tracking.enabled=false", "executor.workers=1"]
FILMS = {
    "swarm, then hybrid": [],
    "swarm": ["optimizers=[{use: swarm, population: 32}]"],
    "hybrid": ["optimizers=[{use: sobol, evaluations: 24}, {use: hybrid}]"],
    "random": ["optimizers=[{use: random}]"],
}
CONCRETE = {
    "gp (bundled)": [],
    "forest": ["surrogates.default={use: forest}"],
    "forest + nsga2": [
        "surrogates.default={use: forest}",
        "optimizers=[{use: sobol, evaluations: 20}, {use: nsga2, search: surrogate}]",
    ],
    "random": ["optimizers=[{use: random}]"],
}
LAYERS: dict[str, Any] = {
    "genetic, half climbing": Evolution(population=40),
    "genetic, none climbing": Evolution(population=40, climb=0.0),
    "random": Uniform(),
}
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#7F7F7F")
FIXED = "thicknesses of random materials"


def run(name: str, overrides: list[str], seed: int, table: str = "") -> tuple[Ledger, float]:
    """What a bundled campaign records, and the CPU seconds of this process for it."""
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        for path in (ROOT / "examples").glob(f"{name}.*"):
            shutil.copy(path, folder)
        if table:
            shutil.copy(Path(os.environ["EUTECTIC_DATA"]) / table, folder)
        words = [*QUIET, f"seed={seed}", *overrides]
        with Campaign.from_yaml(Path(folder) / f"{name}.yaml", Path(folder) / "run", words) as campaign:
            for _ in campaign.rounds():
                pass
            return campaign.ledger, time.process_time() - start


def module(path: Path) -> Any:
    """The oracle in a file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def fixed_materials(oracle: Any, evaluations: int, seed: int) -> list[float]:
    """Colour differences in order: a swarm of 32 over four thicknesses of materials drawn at random."""
    rng = np.random.default_rng(seed)
    metals = [name for name in oracle.METALS if name != "Cr"]
    made = {name: str(rng.choice(list(oracle.DIELECTRICS))) for name in ("top", "spacer")}
    made |= {name: str(rng.choice(metals)) for name in ("absorber_1", "absorber_2", "mirror")}
    names = ("top_nm", "absorber_1_nm", "absorber_2_nm", "spacer_nm")
    space = Space(names, ("continuous",) * 4, np.full(4, 5.0), np.array([250.0, 15, 15, 250]))
    X, Y = np.empty((0, 4)), np.empty((0, 1))
    for k in range(evaluations // 8):
        rows = Swarm(population=32).ask(space, History.observed(X, Y), 8, np.random.default_rng([seed, k]))
        seen = [[oracle.colour(made | dict(zip(names, row, strict=True)))["color_difference"]] for row in rows]
        X, Y = np.vstack([X, rows]), np.vstack([Y, seen])
    return [float(y) for y in Y[:, 0]]


def films(seeds: int, plt: Any) -> None:
    """Run, print and draw the thin films."""
    oracle = module(ROOT / "examples" / "thin_film_colour.py")
    courses: dict[str, list[list[float]]] = {}
    stacks: list[Any] = []
    for name, overrides in FILMS.items():
        made = [run("thin_film_colour", overrides, seed) for seed in range(seeds)]
        courses[name] = [[o.values["color_difference"] for o in ledger.finished] for ledger, _ in made]
        stacks += [o for ledger, _ in made for o in ledger.finished]
        tell(name, courses[name], float(np.mean([spent for _, spent in made])))
    courses[FIXED] = [fixed_materials(oracle, 240, seed) for seed in range(10 * seeds)]
    tell(FIXED, courses[FIXED], 0.0)
    best = min(stacks, key=lambda o: o.values["color_difference"])
    print(f"best: {best.values['color_difference']:.3f}", dict(best.variables))
    figure, (course, spectra) = plt.subplots(1, 2, figsize=(9, 3.4), dpi=110, layout="constrained")
    for (name, tries), colour in zip(courses.items(), (*COLOURS[:3], COLOURS[3], "#CC79A7"), strict=True):
        least = np.minimum.accumulate(np.array([each[:240] for each in tries]), 1)
        course.plot(np.arange(1, 241), np.median(least, 0), color=colour, label=f"{name} (median of {len(tries)})")
    course.axhline(2, color="black", lw=0.7, ls=":", label="published: counts as success (Wang, Guo 2022)")
    course.set(xlabel="stacks computed", ylabel="least colour difference (CIEDE2000)", yscale="log")
    course.legend(fontsize=7)
    layers = [(oracle.index(best.variables[n]), best.variables[f"{n}_nm"]) for n in ("top", "absorber_1")]
    layers += [(oracle.index(best.variables[n]), best.variables[f"{n}_nm"]) for n in ("absorber_2", "spacer")]
    layers.append((oracle.index(best.variables["mirror"]), oracle.MIRROR_NM))
    n = oracle.index("Cr")
    spectra.plot(oracle.WAVELENGTHS, np.abs((1 - n) / (1 + n)) ** 2, "k", label="published: chromium (Rakić 1998)")
    spectra.plot(
        oracle.WAVELENGTHS, oracle.spectrum(layers, oracle.WAVELENGTHS)[0], color=COLOURS[0], label="best stack"
    )
    spectra.set(xlabel="wavelength (nm)", ylabel="reflectance", ylim=(0, 1))
    spectra.legend(fontsize=7)
    figure.savefig(IMAGES / "gallery_films.png")


def tell(name: str, tries: list[list[float]], spent: float) -> None:
    """How near each seed came, and after how many stacks a difference of 2 was reached."""
    ends = [min(each) for each in tries]
    firsts = [next((k + 1 for k, value in enumerate(each) if value <= 2), None) for each in tries]
    reached = [first for first in firsts if first is not None]
    middle = f"{np.median(reached):.0f}" if reached else "-"
    print(
        f"{name:32} least {np.median(ends):.3f} ({min(ends):.3f} to {max(ends):.3f}); 2 reached by {len(reached)} of "
        f"{len(tries)}, after {middle} stacks (median); {spent:.0f} CPU s",
        flush=True,
    )


def losses(ledger: Ledger) -> Array:
    """(n, 2) losses in order, infinite where a mix is too old."""
    bad = (np.inf, np.inf)
    said = [(-o.values["strength"], o.values["cement_kg_per_m3"]) if o.feasible else bad for o in ledger.finished]
    return np.array(said)


def concrete(seeds: int, plt: Any) -> None:
    """Run, print and draw the mixes."""
    table = "uci_concrete/concrete.csv"
    rows = np.genfromtxt(Path(os.environ["EUTECTIC_DATA"]) / table, delimiter=",", skip_header=1)
    mixes, which = np.unique(rows[:, :8], axis=0, return_inverse=True)
    strength = np.bincount(which.ravel(), rows[:, 8]) / np.bincount(which.ravel())
    everything = np.column_stack([-strength, mixes[:, 0]])[mixes[:, 7] <= 28]
    whole = hypervolume(everything, (-10.0, 500.0))
    print(f"{len(everything)} mixes of at most 28 days, {len(nondominated(everything).nonzero()[0])} on their front")
    figure, (fronts, course) = plt.subplots(1, 2, figsize=(9, 3.4), dpi=110, layout="constrained")
    fronts.scatter(everything[:, 1], -everything[:, 0], s=4, color="#CCCCCC", label="table, at most 28 days")
    best = everything[nondominated(everything)]
    fronts.plot(*best[np.argsort(best[:, 1])].T[::-1] * [[1], [-1]], "k.-", lw=0.8, ms=3, label="table's front")
    for (name, overrides), colour in zip(CONCRETE.items(), COLOURS, strict=True):
        made = [run("concrete", overrides, seed, table) for seed in range(seeds)]
        each = [losses(ledger) for ledger, _ in made]
        shares = np.array([[hypervolume(Y[:k], (-10.0, 500.0)) / whole for k in range(1, 101)] for Y in each])
        course.plot(np.arange(1, 101), shares.mean(0), color=colour, label=name)
        print(
            f"{name:16} share of the hypervolume after 50 tests {shares[:, 49].mean():.3f}, 100 tests "
            f"{shares[:, 99].mean():.3f} +- {shares[:, 99].std():.3f}; {np.mean([s for _, s in made]):.0f} CPU s",
            flush=True,
        )
        if name == "gp (bundled)":
            front = each[0][nondominated(each[0])]
            fronts.plot(front[:, 1], -front[:, 0], "o", ms=4, mfc="none", color=colour, label="found in 100 tests")
    fronts.set(xlabel="cement (kg/m³)", ylabel="compressive strength (MPa)")
    course.set(xlabel="mixes tested", ylabel="share of the table's hypervolume")
    fronts.legend(fontsize=7)
    course.legend(fontsize=7)
    figure.savefig(IMAGES / "gallery_concrete.png")


def layers(seeds: int, plt: Any) -> None:
    """Run, print and draw the filters."""
    oracle = module(ROOT / "examples" / "layered_optics.py")
    figure, (course, spectra) = plt.subplots(1, 2, figsize=(9, 3.4), dpi=110, layout="constrained")
    stacks: list[Any] = []
    for (name, optimizer), colour in zip(LAYERS.items(), (*COLOURS[:2], COLOURS[3]), strict=True):
        made = [stacked(oracle, optimizer, 2000, seed) for seed in range(seeds)]
        least = np.minimum.accumulate(np.array([[loss for loss, _ in each] for each in made]), 1)
        course.plot(np.arange(1, least.shape[1] + 1), np.median(least, 0), color=colour, label=name)
        stacks += [stack for each in made for stack in each]
        ends = least[:, -1]
        print(f"{name:24} least loss {np.median(ends):.4f} ({ends.min():.4f} to {ends.max():.4f})", flush=True)
    waves = {nm: quarter_waves(oracle, nm) for nm in range(800, 1001, 5)}
    nm = min(waves, key=lambda key: waves[key][1])
    print(f"quarter waves of TiO2 and SiO2 at {nm} nm: {waves[nm][1]:.4f}")
    course.axhline(waves[nm][1], color="black", lw=0.7, ls=":", label=f"quarter waves at {nm} nm")
    loss, best = min(stacks, key=lambda stack: stack[0])
    places = range(1, oracle.LAYERS + 1)
    materials, thin = [best[f"layer_{k}"] for k in places], [float(best[f"layer_{k}_nm"]) for k in places]
    returned = oracle.reflectance(materials, thin)
    print(f"best: {loss:.4f}", [f"{m} {d:.0f}" for m, d in zip(materials, thin, strict=True)])
    order = np.argsort(oracle.NM)
    spectra.plot(oracle.NM[order], waves[nm][0][order], "k:", label="quarter waves")
    spectra.plot(oracle.NM[order], returned[order], color=COLOURS[0], label="best stack")
    for low, high in ((420, 680), (760, 1100)):
        spectra.axvspan(low, high, color="#EEEEEE", zorder=0)
    course.set(xlabel="stacks computed", ylabel="least loss")
    spectra.set(xlabel="wavelength (nm)", ylabel="reflectance", ylim=(0, 1))
    course.legend(fontsize=7)
    spectra.legend(fontsize=7)
    figure.savefig(IMAGES / "gallery_layers.png")


def stacked(oracle: Any, optimizer: Any, evaluations: int, seed: int) -> list[tuple[float, Any]]:
    """Losses and variables in order, 40 stacks a generation, as in the bundled campaign."""
    problem = build(CampaignSpec.from_file(ROOT / "examples" / "layered_optics.yaml"), ROOT / "examples")
    X, Y, made = np.empty((0, problem.space.d)), np.empty((0, 1)), []
    for k in range(evaluations // 40):
        rng = np.random.default_rng([seed, k])
        rows = optimizer.ask(problem.space, History.observed(X, Y), 40, rng)
        candidates = [dict(candidate.variables) for candidate in problem.generator.generate(rows, rng)]
        losses = [oracle.filtered(values)["loss"] for values in candidates]
        X, Y = np.vstack([X, rows]), np.vstack([Y, np.array(losses)[:, None]])
        made += list(zip(losses, candidates, strict=True))
    return made


def quarter_waves(oracle: Any, nm: float) -> tuple[Array, float]:
    """Reflectance and loss of a quarter-wave stack of TiO2 and SiO2 for a wavelength."""
    materials = ["TiO2", "SiO2"] * (oracle.LAYERS // 2)
    thin = [nm / (4 * float(np.interp(nm, oracle.NM, oracle.index(m)))) for m in materials]
    values = {f"layer_{k}": m for k, m in enumerate(materials, 1)} | {f"layer_{k}_nm": d for k, d in enumerate(thin, 1)}
    return oracle.reflectance(materials, thin), oracle.filtered(values)["loss"]


def stability(seeds: int, plt: Any) -> None:
    """Cross-validate the classifier, print and draw its receiver operating characteristic."""
    from sklearn.metrics import roc_auc_score, roc_curve
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    source = Path(os.environ["EUTECTIC_DATA"]) / "bartel_tau_perovskites/TableS1.csv"
    with source.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    figure, axes = plt.subplots(figsize=(4.2, 3.6), dpi=110, layout="constrained")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "examples" / "stability_screen.py", folder)
        lines = ["formula,stable", *(f"{row['ABX3']},{int(float(row['exp_label']) > 0)}" for row in rows)]
        (Path(folder) / "stability_screen.csv").write_text("\n".join(lines) + "\n")
        oracle = module(Path(folder) / "stability_screen.py")
        formulas, labels = oracle.table()
    X = oracle.described(formulas)
    tau = np.array([float(row["tau_prob"]) for row in rows])
    told = {"published: tau, from radii and charges": tau, "stack of the three (formula alone)": 0.0 * tau}
    models = {"stack of the three (formula alone)": oracle.stack(), **dict(oracle.stack().estimators)}
    for name, model in models.items():
        each = [
            cross_val_predict(
                model, X, labels, cv=StratifiedKFold(5, shuffle=True, random_state=seed), method="predict_proba"
            )
            for seed in range(seeds)
        ]
        told[name] = np.mean([p[:, 1] for p in each], 0)
        scores = [(roc_auc_score(labels, p[:, 1]), ((p[:, 1] > 0.5) == labels).mean()) for p in each]
        print(
            f"{name:36} AUC {np.mean([a for a, _ in scores]):.3f}, right {np.mean([r for _, r in scores]):.3f}",
            flush=True,
        )
    print(f"{'tau':36} AUC {roc_auc_score(labels, tau):.3f}")
    for (name, chance), colour in zip(told.items(), ("black", *COLOURS), strict=True):
        wrong, found, _ = roc_curve(labels, chance)
        axes.plot(wrong, found, color=colour, lw=1.6 if "stack" in name else 0.9, label=name)
    for column, mark, name in (("tau_pred", "o", "tau < 4.18"), ("t_pred", "s", "Goldschmidt's t")):
        wrong_share, found_share, right = classified(rows, column)
        print(f"{name:36} right {right:.3f}")
        axes.plot(wrong_share, found_share, f"k{mark}", ms=5, mfc="none", label=f"published: {name}, {right:.0%} right")
    axes.set(xlabel="others taken for perovskites (share)", ylabel="perovskites recognised (share)")
    axes.legend(fontsize=7)
    figure.savefig(IMAGES / "gallery_stability.png")


def classified(rows: list[dict[str, str]], column: str) -> tuple[float, float, float]:
    """Shares of the others taken for perovskites, of perovskites recognised, and right, by a published column."""
    true = np.array([float(row["exp_label"]) > 0 for row in rows])
    said = np.array([float(row[column]) > 0 for row in rows])
    return float(said[~true].mean()), float(said[true].mean()), float((said == true).mean())


def main() -> int:
    """The figures asked for."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=tuple(PARTS), default=tuple(PARTS))
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    for name in given.only:
        PARTS[name](given.seeds, plt)
    return 0


PARTS = {"films": films, "layers": layers, "concrete": concrete, "stability": stability}

if __name__ == "__main__":
    sys.exit(main())
