"""Claims about SISSO: screening, sparse search, formulas, units, ensemble, classification and bad input."""

import itertools
import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import sympy
import torch

from eutectic.campaigns.file import plugins
from eutectic.optimizers.base import History, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.models.belief import learn
from eutectic.optimizers.models.diagnostics import crossvalidate
from eutectic.surrogates.base import Domain
from eutectic.surrogates.sisso import botorch_model
from eutectic.surrogates.sisso.deepening import Best, deepen, places
from eutectic.surrogates.sisso.features import Bank, Grammar, Tree, binary_blocks, expansions, grow, primary, usable
from eutectic.surrogates.sisso.operators import BINARY, UNARY, dimensions
from eutectic.surrogates.sisso.recipe import SISSO
from eutectic.surrogates.sisso.screening import BILINEAR, pair_scores, score, screen, standard_keys, targets
from eutectic.surrogates.sisso.search import Data, search
from eutectic.surrogates.sisso.separation import by_overlap, by_threshold, hull_overlap, threshold
from eutectic.surrogates.sisso.sparsifying import best_subsets, coefficients, normal_equations

NAMES = ("a", "b", "c", "d")
QUICK = SISSO(screened=15, members=4)
GRAMMAR = Grammar(("+", "-", "|-|", "*", "/", "inv", "sq", "sqrt", "log"), 20, 1e8)


def inputs(n=60, d=4, seed=0):
    return np.random.default_rng(seed).uniform(0.5, 3.0, (n, d))


def bank_of(X, rungs=1, grammar=GRAMMAR):
    bank = primary(X, np.zeros((X.shape[1], 0)), range(X.shape[1]))
    for _ in range(rungs):
        bank = grow(bank, grammar, 10**6, lambda values: values[:, 0])
    return bank


def same(expression, truth, names=NAMES):
    symbols = [sympy.Symbol(name, real=True) for name in names]
    f, g = (
        sympy.lambdify(symbols, sympy.sympify(e, locals=dict(zip(names, symbols, strict=True))))
        for e in (expression, truth)
    )
    X = inputs(200, len(names), seed=99)
    expected = g(*X.T)
    return np.allclose(f(*X.T), expected, rtol=0, atol=1e-6 * np.std(expected))


PLANTED = {
    "3*a*b/c - 2": {"rungs": 2, "terms": 1},
    "2*(a - b)*(c + d) + 5*a/d": {"rungs": 2, "terms": 2, "screened": 300},
    "0.5*sqrt(a)/b + 7*log(c) + 1": {"rungs": 2, "terms": 2, "operators": ("*", "/", "sqrt", "log")},
    "4*exp(-a*b) + 2": {"rungs": 2, "terms": 1, "operators": ("*", "/", "exp(-x)", "+")},
    "Abs(a - b)*c": {"rungs": 2, "terms": 1, "operators": ("|-|", "*", "+")},
    "6*a - 4*b": {"rungs": 0, "terms": 2},
    "2*log(a*b/(c + d)) + 1": {"rungs": 3, "terms": 1, "operators": ("+", "*", "/", "log"), "bank": 1000},
}


@pytest.mark.parametrize("truth", PLANTED)
def test_a_planted_formula_is_recovered_exactly(truth):
    X = inputs()
    y = sympy.lambdify([sympy.Symbol(name) for name in NAMES], sympy.sympify(truth))(*X.T)
    fitted = SISSO(members=0, **PLANTED[truth]).fit(X, y, NAMES)
    assert same(fitted.expressions[0], truth)
    assert fitted.formulas[0].rmse < 1e-9
    assert np.allclose(fitted.posterior(X).mean[:, 0], y)


@pytest.mark.parametrize(("truth", "rungs", "terms"), [("3*a*b/c - 2", 2, 1), ("2*a*b + 5*c/d - 1", 1, 2)])
def test_a_planted_formula_is_recovered_under_noise_with_rungs_and_terms_chosen(truth, rungs, terms):
    X = inputs(80)
    y = sympy.lambdify([sympy.Symbol(name) for name in NAMES], sympy.sympify(truth))(*X.T)
    noisy = y + 1e-3 * y.std() * np.random.default_rng(1).normal(size=len(y))
    fitted = SISSO(rungs=rungs, terms=terms + 1, screened=60, residuals=3, folds=3, members=0).fit(X, noisy, NAMES)
    equation = fitted.outputs[0].equation
    slopes, intercept = coefficients(equation.terms(X), y)
    assert len(equation.trees) == terms
    assert np.abs(y - intercept - slopes @ equation.terms(X)).max() < 1e-9
    assert f"3-fold cross-validation chose rung {rungs} and {terms} terms" in " ".join(fitted.notes)


