"""The convolutional surrogate over sequences: what it learns, what it refuses, how sure it says it is."""

import numpy as np
import pytest
import torch

from eutectic.generators.composition import Composition
from eutectic.generators.representations.catalogue import ElementSequence
from eutectic.optimizers.spaces import region
from eutectic.surrogates.abilities import leaving_out
from eutectic.surrogates.base import Domain
from eutectic.surrogates.composite.represented import Represented
from eutectic.surrogates.neural.cnn import CNN
from eutectic.surrogates.neural.network import Shape, compositions, forward, initial

LIGHT = CNN(steps=120, members=3)
SITES = 12


def codes(n, seed=0):
    return np.random.default_rng(seed).integers(0, 2, (n, SITES)).astype(float)


def box():
    return Domain(np.zeros(SITES), np.ones(SITES), tuple(range(SITES)), (1, SITES))


def unlike_neighbours(X):
    return (np.roll(X, 1, 1) != X).mean(1, keepdims=True)


def test_neighbours_in_a_sequence_are_learned_which_no_composition_tells():
    X, T = codes(120), codes(60, 1)
    fitted = LIGHT.fit(X, unlike_neighbours(X), domain=box())
    error = np.abs(fitted.posterior(T).mean - unlike_neighbours(T)).mean()
    assert error < 0.35 * np.abs(unlike_neighbours(T) - unlike_neighbours(X).mean()).mean()


def test_a_cell_has_no_beginning():
    shape = Shape(length=8, symbols=3, channels=4, kernel=3, depth=1, periodic=True)
    weights = [w.double() for w in initial(shape, 2, np.random.default_rng(0))]
    A = torch.nn.functional.one_hot(torch.tensor([[0, 1, 2, 2, 1, 0, 0, 1]]), 3).double()[None]
    rolled = A.roll(2, -2)  # pooling halves the cell: even shifts leave its pairs as they are
    C = compositions(shape, A)
    assert forward(shape, weights, A, C[None]).numpy() == pytest.approx(
        forward(shape, weights, rolled, C[None]).numpy()
    )


def test_inputs_that_are_no_sequence_keep_their_places():
    X = np.random.default_rng(0).random((40, 2))
    mean = LIGHT.fit(X, X[:, 0] - X[:, 1]).posterior(np.array([[0.9, 0.1], [0.1, 0.9]])).mean[:, 0]
    assert mean == pytest.approx([0.8, -0.8], abs=0.25)


def test_decorated_compositions_are_predicted_with_the_spread_of_the_networks():
    space = Composition({"Cu": (0.05, 0.6), "Ni": (0.05, 0.6), "Fe": (0.05, 0.6)}).space
    X, T = (region.sample(space, n, np.random.default_rng(n)) for n in (60, 80))
    truth = [Z @ np.array([10.0, 0.0, 4.0]) for Z in (X, T)]
    fitted = Represented(LIGHT, ElementSequence(length=16, decorations=4).of(space)).fit(X, truth[0], space.names)
    posterior = fitted.posterior(T)
    error = np.abs(posterior.mean[:, 0] - truth[1])
    assert error.mean() < 0.3 * np.abs(truth[1] - truth[0].mean()).mean()
    assert (error < 2 * posterior.std[:, 0]).mean() > 0.85
    assert not fitted.differentiable
    known = leaving_out(fitted)
    assert known is not None
    assert known.leave_one_out().mean.shape == (60, 1)


def test_a_row_is_predicted_left_out_by_the_network_that_has_not_seen_it():
    X = codes(30)
    y = unlike_neighbours(X)
    spoilt = y.copy()
    spoilt[7] += 5.0
    left = LIGHT.fit(X, spoilt, domain=box()).leave_one_out().mean[7, 0]
    assert abs(left - y[7, 0]) < 2.5


@pytest.mark.parametrize(
    ("options", "message"),
    [({"members": 1}, "members must be at least 2"), ({"kernel": 4}, "kernel must be odd"), ({"rate": 0.0}, "rate")],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        CNN(**options)


def test_sequences_of_other_columns_than_codes_are_refused():
    wrong = Domain(np.zeros(SITES), np.ones(SITES), (0, 1), (1, SITES))
    with pytest.raises(ValueError, match="1 sequences of 12 sites need as many columns"):
        LIGHT.fit(codes(8), unlike_neighbours(codes(8)), domain=wrong)
