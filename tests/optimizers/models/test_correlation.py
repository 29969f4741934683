"""Claims about errors that go together: their evidence, and expected hypervolume under their correlation."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from moocore import hypervolume

from eutectic.optimizers.acquisition.baseline import improvement
from eutectic.optimizers.acquisition.correlated_errors import correlated, shared_errors
from eutectic.optimizers.base import History, Space
from eutectic.optimizers.models.belief import Belief, learn
from eutectic.optimizers.models.correlation import correlation
from eutectic.optimizers.search.batch import choose
from eutectic.optimizers.search.global_search import Effort
from eutectic.surrogates.gp.recipe import GaussianProcess
from eutectic.surrogates.trees.forest import Forest

BOX = Space(("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2))


def cliffs(X: np.ndarray, *signs: float) -> np.ndarray:
    """Smooth outputs that jump together at a curve."""
    jump = (X[:, 0] + 0.3 * np.sin(9 * X[:, 1]) > 0.5).astype(float)
    return np.stack([sign * 3 * jump + np.cos((2 + j) * X[:, 1] + j) for j, sign in enumerate(signs)], 1)


def seen(n: int = 24, *signs: float, seed: int = 0) -> History:
    X = np.random.default_rng(seed).random((n, 2))
    signs = signs or (1.0, -1.0)
    return replace(History.observed(X, cliffs(X, *signs)), reference=np.full(len(signs), 4.0))


def test_outputs_that_jump_together_are_found_to_and_with_the_right_sign() -> None:
    assert learn(BOX, seen(24, 1.0, -1.0), ()).correlation[0, 1] < -0.6
    assert learn(BOX, seen(24, 1.0, 1.0), ()).correlation[0, 1] > 0.6
    three = learn(BOX, seen(24, 1.0, -1.0, -1.0), ()).correlation
    assert three[0, 1] < -0.6
    assert three[1, 2] > 0.6
    assert np.allclose(three, three.T)
    assert np.allclose(np.diag(three), 1)
    assert np.linalg.eigvalsh(three)[0] > 0


def test_outputs_whose_errors_have_nothing_to_do_with_each_other_are_independent() -> None:
    found = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        X = rng.random((24, 2))
        Y = cliffs(X, 0.0, 0.0) + 0.5 * rng.normal(size=(24, 2))
        found.append(len(learn(BOX, History.observed(X, Y), ()).correlation))
    assert found.count(0) >= 7


def test_one_output_few_rows_coupled_ones_and_those_without_rows_left_out_are_independent() -> None:
    history = seen(24)
    assert not len(learn(BOX, seen(24, 1.0), ()).correlation)
    assert not len(learn(BOX, seen(3), ()).correlation)
    assert not len(learn(BOX, history, [GaussianProcess(coupling="icm")] * 2).correlation)
    blind = [object(), object()]
    assert not len(correlation(blind, [np.arange(24)] * 2, list(history.Y.T)))  # type: ignore[arg-type]
    assert len(learn(BOX, history, [Forest()] * 2).correlation)


def test_it_is_that_of_the_rows_that_have_every_objective() -> None:
    history = seen(24)
    Y = history.Y.copy()
    Y[3, 0], Y[7, 1] = np.nan, np.nan
    holed = replace(history, Y=Y, signed=Y)
    assert learn(BOX, holed, ()).correlation[0, 1] < -0.6


@pytest.mark.parametrize("k", [2, 3, 5])
def test_what_is_shared_and_what_is_left_make_up_the_correlation(k: int) -> None:
    A = np.random.default_rng(k).normal(size=(k, k + 2))
    deviation = np.sqrt(np.diag(A @ A.T))
    R = A @ A.T / np.outer(deviation, deviation)
    shared = shared_errors(R, torch.eye(k, dtype=torch.float64))
    B = shared.shift.numpy()
    assert np.allclose(B @ B.T + shared.left**2 * np.eye(k), R)
    assert shared.left**2 == pytest.approx(np.linalg.eigvalsh(R)[0])
    normals = torch.randn(k + 1, 4000, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    drawn = correlated(R, normals)
    assert np.allclose(np.corrcoef(drawn[:k].reshape(k, -1).numpy()), R, atol=0.05)
    assert torch.equal(drawn[k], normals[k])


def expected(belief: Belief, history: History, X: np.ndarray, s: int = 4000) -> np.ndarray:
    """Expected hypervolume gain at each of X beyond the observed front, by plain sampling of correlated normals."""
    assert history.reference is not None
    mean, std = belief.moments(X)
    factor = np.linalg.cholesky(belief.correlation if len(belief.correlation) else np.eye(belief.m))
    Z = np.random.default_rng(1).normal(size=(s, belief.m)) @ factor.T
    before = hypervolume(history.Y, ref=history.reference)
    gains = []
    for a, b in zip(mean, std, strict=True):
        each = [hypervolume(np.vstack([history.Y, y]), ref=history.reference) for y in a + b * Z]
        gains.append(np.mean(each) - before)
    return np.array(gains)


@pytest.mark.parametrize("signs", [(1.0, -1.0), (1.0, -1.0, -1.0)])
def test_the_acquisition_is_the_expected_gain_under_the_correlation(signs: tuple[float, ...]) -> None:
    history = seen(16, *signs)
    known = replace(history, noise=np.full(history.Y.shape, 1e-4))
    belief = learn(BOX, known, [GaussianProcess(noise="given")] * len(signs))
    X = np.random.default_rng(3).random((12, 2))
    sampled = expected(belief, known, X, 1500)
    ours = improvement(belief, known, 1, 512, np.random.default_rng(0)).value(torch.tensor(X)).numpy()
    assert np.allclose(ours, sampled, atol=0.06 * sampled.max())
    apart = replace(belief, correlation=np.empty((0, 0)))
    free = improvement(apart, known, 1, 512, np.random.default_rng(0)).value(torch.tensor(X)).numpy()
    assert free.max() > 1.1 * ours.max()


def test_its_logarithm_and_gradient_are_right() -> None:
    history = seen(20)
    ours = improvement(learn(BOX, history, ()), history, 1, 16, np.random.default_rng(0))
    assert ours.common is not None
    T = torch.tensor(np.random.default_rng(5).random((6, 2)), requires_grad=True)
    with torch.no_grad():
        assert torch.allclose(ours.log(T).exp(), ours.value(T), rtol=1e-6)
    assert torch.autograd.gradcheck(ours.log, (T,), atol=1e-3, rtol=1e-3)


def test_a_chosen_point_is_worth_little_a_second_time_and_fewer_draws_are_the_first() -> None:
    history = seen(20, 1.0, -1.0, -1.0)
    ours = improvement(learn(BOX, history, ()), history, 3, 32, np.random.default_rng(0))
    batch = choose(ours, BOX, history.X, 2, np.random.default_rng(1), Effort(128, 3, 15))
    x = torch.tensor(batch.X[:1])
    assert float(ours.joined(x).log(x)) < float(ours.log(x)) - 1
    few = ours.thinned(8)
    assert few.common is not None
    assert ours.common is not None
    assert torch.equal(few.common.shift, ours.common.shift[:, :8])
    assert few.draws[0].values.shape[0] == 8