@pytest.mark.parametrize("op", BILINEAR)
@pytest.mark.parametrize("flipped", [False, True])
def test_scores_from_matrix_products_equal_scores_of_formed_features(op, flipped):
    rng = np.random.default_rng(3)
    A, B = rng.normal(2, 1, (7, 40)), rng.normal(-1, 3, (9, 40))
    B[2, 5] = 0.0
    wanted = targets(rng.normal(size=(3, 40)), [np.arange(15), np.arange(15, 40)])
    quick = pair_scores(A, B, op, flipped, wanted)
    for i, j in itertools.product(range(7), range(9)):
        pair = (B[j], A[i]) if flipped and op == "/" else (A[i], B[j])
        formed = BINARY[op].apply(pair[0][None], pair[1][None])
        expected = score(formed, wanted)[0] if np.isfinite(formed).all() else 0.0
        assert quick[i, j] == pytest.approx(expected, abs=1e-9)


def test_the_screen_returns_the_best_of_the_whole_materialised_rung():
    X, rng = inputs(30, 3), np.random.default_rng(5)
    wanted = targets(rng.normal(size=(2, 30)), [np.arange(30)])
    found = screen(X, bank_of(X), GRAMMAR, False, wanted, 25, frozenset())
    everything = score(bank_of(X, 2).values, wanted)
    distinct = np.unique(np.round(everything, 8))[::-1][:25]
    assert np.allclose(found.scores, distinct, atol=1e-7)
    assert len(set(found.keys)) == 25


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_the_sparse_search_equals_brute_force_over_all_subsets(size):
    rng = np.random.default_rng(size)
    values, y = rng.normal(size=(9, 25)), rng.normal(size=25)
    values[4] = values[1] + 1e-3 * values[4]
    rows = [np.arange(12), np.arange(12, 25)]
    found = best_subsets([normal_equations(values[:, r], y[r]) for r in rows], size, 5, 100)

    def loss(subset):
        total = 0.0
        for r in rows:
            slopes, intercept = coefficients(values[list(subset)][:, r], y[r])
            total += ((y[r] - intercept - slopes @ values[list(subset)][:, r]) ** 2).sum()
        return total

    brute = sorted(itertools.combinations(range(9), size), key=loss)[:5]
    assert found == brute


def test_a_beam_never_beats_the_exact_search_and_a_wide_one_equals_it():
    rng = np.random.default_rng(0)
    task = normal_equations(rng.normal(size=(12, 40)), rng.normal(size=40))
    exact = best_subsets([task], 4, 1, 12)
    assert best_subsets([task], 4, 1, 100) == exact
    assert len(best_subsets([task], 4, 1, 2)[0]) == 4


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


def test_units_are_read_as_exponents():
    assert np.array_equal(dimensions(["eV/angstrom^2", "", "angstrom*eV^(-1)"]), [[-2, 1], [0, 0], [1, -1]])
    with pytest.raises(ValueError, match="cannot read"):
        dimensions(["eV per angstrom!"])


@pytest.mark.parametrize(
    ("units", "said"),
    [(("eV",), "1 given for 4 inputs"), ({"z": "eV"}, "no input is called 'z'")],
)
def test_units_that_do_not_match_the_inputs_are_refused(units, said):
    with pytest.raises(ValueError, match=said):
        replace(QUICK, units=units).fit(inputs(), inputs()[:, 0], NAMES)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"operators": ("+", "sqr")}, "did you mean 'sqrt'|did you mean 'sq'"),
        ({"rungs": 4}, "rungs must be"),
        ({"terms": 0}, "terms must be at least 1"),
        ({"folds": 1}, "folds"),
        ({"dropout": 1.0}, "dropout"),
        ({"kind": "classification", "terms": 3}, "one or two terms"),
        ({"kind": "classification", "terms": 2, "folds": 3}, "folds with one term"),
        ({"deepening": 2}, "deepening needs kind: classification"),
    ],
)
def test_bad_options_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        SISSO(**options)


