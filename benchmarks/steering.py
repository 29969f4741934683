"""This file is how many evaluations 20 hits of a property window take: unsteered, reward, curation, replay only.

    python benchmarks/steering.py --weights generators/weights/wyckoff-1.safetensors --mode reward --seed 0

The property is the density of the crystal as it was drawn, so that an evaluation costs nothing and only the steering is
measured. A hit lies in the window and has a reduced formula that no hit before it had.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from itertools import count
from pathlib import Path

from pymatgen.core import Structure

from eutectic.generators.learning.steering import Aim, Experience, Steering
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure
from eutectic.generators.wyckoff.engine import Wyckoff
from eutectic.generators.wyckoff.finetuning import steered

HITS = 20
NAME = "density_g_per_cm3"


def options_of(mode: str, low: float, high: float, every: int) -> Steering | None:
    """None: unsteered. The reward is 1 in the middle of the window, 0 at half and at one and a half of it."""
    middle = (low + high) / 2
    options = Steering({NAME: Aim(full=middle, nothing=middle / 2, target=True)}, every=every)
    at_edge = options.reward({NAME: low})
    return {
        "none": None,
        "reward": options,
        "replay": replace(options, share=0.0),
        "curate": replace(options, mode="curate", limit=round(at_edge, 9)),
    }[mode]


def main() -> None:
    """One run: a line a block, the figures at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", default="wyckoff-1")
    parser.add_argument("--mode", choices=("none", "reward", "curate", "replay"), default="reward")
    parser.add_argument("--window", type=float, nargs=2, default=(10.0, 10.4))
    parser.add_argument("--every", type=int, default=16)
    parser.add_argument("--most", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    low, high = given.window
    options = options_of(given.mode, low, high, given.every)
    reckoned = options or options_of("reward", low, high, given.every)
    assert reckoned is not None
    finished: list[Experience] = []
    hits: set[str] = set()
    learning = 0.0
    weights = given.weights
    draws = count(given.seed * 10_000_000)
    with tempfile.TemporaryDirectory() as folder:
        while len(hits) < HITS and len(finished) < given.most:
            began = time.process_time()
            if options is not None:
                weights = str(steered(given.weights, finished, options, given.seed, Path(folder)))
            learning += time.process_time() - began
            engine = Wyckoff(weights=weights)
            block = [next(draws) for _ in range(given.every * 2)]
            made = [m for m in engine.draw([Conditions()] * len(block), block) if isinstance(m, GeneratedStructure)]
            values = []
            for one in made[: given.every]:
                content = one.structure()
                density = float(Structure.from_dict(content).density)
                values.append(density)
                reward = reckoned.reward({NAME: density})
                finished.append(Experience(str(len(finished)), content, one.formula, reward))
                if low <= density <= high and len(hits) < HITS:
                    hits.add(one.formula)
            mean = sum(values) / max(1, len(values))
            print(
                f"{len(finished)} evaluations, {len(hits)} hits, mean density {mean:.2f}", file=sys.stderr, flush=True
            )
    print(
        f"{given.mode} seed {given.seed} window {low:g}-{high:g}: {len(hits)} hits in {len(finished)} evaluations, "
        f"{len({one.formula for one in finished})} formulas, "
        f"{time.process_time():.0f} CPU s of which {learning:.0f} learning"
    )


if __name__ == "__main__":
    main()
