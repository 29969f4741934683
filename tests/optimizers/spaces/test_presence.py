"""Which members of a continuous mixture are present."""

import numpy as np
import pytest

from eutectic.optimizers.spaces import region
from tests.optimizers.spaces.examples import alloy, rng


def test_supports_of_one_size_weigh_as_their_volume() -> None:
    space = alloy(3, None, [0.0, 0.0, 0.0], [1.0, 1.0, 0.5], 2, 2)
    X = region.sample(space, 30_000, rng(18))
    share = [((X > 0) == np.array(mask)).all(1).mean() for mask in ((1, 1, 0), (1, 0, 1), (0, 1, 1))]
    assert share == pytest.approx([0.5, 0.25, 0.25], abs=0.015)  # lengths of the edges: 1, 1/2, 1/2


def test_sizes_weigh_as_their_number_of_supports() -> None:
    space = alloy(6, None, 0.05, 0.9, 2, 4, True)
    sizes = (region.sample(space, 30_000, rng(19)) > 0).sum(1)
    number = np.array([15, 20, 15])
    assert [np.mean(sizes == s) for s in (2, 3, 4)] == pytest.approx(number / 50, abs=0.015)
