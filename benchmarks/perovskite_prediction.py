"""This file is structure prediction on perov-5: types given, one sample each, beside published figures.

    EUTECTIC_DATA=/folder/with/perov5 python benchmarks/perovskite_prediction.py FOLDER [--minutes 15] [--n 300]

18,928 perovskites in CDVAE's splits (Castelli et al. 2012; Xie et al. 2022, arXiv 2110.06197); StructureMatcher 0.3,
0.5, 10. Match rate saturates near 53 %, because 97.8 % of the test compositions occur twice with A and B exchanged;
the RMSE, and the corrected one that counts what does not match as 0.5, tell models apart.
"""

import argparse
import json
import os
import time
import zipfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure

from eutectic.generators.diffusion.recipe import Recipe, learn, loaded
from eutectic.generators.diffusion.solving import Order, Way, solve
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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--kind", choices=("flow", "diffusion"), default="flow")
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--steps", type=int, default=20)
    given = parser.parse_args()
    torch.set_num_threads(1)
    recipe = Recipe(minutes=given.minutes, interpolant=given.kind, batch=128, properties=(), held_out=0.02)
    about = {"training_set": {"name": "perov-5, train"}, "licence": "for this benchmark"}
    tensors, card = learn(
        crystals("train"), recipe, given.folder / given.kind, about, lambda p: print(p.history[-1], flush=True)
    )
    kept = checkpoints.write(given.folder / f"{given.kind}.safetensors", tensors, card)
    network, standard = loaded(kept)
    test = crystals("test")
    rows = np.random.default_rng(0).permutation(len(test))[: given.n]
    nothing = np.zeros(0)
    orders = [Order(test.crystal(i)[2], (1,), nothing, 1.0, np.random.default_rng(k)) for k, i in enumerate(rows)]
    began = time.process_time()
    drawn = solve(network, standard, orders, Way(given.kind, given.steps))
    each = 1000 * (time.process_time() - began) / len(rows)
    matcher = StructureMatcher(ltol=0.3, stol=LIMIT, angle_tol=10)
    distances = []
    for i, (lattice, fractional, numbers) in zip(rows, drawn, strict=True):
        cell, places, kinds = test.crystal(i)
        said = matcher.get_rms_dist(Structure(lattice, numbers, fractional), Structure(cell, kinds, places))
        distances.append(np.nan if said is None else said[0])
    found = np.array(distances)
    matched = ~np.isnan(found)
    corrected = np.where(matched, found, LIMIT).mean()
    minutes = 60 * card["cpu_hours"]
    print(f"{given.kind}: {minutes:.1f} CPU minutes, n {len(rows)}, {given.steps} steps, {each:.1f} ms each")
    print(f"match {100 * matched.mean():.1f} %, RMSE {found[matched].mean():.4f}, corrected {corrected:.4f}")


if __name__ == "__main__":
    main()