def test_missing_values_are_named_by_row_and_column():
    X, y = inputs(), inputs()[:, 0]
    X[7, 2] = np.nan
    with pytest.raises(ValueError, match="row 7, column 'c'"):
        QUICK.fit(X, y, NAMES)
    y[3] = np.inf
    with pytest.raises(ValueError, match="row 3, column 'output 1'"):
        QUICK.fit(inputs(), y, NAMES)


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


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_fewer_rows_than_terms_give_fewer_terms_and_a_note(n):
    X = inputs(n)
    fitted = replace(QUICK, terms=4).fit(X, X[:, 0] ** 2 + X[:, 1], NAMES)
    assert len(fitted.outputs[0].equation.trees) <= max(n - 2, 0)
    assert f"{n} rows allow {max(n - 2, 0)} of 4 terms" in fitted.notes
    posterior = fitted.posterior(inputs(5))
    assert np.isfinite(posterior.mean).all()
    assert (posterior.variance > 0).all()


def test_a_constant_output_is_predicted_and_noted():
    fitted = QUICK.fit(inputs(), np.full(60, 3.0), NAMES)
    assert np.allclose(fitted.posterior(inputs(4)).mean, 3.0)
    assert "constant output: nothing to learn from it yet" in fitted.notes


@pytest.mark.parametrize(("truth", "bad"), [("log", -1.0), ("inv", 0.0), ("inv", 1e-7), ("sqrt", -2.0), ("exp", 800.0)])
def test_where_a_formula_has_no_value_the_training_mean_stands_in_with_the_training_variance(truth, bad):
    X = inputs()
    y = 2 * UNARY[truth].apply(X[:, 0])
    fitted = SISSO(rungs=1, terms=1, operators=(truth,), members=3).fit(X, y, NAMES)
    wild = X[:2].copy()
    wild[1, 0] = bad
    posterior = fitted.posterior(wild)
    assert np.array_equal(fitted.undefined(wild)[:, 0], [0, 1])
    assert posterior.mean[0, 0] == pytest.approx(y[0])
    assert posterior.mean[1, 0] == pytest.approx(y.mean())
    assert posterior.variance[1, 0] >= y.var()
    T = torch.tensor(wild, requires_grad=True)
    moments = fitted.model.posterior(T)
    assert np.allclose(moments.mean.detach().numpy(), posterior.mean)
    assert np.allclose(moments.variance.detach().numpy(), posterior.variance)
    moments.mean.sum().backward()
    assert torch.isfinite(T.grad).all()
    assert (T.grad[1] == 0).all()


def noisy(seed=0, n=60):
    X = inputs(n, seed=seed)
    Y = np.column_stack([X[:, 0] / X[:, 1] + X[:, 2], X[:, 3] * X[:, 0]])
    return X, Y + 0.2 * np.random.default_rng(seed).normal(size=Y.shape)


def test_equal_seeds_give_equal_fits_and_other_seeds_another_ensemble():
    X, Y = noisy()
    first, again, other = (replace(QUICK, seed=seed).fit(X, Y, NAMES) for seed in (3, 3, 4))
    assert json.dumps(first.state) == json.dumps(again.state)
    assert np.array_equal(first.posterior(X).variance, again.posterior(X).variance)
    assert np.array_equal(first.posterior(X).mean, other.posterior(X).mean)
    assert not np.array_equal(first.posterior(X).variance, other.posterior(X).variance)


def test_the_state_restores_the_fit_through_json():
    X, Y = noisy()
    fitted = QUICK.fit(X, Y, NAMES)
    state = json.loads(json.dumps(fitted.state))
    restored = QUICK.fit(X, Y, NAMES, start=state, tune=False)
    T = inputs(20, seed=8)
    assert np.array_equal(restored.posterior(T).mean, fitted.posterior(T).mean)
    assert np.array_equal(restored.posterior(T).variance, fitted.posterior(T).variance)
    with pytest.raises(ValueError, match="tune=False needs"):
        QUICK.fit(X, Y, NAMES, tune=False)


def test_the_botorch_model_has_the_same_moments_in_any_batch_shape():
    X, Y = noisy()
    fitted = QUICK.fit(X, Y, NAMES)
    T = inputs(12, seed=2)
    posterior = fitted.model.posterior(torch.tensor(T).reshape(2, 3, 2, 4))
    ours = fitted.posterior(T)
    assert np.allclose(posterior.mean.numpy().reshape(12, 2), ours.mean)
    assert np.allclose(posterior.variance.numpy().reshape(12, 2), ours.variance)


