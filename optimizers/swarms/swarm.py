"""This file is particle swarm optimisation: one objective, distance to a vector of targets, or several objectives.

Kennedy and Eberhart 1995, doi 10.1109/ICNN.1995.488968; several objectives: Scheepers, Engelbrecht and Cleghorn 2019,
doi 10.1007/s11721-019-00171-0, with feasibility rules. Where particles are is read from the history
(`particle_swarm.py`). pyswarms gives the neighbourhoods and nothing else: its velocity and position operators draw
from NumPy's global random state, so those updates are ours, from the generator given (`topologies.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from eutectic.optimizers.base import NO_OPTION, Array, History, Proposals, Space
from eutectic.optimizers.evolutionary.generation import propose
from eutectic.optimizers.evolutionary.population import Acquire, Search, plan
from eutectic.optimizers.part import checked
from eutectic.optimizers.swarms.particle_swarm import ParticleSwarm
from eutectic.surrogates.base import Surrogate

_ONE = (0.5, 1.49618, 1.49618, 0.0, 0.05)
"""Inertia, cognitive, social and archive weight, and mutation, for one loss. The pulls are those of the constricted
swarm (Clerc and Kennedy 2002, doi 10.1109/4235.985692); its inertia of 0.73 wants thousands of evaluations (600 on a
sphere of four variables: least loss 1e-2, with 0.5 it is 1e-5)."""
_SEVERAL = (0.475, 1.8, 1.1, 1.8, 0.3)
"""The same for a front, where three guides pull."""


@checked
@dataclass(frozen=True, slots=True)
class Swarm:
    """Particle swarm for one objective, a vector of targets or several objectives (a sub-swarm each), any space."""

    population: int | None = None
    """Number of particles; none: the largest batch asked for, at least 20."""
    search: Search = "oracle"
    """`oracle`: one move a batch on the evaluations; `surrogate`: many on the posterior, then a diverse batch."""
    acquire: Acquire = "ucb"
    """What `surrogate` minimises: mean, mean - 2 standard deviations, or random functions of that spread."""
    generations: int = 50
    """Moves on the posterior a batch."""
    aim: Literal["auto", "front", "distance"] = "auto"
    """Several objectives: their `front`, or their joint `distance` (root mean square of the losses, each divided by
    its spread); `auto`: the distance where all objectives are targets. On the posterior the distance guides the moves
    and the batch is spread over the front."""
    topology: Literal["star", "ring"] = "ring"
    """Whom a particle hears: all the others, or its nearest neighbours."""
    neighbours: int = 10
    """Particles of a `ring` neighbourhood, itself included."""
    patience: int | None = 12
    """Moves without a better candidate after which the swarm starts anew; none: never. Not for a front."""
    inertia: float | None = None
    """Share of the last step kept, 0 to 1; none: 0.5, or 0.475 for a front."""
    cognitive: float | None = None
    """Pull of a particle's own best; none: 1.496, or 1.8 for a front."""
    social: float | None = None
    """Pull of the neighbourhood's best; none: 1.496, or 1.1 for a front."""
    guidance: float | None = None
    """Pull of the archive of non-dominated candidates, for a front; none: 1.8."""
    mutation: float | None = None
    """Probability that a moved particle is mutated in one variable as well; none: 0.05, or 0.3 for a front."""
    recipes: tuple[Surrogate, ...] = field(default=(), repr=False, metadata=NO_OPTION)
    """One surrogate an objective and a constraint, for `surrogate`; a Gaussian process for each where empty."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        plan("swarm", self)
        for name, value in (("inertia", self.inertia), ("mutation", self.mutation)):
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name} must lie between 0 and 1, not {value}")
        for name in ("cognitive", "social", "guidance"):
            pull = getattr(self, name)
            if pull is not None and not 0 < pull <= 4:
                raise ValueError(f"{name} must lie above 0 and at most at 4, not {pull}")
        for name in ("neighbours", "patience"):
            number = getattr(self, name)
            if number is not None and number < 2:
                raise ValueError(f"{name} must be at least 2, not {number}")

    def using(self, recipes: Sequence[Surrogate]) -> "Swarm":
        """The same optimizer with one surrogate recipe an objective and a constraint, in that order."""
        return replace(self, recipes=tuple(recipes))

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n new rows (<= n, d), fewer only when a finite space is used up."""
        return self.propose(space, history, n, rng).X

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """The rows of `ask` with what the surrogates predict, where they were used."""
        return propose(self.rules(history), plan("swarm", self), space, history, n, rng)

    def rules(self, history: History) -> ParticleSwarm:
        """The rules for this problem; on the posterior a swarm lives for one batch only, too short for a restart."""
        m, targets = history.Y.shape[1], not np.isnan(history.tolerance).any()
        joined = m > 1 and (self.aim == "distance" or (self.aim == "auto" and targets))
        usual = _ONE if m == 1 or joined else _SEVERAL
        given = (self.inertia, self.cognitive, self.social, self.guidance, self.mutation)
        w, c1, c2, c3, stir = (u if g is None else g for u, g in zip(usual, given, strict=True))
        patience = self.patience if self.search == "oracle" else None
        scale = spread(history) if joined else None
        return ParticleSwarm(self.topology, self.neighbours, w, c1, c2, c3, stir, patience, scale)


def spread(history: History) -> Array:
    """(m,) standard deviation of what was measured of each objective, 1 where nothing varies."""
    values = history.signed[history.finished]
    deviation = values.std(0) if len(values) else np.ones(history.Y.shape[1])
    found: Array = np.where(deviation > 0, deviation, 1.0)
    return found
