"""Claims about the parameters generator: ranges, steps, logarithms, choices, conditions, context, groups, rules."""

from typing import Any

import numpy as np
import pytest

from eutectic.generators.parameters import Parameters, Variable
from eutectic.generators.product import Product
from eutectic.optimizers.spaces import region

RNG = np.random.default_rng(0)


def furnace(**changes: object) -> Parameters:
    variables: dict[str, object] = {
        "temperature_k": (500.0, 1500.0),
        "time_h": Variable(low=0.1, high=100.0, scale="log"),
        "quench": Variable(choices=("air", "oil", "water"), ordered=True),
        "step_2": Variable(choices=("none", "anneal")),
        "temperature_2_k": Variable(low=400.0, high=800.0, step=50.0, when={"step_2": "anneal"}),
        "cooling": Variable(choices=("slow", "fast"), when={"step_2": ("anneal",)}),
        "pressure_gpa": 2.0,
        "atmosphere": "argon",
    }
    return Parameters({**variables, **changes}, constraints=("temperature_k * time_h <= 8000",))  # type: ignore[arg-type]


def test_a_logarithmic_variable_is_a_column_of_its_logarithm_and_uniform_in_it() -> None:
    part = Parameters({"time_h": Variable(low=0.01, high=100.0, scale="log"), "a": (0.0, 1.0)})
    X = region.sample(part.space, 4000, RNG)
    assert part.space.names == ("log10(time_h)", "a")
    hours = np.array([candidate.variables["time_h"] for candidate in part.generate(X, RNG)], dtype=float)
    assert np.mean(hours < 1) == pytest.approx(0.5, abs=0.04)
    assert part.coordinates({"time_h": 10.0, "a": 0.5}).tolist() == [1.0, 0.5]


def test_what_is_not_active_is_left_out_and_stands_at_one_place() -> None:
    part = furnace()
    X = region.sample(part.space, 300, RNG)
    candidates = part.generate(X, RNG)
    assert {"temperature_2_k" in c.variables for c in candidates if c.variables["step_2"] == "none"} == {False}
    assert {"cooling" in c.variables for c in candidates if c.variables["step_2"] == "anneal"} == {True}
    assert len({tuple(x[4:]) for x in X[X[:, 3] == 0]}) == 1
    back = np.array([part.coordinates(c.variables) for c in candidates])
    assert back == pytest.approx(X)


def test_one_choice_and_a_range_of_one_number_are_fixed_values() -> None:
    short = Parameters({"x": (0.0, 1.0), "gas": ("argon",), "t": (5.0, 5.0), "log": (5.0,)})  # type: ignore[dict-item]
    assert dict(short.fixed) == {"gas": "argon", "t": 5.0, "log": 5.0}
    assert short.space.names == ("x",)
    with pytest.raises(ValueError, match="a fixed value stands alone: NAME: oil"):
        Variable(choices=("oil",))


def test_a_range_over_many_decades_that_is_searched_evenly_is_remarked_upon() -> None:
    even = {"pressure_bar": (1e-8, 0.1), "t": (1.0, 999.0), "x": (0.0, 1.0), "u": (-5.0, 5.0)}
    (said,) = Parameters(even).remarks
    assert said.startswith("pressure_bar goes from 1e-08 to 0.1 and is searched evenly")
    logarithmic = Parameters(
        {"pressure_bar": Variable(low=1e-8, high=0.1, scale="log"), "n": Variable(low=1, high=1e6, integer=True)}
    )
    assert logarithmic.remarks == ()


def test_fixed_values_are_carried_and_not_searched() -> None:
    part = furnace()
    (candidate,) = part.generate(region.sample(part.space, 1, RNG), RNG)
    assert candidate.variables["pressure_gpa"] == 2.0
    assert candidate.variables["atmosphere"] == "argon"
    assert part.space.d == 6
    with pytest.raises(ValueError, match="pressure_gpa is 3, and the space has it fixed at 2"):
        part.coordinates({**candidate.variables, "pressure_gpa": 3})