def test_gradients_of_the_botorch_model_equal_finite_differences():
    X, Y = noisy()
    model = QUICK.fit(X, Y, NAMES).model
    T = torch.tensor(inputs(3, seed=5), requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: model.posterior(t).mean, (T,))
    assert torch.autograd.gradcheck(lambda t: model.posterior(t).variance, (T,))


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_every_operator_is_the_same_in_numpy_torch_and_sympy(name):
    X = inputs(20, 2)
    tree = Tree(name, Tree("", 0), Tree("", 1) if name in BINARY else None)
    expected = tree.values(X)
    assert np.allclose(botorch_model.evaluate(tree, torch.tensor(X)).numpy(), expected)
    symbols = sympy.symbols("a b", real=True)
    assert np.allclose(sympy.lambdify(symbols, tree.expression(symbols))(*X.T), expected)
    assert Tree.from_nested(json.loads(json.dumps(tree.nested))) == tree


def test_trees_that_are_no_expressions_are_refused():
    for content in ("x", ["?", 1], ["+", 1], [1]):
        with pytest.raises(ValueError, match="SISSO"):
            Tree.from_nested(content)


def test_the_ensemble_covers_unseen_rows():
    X, Y = noisy(n=80)
    T, V = noisy(seed=1, n=200)
    fitted = SISSO(members=8, screened=15).fit(X, Y[:, :1], NAMES)
    posterior = fitted.posterior(T)
    covered = np.abs(V[:, 0] - posterior.mean[:, 0]) <= 1.96 * posterior.std[:, 0]
    assert 0.88 <= covered.mean() <= 1.0
    seen = fitted.leave_one_out()
    assert 0.88 <= (np.abs(Y[:, 0] - seen.mean[:, 0]) <= 1.96 * seen.std[:, 0]).mean() <= 1.0


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


@pytest.mark.parametrize("memory_mb", [30.0, 120.0])
def test_the_memory_bound_is_kept(memory_mb):
    X = inputs(200, 12)
    y = X[:, 0] * X[:, 1] / X[:, 2] + X[:, 3]
    recipe = SISSO(rungs=2, terms=2, members=0, memory_mb=memory_mb, screened=10, residuals=2)
    recipe.fit(X[:20], y[:20])  # what is imported once is not the fit's
    tracemalloc.start()
    fitted = recipe.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < memory_mb * 1e6
    assert np.isfinite(fitted.posterior(X).mean).all()
    with pytest.raises(ValueError, match="memory_mb"):
        replace(recipe, memory_mb=0.01).fit(X, y)


def test_a_full_bank_keeps_the_simplest_then_the_best_ranked():
    X = inputs(30, 5)
    wanted = targets((X[:, 0] * X[:, 1])[None], [np.arange(30)])
    whole = bank_of(X, 2)
    grown = grow(bank_of(X), GRAMMAR, 300, lambda values: score(values, wanted))
    assert grown.full
    assert len(grown) == len(bank_of(X)) + 300
    assert grown.complexity.max() <= np.sort(whole.complexity)[len(grown)] + 1


def test_duplicates_are_formed_once():
    bank = bank_of(inputs(20, 3), 2)
    rounded = {row.tobytes() for row in np.round(bank.values / np.abs(bank.values).max(1, keepdims=True), 8)}
    assert len(rounded) > 0.99 * len(bank)
    assert usable(bank.values, 1e8).all()


def test_complexity_stays_within_its_limit():
    X = inputs(20, 3)
    bank = bank_of(X, 2, replace(GRAMMAR, max_complexity=2))
    assert bank.complexity.max() == 2
    assert isinstance(bank, Bank)
    blocks = list(binary_blocks(bank, "+", replace(GRAMMAR, max_complexity=2)))
    assert all((cost <= 2).all() for _, _, cost, _ in blocks)
    assert all((cost <= 2).all() for _, _, cost, _ in expansions(bank, replace(GRAMMAR, max_complexity=2)))


def test_best_threshold_scores_equal_brute_force():
    rng = np.random.default_rng(2)
    values, upper = rng.normal(size=(6, 31)).round(1), rng.random(31) < 0.4
    for row, got in zip(values, by_threshold(values, upper), strict=True):
        cuts = [(row > c) == upper for c in (row[0] - 99, *row)]
        brute = max(max(c.mean(), 1 - c.mean()) for c in cuts)
        assert brute <= got + 1e-12 < brute + 1 / 31 + 1e-9
        cut, sign = threshold(row, upper)
        trivial = max(upper.mean(), 1 - upper.mean())
        assert max(((sign * (row - cut) > 0) == upper).mean(), trivial) == pytest.approx(brute)


