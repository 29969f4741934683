"""Composition grids: how many points, how long, how much memory. Run: python benchmarks/grid.py.

Each line runs in a process of its own; memory is that process's peak, Python and NumPy included.
"""

import multiprocessing
import resource
import time
from collections.abc import Callable

import numpy as np

from eutectic.generators.composition import Composition
from eutectic.optimizers.base import Space
from eutectic.optimizers.spaces import region

ELEMENTS = "Fe Ni Cr Co Cu Mn Al Ti V Mo Nb Ta W Zr Hf".split()  # noqa: SIM905 (reads better than a list)


def alloy(elements: int, step: float, high: float = 1.0, least: int = 1, most: int | None = None) -> Space:
    return Composition(dict.fromkeys(ELEMENTS[:elements], (0.0, high)), step, least, most).space


def six_listed() -> str:
    listed = region.enumerate_points(alloy(6, 0.05, 0.35, 3, 5))
    assert listed is not None
    return f"{len(listed):,} counted and listed"


def ten_walked() -> str:
    space = alloy(10, 0.05)
    found = sum(len(piece) for piece in region.walk(space))
    assert found == region.count(space)
    return f"{found:,} counted and walked in pieces"


def sampled(space: Space, n: int = 100_000) -> str:
    X = region.sample(space, n, np.random.default_rng(0))
    assert region.contains(space, X).all()
    return f"{region.count(space):,} counted, {n:,} sampled"


def twelve() -> str:
    return sampled(alloy(12, 0.01, 1.0, 1, 5))


def fifteen() -> str:
    return sampled(alloy(15, 0.01))


def constrained() -> str:
    part = Composition(dict.fromkeys(ELEMENTS[:12], (0.05, 0.35)), 0.01, 3, 5, True, ("Fe + Ni <= 0.6", "Cr >= 2*Cu"))
    return sampled(part.space)


CASES: dict[str, Callable[[], str]] = {
    "6 elements, 5 at.%, 0-35 %, 3-5 present": six_listed,
    "10 elements, 5 at.%": ten_walked,
    "12 elements, 1 at.%, at most 5 present": twelve,
    "12 elements, 1 at.%, 0 or 5-35 %, 3-5 present, 2 linear": constrained,
    "15 elements, 1 at.%": fifteen,
}


def measured(name: str) -> tuple[str, float, float]:
    start = time.process_time()
    said = CASES[name]()
    return said, time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    print(f"{'grid':57} {'CPU s':>7} {'peak MB':>8}  points")
    for name in CASES:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            said, seconds, megabytes = pool.apply(measured, (name,))
        print(f"{name:57} {seconds:7.2f} {megabytes:8.0f}  {said}")


if __name__ == "__main__":
    main()