def test_what_belongs_to_another_value_of_what_is_fixed_is_absent_and_what_belongs_to_this_one_is_always_there() -> (
    None
):
    variables = {
        "gas": "air",
        "x": (0.0, 1.0),
        "flow": Variable(low=1, high=5, when={"gas": ("air", "oxygen")}),
        "purity": Variable(choices=("5N", "6N"), when={"gas": "argon"}),
        "filter_h": Variable(low=1, high=5, when={"purity": "6N"}),
    }
    part = Parameters(variables, linear=("filter_h <= 2",), constraints=("flow * x <= 2", "filter_h * x <= 2"))
    assert (list(part.varied), part.absent) == (["x", "flow"], {"purity", "filter_h"})
    assert part.space.conditions == ()
    assert part.optional == {"gas", "purity", "filter_h"}
    (candidate,) = part.generate(np.array([[0.25, 2.0]]), RNG)
    assert candidate.variables == {"gas": "air", "x": 0.25, "flow": 2.0}
    both = Product.of({"p": part, "q": Parameters({"z": (0.0, 1.0)})}, ("filter_h <= z", "x <= z"))
    assert both.saying == ("x <= z",)
    with pytest.raises(ValueError, match="no variable 'gass' that varies"):
        Parameters({"gas": "air", "x": Variable(low=0, high=1, when={"gass": "air"}), "y": (0.0, 1.0)})


def test_products_bind_as_written_and_a_ratio_too() -> None:
    part = Parameters(
        {"t": Variable(low=1.0, high=1e4, scale="log"), "T": (300.0, 900.0), "p": (1.0, 5.0)},
        constraints=("t * T <= 8000", "T / p >= 100", "10*t + T <= 2000"),
    )
    X = region.sample(part.space, 500, RNG)
    for candidate in part.generate(X, RNG):
        t, T, p = (float(candidate.variables[name]) for name in ("t", "T", "p"))
        assert t * T <= 8000 * (1 + 1e-8)
        assert T / p >= 100 * (1 - 1e-8)
        assert 10 * t + T <= 2000 * (1 + 1e-8)


def test_a_linear_constraint_of_plain_variables_keeps_its_exact_form() -> None:
    part = Parameters({"a": (0.0, 10.0), "b": Variable(low=0, high=10, step=0.5)}, constraints=("a + 2*b <= 10",))
    assert part.space.known is None
    assert part.space.linear[0].coefficients == (1.0, 2.0)


def test_a_constraint_says_nothing_where_a_variable_of_it_is_not_active() -> None:
    part = Parameters(
        {
            "a": (0.0, 10.0),
            "way": ("x", "y"),
            "b": Variable(low=5.0, high=9.0, when={"way": "y"}),
        },
        constraints=("b <= a",),
    )
    x = np.array([[0.0, 0.0, 7.0], [0.0, 1.0, 7.0], [8.0, 1.0, 7.0]])
    assert region.contains(part.space, x).tolist() == [True, False, True]


def test_numbers_among_choices_can_be_constrained() -> None:
    part = Parameters({"n": Variable(choices=(1, 10, 100), ordered=True), "a": (1.0, 5.0)}, constraints=("n*a <= 100",))
    found = {candidate.variables["n"] for candidate in part.generate(region.sample(part.space, 200, RNG), RNG)}
    assert found == {1, 10, 100} or found == {1, 10}


def test_per_and_context_become_columns_of_the_space() -> None:
    part = Parameters(
        {
            "humidity": Variable(low=0.0, high=100.0, context=True),
            "furnace_k": Variable(low=500.0, high=900.0, per="batch"),
            "hold_h": Variable(low=1.0, high=9.0, per="batch"),
            "stir": Variable(low=0.0, high=5.0, per=("plate", 8)),
        }
    )
    assert part.space.context == (0,)
    assert [(s.columns, s.size) for s in part.space.shared] == [((1, 2), None), ((3,), 8)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"x": Variable(low=0.0, high=1.0, when={"step_3": "anneal"})},
            "no variable 'step_3' that varies; did you mean",
        ),
        (
            {"x": Variable(low=0.0, high=1.0, when={"step_2": "aneal"})},
            "'aneal' is no choice of 'step_2'; did you mean",
        ),
        ({"x": Variable(low=0.0, high=1.0, when={"time_h": 3})}, "'time_h' is a range; a condition needs one of"),
        ({"step_2": Variable(choices=("none", "anneal"), when={"cooling": "slow"})}, "go in a circle"),
        (
            {"x": Variable(low=0.0, high=1.0, per=("p", 4)), "y": Variable(low=0.0, high=1.0, per=("p", 8))},
            "'p' holds 4",
        ),
    ],
)
def test_a_condition_on_nothing_or_in_a_circle_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        furnace(**change)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"low": 0.0, "high": 1.0, "scale": "log"}, "a logarithm needs low above 0"),
        ({"low": 1.0, "high": 9.0, "scale": "log", "step": 1.0}, "`scale: log` is continuous"),
        ({"low": 1.0, "high": 9.0, "ordered": True}, "`ordered` belongs to `choices`"),
        ({"low": 1.0, "high": 9.0, "default": 3.0}, "`default` belongs to `context: true`"),
        ({"choices": ("a", "b"), "context": True, "default": "c"}, "default is 'c', not one of a, b"),
        ({"choices": ("a", "b"), "context": True, "per": "batch"}, "measured and not chosen"),
        ({"low": 1.0, "high": 9.0, "per": ("plate", 1)}, "shares nothing"),
    ],
)
def test_a_variable_that_contradicts_itself_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Variable(**options)  # type: ignore[arg-type]