def test_overlap_counts_rows_inside_both_intervals_and_both_hulls():
    upper = np.array([True, True, True, False, False, False])
    values = np.array([[3.0, 4, 5, 0, 1, 2], [1.5, 4, 5, 0, 1, 2]])
    scores = by_overlap(values, upper)
    assert scores[0] > 1 > scores[1]
    square = np.array([[0.0, 0], [2, 0], [0, 2], [2, 2], [1, 1], [5, 5], [6, 5], [5, 6]])
    assert hull_overlap(square, np.array([1, 1, 1, 1, 0, 0, 0, 0], dtype=bool)) == pytest.approx(2 / 8)
    assert hull_overlap(square, np.array([1, 1, 1, 1, 1, 0, 0, 0], dtype=bool)) == 0


@pytest.mark.parametrize("criterion", ["threshold", "overlap"])
@pytest.mark.parametrize("terms", [1, 2])
def test_a_planted_class_boundary_is_found(criterion, terms):
    X = inputs(150, 3)
    decision = X[:, 0] / X[:, 1] - 1 if terms == 1 else X[:, 0] * X[:, 1] - 2 * X[:, 2] + 0.3
    Y = np.where(decision > 0, 1.0, -1.0)
    recipe = SISSO(rungs=1, terms=terms, kind="classification", criterion=criterion, screened=20)
    fitted = recipe.fit(X, Y)
    output = fitted.outputs[0]
    assert output.accuracy >= (1.0 if terms == 1 else 0.97)
    T = inputs(300, 3, seed=9)
    truth = T[:, 0] / T[:, 1] - 1 if terms == 1 else T[:, 0] * T[:, 1] - 2 * T[:, 2] + 0.3
    assert (output.labels(T) == np.where(truth > 0, 1.0, -1.0)).mean() > 0.9
    posterior = fitted.posterior(T)
    assert (np.abs(posterior.mean) <= 1).all()
    assert fitted.formulas[0].text.endswith("> 0")
    restored = recipe.fit(X, Y, start=json.loads(json.dumps(fitted.state)), tune=False)
    assert np.array_equal(restored.posterior(T).mean, posterior.mean)
    moments = fitted.model.posterior(torch.tensor(T))
    assert np.allclose(moments.mean.numpy(), posterior.mean)
    assert np.allclose(moments.variance.numpy(), posterior.variance)


CLASSES = SISSO(rungs=1, terms=1, kind="classification", screened=10)


@pytest.mark.parametrize("n", [1, 2, 4, 12])
@pytest.mark.parametrize("options", [{}, {"folds": 3, "deepening": 1}, {"terms": 2}, {"calibration": "none"}])
def test_while_all_rows_are_of_one_class_it_is_predicted_with_a_note(options, n):
    recipe = replace(CLASSES, **options)
    fitted = recipe.fit(inputs(n), np.full(n, -1.0), NAMES)
    assert "one class so far: it is predicted until the rows hold the other" in fitted.notes
    posterior = fitted.posterior(inputs(5))
    assert np.allclose(posterior.mean, -1.0)
    assert (posterior.variance > 0).all()
    assert np.allclose(fitted.model.posterior(torch.tensor(inputs(5))).mean.numpy(), -1.0)
    again = recipe.fit(inputs(n), np.full(n, -1.0), NAMES, start=json.loads(json.dumps(fitted.state)), tune=False)
    assert np.array_equal(again.posterior(inputs(5)).variance, posterior.variance)


@pytest.mark.parametrize("criterion", ["threshold", "overlap"])
def test_one_row_of_another_class_ends_it_and_a_third_value_is_refused(criterion):
    Y = np.ones(12)
    Y[3] = 0.0
    both = replace(CLASSES, folds=4, criterion=criterion).fit(inputs(12), Y)
    assert not any("one class" in note for note in both.notes)
    assert both.outputs[0].classes == (0.0, 1.0)
    Y[5] = 2.0
    with pytest.raises(ValueError, match="takes two different values of the output, got 3"):
        CLASSES.fit(inputs(12), Y)


@pytest.mark.parametrize("recipe", [CLASSES, QUICK], ids=["classification", "regression"])
def test_a_search_goes_on_while_all_candidates_have_given_the_same(recipe):
    space = Space(NAMES, ("continuous",) * 4, np.full(4, 0.5), np.full(4, 3.0))
    history = History.observed(inputs(4), np.ones((4, 1)))
    batch = Bayesian(draws=8).using([recipe]).ask(space, history, 2, np.random.default_rng(0))
    assert batch.shape == (2, 4)


