"""This file is a pool of crystals made for one asking: drawn, screened, each once and none that exists already."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from eutectic.generators.base import Accept, Offer
from eutectic.generators.crystals.rows import NAMES, described_row
from eutectic.generators.crystals.variables import Free
from eutectic.generators.structures.generated import MOST_DRAWS
from eutectic.generators.structures.validity import read, unphysical
from eutectic.optimizers.base import Array, Space
from eutectic.oracles.base import Candidate
from eutectic.oracles.structures.identity import groups

ROUNDS = 4
"""Times that a pool is drawn where too little of it is usable."""
SPREAD = 0.1
"""Standard deviation, in ranges, of conditions drawn near the best ones'; ours."""


class Maker(Protocol):
    """What a pool is made by."""

    @property
    def space(self) -> Space:
        """The space of its rows."""
        ...

    @property
    def fixed(self) -> tuple[float, ...]:
        """What stands behind the draw and is the same in the whole pool."""
        ...

    @property
    def free(self) -> tuple[Free, ...]:
        """The conditions that are variables; they stand behind that."""
        ...

    @property
    def together(self) -> int:
        """Draws in a row that its engine makes in one call."""
        ...

    def generate(self, X: Array, rng: np.random.Generator) -> list[Candidate]:
        """Candidates of rows."""
        ...


@dataclass(slots=True)
class _Gathered:
    """A pool as it grows."""

    known: list[Mapping[str, object]]
    """Structures that exist already."""
    seen: int
    """First of the columns that say what a crystal is."""
    rows: list[Array] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    drawn: int = 0

    def add(self, X: Array, candidates: Sequence[Candidate], accept: Accept) -> None:
        """Take what is usable of rows (k, d) drawn, in their order."""
        self.drawn += len(X)
        usable = [(x, c) for x, c in zip(X, candidates, strict=True) if self._sound(x, c)]
        if not usable:
            return
        fits = accept(np.array([x for x, _ in usable]))
        self.left_out["break a constraint that costs nothing to know"] += int((~fits).sum())
        usable = [pair for pair, fine in zip(usable, fits, strict=True) if fine]
        before = [*self.known, *(c.structure for c in self.candidates if c.structure is not None)]
        own = [c.structure for _, c in usable if c.structure is not None]
        first = groups([*before, *own])[len(before) :]
        features = {row[self.seen :].tobytes() for row in self.rows}
        for place, (x, candidate), of in zip(range(len(before), len(first) + len(before)), usable, first, strict=True):
            if of != place:
                self.left_out["exist already"] += 1
            elif x[self.seen :].tobytes() not in features:
                features.add(x[self.seen :].tobytes())
                self.rows.append(x)
                self.candidates.append(candidate)

    def _sound(self, x: Array, candidate: Candidate) -> bool:
        """Is it a crystal? Then its row gets its numbers."""
        if candidate.structure is None:
            self.left_out["were refused by the engine"] += 1
            return False
        if reason := unphysical(read(candidate.structure)):
            self.left_out["have overlapping atoms" if "overlap" in reason else "can be no crystals"] += 1
            return False
        try:
            x[-len(NAMES) :] = described_row(candidate)
        except ValueError:
            self.left_out["cannot be described"] += 1
            return False
        return True

    def offer(self) -> Offer:
        """What was gathered, with what was not."""
        said = ", ".join(f"{n} {what}" for what, n in self.left_out.most_common() if n)
        note = f"{self.drawn} crystals drawn, {len(self.rows)} to choose from" + (f"; {said}" if said else "")
        return Offer(np.array(self.rows), tuple(self.candidates), (note,))


def offered(
    maker: Maker, n: int, most: int, rng: np.random.Generator, near: Array, known: Sequence[Mapping[str, object]],
    accept: Accept,
) -> Offer:  # fmt: skip
    """A pool of up to `most` rows (k, d), at least n where that many are found in `ROUNDS` times as many draws."""
    first = 1 + len(maker.fixed)
    gathered = _Gathered(list(known), first)
    for _ in range(ROUNDS):
        X = np.zeros((most, maker.space.d))
        X[:, 0] = _draws(most, maker.together, rng)
        X[:, 1:first] = maker.fixed
        for place, free in enumerate(maker.free, start=first):
            X[:, place] = _column(free, most, rng, near[:, place] if len(near) else np.empty(0))
        gathered.add(X, maker.generate(X, rng), accept)
        if len(gathered.rows) >= n:
            break
    return gathered.offer()


def _draws(number: int, together: int, rng: np.random.Generator) -> Array:
    """Draws, whole blocks of those that an engine makes in one call."""
    blocks = rng.integers(0, MOST_DRAWS // together, -(-number // together))
    return (blocks[:, None] * together + np.arange(together)).ravel()[:number].astype(float)


def _column(free: Free, number: int, rng: np.random.Generator, near: Array) -> Array:
    """Values of a condition: half of them anywhere in its range, half near those of the best rows, if there are any."""
    low, high = free.low, free.high
    if free.labels:
        anywhere = rng.integers(0, len(free.labels), number).astype(float)
    elif free.kind == "integer":
        anywhere = rng.integers(round(low), round(high) + 1, number).astype(float)
    else:
        anywhere = rng.uniform(low, high, number)
    if not len(near):
        return anywhere
    best = near[rng.integers(0, len(near), number)]
    if not free.labels:
        best = np.clip(best + rng.normal(0.0, SPREAD * (high - low), number), low, high)
        best = np.round(best) if free.kind == "integer" else best
    return np.where(np.arange(number) % 2 == 0, anywhere, best)
