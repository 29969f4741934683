"""Claims that every generator keeps."""

import numpy as np
import pytest

from eutectic.generators.composition import Composition
from eutectic.generators.parameters import Parameters, Variable
from eutectic.optimizers.spaces import region

RNG = np.random.default_rng(0)
FIVE = {"Cu": (0.05, 0.35), "Cr": (0.05, 0.35), "Co": (0.05, 0.35), "Fe": (0.05, 0.35), "Ni": (0.05, 0.35)}


MIXED = Parameters(
    {"a": Variable(low=0, high=1), "n": Variable(low=1, high=9, integer=True), "c": Variable(choices=("x", 2, 0.5))}
)


@pytest.mark.parametrize("part", [Composition(FIVE, step=0.05), MIXED], ids=["composition", "parameters"])
def test_coordinates_lead_back_from_a_candidate_also_from_its_text(part: Composition | Parameters) -> None:
    X = region.sample(part.space, 20, RNG)
    for row, candidate in zip(X, part.generate(X, RNG), strict=True):
        assert part.coordinates(candidate.variables).tolist() == row.tolist()
        assert part.coordinates({k: str(v) for k, v in candidate.variables.items()}).tolist() == row.tolist()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"n": 3, "c": "x"}, "no variable 'a' among what is given: n, c"),
        ({"a": "nan", "n": 3, "c": "x"}, "a is 'nan', not a finite number"),
        ({"a": 0.1, "n": 3, "c": "z"}, "c is 'z', not one of x, 2, 0.5"),
    ],
)
def test_variables_that_are_no_candidates_have_no_coordinates(variables: dict[str, float | str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        MIXED.coordinates(variables)
