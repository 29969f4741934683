"""Claims about units, tasks and what may be a primary feature."""

from dataclasses import replace

import numpy as np
import pytest
import sympy
import torch

from eutectic.surrogates.base import Domain
from eutectic.surrogates.sisso.features import Grammar, grow, primary
from eutectic.surrogates.sisso.operators import dimensions
from eutectic.surrogates.sisso.recipe import SISSO
from tests.surrogates.sisso.functions import NAMES, QUICK, inputs, same


def test_units_forbid_adding_ev_to_angstrom_and_logarithms_of_energies():
    X = inputs()
    y = X[:, 0] + X[:, 1]
    free = SISSO(rungs=1, terms=1, operators=("+", "log"), members=0)
    assert same(free.fit(X, y, NAMES).expressions[0], "a + b")
    checked = replace(free, units=("eV", "angstrom", "eV", ""), terms=2).fit(
        X, np.log(X[:, 3]) + X[:, 0] + X[:, 2], NAMES
    )
    assert same(checked.expressions[0], "log(d) + a + c")
    table = dimensions(("eV", "angstrom", "eV", ""))
    bank = grow(primary(X, table, range(4)), Grammar(("+", "log"), 9, 1e8), 100, lambda v: v[:, 0])
    assert {tree.key for tree in bank.trees[4:]} == {"log((3))", "+((0),(2))"}


def test_coefficients_carry_units_and_names_may_carry_them_too():
    X = inputs()
    fitted = SISSO(rungs=1, terms=1, units="names", target_unit="eV/atom", members=0).fit(
        X, 2 * X[:, 0] / X[:, 1], ("IP (eV)", "r (AA)", "N", "e_H (eV)")
    )
    assert set(fitted.formulas[0].parameters) == {"c0 (atom^-1*eV)", "c1 (AA*atom^-1)"}
    assert "IP/r" in fitted.formulas[0].text
    assert "IP" in fitted.formulas[0].latex


@pytest.mark.parametrize(
    ("units", "said"),
    [(("eV",), "1 given for 4 inputs"), ({"z": "eV"}, "no input is called 'z'")],
)
def test_units_that_do_not_match_the_inputs_are_refused(units, said):
    with pytest.raises(ValueError, match=said):
        replace(QUICK, units=units).fit(inputs(), inputs()[:, 0], NAMES)


def test_constant_collinear_and_duplicate_inputs_do_no_harm():
    X = inputs()
    X[:, 1] = 4.2
    X = np.column_stack([X, X[:, 0], 3 * X[:, 2] + 1])
    y = X[:, 0] * X[:, 2] - X[:, 3]
    fitted = SISSO(members=3, screened=10).fit(X, y)
    assert fitted.notes == ("constant inputs left out: x2",)
    assert fitted.formulas[0].rmse < 1e-9
    flat = QUICK.fit(np.ones((5, 2)), np.arange(5.0))
    assert np.allclose(flat.posterior(np.ones((2, 2))).mean, 2.0)


def test_tasks_share_terms_and_have_their_own_slopes():
    X = np.column_stack([inputs(90), np.repeat([0.0, 1.0, 2.0], 30)])
    task = X[:, 4].astype(int)
    y = np.array([1.0, -2.0, 5.0])[task] * X[:, 0] * X[:, 1] + np.array([0.0, 3.0, 9.0])[task]
    recipe = SISSO(rungs=1, terms=1, task="system", members=3)
    fitted = recipe.fit(X, y, (*NAMES, "system"))
    assert len(fitted.formulas) == 3
    assert [round(list(f.parameters.values())[1], 6) for f in fitted.formulas] == [1.0, -2.0, 5.0]
    assert np.allclose(fitted.posterior(X).mean[:, 0], y)
    strange = np.array([[*X[0, :4], 7.0]])
    assert fitted.posterior(strange).mean[0, 0] == pytest.approx(y.mean())
    assert np.allclose(fitted.model.posterior(torch.tensor(X)).mean.numpy()[:, 0], y)
    with pytest.raises(ValueError, match="no input is called"):
        recipe.fit(X, y)


def solvents(n=45):
    """Rows of a number, a category of three and a number; an output that both kinds decide."""
    X = inputs(n, 3)
    X[:, 1] = np.arange(n) % 3
    shift = np.array([0.0, 5.0, 1.0])[X[:, 1].astype(int)]
    return X, X[:, 0] * X[:, 2] + shift, Domain(np.zeros(3), np.array([3.0, 2.0, 3.0]), (1,))


def test_codes_of_categories_are_no_numbers():
    X, y, domain = solvents()
    names = ("a", "solvent", "b")
    fitted = QUICK.fit(X, y, names, domain=domain)
    assert sympy.Symbol("solvent", real=True) not in fitted.expressions[0].free_symbols
    assert fitted.notes == (
        "categories left out: solvent; name one as `task` or, where categories are elements, give it "
        "`representation: element_encoding`",
    )
    other = X.copy()
    other[:, 1] = 2 - X[:, 1]
    assert np.array_equal(fitted.posterior(other).mean, fitted.posterior(X).mean)
    assert np.array_equal(fitted.posterior(other).variance, fitted.posterior(X).variance)
    told = replace(QUICK, task="solvent").fit(X, y, names, domain=domain)
    assert not told.notes
    assert np.allclose(told.posterior(X).mean[:, 0], y)


def test_categories_alone_are_refused():
    X, y, _ = solvents()
    domain = Domain(np.zeros(2), np.full(2, 2.0), (0, 1))
    for task in (None, "q"):
        recipe = replace(QUICK, task=task)
        with pytest.raises(ValueError, match=r"needs a number .* none among q, r; .*element_encoding"):
            recipe.fit(X[:, [1, 1]], y, ("q", "r"), domain=domain)
        assert "needs a number" in recipe.refuse(("q", "r"), domain)
