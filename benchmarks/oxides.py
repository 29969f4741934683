"""This file is the benchmark on the oxide pool: evaluations until the acid-stable oxides among 250 are found.

    EUTECTIC_DATA=... python benchmarks/oxides.py [--seeds 20] [--only sisso gp ...] [--results FILE]

The bundled campaign `acid_stable_oxides`, as it is (`satisfy`: as many stable oxides as can be found) and with expected
improvement on the most stable one, each surrogate in turn: 20 random starts (the same for all at one seed), batches of
5, until all 18 oxides with a Pourbaix decomposition energy of at most 0 are found. A table of evaluations made, counted
to the end of the batch, until 9 and all 18 are found: mean and standard deviation over the seeds. Data after Nair,
Foppa and Scheffler 2025, doi 10.1038/s41524-025-01596-4. With --results, runs are kept in a file;
what it holds is not run again. The figure is docs/images/oxides.png.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eutectic.campaigns.campaign import Campaign

HERE = Path(__file__).resolve().parents[1]
TABLE = "acid_stable_oxides/oxides_250.csv"
PROPERTY = "g_pbx (eV/atom)"
OXIDES, STABLE, START = 250, 18, 20
IMPROVE = ["constraints={}", "optimizers=[{use: sobol, sets: 1, evaluations: 20}, {use: bayesian}]"]
"""Expected improvement on the best oxide, instead of the search for stable ones."""
ENTRANTS = {
    "sisso": ["surrogates.default={use: sisso, units: names}", *IMPROVE],
    "gp": ["surrogates.default={use: gp}", *IMPROVE],
    "forest": ["surrogates.default={use: forest}", *IMPROVE],
    "auto": ["surrogates.default={use: auto}", *IMPROVE],
    "random": ["optimizers=[{use: sobol, sets: 1}]"],
    "sisso-satisfy": [],
    "gp-satisfy": ["surrogates.default={use: gp}"],
}
"""Entrant -> what is changed in the bundled campaign."""
COLOURS = {"sisso": "#0072B2", "gp": "#D55E00", "forest": "#009E73", "auto": "#CC79A7", "random": "#7F7F7F"}
"""The same for both goals; `satisfy` is dashed."""


@dataclass(frozen=True)
class Run:
    """One campaign."""

    found_at: tuple[int, ...]
    """Evaluations made when the first, second, ... stable oxide was known."""
    cpu_s: float
    batches: int


def run(name: str, seed: int, data: Path) -> Run:
    """One campaign until every stable oxide is found."""
    extra = [f"seed={seed}", f"budget.evaluations={OXIDES}", "tracking.enabled=false", *ENTRANTS[name]]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shutil.copy(data / TABLE, folder)
        shutil.copy(HERE / "examples/acid_stable_oxides.yaml", folder)
        campaign = Campaign.from_yaml(folder / "acid_stable_oxides.yaml", folder / "run", extra)
        began = time.process_time()
        found: list[int] = []
        with closing(campaign.events()) as events:
            for event in events:
                if event.kind != "round":
                    continue
                known = campaign.ledger.finished
                total = sum(o.values[PROPERTY] <= 0 for o in known)
                found += [len(known)] * (total - len(found))
                if total == STABLE:
                    break
        cpu_s, batches = time.process_time() - began, len(campaign.ledger.batches)
        campaign.close()
    return Run(tuple(found), cpu_s, batches)


def known(name: str, kept: dict[str, dict[str, Any]]) -> list[Run]:
    """The campaigns of an entrant that are kept."""
    found = [content for key, content in kept.items() if key.split()[0] == name]
    return [Run(tuple(content["found_at"]), content["cpu_s"], content["batches"]) for content in found]


def runs(name: str, seeds: int, data: Path, kept: dict[str, dict[str, Any]], path: Path | None) -> list[Run]:
    """So many campaigns of an entrant at least, those that are kept read."""
    for seed in range(seeds):
        if f"{name} {seed}" not in kept:
            kept[f"{name} {seed}"] = asdict(run(name, seed, data))
            if path is not None:
                path.write_text(json.dumps(kept))
    return known(name, kept)


def row(name: str, done: list[Run]) -> str:
    """A row of the table."""
    cells = []
    for count in (STABLE // 2, STABLE):
        at = np.array([one.found_at[count - 1] for one in done])
        cells.append(f"{at.mean():.0f} ± {at.std(ddof=1) if len(at) > 1 else float('nan'):.0f}")
    cpu_s = np.mean([one.cpu_s / one.batches for one in done])
    return f"| {name} | {len(done)} | {' | '.join(cells)} | {cpu_s:.2f} |"


def picture(results: dict[str, list[Run]], path: Path) -> None:
    """Stable oxides found against evaluations, mean and quartiles of the seeds."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.6), dpi=110, layout="constrained")
    grid = np.arange(OXIDES + 1)
    for name, done in results.items():
        counts = np.array([(np.array(one.found_at)[:, None] <= grid).sum(0) for one in done])
        colour, satisfy = COLOURS[name.split("-")[0]], name.endswith("-satisfy")
        axes.plot(grid, counts.mean(0), color=colour, label=name, linestyle="--" if satisfy else "-")
        low, high = np.quantile(counts, [0.25, 0.75], axis=0)
        axes.fill_between(grid, low, high, color=colour, alpha=0.12, linewidth=0)
    axes.set(xlim=(START, OXIDES), ylim=(0, STABLE + 0.5), xlabel="evaluations", ylabel="stable oxides found, of 18")
    axes.set_yticks(range(0, STABLE + 1, 3))
    axes.legend(frameon=False, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def main() -> None:
    """Print the table, draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", nargs="*", choices=list(ENTRANTS), default=list(ENTRANTS))
    parser.add_argument("--results", type=Path, help="JSON file that keeps the runs")
    parser.add_argument("--figure", type=Path, default=HERE / "docs/images/oxides.png")
    arguments = parser.parse_args()
    data = os.environ.get("EUTECTIC_DATA")
    if not data:
        sys.exit("set EUTECTIC_DATA to the folder that holds acid_stable_oxides/")
    path = arguments.results
    kept = json.loads(path.read_text()) if path is not None and path.exists() else {}
    print("| surrogate | seeds | until 9 are found | until all 18 are found | CPU s a batch |\n" + "|---" * 5 + "|")
    for name in arguments.only:
        print(row(name, runs(name, arguments.seeds, Path(data), kept, path)), flush=True)
    picture({name: done for name in ENTRANTS if (done := known(name, kept))}, arguments.figure)


if __name__ == "__main__":
    main()
