"""What a surrogate predicts does not depend on the units of its inputs and of its output."""

import numpy as np
import pytest

from eutectic.campaigns.file import plugins
from eutectic.surrogates.base import Array, Domain
from eutectic.surrogates.sisso.recipe import SISSO

NAMES = sorted(plugins.KINDS["surrogates"])
LOWER, UPPER = np.array([1.0, -1, 0.5]), np.array([2.0, 2, 5.5])
ROWS = np.random.default_rng(0).random((24, 3))
VALUES = ((ROWS - 0.3) ** 2).sum(1)


def predicted(name: str, inputs: float, output: float, values: Array = VALUES) -> Array:
    """Means and standard deviations (2, 6) at six other rows, in units of the output."""
    recipe = plugins.build("surrogates", {"use": name}, None)
    X = (LOWER + ROWS * (UPPER - LOWER)) * inputs
    new = (LOWER + np.random.default_rng(1).random((6, 3)) * (UPPER - LOWER)) * inputs
    fitted = recipe.fit(X, (values * output)[:, None], ("a", "b", "c"), domain=Domain(LOWER * inputs, UPPER * inputs))
    posterior = fitted.posterior(new)
    return np.stack([posterior.mean[:, 0], posterior.std[:, 0]]) / output


@pytest.mark.parametrize("unit", [2.0**-50, 2.0**40])
@pytest.mark.parametrize("name", NAMES)
def test_predictions_do_not_depend_on_the_outputs_unit(name: str, unit: float) -> None:
    np.testing.assert_allclose(predicted(name, 1.0, unit), predicted(name, 1.0, 1.0), rtol=1e-6)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "sisso"])  # exp(x) is another function in nm
def test_predictions_do_not_depend_on_the_inputs_unit(name: str) -> None:
    np.testing.assert_allclose(predicted(name, 2.0**-50, 1.0), predicted(name, 1.0, 1.0), rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_constant_output_is_constant_in_any_unit(name: str) -> None:
    values = np.full(24, 3.0)
    np.testing.assert_allclose(predicted(name, 1.0, 2.0**-50, values), predicted(name, 1.0, 1.0, values), rtol=1e-6)


@pytest.mark.parametrize("unit", [1e-12, 1e-9, 1e9, 1e12])
def test_sisso_finds_a_product_in_any_unit_of_an_input(unit: float) -> None:
    X = np.random.default_rng(0).uniform(1, 5, (30, 3))
    y = X[:, 0] * X[:, 1] / X[:, 2]
    recipe = SISSO(rungs=2, terms=1, operators=("+", "-", "*", "/"), members=0)
    fitted = recipe.fit(X * [unit, 1, 1], y[:, None], ("a", "b", "c"))
    np.testing.assert_allclose(fitted.posterior(X * [unit, 1, 1]).mean[:, 0], y, rtol=1e-9)


@pytest.mark.parametrize("size", [1e300, 1e-300])
@pytest.mark.parametrize("name", NAMES)
def test_numbers_whose_squares_floating_point_cannot_hold_are_refused(name: str, size: float) -> None:
    with pytest.raises(ValueError, match="in another unit, or its logarithm"):
        predicted(name, 1.0, size)
