"""Claims about the search beyond the rungs."""

import json
from dataclasses import replace

import numpy as np
import sympy

from eutectic.surrogates.sisso.deepening import Best, deepen, places
from eutectic.surrogates.sisso.features import Grammar, primary
from eutectic.surrogates.sisso.operators import dimensions
from eutectic.surrogates.sisso.screening import standard_keys
from tests.surrogates.sisso.functions import DEEP, NAMES, inputs, same


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
