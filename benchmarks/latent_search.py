"""This file is latent search beside direct search on one task: compositions of the lowest energy of formation.

    EUTECTIC_DATA=/folder/with/mp_structures python benchmarks/latent_search.py [--seeds 3] [--all]

The oracle is a random forest over means and deviations of element properties, fitted to the energies of formation (DFT)
of the compounds of twelve elements in the Materials Project's binaries and ternaries. An autoencoder learns from those
compounds whose energy is above their median, by their formulas alone: the best ones it has never seen; with `--all` it
learns from all of them. Equal budgets, the same optimizer: `latent` searches its box of so many dimensions,
`composition` the fractions of the twelve elements, two to four at a time.
"""

import argparse
import csv
import gzip
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from sklearn.ensemble import RandomForestRegressor

from eutectic.generators.base import Generator
from eutectic.generators.composition import Composition
from eutectic.generators.crystals.rows import composed
from eutectic.generators.latent.latent import Latent
from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import Array, History
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.spaces import region
from eutectic.oracles.elements.chemical_formulas import amounts

ELEMENTS = ("Al", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Mg", "Si")
STARTS, BATCH = 8, 8


def known() -> dict[str, float]:
    """Formula -> lowest energy of formation of its crystals, eV/atom."""
    energies: dict[str, float] = {}
    for name in ("mp_20_biternary_val.csv.gz", "mp_20_biternary_test.csv.gz"):
        with gzip.open(Path(os.environ["EUTECTIC_DATA"]) / "mp_structures" / name, "rt") as file:
            csv.field_size_limit(2**24)
            for row in csv.DictReader(file):
                formula, energy = row["pretty_formula"], float(row["formation_energy_per_atom"])
                if set(amounts(formula)) <= set(ELEMENTS):
                    energies[formula] = min(energy, energies.get(formula, energy))
    return energies


def described(composition: dict[str, float]) -> Array:
    total = sum(composition.values())
    return composed({e: x / total for e, x in composition.items() if x > 0})


def losses(part: Generator, X: Array, forest: RandomForestRegressor) -> Array:
    """(n, 1) energies in eV/atom of rows X (n, d)."""
    made = part.generate(X, np.random.default_rng(0))
    return np.asarray(forest.predict(np.array([described(dict(c.composition or {})) for c in made]))[:, None])


def run(part: Generator, forest: RandomForestRegressor, seed: int, evaluations: int, guided: bool) -> list[float]:
    """Lowest energy after the start and each batch."""
    X = region.sample(part.space, STARTS, np.random.default_rng([seed, 0]))
    Y = losses(part, X, forest)
    best = [float(Y.min())]
    while len(X) < evaluations:
        rng = np.random.default_rng([seed, len(X)])
        if guided:
            new = propose(Bayesian(), "", part.space, History.observed(X, Y), BATCH, rng).X
        else:
            new = region.sample(part.space, BATCH, rng)
        X, Y = np.concatenate([X, new]), np.concatenate([Y, losses(part, new, forest)])
        best.append(float(Y.min()))
    return best


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--evaluations", type=int, default=40)
    parser.add_argument("--dimensions", type=int, nargs="*", default=[3, 6])
    parser.add_argument("--all", action="store_true")
    given = parser.parse_args()
    energies = known()
    forest = RandomForestRegressor(200, random_state=0, n_jobs=1)
    forest.fit(np.array([described(amounts(f)) for f in energies]), np.array(list(energies.values())))
    median = float(np.median(list(energies.values())))
    poor = [f for f, energy in energies.items() if given.all or energy > median]
    floor = min(float(forest.predict(described(amounts(f))[None])[0]) for f in energies)
    worst_half = min(float(forest.predict(described(amounts(f))[None])[0]) for f in poor)
    print(f"{len(energies)} compounds, {len(poor)} learned from; best of all {floor:.3f}, of those {worst_half:.3f}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "poor.csv"
        path.write_text("\n".join(["formula", *poor]) + "\n", encoding="utf-8")
        spans = dict.fromkeys(ELEMENTS, (0.05, 1.0))
        parts: dict[str, Generator] = {f"latent {d}": Latent(str(path), dimensions=d) for d in given.dimensions}
        parts["composition"] = Composition(spans, min_elements=2, max_elements=4, or_zero=True)
        for name, part in parts.items():
            for guided in (False, True):
                began = time.process_time()
                traces = np.array([run(part, forest, s, given.evaluations, guided) for s in range(given.seeds)])
                cells = " | ".join(f"{m:.3f} ± {e:.3f}" for m, e in zip(traces.mean(0), traces.std(0), strict=True))
                who = "bayesian" if guided else "random"
                print(f"| {name}, {who} | {cells} | {time.process_time() - began:.0f} CPU s", flush=True)


if __name__ == "__main__":
    main()
