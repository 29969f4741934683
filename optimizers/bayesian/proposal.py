"""This file is `bayesian` and `hybrid` once something is known: learn, build the acquisition, choose a batch."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np

from eutectic.optimizers.acquisition.baseline import affordable, improvement
from eutectic.optimizers.acquisition.nehvi import Improvement
from eutectic.optimizers.base import Array, History, Proposals, Reason, Space
from eutectic.optimizers.designs.uniform import uniform
from eutectic.optimizers.models.belief import Belief, explained, learn
from eutectic.optimizers.models.two_regimes import RegimeBelief, regimes
from eutectic.optimizers.search.batch import choose, choose_among, choose_from
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
    region = search_region(space, history, n, trust, rng)
    if region.restarts:
        return uniform(space, history, n, rng, region.notes[0])
    belief, sought, fronts = judged(options, space, region.history, n, rng)
    seen, effort = np.concatenate([history.X, history.pending]), effort_of(options)
    if region.parts:
        batch = choose_from(fronts, space, region.parts, seen, rng, effort)
    else:
        batch = choose(fronts, space, seen, n, rng, effort)
    reasons = explained(belief, batch.X, batch.values)
    notes = (*belief.notes, *sought.notes, *region.notes, *batch.notes)
    return Proposals(batch.X, reasons, {**belief.state, **sought.state}, notes)


def competed(
    options: Options, offspring: Callable[[], Array], space: Space, history: History, n: int, rng: np.random.Generator
) -> Proposals:
    """Up to n points, each the better of the best child (k, d) left and the point that gradients find."""
    belief, sought, fronts = judged(options, space, history, n, rng)
    seen = np.concatenate([history.X, history.pending])
    batch = choose_among(fronts, space, seen, offspring, n, rng, effort_of(options))
    why = explained(belief, batch.X, batch.values)
    reasons: tuple[Reason, ...] = tuple(
        replace(reason, proposer=f"hybrid: {origin}") for reason, origin in zip(why, batch.origins, strict=True)
    )
    return Proposals(batch.X, reasons, {**belief.state, **sought.state}, (*belief.notes, *sought.notes, *batch.notes))


def judged(
    options: Options, space: Space, history: History, n: int, rng: np.random.Generator
) -> tuple[Belief, RegimeBelief, Improvement]:
    """What is believed, what of it is searched, and the acquisition over that with room for n points."""
    belief = learn(space, history, options.recipes)
    sought = regimes(space, history, options.recipes, belief)
    draws = affordable(options.draws, history.Y.shape[1])
    return belief, sought, improvement(sought.belief, history, n, draws, rng)


def effort_of(options: Options) -> Effort:
    """How hard to look."""
    return Effort(options.samples, options.starts, options.iterations)