def test_an_equality_that_is_not_linear_is_refused() -> None:
    part = Parameters({"a": (1.0, 2.0), "b": (1.0, 2.0)}, constraints=("a * b = 2",))
    with pytest.raises(ValueError, match="equality that is not linear"):
        _ = part.space


def test_every_kind_of_variable() -> None:
    part = Parameters(
        {
            "temperature_k": Variable(300, 920, step=50),
            "n": Variable(0.5, 9.5, integer=True),
            "solvent": Variable(choices=("water", "ethanol", 96)),
            "pressure_gpa": (0.0, 1.5),
            "gas": ("Ar", "N2"),
        },
        linear=("temperature_k + 100*n <= 900",),
    )
    space = part.space
    assert space is part.space
    assert space.kinds == ("continuous", "integer", "categorical", "continuous", "categorical")
    assert space.upper.tolist() == [900, 9, 2, 1.5, 1]
    assert space.categories[2] == ("water", "ethanol", "96")
    for candidate in part.generate(region.sample(space, 100, RNG), RNG):
        own = candidate.variables
        assert float(own["temperature_k"]) % 50 == 0
        assert type(own["n"]) is int
        assert own["solvent"] in ("water", "ethanol", 96)
        assert float(own["temperature_k"]) + 100 * own["n"] <= 900


def test_steps_hit_decimals_exactly() -> None:
    part = Parameters({"x": Variable(0.1, 0.9, step=0.1)})
    listed = region.enumerate_points(part.space)
    assert listed is not None
    assert listed[:, 0].tolist() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]


@pytest.mark.parametrize(
    ("variables", "linear", "words"),
    [
        ({}, (), "at least one variable"),
        ({"t": (900, 300)}, (), "t: low 900 must be a finite number below high 300"),
        ({"t": (0, float("inf"))}, (), "finite"),
        ({"s": ("a", "a")}, (), "'a' is given twice"),
        ({"s": ("a",)}, (), "every one is fixed"),
        ({"s": ("a", "b"), "t": (0, 1)}, ("s + t <= 1",), "not numbers"),
        ({"t": (0, 1)}, ("T <= 1",), "did you mean 't'"),
    ],
)
def test_bad_variables_are_refused(
    variables: dict[str, tuple[float, float]], linear: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        Parameters(variables, linear)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "needs `low` and `high`"),
        ({"low": 1}, "needs `low` and `high`"),
        ({"low": 0, "high": 1, "step": 2}, "step 2"),
        ({"low": 0, "high": 4, "step": 2, "integer": True}, "steps by 1"),
        ({"low": 0.2, "high": 0.8, "integer": True}, "no whole number"),
        ({"choices": ("a", "b"), "low": 1}, "stands alone"),
    ],
)
def test_bad_variable_options_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Variable(**options)  # type: ignore[arg-type]


def test_a_default_out_of_its_range_is_refused_before_anything_is_asked():
    with pytest.raises(ValueError, match="default: 7 is out of its range, 1 to 2"):
        Variable(low=1, high=2, context=True, default=7)
    assert Variable(low=1, high=2, context=True, default=2).default == 2


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"": (0, 1)}, "'' is no name"),
        ({" a": (0, 1)}, "' a' is no name: blanks around it"),
        ({"a\nb": (0, 1)}, "is no name"),
        ({"a": ("0%", "100%")}, r"a: \[0%, 100%\] are texts, not numbers"),
        ({"a": ("1,5", "2,5")}, r"a: \[1,5, 2,5\] are texts, not numbers"),
        (
            {"a": "0-1", "b": (0, 1)},
            r"a: '0-1' is a text; a range is \[low, high\], a fixed text like this one \['0-1'\]",
        ),
        ({"a": "0..1", "b": (0, 1)}, "a range is"),
        ({"a": ("a ", "b")}, "'a ' is no name"),
        ({"a": ("", "b")}, "'' is no name"),
    ],
)
def test_names_and_texts_that_tables_lose_or_that_mean_a_range_are_refused(variables: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Parameters(variables)


def test_texts_that_are_meant_stay_texts() -> None:
    part = Parameters({"a": ("0", "1"), "ratio": "1:1", "fixed": ("5-10",), "c": Variable(choices=("0%", "100%"))})
    assert part.fixed == {"ratio": "1:1", "fixed": "5-10"}
    assert part.space.categories == (("0", "1"), ("0%", "100%"))
