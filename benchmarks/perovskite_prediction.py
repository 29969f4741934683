"""This file is structure prediction on perov-5: types given, one sample each, beside published figures.

    EUTECTIC_DATA=/folder/with/perov5 python benchmarks/perovskite_prediction.py FOLDER [--minutes 60] [--split test]

18,928 perovskites in CDVAE's splits (Castelli et al. 2012; Xie et al. 2022, arXiv 2110.06197); StructureMatcher 0.3,
0.5, 10. Match rate saturates near 53 %, because 97.8 % of the test compositions occur twice with A and B exchanged;
the RMSE, and the corrected one that counts what does not match as 0.5, tell models apart. The control `ideal` places
every composition on the ideal perovskite's sites, A and B by a coin. A training that was ended goes on.
"""

import argparse
import json
import os
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure

from eutectic.generators.diffusion.recipe import Recipe, learn, loaded
from eutectic.generators.diffusion.solving import Crystal, Order, Way, solve
from eutectic.generators.diffusion.torus import Index
from eutectic.generators.learning import checkpoints
from eutectic.generators.learning.datasets import Structures

LIMIT = 0.5
"""What a structure that does not match counts as, the matcher's own limit."""


def crystals(split: str) -> Structures:
    """One of CDVAE's splits."""
    path = Path(os.environ["EUTECTIC_DATA"]) / "perov5" / "perov5_heat_ref.json.zip"
    with zipfile.ZipFile(path) as archive:
        rows = json.loads(archive.read(archive.namelist()[0]))[split]
    made = [Structure.from_str(text.replace("\\n", "\n"), fmt="poscar") for text in rows.values()]
    return Structures(
        ids=tuple(rows),
        lattices=np.array([s.lattice.matrix for s in made]),
        starts=np.arange(len(made) + 1) * 5,
        fractional=np.concatenate([s.frac_coords for s in made]),
        numbers=np.concatenate([s.atomic_numbers for s in made]).astype(np.int64),
        properties={},
        sources={path.name: ""},
    )


def learned(given: argparse.Namespace) -> tuple[Path, float]:
    """Path of the checkpoint, trained or found, and its CPU minutes."""
    path: Path = given.folder / f"{given.kind}.safetensors"
    if not path.exists():
        recipe = Recipe(
            minutes=given.minutes,
            interpolant=given.kind,
            batch=given.batch,
            width=given.width,
            revealed=given.revealed,
            held_out=0.02,
            rate=given.rate,
            begin=given.begin,
        )
        about = {"training_set": {"name": "perov-5, train", "began_with": given.begin}, "licence": "for this benchmark"}
        made = learn(
            crystals("train"), recipe, given.folder / given.kind, about, lambda p: print(p.history[-1], flush=True)
        )
        checkpoints.write(path, *made)
    return path, minutes_of(path)


def minutes_of(path: Path) -> float:
    """CPU minutes of a training and of those before it that it began with."""
    card = checkpoints.read_card(str(path), "diffusion")
    before = card["training_set"].get("began_with", "")
    return 60 * float(card["cpu_hours"]) + (minutes_of(Path(before)) if before else 0.0)


def ideal(numbers: Index, chance: np.random.Generator) -> Crystal:
    """Its atoms, in perov-5's order A, B, X, X, X, on the sites of the ideal perovskite; A and B by a coin."""
    places = np.array([[0, 0, 0], [1, 1, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]]) / 2
    if chance.random() < 0.5:  # X stays where it is: moved along, they would be the same crystal with another origin
        places[[0, 1]] = places[[1, 0]]
    return 4 * np.eye(3), places, numbers


def scored(title: str, drawn: Sequence[Crystal], truth: Structures, rows: Index) -> None:
    """A line: match, RMSE of matches and the corrected one."""
    matcher = StructureMatcher(ltol=0.3, stol=LIMIT, angle_tol=10)
    distances = []
    for i, (lattice, fractional, numbers) in zip(rows, drawn, strict=True):
        cell, places, kinds = truth.crystal(i)
        said = matcher.get_rms_dist(Structure(lattice, numbers, fractional), Structure(cell, kinds, places))
        distances.append(np.nan if said is None else said[0])
    found = np.array(distances)
    matched = ~np.isnan(found)
    share, n = matched.mean(), len(rows)
    print(
        f"{title}: n {n}, match {100 * share:.2f} ± {196 * np.sqrt(share * (1 - share) / n):.2f} %, "
        f"RMSE {found[matched].mean():.4f} ± {1.96 * found[matched].std() / np.sqrt(matched.sum()):.4f}, "
        f"corrected {np.where(matched, found, LIMIT).mean():.4f}, median {np.median(found[matched]):.4f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--kind", choices=("flow", "diffusion"), default="flow")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--rate", type=float, default=1e-3, help="highest learning rate")
    parser.add_argument("--begin", default="", help="checkpoint whose weights the training begins with")
    parser.add_argument("--revealed", type=float, default=1.0, help="share of the training with all types given")
    parser.add_argument("--split", choices=("val", "test"), default="test")
    parser.add_argument("--n", type=int, default=0, help="crystals of the split, by chance; 0: all")
    parser.add_argument("--steps", type=int, nargs="+", default=[20])
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    path, minutes = learned(given)
    network, standard = loaded(checkpoints.read(path, "diffusion"))
    truth = crystals(given.split)
    rows = np.random.default_rng(0).permutation(len(truth))[: given.n or None]
    kinds = [truth.crystal(i)[2] for i in rows]
    for steps in given.steps:
        streams = [np.random.default_rng([given.seed, int(i)]) for i in rows]
        orders = [Order(k, (1,), np.zeros(0), 1.0, s) for k, s in zip(kinds, streams, strict=True)]
        began = time.process_time()
        drawn = solve(network, standard, orders, Way(given.kind, steps))
        each = 1000 * (time.process_time() - began) / len(rows)
        title = f"{given.kind}, {minutes:.1f} CPU minutes, {given.split}, {steps} steps, {each:.1f} ms each"
        scored(title, drawn, truth, rows)
    chance = np.random.default_rng(given.seed)
    scored(f"ideal, {given.split}", [ideal(k, chance) for k in kinds], truth, rows)


if __name__ == "__main__":
    main()
