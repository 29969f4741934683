"""Claims about the composition generator."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eutectic.generators.composition import Composition
from eutectic.optimizers.spaces import region

RNG = np.random.default_rng(0)
FIVE = {"Cu": (0.05, 0.35), "Cr": (0.05, 0.35), "Co": (0.05, 0.35), "Fe": (0.05, 0.35), "Ni": (0.05, 0.35)}


def test_a_composition_makes_candidates_whose_fractions_sum_to_one() -> None:
    part = Composition(FIVE, linear=("Fe + Ni <= 0.6",))
    X = region.sample(part.space, 50, RNG)
    for row, candidate in zip(X, part.generate(X, RNG), strict=True):
        assert candidate.composition is not None
        assert sum(candidate.composition.values()) == pytest.approx(1)
        assert list(candidate.variables.values()) == row.tolist()


def test_absent_elements_are_left_out_of_the_composition_but_stay_variables() -> None:
    (candidate,) = Composition({"Fe": (0.0, 1.0), "Ni": (0.0, 1.0), "Y": (0.0, 1.0)}, step=0.5).generate(
        np.array([[0.5, 0.5, 0.0]]), RNG
    )
    assert candidate.composition == {"Fe": 0.5, "Ni": 0.5}
    assert candidate.variables == {"Fe": 0.5, "Ni": 0.5, "Y": 0.0}


def test_equal_options_give_the_same_space_object() -> None:
    assert Composition(FIVE).space is Composition(dict(FIVE)).space


def test_a_step_is_counted_in_exact_arithmetic() -> None:
    part = Composition(dict.fromkeys(("Fe", "Ni", "Cr", "Co", "Cu", "Mn"), (0.0, 0.35)), 0.05, 3, 5)
    assert region.count(part.space) == 11_001
    assert part.space.mixtures[0].divisions == 20


@given(step=st.integers(2, 200), share=st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_every_dividing_step_is_taken(step: int, share: float) -> None:
    low = share / 3
    part = Composition({"Fe": (low, 1.0), "Ni": (0.0, 1.0), "Cr": (0.0, 1.0)}, step=None if step % 2 else 1 / step)
    X = region.snap(part.space, np.array([[share, 1 - share, 0.3]]))
    assert region.contains(part.space, X).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"elements": {"Fee": (0, 1), "Ni": (0, 1)}}, "'Fee' is no element symbol; did you mean 'Fe'"),
        ({"elements": {"fe": (0, 1), "Ni": (0, 1)}}, "did you mean 'Fe'"),
        ({"elements": {"Fe": (5, 35), "Ni": (5, 95)}}, "5 at.% is written 0.05"),
        ({"elements": {"Fe": (0.5, 0.1), "Ni": (0, 1)}}, "no range"),
        ({"elements": {"Fe": (-0.1, 0.1), "Ni": (0, 1)}}, "no range"),
        ({"elements": {"Fe": (float("nan"), 0.1), "Ni": (0, 1)}}, "no range"),
        ({"elements": {"Fe": (0, 1)}}, "at least 2 elements"),
        ({"elements": FIVE, "step": 0.3}, "does not divide 1 exactly; near it, 1/3"),
        ({"elements": FIVE, "step": 5}, "not above 0 and at most 0.5"),
        ({"elements": FIVE, "step": -0.05}, "not above 0"),
        ({"elements": FIVE, "min_elements": 6}, "not between 1 and 5"),
        ({"elements": FIVE, "min_elements": 4, "max_elements": 3}, "below min_elements"),
        ({"elements": FIVE, "linear": ("Mn <= 0.1",)}, "unknown name 'Mn'"),
    ],
)
def test_bad_composition_options_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Composition(**options)  # type: ignore[arg-type]


def test_bounds_that_cannot_sum_to_one_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"Fe, Ni <= 0.3"):
        region.require_nonempty(Composition({"Fe": (0.1, 0.3), "Ni": (0.1, 0.3)}).space)


def test_a_missing_amount_is_asked_for_without_the_balance():
    space = Composition({"Al": (0, 0.8), "Ni": (0, 0.8)}, balance="Fe")
    with pytest.raises(ValueError, match="the amount of Al is not given"):
        space.coordinates({"Ni": 0.2})
