"""This file is the next generation of any population method."""

import numpy as np

from eutectic.optimizers.base import Array, History, Index, Proposals, Space
from eutectic.optimizers.evolutionary.breeding import bred, sampled
from eutectic.optimizers.evolutionary.population import Plan, Strategy, answered
from eutectic.optimizers.evolutionary.selection import pool
from eutectic.optimizers.evolutionary.surrogate_assisted import evolve_on_posterior


def sampled_first(
    plan: Plan, space: Space, seen: Array, finished: int, wanted: int, n: int, rng: np.random.Generator
) -> Proposals:
    """Evenly spread rows beside those seen (m, d), while too few have finished of the many wanted to breed from."""
    note = f"{finished} finished evaluations of {wanted}: sampled evenly"
    return answered(plan, sampled(space, seen, n, rng), n, (note,))


def propose(
    strategy: Strategy, plan: Plan, space: Space, history: History, n: int, rng: np.random.Generator
) -> Proposals:
    """Up to n new rows: samples first, then children of the folded history or of evolution on the posterior."""
    size, finished = plan.size(history, n), pool(history)
    total = len(history.X) + len(history.pending)
    seen = np.concatenate([history.X, history.pending])
    wanted = min(size, 2 * space.d + 2) if plan.search == "surrogate" else size
    if len(finished) < 2 or total < wanted:
        return sampled_first(plan, space, seen, len(finished), wanted, n, rng)
    if plan.search == "surrogate":
        return evolve_on_posterior(strategy, plan, space, history, n, rng)
    parents = strategy.keep(finished, size, rng)

    def breed(wanted: Index) -> tuple[Array, Array]:
        return strategy.children(space, parents, total + wanted, size, rng)

    return answered(plan, bred(space, breed, seen, n, rng), n, ())
