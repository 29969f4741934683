"""Claims about operators and their units."""

import json

import numpy as np
import pytest
import sympy
import torch

from eutectic.surrogates.sisso import botorch_model
from eutectic.surrogates.sisso.features import Tree
from eutectic.surrogates.sisso.operators import BINARY, UNARY, dimensions
from tests.surrogates.sisso.functions import inputs


def test_units_are_read_as_exponents():
    assert np.array_equal(dimensions(["eV/angstrom^2", "", "angstrom*eV^(-1)"]), [[-2, 1], [0, 0], [1, -1]])
    with pytest.raises(ValueError, match="cannot read"):
        dimensions(["eV per angstrom!"])


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_every_operator_is_the_same_in_numpy_torch_and_sympy(name):
    X = inputs(20, 2)
    tree = Tree(name, Tree("", 0), Tree("", 1) if name in BINARY else None)
    expected = tree.values(X)
    assert np.allclose(botorch_model.evaluate(tree, torch.tensor(X)).numpy(), expected)
    symbols = sympy.symbols("a b", real=True)
    assert np.allclose(sympy.lambdify(symbols, tree.expression(symbols))(*X.T), expected)
    assert Tree.from_nested(json.loads(json.dumps(tree.nested))) == tree
