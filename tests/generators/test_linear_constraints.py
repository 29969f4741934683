"""Linear constraints as a person writes them."""

import pytest

from eutectic.generators.linear_constraints import parse


@pytest.mark.parametrize(
    ("text", "coefficients", "bound"),
    [
        ("Fe + Ni <= 0.6", (1, 1, 0), 0.6),
        ("2*Fe - Ni >= 0.1", (-2, 1, 0), -0.1),
        ("Fe <= Ni", (1, -1, 0), 0),
        ("0.1 + Fe <= 0.3", (1, 0, 0), 0.2),
        ("0.5*(Fe + Ni)/2 <= Cr - 1", (0.25, 0.25, -1), -1),
        ("-(Fe - 2*Ni) <= 3 - 2*Ni", (-1, 4, 0), 3),
        ("`Fe` ≤ 0.5", (1, 0, 0), 0.5),
    ],
)
def test_constraints_are_read(text: str, coefficients: tuple[float, ...], bound: float) -> None:
    (line,) = parse(text, ("Fe", "Ni", "Cr"))
    assert (line.coefficients, line.bound, line.text) == (coefficients, bound, text)


def test_equalities_and_chains_are_two_constraints() -> None:
    assert [line.bound for line in parse("Fe = 0.2", ("Fe", "Ni"))] == [0.2, -0.2]
    assert [line.bound for line in parse("0.2 <= Fe + Ni <= 0.6", ("Fe", "Ni"))] == [-0.2, 0.6]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Fee <= 0.5", "did you mean 'Fe'"),
        ("fe <= 0.5", "did you mean 'Fe'"),
        ("Fe * Ni <= 0.5", "not linear"),
        ("Fe < 0.5", "write <="),
        ("Fe + Ni", "needs one of"),
        ("Fe - Fe <= 0", "no variable"),
        ("Fe + <= 1", "cannot read"),
        ("Fe + 2or <= 1", "cannot read"),
        ("Fe <= 0.5if 1 else 2", "cannot read"),
        ("abs(Fe) <= 1", "cannot read"),
        ("1/0*Fe <= 1", "not linear"),
    ],
)
def test_constraints_that_cannot_be_read_say_why(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(text, ("Fe", "Ni"))
