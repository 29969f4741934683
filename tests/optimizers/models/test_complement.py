"""Two outputs that are one number are learned once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.models.belief import learn
from eutectic.optimizers.models.complement import total
from eutectic.surrogates.base import Domain
from eutectic.surrogates.gp.model import FittedGaussianProcess
from eutectic.surrogates.gp.recipe import GaussianProcess


@dataclass(frozen=True)
class Counted:
    """A process that says how often it is fitted."""

    fits: list[int] = field(default_factory=list, compare=False)

    def fit(
        self,
        X: Array,
        Y: Array,
        names: Sequence[str] = (),
        *,
        variance: Array | None = None,
        domain: Domain | None = None,
        start: Mapping[str, object] | None = None,
        tune: bool = True,
    ) -> FittedGaussianProcess:
        self.fits.append(len(X))
        return GaussianProcess().fit(X, Y, names, variance=variance, domain=domain, start=start, tune=tune)


@pytest.mark.parametrize("unit", [1e-14, 1.0, 1e9])
def test_values_add_up_to_one_number_in_any_unit_or_they_do_not(unit: float) -> None:
    values = unit * np.array([0.3, np.nan, 5.0, 1.1])
    assert total(values, 2 * unit - values) == pytest.approx(2 * unit)
    assert total(values, values) is None
    assert total(values[:3], -values[:3]) is None  # two values say nothing


def test_the_second_end_of_a_window_is_the_mirror_image_of_the_first() -> None:
    X = np.random.default_rng(0).random((12, 2))
    value = np.sin(4 * X[:, :1]) + X[:, 1:]
    space = Space(("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2))
    recipe = Counted()
    history = History.observed(X, X[:, :1], np.concatenate([value - 1.2, 0.8 - value, X[:, 1:] - value], 1))
    belief = learn(space, history, (recipe,) * 4)
    assert len(recipe.fits) == 3
    mean, std = belief.moments(np.random.default_rng(1).random((5, 2)))
    assert mean[:, 1] + mean[:, 2] == pytest.approx(-0.4)
    assert std[:, 1] == pytest.approx(std[:, 2])
