"""Learned feasibility in categories: evaluations to the first wanted candidate among many that cannot be measured.

Run: python benchmarks/categories.py [--kinds properties halides distortions names] [--tasks 3] [--seeds 30]
         [--who random names encoded similar] [--batch 5] [--most 150]

About 1,276 combinations of three categories (mostly 11, 29 and 4 labels); 111 of them can be measured, the others fail,
and 7 of those have what is wanted: values within a window. Four kinds of task, each drawn anew from its number:

properties   which properties of cation and metal must suit each other, and what of all three makes the value, drawn
halides      ABX3 of monatomic and molecular cations: Goldschmidt's and the octahedral factor, and what each metal adds
distortions  perov-5 (Castelli et al. 2012, read from EUTECTIC_DATA): the 111 least distorted, the lattice constant
names        labels that mean nothing: two hidden numbers a label, products and sums of them

`goal: satisfy` after ten random rows, the window as two constraints, with labels as mere names and by what they are
(`representation: ion_encoding`; `similar` with its `similarity`). `random` is the expected place of the first of the 7.
"""

import argparse
import json
import os
import re
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from eutectic.generators.representations.catalogue import IonEncoding
from eutectic.generators.representations.elements import COMMON, table
from eutectic.generators.representations.ions import MOLECULES, descriptors
from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.bayesian.satisfy import Satisfy
from eutectic.surrogates.base import Surrogate
from eutectic.surrogates.composite.represented import Represented
from eutectic.surrogates.gp.recipe import GaussianProcess

