"""This file is how many evaluations 20 hits take: unsteered, guided, steered in three ways, and by substitution.

    EUTECTIC_DATA=/folder/with/mp_structures python -m benchmarks.steering FOLDER --task formation --seeds 5
    python -m benchmarks.steering FOLDER table

`density`: the density of the crystal as it was drawn lies in a window, so that an evaluation costs nothing and only the
steering is measured. `formation`: CHGNet's formation energy of the crystal as it was drawn is at most a limit that 2 %
of the training crystals reach (Materials Project); guided runs ask for the value that 5 % reach.

All methods are filtered alike before an evaluation: no formula twice, none that the Materials Project's tables hold,
atoms 0.5 angstrom apart. A hit is an evaluation within the window. The reward is 1 there, or in its middle, and falls
to 0 at the median of the training crystals. A run that is done is written down and not made again.
"""

import argparse
import functools
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pymatgen.core import Structure

from benchmarks.crystal_generators import by_formula, everything, formula, predicted, references
from benchmarks.train_default import TRAINED, folder
from eutectic.generators.baselines.substitution import Substitution
from eutectic.generators.learning.steering import Aim, Experience, Steering
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure
from eutectic.generators.wyckoff.engine import Wyckoff
from eutectic.generators.wyckoff.finetuning import steered

HITS = 20
DRAWN = 64
DENSITY, FORMATION = "density_g_per_cm3", "formation_energy_ev_per_atom"
WINDOW = (10.0, 10.4)
MODES = ("none", "guidance", "reward", "curate", "replay", "substitution")


@functools.cache
def formation_levels() -> tuple[float, float, float]:
    """Formation energies (eV/atom) that 2, 5 and 50 % of the tables' crystals reach."""
    values = everything().properties[FORMATION]
    low, asked, median = np.nanquantile(values, [0.02, 0.05, 0.5])
    return float(low), float(asked), float(median)


@functools.cache
def median_density() -> float:
    """Of the tables' crystals, g/cm3; every tenth is looked at."""
    whole = everything()
    made = [Structure(*(whole.crystal(i)[k] for k in (0, 2, 1))) for i in range(0, len(whole), 10)]
    return float(np.median([s.density for s in made]))


def aim_of(task: str) -> Aim:
    """What a value is worth."""
    if task == "density":
        return Aim(full=sum(WINDOW) / 2, nothing=median_density(), target=True)
    low, _, median = formation_levels()
    return Aim(full=low, nothing=median)


def options_of(task: str, mode: str, every: int) -> Steering | None:
    """How weights are steered; None where they are not."""
    options = Steering({DENSITY if task == "density" else FORMATION: aim_of(task)}, every=every)
    at_edge = aim_of(task).reward(WINDOW[0] if task == "density" else formation_levels()[0])
    made = {
        "reward": options,
        "replay": replace(options, share=0.0),
        "curate": replace(options, mode="curate", limit=round(at_edge, 9)),
    }
    return made.get(mode)


def values_of(task: str, crystals: list[Structure], path: Path) -> list[float]:
    """Of each crystal, as it is."""
    if task == "density":
        return [float(s.density) for s in crystals]
    energies = references(path / "references.json")
    return [
        float(said["e"]) - sum(energies[z] for z in s.atomic_numbers) / len(s)
        for s, said in zip(crystals, predicted(crystals), strict=True)
    ]


def is_hit(task: str, value: float) -> bool:
    return WINDOW[0] <= value <= WINDOW[1] if task == "density" else value <= formation_levels()[0]


def fresh(mode: str, weights: str, seen: set[str], draws: Iterator[int]) -> Iterator[Structure]:
    """Crystals that pass the filter, in the order of their draws."""
    known = {int(z) for z in references_of()}
    engine: Any = Substitution(pool=str(folder() / TRAINED[0])) if mode == "substitution" else Wyckoff(weights=weights)
    wanted = Conditions(atoms=(1, 20))
    if mode == "guidance":
        wanted = replace(wanted, targets={FORMATION: formation_levels()[1]}, guidance=2.0)
    while True:
        block = [next(draws) for _ in range(DRAWN)]
        for made in engine.draw([wanted] * DRAWN, block):
            if not isinstance(made, GeneratedStructure):
                continue
            kind = formula(made.numbers)
            if kind in seen or kind in by_formula() or not set(map(int, made.numbers)) <= known:
                continue
            crystal = Structure.from_dict(made.structure())
            if crystal.is_valid(0.5):
                seen.add(kind)
                yield crystal


