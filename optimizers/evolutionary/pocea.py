"""This file is POCEA: paired parents compete by their constraints, the loser learns from the winner.

He, Cheng, Tian, Zhang, Tan and Jin 2021, IEEE Trans. Evol. Comput. 25, 448, after their program in PlatEMO. Parents are
paired within neighbourhoods of a few reference vectors (a neighbourhood far from its vector is widened by those
nearest to the ideal point), survivors are chosen by RVEA's angle-penalised distance among those below an epsilon of
violation. Differences: objectives are divided by their range in place of stretching the vectors, so that units do not
matter; violations are sums of excesses over their means; a winner is always mutated in one variable at least; a batch
takes as many children as it asks for, where their generation has two a neighbourhood; and the share of the run that is
over is told by `horizon`.

Where every variable has local minima of its own, as in MW1, it may find nothing feasible: children lie on the line
through their parents, and a mutation moves a variable by a few hundredths of its range. That is the method's, not ours
alone (docs/benchmarks.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from eutectic.optimizers.base import Array, History, Index, Proposals, Space
from eutectic.optimizers.evolutionary.breeding import bred
from eutectic.optimizers.evolutionary.generation import sampled_first
from eutectic.optimizers.evolutionary.lineage import Lineage, candidates, digests, recalled
from eutectic.optimizers.evolutionary.nsga3 import directions
from eutectic.optimizers.evolutionary.population import Plan, answered
from eutectic.optimizers.evolutionary.selection import Pool, pool
from eutectic.optimizers.evolutionary.variation import layout, mutate, settle
from eutectic.optimizers.part import checked
from eutectic.optimizers.spaces.scale import widths

GRAIN = 1e-4
"""Share of a variable's range to which velocities are recorded (dimensionless)."""


@checked
@dataclass(frozen=True, slots=True)
class POCEA:
    """Paired-offspring constrained evolutionary algorithm, for two objectives or more, many variables, constraints."""

    population: int | None = None
    """Number of reference vectors, each of which keeps one candidate; none: the largest batch, at least 20."""
    neighbours: int = 5
    """Candidates of a neighbourhood that parents are paired in (the paper's K)."""
    horizon: int = 200
    """Generations after which closeness to the vectors counts in full against closeness to the ideal point."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        self._plan()
        for name, least in (("neighbours", 2), ("horizon", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, not {getattr(self, name)}")

    def _plan(self) -> Plan:
        return Plan("pocea", "oracle", "mean", 1, self.population)

    def refuse(self, space: Space, objectives: int, constraints: int) -> str | None:
        """Why this problem is not for it, or None."""
        del space, constraints
        return "its reference vectors need two objectives or more" if objectives < 2 else None

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n new rows (<= n, d), fewer only when a finite space is used up."""
        return self.propose(space, history, n, rng).X

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """The rows of `ask`, with the survivors and their velocities as state."""
        plan, finished = self._plan(), pool(history)
        size, total = plan.size(history, n), len(history.X) + len(history.pending)
        seen = np.concatenate([history.X, history.pending])
        if len(finished) < 4 or total < size:
            return sampled_first(plan, space, seen, len(finished), size, n, rng)
        parents, lineage, kept = self.folded(finished, history, size, total / size / self.horizon)
        brood = Brood(space, parents, paired(parents, size, self.neighbours), velocities(kept, parents, space), rng)
        X = bred(space, brood.breed, seen, n, rng)
        names = digests(X)
        moved = dict(zip(digests(parents.X), brood.before, strict=True))
        children = zip(names, brood.after(len(X)), X, brood.made(len(X)), strict=True)
        moved |= {name: v for name, v, x, own in children if (x == own).all()}
        unit = GRAIN * widths(space)
        grain = {name: np.round(v / unit).astype(int).tolist() for name, v in moved.items() if v.any()}
        asked = Lineage(lineage.populations, {**lineage.asked, **dict.fromkeys(names, 0)}, len(history.X))
        return replace(answered(plan, X, n, ()), state={"pocea": {**asked.state(), "velocity": grain}})

    def folded(
        self, finished: Pool, history: History, size: int, share: float
    ) -> tuple[Pool, Lineage, Mapping[str, object]]:
        """The survivors among parents and children, the lineage with them, and what was kept with the last batch."""
        lineage, kept = recalled(history, "pocea", 1)
        names = digests(finished.X)
        among = candidates(finished, names, lineage, 0)
        own = finished.rows(among)
        best = survivors(own, directions(own.Y.shape[1], None, size), size, min(share, 1.0) ** 2)
        chosen = frozenset(names[int(among[i])] for i in best)
        left = {name: 0 for name in lineage.asked if name not in set(names)}
        return own.rows(best), Lineage((chosen,), left, len(history.X)), kept


def scaled(Y: Array) -> Array:
    """Losses (n, m) from the ideal point, over their range; rounded, so that ties do not hang on their units."""
    low, width = Y.min(0), np.ptp(Y, axis=0)
    moved: Array = np.round((Y - low) / np.where(width > 0, width, 1.0), 12)
    return moved


def angles(F: Array, V: Array) -> Array:
    """(n, r) angle of each row F (n, m) to each vector V (r, m), radian."""
    lengths = np.linalg.norm(F, axis=1)[:, None] * np.linalg.norm(V, axis=1)
    cosine = (F @ V.T) / np.where(lengths > 0, lengths, 1.0)
    turned: Array = np.arccos(np.clip(cosine, -1.0, 1.0))
    return turned


def level(violation: Array, feasible: float) -> float:
    """The violation up to which candidates (k,) count as feasible: the more of all are, the nearer to their mean."""
    return float(violation.min() * (1 - feasible) + violation.mean() * feasible)


