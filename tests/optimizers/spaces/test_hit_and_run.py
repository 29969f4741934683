"""Hit and run: uniform samples of a polytope."""

import numpy as np

from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.hit_and_run import walk
from eutectic.optimizers.spaces.polytope import system
from tests.optimizers.spaces.examples import SPACES, rng
from tests.optimizers.spaces.test_polytope import assert_same_distribution, dirichlet


def test_hit_and_run_is_uniform() -> None:
    space = SPACES["constrained"]
    polytope = system(space, [np.ones(5, dtype=bool)])
    start = polytope.centre()
    assert start is not None
    X = walk(polytope, start, 5000, rng(14))
    assert region.contains(space, X).all()
    assert_same_distribution(X, dirichlet(space, 400_000, 15))