CATIONS = tuple("Li Na K Rb Cs Ag Cu Tl In Ga Au".split())  # noqa: SIM905
METALS = tuple("Be Mg Ca Sr Ba Ti V Cr Mn Fe Co Ni Zn Cd Hg Ge Sn Pb Y La Sc Al Bi Sb Zr Hf Mo W Pd".split())  # noqa: SIM905
DIVALENT = "Be Mg Ca Sr Ba Ti V Cr Mn Fe Co Ni Zn Cd Hg Ge Sn Pb Cu Pd Pt Sm Eu Yb".split()  # noqa: SIM905
HALIDES = ("F", "Cl", "Br", "I")
ANIONS = ("FOO", "FNO", "OOO", "NNN", "NOO", "NNO", "OOS")
MEASURABLE, WANTED, START = 111, 7, 10
WHO = ["names", "encoded", "random", "similar"]


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Which candidates there are, which can be measured, and what they are worth."""

    space: Space
    X: Array
    measurable: Array
    value: Array
    """(n,) wanted within 1 of zero."""

    @property
    def wanted(self) -> Array:
        """(n,) measurable and within the window."""
        inside: Array = self.measurable & (np.abs(self.value) <= 1)
        return inside


def made(labels: tuple[tuple[str, ...], ...], X: Array, trouble: Array, value: Array, middle: float) -> Task:
    """The task in which the rows of least trouble are measurable and those nearest to the middle value wanted."""
    measurable = np.zeros(len(X), dtype=bool)
    measurable[np.argsort(trouble)[:MEASURABLE]] = True
    away = value - middle
    width = np.sort(np.abs(away[measurable]))[WANTED - 1]
    upper = np.array([len(own) - 1.0 for own in labels])
    space = Space(("a", "b", "x"), ("categorical",) * 3, np.zeros(3), upper, labels, table=X)
    return Task(space, X, measurable, away / width)


def combinations(labels: tuple[tuple[str, ...], ...]) -> Array:
    grid = np.meshgrid(*(np.arange(len(own)) for own in labels), indexing="ij")
    return np.stack(grid, -1).reshape(-1, len(labels)).astype(float)


def standard(values: Array) -> Array:
    size = values.std(0)
    return np.asarray((values - values.mean(0)) / np.where(size > 0, size, 1.0))


def properties(seed: int) -> Task:
    rng = np.random.default_rng([17, seed])
    labels = (CATIONS, METALS, HALIDES)
    X = combinations(labels)
    a, b, x = (standard(table(own, COMMON))[X[:, j].astype(int)] for j, own in enumerate(labels))
    weights = [rng.normal(size=len(COMMON)) for _ in range(5)]
    trouble = np.abs(a @ weights[0] - b @ weights[1] - rng.normal()) + 0.1 * rng.normal(size=len(X))
    value = a @ weights[2] + b @ weights[3] + x @ weights[4] + 0.1 * rng.normal(size=len(X))
    return made(labels, X, trouble, value, rng.normal())


def halides(seed: int) -> Task:
    rng = np.random.default_rng([18, seed])
    molecules = sorted(name for name, (_, _, radius, _) in MOLECULES.items() if radius is not None)
    cations = (*rng.permutation(molecules)[:7].tolist(), *rng.permutation(CATIONS[:6])[:4].tolist())
    metals = (*rng.permutation(DIVALENT).tolist(), *rng.permutation(["Y", "La", "Sc", "Al", "Bi", "Sb"])[:5].tolist())
    labels = (cations, metals, HALIDES)
    X = combinations(labels)
    (size_a, pull_a), (size_b, pull_b), (size_x, pull_x) = (
        descriptors(own)[X[:, j].astype(int)][:, [1, 2]].T for j, own in enumerate(labels)
    )
    tolerance = (size_a + size_x) / (np.sqrt(2.0) * (size_b + size_x))
    noble = np.maximum(0, pull_b - rng.uniform(1.6, 2.2))
    own_a, own_b, more_b = (rng.normal(size=n)[X[:, j].astype(int)] for n, j in ((11, 0), (29, 1), (29, 1)))
    trouble = np.abs(tolerance - 0.93) / 0.12 + np.maximum(0, 0.45 - size_b / size_x) / 0.15 + 1.2 * noble
    trouble += 0.35 * own_b + 0.2 * own_a + 0.1 * rng.normal(size=len(X))
    value = 1.6 * (pull_x - 2.66) + rng.normal(0.8, 0.4) * (pull_x - pull_b) + 0.3 * more_b
    value += 0.8 * np.abs(tolerance - 0.93) + 0.2 * pull_a * rng.normal() + 0.1 * rng.normal(size=len(X))
    possible = value[np.argsort(trouble)[:MEASURABLE]]
    return made(labels, X, trouble, value, float(np.quantile(possible, rng.uniform(0.1, 0.9))))


@cache
def perovskites() -> dict[tuple[str, str, str], tuple[float, float]]:
    """(A, B, anions) -> lattice constant (angstrom) and largest displacement (fractional) of perov-5."""
    path = Path(os.environ["EUTECTIC_DATA"]) / "perov5" / "perov5_heat_ref.json.zip"
    with zipfile.ZipFile(path) as archive:
        splits = json.loads(archive.read("perov5_heat_ref.json"))
    found = {}
    for text in (text for split in splits.values() for text in split.values()):
        lines = text.replace("\\n", "\n").split("\n")
        counts = list(map(int, lines[6].split()))
        symbols = [s for s, count in zip(lines[5].split(), counts, strict=True) for _ in range(count)]
        places = np.array([list(map(float, line.split()[:3])) for line in lines[8 : 8 + len(symbols)]])
        ideal = np.round(2 * places) / 2
        halves = (ideal % 1 == 0.5).sum(1)  # a corner has none, the centre three
        site = {kind: [s for s, h in zip(symbols, halves, strict=True) if h == kind] for kind in (0, 3)}
        anions = "".join(sorted(s for s, h in zip(symbols, halves, strict=True) if h not in (0, 3)))
        if len(site[0]) == len(site[3]) == 1 and anions in ANIONS:
            found[site[0][0], site[3][0], anions] = float(lines[2].split()[0]), float(np.abs(places - ideal).max())
    return found


def distortions(seed: int) -> Task:
    known, rng = perovskites(), np.random.default_rng([19, seed])
    elements = sorted({key[0] for key in known})
    labels = tuple(tuple(rng.permutation(own)[:n].tolist()) for own, n in ((elements, 11), (elements, 29), (ANIONS, 4)))
    X = combinations(labels)
    keys = [tuple(own[int(code)] for own, code in zip(labels, row, strict=True)) for row in X]
    there = np.array([key in known for key in keys])
    size, moved = np.array([known[key] for key in keys if key in known]).T  # type: ignore[index]
    trouble = moved + 1e-4 * rng.normal(size=len(moved))
    middle = float(np.quantile(size[np.argsort(trouble)[:MEASURABLE]], rng.uniform(0.1, 0.9)))
    return made(labels, X[there], trouble, size, middle)


def names(seed: int) -> Task:
    rng, sizes = np.random.default_rng([20, seed]), (11, 29, 4) if seed % 2 == 0 else (20, 16, 4)
    labels = tuple(tuple(f"{kind} {i}" for i in range(n)) for kind, n in zip("abx", sizes, strict=True))
    X = combinations(labels)
    (a, b, _), (p, q, r) = (
        [rng.normal(size=(n, 2))[X[:, j].astype(int)] for j, n in enumerate(sizes)] for _ in range(2)
    )
    trouble = a[:, 0] + b[:, 0] + (a * b).sum(1) + 0.1 * rng.normal(size=len(X))
    value = p[:, 0] + q[:, 0] + 0.7 * r[:, 0] + 0.5 * (p * q).sum(1) + 0.1 * rng.normal(size=len(X))
    possible = value[np.argsort(trouble)[:MEASURABLE]]
    return made(labels, X, trouble, value, float(np.quantile(possible, rng.uniform(0.1, 0.9))))


KINDS: dict[str, Callable[[int], Task]] = {
    "properties": properties,
    "halides": halides,
    "distortions": distortions,
    "names": names,
}


def history_of(one: Task, rows: list[int]) -> History:
    good = one.measurable[rows][:, None]
    value = one.value[rows][:, None]
    window = np.concatenate([value - 1, -1 - value], axis=1)
    return History.observed(one.X[rows], np.where(good, 0.0, np.nan), np.where(good, window, np.nan))


def first_hit(one: Task, seed: int, recipes: tuple[Surrogate, ...], batch: int, most: int) -> int:
    rng = np.random.default_rng([3, seed])
    rows = [int(i) for i in rng.permutation(len(one.X))[:START]]
    optimizer = Satisfy(Bayesian(), "bayesian").using(recipes)
    while len(rows) < most:
        hit = np.flatnonzero(one.wanted[rows])
        if len(hit):
            return int(hit[0]) + 1
        X = optimizer.ask(one.space, history_of(one, rows), batch, rng)
        rows += [int(np.flatnonzero((x == one.X).all(1))[0]) for x in X]
    return most


def recipe_of(who: str, one: Task) -> Surrogate | None:
    """The surrogate, None where a task has nothing for it."""
    if who == "names":
        return GaussianProcess()
    known = [own for own in one.space.categories if re.match("[A-Z]", own[0]) or own[0] in MOLECULES]
    if not known:
        return None
    seen = IonEncoding(similarity=who == "similar").of(one.space)
    return Represented(GaussianProcess(), seen, lambda: one.X)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--tasks", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--who", nargs="+", choices=WHO, default=["names", "similar"])
    parser.add_argument("--batch", type=int, default=5)
    parser.add_argument("--most", type=int, default=150)
    given = parser.parse_args()
    torch.set_num_threads(1)
    for kind in given.kinds:
        for who in given.who:
            every, start = [], time.process_time()
            for one in (KINDS[kind](k) for k in range(given.tasks)):
                if who == "random":
                    every.append(np.full(given.seeds, (len(one.X) + 1) / (WANTED + 1)))
                elif (recipe := recipe_of(who, one)) is not None:
                    seeds = range(given.seeds)
                    every.append(np.array([first_hit(one, s, (recipe,) * 3, given.batch, given.most) for s in seeds]))
            if every:
                hits = np.array(every)
                error = hits.std(1, ddof=1).mean() / hits.size**0.5
                each = ", ".join(f"{mean:.1f}" for mean in hits.mean(1))
                spent = (time.process_time() - start) / hits.size
                print(f"{kind}, {who}: {hits.mean():.1f} ± {error:.1f} ({each}), {spent:.2f} CPU s a run", flush=True)


if __name__ == "__main__":
    main()