@functools.cache
def references_of() -> tuple[int, ...]:
    """Elements that the tables hold."""
    return tuple(sorted({int(z) for z in everything().numbers}))


def run(task: str, mode: str, seed: int, every: int, most: int, path: Path) -> dict[str, Any]:
    """One run to 20 hits or so many evaluations; a row of figures."""
    options = options_of(task, mode, every)
    name = DENSITY if task == "density" else FORMATION
    aim = aim_of(task)
    finished: list[Experience] = []
    hits: list[int] = []
    learning, began, weights = 0.0, time.process_time(), "wyckoff-1"
    draws, seen = iter(range(seed * 10_000_000, (seed + 1) * 10_000_000)), set[str]()
    with tempfile.TemporaryDirectory() as kept:
        while len(hits) < HITS and len(finished) < most:
            start = time.process_time()
            if options is not None:
                weights = str(steered("wyckoff-1", finished, options, seed, Path(kept)))
            learning += time.process_time() - start
            source = fresh(mode, weights, seen, draws)
            crystals = [next(source) for _ in range(every)]
            values = values_of(task, crystals, path)
            for crystal, value in zip(crystals, values, strict=True):
                content, kind = crystal.as_dict(), crystal.composition.reduced_formula
                finished.append(Experience(str(len(finished)), content, kind, aim.reward(value)))
                hits += [len(finished)] if is_hit(task, value) else []
            print(f"{mode} {seed}: {len(finished)}, {len(hits)} hits, mean {name} {np.mean(values):.2f}",
                  file=sys.stderr, flush=True)  # fmt: skip
    spent = time.process_time() - began
    return {
        "task": task,
        "mode": mode,
        "seed": seed,
        "every": every,
        "evaluations": len(finished),
        "hits": hits,
        "draws": next(draws) - seed * 10_000_000,
        "cpu_s": round(spent, 1),
        "learning_s": round(learning, 1),
    }


def needed(row: dict[str, Any]) -> float:
    """Evaluations until the 20th hit; where there were fewer, as many as their frequency would take."""
    hits: list[int] = row["hits"]
    return float(hits[HITS - 1]) if len(hits) >= HITS else HITS * row["evaluations"] / max(1, len(hits))


def table(path: Path) -> None:
    """A line a task and method."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for task, mode in dict.fromkeys((row["task"], row["mode"]) for row in rows):
        own = [row for row in rows if (row["task"], row["mode"]) == (task, mode)]
        counts = np.array([needed(row) for row in own])
        short = sum(len(row["hits"]) < HITS for row in own)
        spent, learning = (np.mean([row[key] for row in own]) for key in ("cpu_s", "learning_s"))
        spread = counts.std(ddof=min(1, len(own) - 1))
        print(
            f"{task} {mode}: {len(own)} seeds, {counts.mean():.0f} ± {spread:.0f} "
            f"({', '.join(f'{c:.0f}' for c in counts)}), {short} of them extrapolated, "
            f"CPU s {spent:.0f}, of which learning {learning:.0f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("what", nargs="?", choices=("run", "table"), default="run")
    parser.add_argument("--task", choices=("density", "formation"), default="density")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--every", type=int, default=16)
    parser.add_argument("--most", type=int, default=1000)
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.folder.mkdir(parents=True, exist_ok=True)
    path = given.folder / "steering.jsonl"
    if given.what == "table":
        table(path)
        return
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    done = {(row["task"], row["mode"], row["seed"]) for row in map(json.loads, lines)}
    for seed in range(given.seeds):
        for mode in given.modes:
            if (given.task, mode, seed) in done or (mode == "guidance" and given.task == "density"):
                continue
            row = run(given.task, mode, seed, given.every, given.most, given.folder)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
