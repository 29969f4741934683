"""This file is the search for candidates that satisfy every window: which one is likeliest to be one more of them.

Within a batch what is maximised is the expected growth of 1 + 1/2 + ... + 1/k over the number k of pending candidates
that turn out to satisfy: the next one counts in full where, in a joint draw of the pending ones, none of them does, and
less the more of them do. It is large for candidates that succeed where the others fail, so a batch spreads over what
may be feasible (expected number of successes alone would send the whole batch to one place). Candidates beside one
that is known count less, too, so that what is found is not one point many times.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from scipy.spatial.distance import cdist
from torch import Tensor

from eutectic.optimizers.acquisition.baseline import sobol_normals
from eutectic.optimizers.acquisition.nehvi import Draw, draw
from eutectic.optimizers.acquisition.tails import log_inside
from eutectic.optimizers.base import Array, History, Proposals, Reason, Space
from eutectic.optimizers.bayesian.feasibility_first import demands, downhill, limits, violation
from eutectic.optimizers.models.belief import Belief, learn
from eutectic.optimizers.models.complement import total
from eutectic.optimizers.search.batch import Batch, choose_from
from eutectic.optimizers.search.global_search import Effort, nearby
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.scale import widths
from eutectic.optimizers.spaces.seen import unseen
from eutectic.surrogates.base import FittedSurrogate, Surrogate

DRAWS = 64
"""Joint draws of the pending candidates' outputs."""
APART = 0.05
"""Distance over which a candidate beside a known one regains its worth (bounds scaled to 1, root mean square)."""
CHUNK = 4096
"""Points judged at once."""
STARTS, ITERATIONS = 6, 40
"""Points climbed from, and most L-BFGS steps, on the way down the violation."""
FEW = 6
"""Finished evaluations from which windows count in full; chosen by benchmarks/categories.py. Of fewer values no one can
say how far they scatter, and a probability to lie in a narrow window hangs on that alone: until then its logarithm
counts in proportion, and what can be measured at all decides."""
KEPT = 4096
"""Of a list, rows that are still looked at once the first candidate is chosen: those worth most then."""
ROUNDS = 5
"""Times the best points found are varied, in spaces too large to list."""


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """What one output must satisfy."""

    output: FittedSurrogate
    width: float | None = None
    """Half the width of a window; None: holds at or below 0."""
    middle: float = 0.0
    """Where the window's middle is."""

    def holds(self, values: Tensor) -> Tensor:
        """Whether values (any shape) satisfy it."""
        return values <= 0 if self.width is None else (values - self.middle).abs() <= self.width

    def log(self, mean: Tensor, std: Tensor) -> Tensor:
        """Log probability that values of this mean and deviation (any shape) do."""
        return log_inside(mean - self.middle, std, self.width)


