"""Points inside and outside a space."""

import numpy as np
import pytest

from eutectic.optimizers.spaces import region
from tests.optimizers.spaces.examples import alloy


@pytest.mark.parametrize(
    "row",
    [
        [0.5, 0.5, 0.1, 0.0],
        [0.55, 0.45, 0.0, 0.0],
        [0.7, 0.3, 0.0, 0.0],
        [1.0, 0.0, 0.0, 0.0],
        [0.3, 0.3, 0.3, 0.1],
        [0.3, 0.5, 0.2, 0.0],
        [np.nan, 0.5, 0.5, 0.0],
    ],
)
def test_points_outside_are_told(row: list[float]) -> None:
    space = alloy(4, 10, 0.2, 0.6, 2, 3, True, ("A >= B",))
    assert region.contains(space, np.array([[0.6, 0.4, 0.0, 0.0], row])).tolist() == [True, False]
