"""This file is how often generators of crystals make something stable, unique and new, at the same number of
relaxations.

    EUTECTIC_DATA=/folder/with/mp_structures python benchmarks/crystal_generators.py FOLDER
    wyckoff|substitution|random|test N EUTECTIC_DATA=... python benchmarks/crystal_generators.py FOLDER table

Candidates in the order of their draws, valid and unique before relaxing; the first N are relaxed with CHGNet (at most
60 steps of FIRE to 0.05 eV/angstrom). Hull: formation energies of the Materials Project's entries in the three tables;
CHGNet's energies become formation energies by reference energies of the elements fitted to 1,200 of the same entries.
The hull and the novelty reference know these tables alone, so shares are higher than against the whole Materials
Project: compare rows, not with other publications. What is relaxed is written down at once; a run that was ended goes
on.
"""

import argparse
import functools
import json
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Composition, Element, Structure

from benchmarks.train_default import HELD_OUT, TRAINED, folder, test_set
from eutectic.generators.baselines.random_crystal import RandomCrystal
from eutectic.generators.baselines.substitution import Substitution
from eutectic.generators.learning import datasets
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure
from eutectic.generators.wyckoff.engine import Wyckoff
from eutectic.generators.wyckoff.genes import encode

STEPS, FORCE = 60, 0.05
STABLE, METASTABLE = 0.001, 0.1
FITTED = 1200
DRAWN = 64


@functools.cache
def everything() -> datasets.Structures:
    """All entries of the three tables."""
    return datasets.load([folder() / name for name in (*TRAINED, HELD_OUT)])


@functools.cache
def by_formula() -> dict[str, list[int]]:
    """Rows of each reduced formula."""
    rows: dict[str, list[int]] = {}
    for i in range(len(everything())):
        numbers = everything().crystal(i)[2]
        rows.setdefault(formula(numbers), []).append(i)
    return rows


def formula(numbers: Any) -> str:
    elements, counts = np.unique(numbers, return_counts=True)
    divisor = np.gcd.reduce(counts)
    return " ".join(f"{z}:{n // divisor}" for z, n in zip(elements, counts, strict=True))


def structure(i: int) -> Structure:
    lattice, fractional, numbers = everything().crystal(i)
    return Structure(lattice, numbers, fractional)


@functools.cache
def model() -> Any:
    from chgnet.model import CHGNet

    return CHGNet.load(use_device="cpu", verbose=False)


def references(path: Path) -> dict[int, float]:
    """Energy of each element, eV/atom, that makes CHGNet's energies formation energies: least absolute deviations."""
    if not path.exists():
        whole = everything()
        rng = np.random.default_rng(0)
        small = np.flatnonzero(whole.sizes <= 10)
        rows = rng.permutation(small)[:FITTED]
        energies = [float(one["e"]) for one in predicted([structure(i) for i in rows])]
        formation = whole.properties["formation_energy_ev_per_atom"][rows]
        X = np.zeros((len(rows), 120))
        for k, i in enumerate(rows):
            numbers = whole.crystal(i)[2]
            np.add.at(X[k], numbers, 1.0 / len(numbers))
        target = np.array(energies) - formation
        weights = np.ones(len(rows))
        for _ in range(20):
            scaled = X * weights[:, None]
            solution = np.linalg.solve(scaled.T @ X + 1e-6 * np.eye(120), scaled.T @ target)
            weights = 1.0 / np.maximum(np.abs(X @ solution - target), 0.01)
        error = np.abs(X @ solution - target)
        print("references: mean error", error.mean(), "median", np.median(error), "eV/atom of", len(rows))
        path.write_text(json.dumps({int(z): float(solution[z]) for z in np.flatnonzero(X.any(axis=0))}))
    return {int(z): e for z, e in json.loads(path.read_text()).items()}


def predicted(structures: list[Structure]) -> list[Any]:
    answers = []
    for start in range(0, len(structures), 32):
        answers += model().predict_structure(structures[start : start + 32], task="e", batch_size=32)
    return answers


def relaxed(start: Structure) -> tuple[Structure, float, int, float]:
    """Relaxed structure, energy (eV/atom), steps and CPU seconds."""
    from chgnet.model import StructOptimizer

    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        end = StructOptimizer(model=model(), use_device="cpu").relax(start, fmax=FORCE, steps=STEPS, verbose=False)
    energies = end["trajectory"].energies
    return end["final_structure"], float(energies[-1]) / len(start), len(energies) - 1, time.process_time() - began


def above_hull(relaxed_structure: Structure, formation: float) -> float:
    """Distance from the hull of the tables' entries in its chemical system, eV/atom."""
    numbers = set(relaxed_structure.atomic_numbers)
    whole = everything()
    entries = [PDEntry(Composition({Element.from_Z(z).symbol: 1}), 0.0) for z in numbers]
    for rows in by_formula().values():
        kind = whole.crystal(rows[0])[2]
        if set(kind) <= numbers:
            best = min(whole.properties["formation_energy_ev_per_atom"][rows])
            symbols = Composition("".join(Element.from_Z(int(z)).symbol for z in kind))
            entries.append(PDEntry(symbols, best * len(kind)))
    diagram = PhaseDiagram(entries)
    composition = relaxed_structure.composition
    return float(formation - diagram.get_hull_energy_per_atom(composition))