@dataclass(frozen=True, slots=True, eq=False)
class SatisfactionGain:
    """What one more candidate is worth, given the pending ones."""

    demands: tuple[Demand, ...]
    """The windows, then whether the evaluation succeeds."""
    pending: Tensor
    """(b, d)."""
    normals: Tensor
    """(outputs, s, room) standard normal draws."""
    draws: tuple[Draw, ...]
    weight: Tensor
    """(s,) log of what a success is worth in each draw."""
    known: Array
    """(k, .) all rows evaluated or pending, `scaled`."""
    space: Space
    trust: float = 1.0
    """0 to 1, how far the windows' probabilities count; that of success counts in full."""
    failing: int = 0
    """How many of the outputs, the last ones, say whether an evaluation fails."""

    def log(self, X: Array) -> Array:
        """Logarithm (r,) of the worth of each row X (r, d)."""
        if not len(X):
            return np.empty(0)
        with torch.no_grad():
            parts = [self._log(part) for part in np.array_split(X, -(-len(X) // CHUNK))]
        return np.concatenate(parts)

    def _log(self, X: Array) -> Array:
        rows = torch.tensor(X)
        chances = [demand.log(*own.moments(rows)) for own, demand in zip(self.draws, self.demands, strict=True)]
        sure = len(chances) - self.failing
        chances[:sure] = [self.trust * chance for chance in chances[:sure]]
        total = sum(chances, start=self.weight)
        value: Array = (total.logsumexp(1) - np.log(len(self.weight))).numpy()
        gap = cdist(scaled(self.space, X), self.known, "sqeuclidean") / self.space.d
        near = gap.min(1, initial=np.inf)
        fresh: Array = value + np.log(-np.expm1(-near / (2 * APART**2)) + 1e-12)
        return fresh

    def joined(self, x: Array) -> "SatisfactionGain":
        """The same with x (d,) pending."""
        known = np.concatenate([self.known, scaled(self.space, x[None])])
        pending = torch.cat([self.pending, torch.tensor(x[None])])
        return satisfaction_gain(self.demands, pending, self.normals, known, self.space, self.trust, self.failing)


def satisfaction_gain(
    demands: tuple[Demand, ...],
    pending: Tensor,
    normals: Tensor,
    known: Array,
    space: Space,
    trust: float = 1.0,
    failing: int = 0,
) -> SatisfactionGain:
    """The worth of candidates beside the pending ones (b, d)."""
    with torch.no_grad():
        draws = tuple(draw(demand.output, pending, z) for demand, z in zip(demands, normals, strict=True))
        holds = torch.ones(normals.shape[1], len(pending), dtype=torch.bool)
        for own, demand in zip(draws, demands, strict=True):
            holds &= demand.holds(own.values)
        weight = -torch.log1p(holds.sum(1).to(normals.dtype))
    return SatisfactionGain(demands, pending, normals, draws, weight, known, space, trust, failing)


def scaled(space: Space, X: Array) -> Array:
    """X (n, d) with every number's bounds at 0 and 1; a category is near or not: two of them lie 1 apart."""
    unit = (X - space.lower) / widths(space)
    codes = [j for j, kind in enumerate(space.kinds) if kind == "categorical"]
    if not codes:
        return np.asarray(unit)
    labels = [np.arange(space.lower[j], space.upper[j] + 0.5) for j in codes]
    apart = [(np.abs(X[:, j, None] - own) < 0.5) / np.sqrt(2.0) for j, own in zip(codes, labels, strict=True)]
    return np.concatenate([np.delete(unit, codes, axis=1), *apart], axis=1)


def find(
    space: Space, history: History, n: int, rng: np.random.Generator, recipes: Sequence[Surrogate], samples: int
) -> Proposals:
    """Up to n new candidates (<= n, d), each the likeliest to be one more that satisfies every window."""
    belief = learn(space, history, recipes)
    wanted = windows(belief, history)
    first = lowered(space, history, belief, n, rng, Effort(samples, STARTS, ITERATIONS))
    if first is not None:
        batch, note = first
        reasons = explained(belief, wanted, batch.X, tuple(batch.values))
        return Proposals(batch.X, reasons, belief.state, (*belief.notes, note, *batch.notes))
    seen = np.concatenate([history.X, history.pending])
    room = len(history.pending) + n
    normals = sobol_normals(DRAWS, len(wanted) * room, rng).reshape(DRAWS, len(wanted), room).transpose(0, 1)
    trust = min(1.0, int(history.finished.sum()) / FEW)
    failing = len(belief.outputs) - belief.m - belief.constraints
    pending = torch.tensor(history.pending)
    worth = satisfaction_gain(wanted, pending, normals, scaled(space, seen), space, trust, failing)
    points = region.enumerate_points(space)
    around = history.X[np.argsort(-worth.log(history.X))[:8]] if points is None else None
    X, values = np.empty((0, space.d)), list[float]()
    for _ in range(n):
        pool = points if around is None else searched(worth, space, around, samples, rng)
        assert pool is not None
        fresh = pool[unseen(space, pool, np.concatenate([seen, X]))]
        if not len(fresh):
            break
        value = worth.log(fresh)
        best = int(value.argmax())
        if points is not None and len(fresh) > KEPT:  # a candidate's worth hardly rises as others are chosen
            points = fresh[np.argpartition(-value, KEPT)[:KEPT]]
        X, values = np.concatenate([X, fresh[best][None]]), [*values, float(value[best])]
        worth = worth.joined(fresh[best])
    notes = () if len(X) == n else (f"nothing new was found beyond {len(X)} of {n} candidates asked for",)
    return Proposals(X, explained(belief, wanted, X, values), belief.state, (*belief.notes, *notes))


def lowered(
    space: Space, history: History, belief: Belief, n: int, rng: np.random.Generator, effort: Effort
) -> tuple[Batch, str] | None:
    """Up to n candidates that lower the total violation, with a note; None where one may satisfy, and in lists.

    A list is ranked as a whole: there the likeliest is found wherever it is.
    """
    if region.enumerate_points(space) is not None:
        return None
    wanted = tuple(
        window
        for window, width in zip(demands(history, np.zeros(len(history.tolerance))), history.tolerance, strict=True)
        if width > 0
    )
    wanted = (*wanted, *limits(history))
    if not wanted or (violation(history, wanted) <= 0).any():
        return None
    down = downhill(space, history, belief, wanted, n, rng.spawn(1)[0])
    if down is None:
        return None
    seen = np.concatenate([history.X, history.pending])
    return choose_from(down.descent, space, down.parts, seen, rng, effort), down.note


def windows(belief: Belief, history: History) -> tuple[Demand, ...]:
    """What every output must satisfy: targets within their tolerance, constraints, then that nothing fails.

    Two constraints that are the ends of one window (they add up to one number in every row) are one demand: taken as
    two, a candidate of which nothing is known would satisfy either with a probability of a half.
    """
    pairs = ends(history.C[history.finished])
    limits, m = belief.outputs[belief.m : belief.m + belief.constraints], belief.m
    targets = [Demand(own, float(t)) for own, t in zip(belief.outputs, history.tolerance, strict=False) if t > 0]
    windowed = [Demand(limits[j], -width / 2, width / 2) for j, (_, width) in pairs.items()]
    second = {k for k, _ in pairs.values()}
    single = [Demand(own) for j, own in enumerate(limits) if j not in pairs and j not in second]
    return (*targets, *windowed, *single, *(Demand(own) for own in belief.outputs[m + belief.constraints :]))


def ends(C: Array) -> dict[int, tuple[int, float]]:
    """Constraints of C (n, c) -> another one with which they always add up to one number below 0, and that number."""
    found: dict[int, tuple[int, float]] = {}
    taken = set[int]()
    for j, k in combinations(range(C.shape[1]), 2):
        width = None if {j, k} & taken else total(C[:, j], C[:, k])
        if width is not None and width < 0:
            found[j] = k, width
            taken |= {j, k}
    return found


def searched(worth: SatisfactionGain, space: Space, around: Array, samples: int, rng: np.random.Generator) -> Array:
    """The points of largest worth (k, d) among samples, and among variations of the best of them, again and again."""
    pool = np.concatenate([region.sample(space, samples, rng), nearby(space, around, rng)])
    for _ in range(ROUNDS):
        best = pool[np.argsort(-worth.log(pool), kind="stable")[:16]]
        pool = np.concatenate([best, nearby(space, best, rng)])
    return pool


def explained(belief: Belief, wanted: tuple[Demand, ...], X: Array, values: Sequence[float]) -> tuple[Reason, ...]:
    """One reason a row of X (k, d) with log worth (k,); feasibility is the probability that every window holds."""
    if not len(X):
        return ()
    mean, std = belief.moments(X)
    place = {id(output): j for j, output in enumerate(belief.outputs)}
    chance = np.zeros(len(X))
    for demand in wanted:
        j = place[id(demand.output)]
        chance += demand.log(torch.tensor(mean[:, j]), torch.tensor(std[:, j])).numpy()
    m = belief.m
    return tuple(
        Reason("bayesian", float(v), tuple(map(float, a[:m])), tuple(map(float, b[:m])), float(np.exp(p)))
        for v, a, b, p in zip(values, mean, std, chance, strict=True)
    )