@pytest.mark.parametrize("n", [1, 3])
def test_the_plain_spread_of_members_needs_no_members_where_rows_are_too_few_for_them(n):
    posterior = SISSO(calibration="none").fit(inputs(n), np.arange(float(n)), NAMES).posterior(inputs(4))
    assert np.isfinite(posterior.mean).all()
    assert (posterior.variance > 0).all()


DEEP = SISSO(rungs=1, terms=1, kind="classification", operators=("+", "-", "*", "/"), screened=10)


def test_a_planted_descriptor_deeper_than_the_rungs_is_found_by_deepening():
    a, b, c, d = inputs(200).T
    planted = a / (b + c * (d - a))  # four operators, each inside the one before
    Y = np.where(planted > np.median(planted), 1.0, -1.0)
    recipe = replace(DEEP, deepening=3, max_complexity=5)
    deep = recipe.fit(inputs(200), Y, NAMES)
    assert deep.outputs[0].accuracy == 1.0
    found = deep.outputs[0].equation.trees[0].expression(sympy.symbols("a b c d", real=True))
    assert same(found, "a / (b + c * (d - a))") or same(-found, "a / (b + c * (d - a))")
    assert replace(DEEP, rungs=2).fit(inputs(200), Y, NAMES).outputs[0].accuracy < 0.95
    assert json.dumps(recipe.fit(inputs(200), Y, NAMES).state) == json.dumps(deep.state)


def test_cross_validation_chooses_the_operators_of_a_descriptor():
    X = inputs(120, 3)
    Y = np.where(X[:, 0] / X[:, 1] > 1, 1.0, -1.0)
    Y[::9] *= -1
    fitted = replace(DEEP, deepening=1, folds=3, max_complexity=4).fit(X, Y)
    assert fitted.notes == ("3-fold cross-validation chose at most 1 operators: 86.7 % right",)
    assert fitted.outputs[0].equation.trees[0].size == 1


def test_deepening_checks_units_domains_and_complexity():
    X, table = inputs(50, 3), dimensions(("eV", "eV", ""))
    X[0, 2] = 0.0
    grammar = Grammar(("+", "*", "/", "log", "inv"), 2, 1e8)
    low = primary(X, table, range(3))
    best = Best(200, grammar, lambda values: values[:, 0], standard_keys)
    best.offer(low.values, low.complexity, low.trees.__getitem__)
    deepen(best, X, low, table, 3)
    assert max(tree.size for tree in best.trees) == 2
    for tree in best.trees:
        assert np.isfinite(tree.values(X)).all()
        for place in places(tree):
            assert place.tree(place.node) == tree
            assert place.size + place.node.size == tree.size
            node = place.node
            if node.op == "+":
                sides = [side.dimension(table) for side in (node.left, node.right)]
                assert np.array_equal(*sides)
            if node.op == "log":
                assert not node.left.dimension(table).any()
    assert len(set(standard_keys(np.array([tree.values(X) for tree in best.trees])))) == len(best.trees)


def test_searches_stop_at_an_exact_formula():
    X = inputs()
    data = Data(X, X[:, 0] * X[:, 1], (0, 1, 2, 3), np.zeros((4, 0)), (np.arange(60),))
    assert len(search(QUICK, data, 1, 3).structures) == 2


def test_a_campaign_file_builds_it_and_belief_uses_it():
    recipe = plugins.build(
        "surrogates", {"use": "sisso", "operators": ["+", "*"], "units": {"a": "eV"}, "members": 2}, "."
    )
    assert recipe == SISSO(operators=("+", "*"), units={"a": "eV"}, members=2)
    X, Y = noisy(n=25)
    history = History.observed(X, Y[:, :1])
    space = Space(NAMES, ("continuous",) * 4, np.full(4, 0.5), np.full(4, 3.0))
    belief = learn(space, history, [replace(QUICK, members=3)])
    mean, std = belief.moments(X)
    assert mean.shape == std.shape == (25, 1)
    again = learn(space, replace(history, state=belief.state), [replace(QUICK, members=3)])
    assert np.array_equal(again.moments(X)[1], std)
    assert crossvalidate(history, space, [replace(QUICK, members=3)])[0].metrics["r2"] > 0.5