def is_new(candidate: Structure, matcher: StructureMatcher) -> bool:
    rows = by_formula().get(formula(candidate.atomic_numbers), [])
    return not any(matcher.fit(candidate, structure(i)) for i in rows)


def drawn(method: str) -> Iterator[tuple[Structure, float]]:
    """Valid structures in order, and CPU seconds a draw."""
    if method == "test":
        rng = np.random.default_rng(1)
        whole = test_set()
        for i in rng.permutation(np.flatnonzero(whole.sizes <= 20)):
            lattice, fractional, numbers = whole.crystal(i)
            yield Structure(lattice, numbers, fractional), 0.0
    name, _, options = method.partition(":")
    engine: Any
    if name == "wyckoff":
        engine = Wyckoff(**json.loads(options or "{}").get("engine", {}))
    elif name == "substitution":
        engine = Substitution(pool=str(folder() / TRAINED[0]))
    else:
        engine = RandomCrystal()
    wanted = json.loads(options or "{}").get("conditions", {})
    draw, each = 0, 1 if name == "random" else DRAWN
    while True:
        began = time.process_time()
        answers = engine.draw([Conditions(**wanted)] * each, list(range(draw, draw + each)))
        seconds = (time.process_time() - began) / each
        draw += each
        for answer in answers:
            if isinstance(answer, GeneratedStructure):
                made = Structure.from_dict(answer.structure())
                if made.is_valid(0.5):
                    yield made, seconds


def run(path: Path, method: str, n: int) -> None:
    """Relax the first n unique ones; a line each."""
    done = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    energies = references(path.parent / "references.json")
    matcher, loose = StructureMatcher(), StructureMatcher(ltol=0.3, stol=0.5, angle_tol=10)
    seen: list[Structure] = []
    for k, (start, seconds) in enumerate(drawn(method)):
        if len(seen) == n:
            break
        alike = [s for s in seen if s.composition.reduced_formula == start.composition.reduced_formula]
        if any(z not in energies for z in start.atomic_numbers) or any(matcher.fit(start, s) for s in alike):
            continue
        seen.append(start)
        if len(seen) <= len(done):
            continue
        end, energy, steps, cpu = relaxed(start)
        formation = energy - sum(energies[z] for z in start.atomic_numbers) / len(start)
        distance = loose.get_rms_dist(start, end)
        row = {
            "draw": k, "formula": start.composition.reduced_formula, "atoms": len(start), "draw_s": seconds,
            "above_hull": above_hull(end, formation), "formation": formation, "new": is_new(end, matcher),
            "steps": steps, "relax_s": cpu, "matches": bool(matcher.fit(start, end)),
            "rms": None if distance is None else float(distance[0]) * (end.volume / len(end)) ** (1 / 3),
            "group": symmetry(start), "group_after": symmetry(end), "volume_ratio": end.volume / start.volume,
        }  # fmt: skip
        with path.open("a") as file:
            file.write(json.dumps(row) + "\n")


def symmetry(crystal: Structure) -> int:
    try:
        gene = encode(crystal.lattice.matrix, crystal.frac_coords, np.array(crystal.atomic_numbers))
    except ValueError:
        return 0
    return gene.group


def table(path: Path) -> None:
    """Shares of every method, with 1.96 standard errors."""
    for file in sorted(path.glob("*.jsonl")):
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        n = len(rows)
        hull = np.array([row["above_hull"] for row in rows])
        new = np.array([row["new"] for row in rows])
        shares = {
            "metastable": hull <= METASTABLE,
            "stable": hull <= STABLE,
            "new": new,
            "M.S.U.N.": (hull <= METASTABLE) & new,
            "S.U.N.": (hull <= STABLE) & new,
            "keeps structure": np.array([row["matches"] for row in rows]),
            "converged": np.array([row["steps"] < STEPS for row in rows]),
        }
        said = [
            f"{name} {100 * x.mean():.1f} ± {196 * np.sqrt(x.mean() * (1 - x.mean()) / n):.1f}"
            for name, x in shares.items()
        ]
        rms = [row["rms"] for row in rows if row["rms"] is not None]
        print(file.stem, "n", n, "|", " | ".join(said), "| median above hull", round(float(np.median(hull)), 3))
        print("   rmsd", np.round(np.median(rms), 3), "of", len(rms), "volume", np.round(np.quantile([r["volume_ratio"]
        for r in rows], [0.1, 0.5, 0.9]), 3), "draw ms", round(1000 * float(np.median([r["draw_s"] for r in rows])),
        1), "relax s", np.round(np.mean([r["relax_s"] for r in rows]), 2))  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("method", help="wyckoff, wyckoff:{options as JSON}, substitution, random, test or table")
    parser.add_argument("n", type=int, nargs="?", default=100)
    parser.add_argument("--name", help="of the file of results")
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.method == "table":
        table(given.folder)
    else:
        run(given.folder / f"{given.name or given.method}.jsonl", given.method, given.n)


if __name__ == "__main__":
    main()
