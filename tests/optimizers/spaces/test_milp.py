"""An empty space and the rules that clash."""

import pytest

from eutectic.optimizers.base import Space
from eutectic.optimizers.spaces import region
from tests.optimizers.spaces.examples import alloy, everything, rng


@pytest.mark.parametrize(
    ("space", "words", "absent"),
    [
        (alloy(3, None, 0.4, 0.5), ["A, B, C >= 0.4", "sum to one"], "0.5"),
        (alloy(3, None, 0.1, 0.3), ["A, B, C <= 0.3"], "0.1"),
        (alloy(4, 20, 0.0, 0.35, 1, 2), ["<= 0.35", "at most 2 present"], ">="),
        (alloy(5, None, 0.3, 1.0, 4, 5, True), ["0 or >= 0.3", "at least 4 present"], "<="),
        (alloy(4, None, linear=("A + B <= 0.3", "C + D <= 0.6", "A >= 0.1")), ["A + B <= 0.3", "C + D <= 0.6"], "0.1"),
        (alloy(4, 10, 0.02, 0.08), ["steps of 0.1"], "present"),
        (alloy(4, 7, linear=("A = 0.5",)), ["A = 0.5", "steps of 0.142857"], "<="),
        (everything(None, ("T >= 800", "T + 100*n <= 850")), ["T >= 800", "T + 100*n <= 850", "n >= 1"], "P"),
    ],
)
def test_an_empty_region_is_refused_with_the_rules_that_clash(space: Space, words: list[str], absent: str) -> None:
    with pytest.raises(ValueError, match="nothing satisfies all of") as refusal:
        region.require_nonempty(space)
    said = str(refusal.value).partition(":")[2]
    assert all(word in said for word in words), said
    assert absent not in said
    with pytest.raises(ValueError, match="nothing satisfies"):
        region.sample(space, 3, rng())
