"""This file is `bayesian` and `hybrid` once something is known: learn, build the acquisition, choose a batch."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from eutectic.optimizers.acquisition.baseline import affordable, improvement
from eutectic.optimizers.acquisition.nehvi import Improvement
from eutectic.optimizers.base import Array, History, Proposals, Reason, Space
from eutectic.optimizers.bayesian.feasibility_first import downhill, nearest_rows, unmet
from eutectic.optimizers.designs.uniform import uniform
from eutectic.optimizers.models.belief import Belief, explained, learn
from eutectic.optimizers.models.two_regimes import RegimeBelief, regimes
from eutectic.optimizers.search.batch import Batch, choose, choose_among, choose_from
from eutectic.optimizers.search.global_search import Effort
from eutectic.optimizers.search.trust_region import TrustOption, search_region
from eutectic.surrogates.base import Surrogate


class Options(Protocol):
    """How much is drawn and searched, and by which surrogates."""

    @property
    def draws(self) -> int:
        """Joint draws of the known points' true values."""
        ...

    @property
    def samples(self) -> int:
        """Uniform points ranked before climbing."""
        ...

    @property
    def starts(self) -> int:
        """Points climbed from."""
        ...

    @property
    def iterations(self) -> int:
        """Most L-BFGS steps of a climb."""
        ...

    @property
    def recipes(self) -> tuple[Surrogate, ...]:
        """One surrogate an output, or none."""
        ...


def proposed(
    options: Options, trust: TrustOption, space: Space, history: History, n: int, rng: np.random.Generator
) -> Proposals:
    """Up to n points where the acquisition is largest: in the whole space, or each in its own trust region."""
    first = before_the_front(options, space, history, n, rng)
    if first.batch is not None:
        return first.batch
    region = search_region(space, history, n, trust, rng)
    if region.restarts:
        return uniform(space, history, n, rng, region.notes[0])
    known = first.belief if region.history is history else None
    belief, sought, fronts = judged(options, space, region.history, n, rng, known)
    seen, effort = np.concatenate([history.X, history.pending]), effort_of(options)
    if region.parts:
        batch = choose_from(fronts, space, region.parts, seen, rng, effort)
    else:
        batch = choose(fronts, space, seen, n, rng, effort)
    reasons = explained(belief, batch.X, batch.values)
    notes = (*belief.notes, *sought.notes, *first.notes, *region.notes, *batch.notes)
    return Proposals(batch.X, reasons, {**belief.state, **sought.state}, notes)


def competed(
    options: Options, offspring: Callable[[], Array], space: Space, history: History, n: int, rng: np.random.Generator
) -> Proposals:
    """Up to n points, each the better of the best child (k, d) left and the point that gradients find."""
    first = before_the_front(options, space, history, n, rng, offspring)
    if first.batch is not None:
        return first.batch
    belief, sought, fronts = judged(options, space, history, n, rng, first.belief)
    seen = np.concatenate([history.X, history.pending])
    batch = choose_among(fronts, space, seen, offspring, n, rng, effort_of(options))
    reasons = credited(explained(belief, batch.X, batch.values), batch)
    notes = (*belief.notes, *sought.notes, *first.notes, *batch.notes)
    return Proposals(batch.X, reasons, {**belief.state, **sought.state}, notes)


def credited(reasons: tuple[Reason, ...], batch: Batch) -> tuple[Reason, ...]:
    """The reasons with the proposer that won each place."""
    pairs = zip(reasons, batch.origins, strict=True)
    return tuple(replace(reason, proposer=f"hybrid: {origin}") for reason, origin in pairs)


@dataclass(frozen=True, slots=True)
class First:
    """What precedes the search for the front."""

    batch: Proposals | None = None
    """What lowers the violation; None: look for the front."""
    belief: Belief | None = None
    """What was learned for that; None: nothing yet."""
    notes: tuple[str, ...] = ()


def before_the_front(
    options: Options,
    space: Space,
    history: History,
    n: int,
    rng: np.random.Generator,
    offspring: Callable[[], Array] | None = None,
) -> First:
    """Up to n points that lower the violation where nothing is feasible or better than the reference, none elsewhere.

    Nothing is drawn from rng unless there is such a batch. With offspring, children compete for each place.
    """
    windows = unmet(history)
    if not windows:
        return First()
    seen = np.concatenate([history.X, history.pending])
    near = nearest_rows(space, history, windows)
    belief = learn(space, near, options.recipes)
    down = downhill(space, near, belief, windows, n, rng.spawn(1)[0])
    if down is None:
        note = "nothing satisfies every limit yet, but a candidate has a fair chance to: the front is looked for"
        return First(None, belief if near is history else None, (note,))
    effort = effort_of(options)
    if offspring is not None:
        batch = choose_among(down.descent, space, seen, offspring, n, rng, effort, down.parts)
    elif down.parts:
        batch = choose_from(down.descent, space, down.parts, seen, rng, effort)
    else:
        batch = choose(down.descent, space, seen, n, rng, effort)
    reasons = explained(belief, batch.X, batch.values)
    reasons = credited(reasons, batch) if offspring is not None else reasons
    return First(Proposals(batch.X, reasons, belief.state, (*belief.notes, down.note, *batch.notes)), belief)


def judged(
    options: Options, space: Space, history: History, n: int, rng: np.random.Generator, known: Belief | None = None
) -> tuple[Belief, RegimeBelief, Improvement]:
    """What is believed (`known` where that is learned), what of it is searched, and the acquisition over that.

    It has room for n points.
    """
    belief = learn(space, history, options.recipes) if known is None else known
    sought = regimes(space, history, options.recipes, belief)
    draws = affordable(options.draws, history.Y.shape[1])
    return belief, sought, improvement(sought.belief, history, n, draws, rng)


def effort_of(options: Options) -> Effort:
    """How hard to look."""
    return Effort(options.samples, options.starts, options.iterations)
