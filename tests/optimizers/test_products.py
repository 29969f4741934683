"""Proposals of every optimizer in twelve variables of two parts: none outside, none twice, all in their groups."""

import numpy as np
import pytest

from eutectic.campaigns.file import plugins
from eutectic.generators.composition import Composition
from eutectic.generators.parameters import Parameters, Variable
from eutectic.generators.product import Product
from eutectic.optimizers.base import History
from eutectic.optimizers.sharing import Made, propose_shared
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.seen import remember

QUICK = ("sobol", "nsga2", "nsga3", "evolution", "swarm", "random")
NAMES = sorted(plugins.KINDS["optimizers"])
TWELVE = Product.of(
    {
        "alloy": Composition(
            {"Cr": (10, 25), "Ni": (0, 20), "Mo": (0, 5), "Mn": (0, 2)}, step=0.5, unit="wt.%", balance="Fe"
        ),
        "process": Parameters(
            {
                "temperature_k": Variable(low=900, high=1500, per="batch"),
                "time_h": Variable(low=0.1, high=100.0, scale="log"),
                "quench": Variable(choices=("air", "oil", "water"), ordered=True),
                "step_2": Variable(choices=("none", "anneal")),
                "temperature_2_k": Variable(low=500, high=900, step=10, when={"step_2": "anneal"}),
                "time_2_h": Variable(low=0.1, high=100.0, scale="log", when={"step_2": "anneal"}),
                "stirring_rpm": Variable(low=0, high=500, per=("plate", 8)),
            }
        ),
    },
    ("temperature_k * time_h <= 40000", "Ni + 2*Mo <= 22", "Cr <= temperature_k / 50"),
)


@pytest.mark.parametrize("name", NAMES)
def test_no_proposal_breaks_a_rule_of_the_space(name: str) -> None:
    space, rng = TWELVE.space, np.random.default_rng(0)
    optimizer = plugins.build("optimizers", {"use": name}, ".")
    m = 1 if hasattr(optimizer, "refuse") and optimizer.refuse(space, 2, 0) else 2
    furnace, plate = space.names.index("temperature_k"), space.names.index("stirring_rpm")
    for seed in range(10 if name in QUICK else 1):
        X = region.sample(space, 40, np.random.default_rng(seed))
        history = History.observed(X, np.column_stack([X[:, 0] * X[:, 6], -X[:, 1] - X[:, 5] / 1000])[:, :m])
        answer = propose_shared(optimizer, name, space, history, 20, np.random.default_rng(seed), Made(5, X[-5:])).X
        assert len(answer) == 20
        assert region.contains(space, answer).all()
        assert not remember(space, X).holds(answer).any()
        assert len(np.unique(answer.round(9), axis=0)) == 20
        assert len(np.unique(answer[:, furnace])) == 1
        assert [len(np.unique(answer[(np.arange(20) + 5) // 8 == g, plate])) for g in range(4)] == [1, 1, 1, 1]
        for candidate in TWELVE.generate(answer, rng):
            v = candidate.variables
            amounts = [float(v[s]) for s in ("Cr", "Ni", "Mo", "Mn", "Fe")]
            assert sum(amounts) == pytest.approx(100)
            assert all(2 * amount == round(2 * amount) for amount in amounts)
            assert ("time_2_h" in v) == (v["step_2"] == "anneal")
            assert float(v["temperature_k"]) * float(v["time_h"]) <= 40000 * (1 + 1e-8)
