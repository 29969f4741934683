"""Claims about the smallest change that will do."""

import numpy as np
import pytest

from eutectic.optimizers.base import Space
from eutectic.optimizers.spaces import region
from eutectic.surrogates.explain.counterfactuals import distances, nearest_beyond
from eutectic.surrogates.explain.inputs import Inputs
from tests.surrogates.explain.spaces import FRACTIONS, MIX, WEIGHTS, box, rng, rows


def test_counterfactual_of_a_linear_model_lies_at_the_known_distance():
    inputs, weights = box(3), np.array([1.0, 2.0, 0.0])
    x = np.full(3, 0.2)

    def lacking(Z):
        return 2.0 - Z @ weights

    found = nearest_beyond(lacking, x, rows(inputs, 300), inputs, lambda Z: np.clip(Z, 0, inputs.upper), rng())
    assert found.distance == pytest.approx(lacking(x[None])[0] / np.linalg.norm(weights * inputs.width), rel=1e-3)
    assert lacking(found.x[None])[0] <= 0
    assert found.x[2] == pytest.approx(0.2)


def test_counterfactual_of_a_composition_lies_in_the_space_at_the_known_distance():
    x = np.array([0.2, 0.2, 0.2, 0.2, 0.2])

    def lacking(Z):
        return 0.9 - Z @ WEIGHTS

    pool = region.sample(MIX, 300, rng())
    found = nearest_beyond(lacking, x, pool, FRACTIONS, lambda Z: region.snap(MIX, Z), rng())
    slope = WEIGHTS - WEIGHTS.mean()
    assert found.distance == pytest.approx(lacking(x[None])[0] / np.linalg.norm(slope), rel=1e-3)
    assert region.contains(MIX, found.x[None]).all()


def test_counterfactual_on_a_list_is_the_nearest_of_it_and_none_where_nothing_will_do():
    inputs = Inputs(("x", "gas"), np.zeros(2), np.array([10.0, 2.0]), categorical=(1,))
    pool = np.array([[9.0, 0.0], [3.0, 0.0], [2.0, 2.0]])
    x = np.array([2.0, 0.0])
    found = nearest_beyond(lambda Z: 2.5 - Z[:, 0], x, pool, inputs, None, rng())
    assert found.x.tolist() == [3.0, 0.0]
    assert found.distance == pytest.approx(0.1)
    assert nearest_beyond(lambda Z: 99 - Z[:, 0], x, pool, inputs, None, rng()).x is None
    np.testing.assert_allclose(distances(pool, x, inputs), [0.7, 0.1, 1.0])


def test_counterfactual_gives_needless_changes_back():
    inputs = Inputs(("x", "gas", "n"), np.zeros(3), np.array([10.0, 2.0, 4.0]), categorical=(1,), whole=(2,))
    space = Space(inputs.names, ("continuous", "categorical", "integer"), inputs.lower, inputs.upper,
                  (("",), ("air", "argon", "vacuum"), ("",)))  # fmt: skip
    x = np.array([2.0, 0.0, 1.0])
    pool = np.array([[8.0, 2.0, 4.0]])
    found = nearest_beyond(lambda Z: 5 - Z[:, 0], x, pool, inputs, lambda Z: region.snap(space, Z), rng())
    np.testing.assert_allclose(found.x, [5.0, 0.0, 1.0], rtol=1e-2)
