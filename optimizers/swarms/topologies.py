"""This file is whom a particle listens to: the topologies of pyswarms, and no more of that package.

pyswarms 1.3 is no longer maintained. Sound and used here: `compute_gbest` of its Star and Ring topologies, which draws
no random numbers. Not used: its velocity operator, its handlers and generators and the Random topology draw from
NumPy's global random state; the VonNeumann topology asks for more neighbours than there are particles in more than a
few dimensions, and Pyramid needs a triangulation that exists in few. Importing it, and each topology made, sets up the
root logger and opens `report.log` in the current folder, unless the variable LOG_CFG names a logging configuration:
for that moment it names an empty one.
"""

import copy
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from eutectic.optimizers.base import Array

Topology = Literal["star", "ring"]


def neighbourhood_best(topology: Topology, neighbours: int, position: Array, best: Array, cost: Array) -> Array:
    """(p, d) best personal best in each particle's neighbourhood.

    position, best (p, d), in units in which distances mean something; cost (p,) of the personal bests. `star`: all
    hear the best of all; `ring`: the `neighbours` particles that are nearest now, itself among them.
    """
    p, d = position.shape
    k = min(neighbours, p)
    if k < 2:
        return best
    topologies, swarm_type = _loaded()
    own = copy.copy(topologies[topology])
    swarm = swarm_type(position=position, velocity=np.zeros((p, d)), pbest_pos=best, pbest_cost=cost.astype(float))
    found, _ = own.compute_gbest(swarm) if topology == "star" else own.compute_gbest(swarm, p=2, k=k)
    return np.broadcast_to(np.asarray(found, dtype=float), (p, d))


@lru_cache(maxsize=1)
def _loaded() -> tuple[dict[str, Any], Any]:
    """One topology of each kind, to be copied, and the type of a swarm."""
    with _silent():
        from pyswarms.backend.swarms import Swarm
        from pyswarms.backend.topology import Ring, Star

        return {"star": Star(), "ring": Ring(static=False)}, Swarm


@contextmanager
def _silent() -> Iterator[None]:
    """With LOG_CFG naming a configuration that changes nothing."""
    before = os.environ.get("LOG_CFG")
    with tempfile.TemporaryDirectory() as folder:
        nothing = Path(folder) / "nothing.yaml"
        nothing.write_text("{version: 1, incremental: true}\n")
        os.environ["LOG_CFG"] = str(nothing)
        try:
            yield
        finally:
            if before is None:
                del os.environ["LOG_CFG"]
            else:
                os.environ["LOG_CFG"] = before
