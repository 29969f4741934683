"""Claims about sure-independence screening."""

import itertools

import numpy as np
import pytest

from eutectic.surrogates.sisso.operators import BINARY
from eutectic.surrogates.sisso.screening import BILINEAR, pair_scores, score, screen, targets
from tests.surrogates.sisso.functions import GRAMMAR, bank_of, inputs


@pytest.mark.parametrize("op", BILINEAR)
@pytest.mark.parametrize("flipped", [False, True])
def test_scores_from_matrix_products_equal_scores_of_formed_features(op, flipped):
    rng = np.random.default_rng(3)
    A, B = rng.normal(2, 1, (7, 40)), rng.normal(-1, 3, (9, 40))
    B[2, 5] = 0.0
    wanted = targets(rng.normal(size=(3, 40)), [np.arange(15), np.arange(15, 40)])
    quick = pair_scores(A, B, op, flipped, wanted)
    for i, j in itertools.product(range(7), range(9)):
        pair = (B[j], A[i]) if flipped and op == "/" else (A[i], B[j])
        formed = BINARY[op].apply(pair[0][None], pair[1][None])
        expected = score(formed, wanted)[0] if np.isfinite(formed).all() else 0.0
        assert quick[i, j] == pytest.approx(expected, abs=1e-9)


def test_the_screen_returns_the_best_of_the_whole_materialised_rung():
    X, rng = inputs(30, 3), np.random.default_rng(5)
    wanted = targets(rng.normal(size=(2, 30)), [np.arange(30)])
    found = screen(X, bank_of(X), GRAMMAR, False, wanted, 25, frozenset())
    everything = score(bank_of(X, 2).values, wanted)
    distinct = np.unique(np.round(everything, 8))[::-1][:25]
    assert np.allclose(found.scores, distinct, atol=1e-7)
    assert len(set(found.keys)) == 25
