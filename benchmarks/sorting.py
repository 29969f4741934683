"""This file is what fronts, hypervolumes and distances cost in the libraries that compute them: CPU milliseconds.

    python benchmarks/sorting.py        (pymoo where it is installed)

Uniform points in the unit cube, the least of three calls; the hypervolume is that of points on a sphere's octant.
"""

import os
import time
from collections.abc import Callable
from importlib.util import find_spec

os.environ.setdefault("OMP_NUM_THREADS", "1")

import moocore
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def deap_sort(Y: Array) -> object:
    from deap import base, tools

    class Fitness(base.Fitness):  # type: ignore[misc]
        weights = (-1.0,) * Y.shape[1]

    class Individual(list[float]):
        fitness: object

    people = []
    for row in Y:
        person = Individual(row)
        person.fitness = Fitness(row)
        people.append(person)
    return tools.sortLogNondominated(people, len(people))


def pymoo_sort(Y: Array) -> object:
    from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

    return NonDominatedSorting().do(Y)


def botorch_volume(Y: Array) -> object:
    import torch
    from botorch.utils.multi_objective.hypervolume import Hypervolume

    return Hypervolume(torch.full((Y.shape[1],), -1.1, dtype=torch.float64)).compute(-torch.tensor(Y))


def least(function: Callable[[Array], object], Y: Array) -> float:
    """CPU milliseconds."""
    spent = []
    for _ in range(3):
        start = time.process_time()
        function(Y)
        spent.append(1e3 * (time.process_time() - start))
    return min(spent)


def table(what: str, rivals: dict[str, Callable[[Array], object]], cases: dict[str, Array]) -> None:
    print(f"| {what} | " + " | ".join(rivals) + " |\n|" + "---|" * (len(rivals) + 1))
    for name, Y in cases.items():
        print(f"| {name} | " + " | ".join(f"{least(rival, Y):.2f}" for rival in rivals.values()) + " |", flush=True)


def main() -> None:
    """Print both tables for the libraries that are here."""
    rng = np.random.default_rng(0)
    sorts: dict[str, Callable[[Array], object]] = {"moocore": moocore.pareto_rank}
    volumes: dict[str, Callable[[Array], object]] = {"moocore": lambda Y: moocore.hypervolume(Y, ref=1.1)}
    sorts |= {name: sort for name, sort in (("deap", deap_sort), ("pymoo", pymoo_sort)) if find_spec(name)}
    volumes |= {"botorch": botorch_volume} if find_spec("botorch") else {}
    shapes = [(200, 2), (2000, 2), (200, 3), (2000, 3)]
    table("fronts of n points, m losses, CPU ms", sorts, {f"{n}, {m}": rng.random((n, m)) for n, m in shapes})
    octant = {(n, m): np.abs(rng.normal(size=(n, m))) for n, m in ((50, 2), (200, 2), (100, 3))}
    unit = {f"{n}, {m}": 1 - Y / np.linalg.norm(Y, axis=1, keepdims=True) for (n, m), Y in octant.items()}
    table("hypervolume of n points, m losses, CPU ms", volumes, unit)


if __name__ == "__main__":
    main()