def survivors(pool: Pool, V: Array, size: int, share: float) -> Index:
    """One row a reference vector V (r, m) that is the nearest one to any; `share` of the penalty of angles, 0 to 1.

    The angle-penalised distance is that of Cheng, Jin, Olhofer and Sendhoff 2016, doi 10.1109/TEVC.2016.2519378.
    """
    F = scaled(pool.Y)
    turned = angles(F, V)
    between = angles(V, V) + np.where(np.eye(len(V)) > 0, np.inf, 0.0)
    nearest, feasible = turned.argmin(1), float((pool.violation <= 0).mean())
    taken = np.unique(nearest)
    least, best = -(-size // len(taken)), list[int]()
    for vector in taken:
        own = np.flatnonzero(nearest == vector)
        broken = pool.violation[own]
        bound = float(broken.max()) if len(own) < least else level(broken, feasible)
        fit = own[broken <= bound]
        if not len(fit):
            best.append(int(own[broken.argmin()]))
            continue
        apart = 1 + share * turned[fit, vector] / between[vector].min()
        best.append(int(fit[(apart * np.linalg.norm(F[fit], axis=1)).argmin()]))
    return np.array(best, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """Candidates that are paired with each other."""

    rows: Index
    bound: float
    """Violation up to which two of them compete by their distance from the ideal point."""


def paired(parents: Pool, size: int, k: int) -> list[Neighbourhood]:
    """A neighbourhood for each of size / k reference vectors: the k candidates at the smallest angle to it.

    One that is far from its vector is joined by the k nearest to the ideal point, and then only distances count.
    """
    F = scaled(parents.Y)
    V = directions(F.shape[1], None, max(size // k, F.shape[1]))
    turned, feasible = angles(F, V), float((parents.violation <= 0).mean())
    ideal = np.argsort((F**2).sum(1), kind="stable")[:k]
    found = []
    for column in turned.T:
        rows = np.argsort(column, kind="stable")[:k]
        if column[rows].mean() >= np.pi / len(V) / 2:
            rows = np.concatenate([rows, ideal])
            found.append(Neighbourhood(rows, float(parents.violation[rows].max())))
        else:
            found.append(Neighbourhood(rows, level(parents.violation[rows], feasible)))
    return found


def velocities(kept: Mapping[str, object], parents: Pool, space: Space) -> Array:
    """(p, d) velocity of each parent as it was recorded, 0 where none was."""
    recorded = kept.get("velocity")
    known = recorded if isinstance(recorded, Mapping) else {}
    none = np.zeros(space.d)
    rows = [np.asarray(known[name], dtype=float) if name in known else none for name in digests(parents.X)]
    moved: Array = np.array(rows).reshape(len(parents), space.d) * (GRAIN * widths(space))
    return moved


class Brood:
    """Children of paired parents, in the making."""

    __slots__ = ("_made", "_moved", "before", "groups", "parents", "rng", "space")

    def __init__(
        self, space: Space, parents: Pool, groups: list[Neighbourhood], before: Array, rng: np.random.Generator
    ) -> None:
        self.space, self.parents, self.groups, self.before, self.rng = space, parents, groups, before, rng
        self._made: dict[int, Array] = {}
        self._moved: dict[int, Array] = {}

    def made(self, n: int) -> list[Array]:
        """The n children as they were bred last, before what mended them."""
        return [self._made.get(i, np.full(self.space.d, np.nan)) for i in range(n)]

    def after(self, n: int) -> list[Array]:
        """The velocities of the n children."""
        return [self._moved.get(i, np.zeros(self.space.d)) for i in range(n)]

    def breed(self, wanted: Index) -> tuple[Array, Array]:
        """A child for each of the wanted numbers (k,), a loser that moved or a winner that mutated, and its parent."""
        where = wanted % len(self.groups)
        pairs = [self.competed(self.groups[int(g)]) for g in where]
        winner, loser = (np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True))
        learns = (wanted // len(self.groups)) % 2 == 0
        W, L, speed = self.parents.X[winner], self.parents.X[loser], self.before[loser]
        first, second = self.rng.random((2, len(wanted), 1))
        # the competitive swarm with acceleration (Tian et al. 2020, doi 10.1109/TCYB.2019.2906383), as in POCEA
        moved = first * speed + second * (W - L)
        X = np.where(learns[:, None], L + moved + first * (moved - speed), W)
        codes = layout(self.space).codes
        X[:, codes] = np.where(second < 0.5, L[:, codes], W[:, codes])
        X = settle(self.space, X, self.rng)
        stirred = self.rng.random(X.shape) < 1.0 / self.space.d
        still = np.flatnonzero(~learns)
        stirred[still, self.rng.integers(0, self.space.d, len(still))] = True
        X = mutate(self.space, X, stirred, 20.0, self.rng)
        velocity = np.where(learns[:, None], moved, self.before[winner])
        for i, x, v in zip(wanted.tolist(), X, velocity, strict=True):
            self._made[i], self._moved[i] = x, v
        return X, np.where(learns[:, None], L, W)

    def competed(self, group: Neighbourhood) -> tuple[int, int]:
        """Winner and loser of two of a neighbourhood: the less infeasible, within its bound the nearer to the ideal."""
        rows = group.rows
        one, other = (int(i) for i in rows[self.rng.permutation(len(rows))[[0, -1]]])
        broken = self.parents.violation
        if max(broken[one], broken[other]) <= group.bound:
            far = np.linalg.norm(scaled(self.parents.Y)[[one, other]], axis=1)
            first = far[0] < far[1]
        else:
            first = broken[one] < broken[other]
        return (one, other) if first else (other, one)
