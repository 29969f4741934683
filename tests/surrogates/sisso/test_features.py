"""Claims about the space of expressions and its limits."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from eutectic.surrogates.sisso.features import Bank, Tree, binary_blocks, expansions, grow, usable
from eutectic.surrogates.sisso.recipe import SISSO
from eutectic.surrogates.sisso.screening import score, targets
from tests.surrogates.sisso.functions import GRAMMAR, bank_of, inputs


def test_trees_that_are_no_expressions_are_refused():
    for content in ("x", ["?", 1], ["+", 1], [1]):
        with pytest.raises(ValueError, match="SISSO"):
            Tree.from_nested(content)


@pytest.mark.parametrize("memory_mb", [30.0, 120.0])
def test_the_memory_bound_is_kept(memory_mb):
    X = inputs(200, 12)
    y = X[:, 0] * X[:, 1] / X[:, 2] + X[:, 3]
    recipe = SISSO(rungs=2, terms=2, members=0, memory_mb=memory_mb, screened=10, residuals=2)
    recipe.fit(X[:20], y[:20])  # what is imported once is not the fit's
    tracemalloc.start()
    fitted = recipe.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < memory_mb * 1e6
    assert np.isfinite(fitted.posterior(X).mean).all()
    with pytest.raises(ValueError, match="memory_mb"):
        replace(recipe, memory_mb=0.01).fit(X, y)


def test_a_full_bank_keeps_the_simplest_then_the_best_ranked():
    X = inputs(30, 5)
    wanted = targets((X[:, 0] * X[:, 1])[None], [np.arange(30)])
    whole = bank_of(X, 2)
    grown = grow(bank_of(X), GRAMMAR, 300, lambda values: score(values, wanted))
    assert grown.full
    assert len(grown) == len(bank_of(X)) + 300
    assert grown.complexity.max() <= np.sort(whole.complexity)[len(grown)] + 1


def test_duplicates_are_formed_once():
    bank = bank_of(inputs(20, 3), 2)
    rounded = {row.tobytes() for row in np.round(bank.values / np.abs(bank.values).max(1, keepdims=True), 8)}
    assert len(rounded) > 0.99 * len(bank)
    assert usable(bank.values, 1e8).all()


def test_complexity_stays_within_its_limit():
    X = inputs(20, 3)
    bank = bank_of(X, 2, replace(GRAMMAR, max_complexity=2))
    assert bank.complexity.max() == 2
    assert isinstance(bank, Bank)
    blocks = list(binary_blocks(bank, "+", replace(GRAMMAR, max_complexity=2)))
    assert all((cost <= 2).all() for _, _, cost, _ in blocks)
    assert all((cost <= 2).all() for _, _, cost, _ in expansions(bank, replace(GRAMMAR, max_complexity=2)))
