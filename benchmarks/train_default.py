"""This file is how the bundled Wyckoff checkpoint, generators/weights/wyckoff-1, was trained.

    EUTECTIC_DATA=/folder/with/mp_structures python benchmarks/train_default.py FOLDER [--part genes|geometry]
    EUTECTIC_DATA=... python benchmarks/train_default.py FOLDER --ship

The data are three tables of Materials Project structures (CC BY 4.0; Jain et al., APL Mater. 1, 011002 (2013), doi
10.1063/1.4812323): binaries and ternaries of CDVAE's MP-20 split (val and test) and MPTS-52 (val), which anyone can
fetch from the CDVAE repository or by mp-api. Crystals of MP-20's test are held out: what docs/benchmarks.md says of
test crystals is said of crystals the checkpoint has not seen. Both networks may be trained at once by two processes; a
process that was ended goes on where it was.
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from eutectic.generators.learning import checkpoints, datasets
from eutectic.generators.learning.datasets import Structures
from eutectic.generators.learning.training import Progress
from eutectic.generators.wyckoff.examples import genes_of
from eutectic.generators.wyckoff.recipe import PARTS, Recipe, assembled, learn

MOST_ATOMS = 20
TRAINED = ("mp_20_biternary_val.csv.gz", "mpts_52_val.csv.gz")
HELD_OUT = "mp_20_biternary_test.csv.gz"
PROPERTIES = ("energy_above_hull_ev_per_atom", "formation_energy_ev_per_atom", "band_gap_ev")
SHIPPED = Path(__file__).parents[1] / "generators" / "weights" / "wyckoff-1.safetensors"


def folder() -> Path:
    """Where the tables are."""
    return Path(os.environ["EUTECTIC_DATA"]) / "mp_structures"


def test_set() -> Structures:
    """Crystals that are not learned from."""
    return datasets.load([folder() / HELD_OUT])


def training_set() -> Structures:
    """Crystals of at most 20 atoms that are not in MP-20's test."""
    unseen = set(test_set().ids)
    everything = datasets.load([folder() / name for name in TRAINED])
    sizes = everything.sizes
    return everything.take(i for i, k in enumerate(everything.ids) if sizes[i] <= MOST_ATOMS and k not in unseen)


def described(structures: Structures, n: int) -> dict[str, object]:
    """What the card says of the data."""
    return {
        "training_set": {
            "name": "Materials Project, at most 20 atoms: MP-20 binaries and ternaries (val), MPTS-52 (val)",
            "crystals": n,
            "files_sha256": dict(structures.sources),
            "held_out": f"every material id of {HELD_OUT}",
        },
        "licence": "weights: MIT; data: CC BY 4.0, The Materials Project, Jain et al. 2013, doi 10.1063/1.4812323",
    }


def said(part: str, progress: Progress) -> None:
    row = progress.history[-1]
    print(part, *(f"{k} {v:.4g}" for k, v in row.items()), time.strftime("%H:%M"), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--ship", action="store_true", help="write the checkpoint from what is trained so far")
    given = parser.parse_args()
    torch.set_num_threads(1)
    structures = training_set()
    genes = genes_of(structures, MOST_ATOMS)
    recipe = Recipe(minutes=given.minutes, properties=PROPERTIES)
    if given.ship:
        tensors, card = assembled(genes, recipe, given.folder, described(structures, len(genes)))
        written = checkpoints.write(SHIPPED, tensors, card)
        print(SHIPPED, SHIPPED.stat().st_size, written.sha256, np.round(card["cpu_hours"], 3))
    else:
        learn(genes, recipe, given.folder, said, [given.part] if given.part else PARTS)


if __name__ == "__main__":
    main()
