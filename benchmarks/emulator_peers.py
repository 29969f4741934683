"""This file is Ax, BayBE, BoFire, Optuna and pymoo asked for four compositions, given all that was measured.

Each is rebuilt from the measurements at every batch, as from a file; fractions of five elements with equal bounds.
Ax: four fractions with two linear constraints for the fifth, objective thresholds at the reference point. BayBE and
BoFire take the sum as an equality constraint; BoFire is told the reference point, BayBE infers its own. Optuna and
pymoo have no sum constraint: five free amounts, set to the nearest composition; their measured compositions are
their amounts.
"""

import warnings
from typing import Any

import numpy as np

from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.spaces.projection import onto_slice

BATCH = 4


def composition(space: Space, amounts: Array) -> Array:
    """The nearest compositions (n, 5)."""
    return onto_slice(space.lower, space.upper, amounts)


def ax(space: Space, seen: History, seed: int) -> Array:
    """Ax's default generation after the starts (Gaussian process, qLogNEHVI)."""
    from ax.api.client import Client
    from ax.api.configs import RangeParameterConfig

    warnings.simplefilter("ignore")
    client = Client(random_seed=seed)
    free = space.names[:-1]
    low, high = float(space.lower[0]), float(space.upper[0])
    total = " + ".join(free)
    client.configure_experiment(
        parameters=[RangeParameterConfig(name=n, parameter_type="float", bounds=(low, high)) for n in free],
        parameter_constraints=[f"{total} <= {1 - low}", f"{total} >= {1 - high}"],
    )
    assert seen.reference is not None
    limits = [f"{n} <= {r}" for n, r in zip(("a", "b"), seen.reference, strict=True)]
    client.configure_optimization(objective="-a, -b", outcome_constraints=limits)
    client.configure_generation_strategy(method="fast", initialization_budget=0, initialize_with_center=False)
    for x, y in zip(seen.X, seen.Y, strict=True):
        trial = client.attach_trial(parameters=dict(zip(free, map(float, x[:-1]), strict=True)))
        client.complete_trial(trial_index=trial, raw_data={"a": float(y[0]), "b": float(y[1])})
    asked = client.get_next_trials(max_trials=BATCH)
    four = np.array([[trial[n] for n in free] for trial in asked.values()], dtype=float)
    return composition(space, np.hstack([four, 1 - four.sum(1, keepdims=True)]))


def baybe(space: Space, seen: History, seed: int) -> Array:
    """BayBE on its continuous space with the sum as a constraint, Pareto objective."""
    import pandas as pd
    import torch
    from baybe import Campaign
    from baybe.constraints import ContinuousLinearConstraint
    from baybe.objectives import ParetoObjective
    from baybe.parameters import NumericalContinuousParameter
    from baybe.searchspace import SearchSpace
    from baybe.targets import NumericalTarget

    names = list(space.names)
    parameters = [
        NumericalContinuousParameter(n, (a, b)) for n, a, b in zip(names, space.lower, space.upper, strict=True)
    ]
    region_ = SearchSpace.from_product(parameters, [ContinuousLinearConstraint(names, "=", [1.0] * 5, 1.0)])
    campaign = Campaign(region_, ParetoObjective([NumericalTarget(n, minimize=True) for n in ("a", "b")]))
    torch.manual_seed(seed)
    campaign.add_measurements(pd.DataFrame(np.hstack([seen.X, seen.Y]), columns=[*names, "a", "b"]))
    return campaign.recommend(BATCH)[names].to_numpy()


def bofire(space: Space, seen: History, seed: int) -> Array:
    """BoFire's multi-objective strategy (qLogNEHVI), the sum as an equality constraint, with the reference point."""
    import bofire.strategies.api as strategies
    import pandas as pd
    from bofire.data_models.constraints.api import LinearEqualityConstraint
    from bofire.data_models.domain.api import Constraints, Domain, Inputs, Outputs
    from bofire.data_models.features.api import ContinuousInput, ContinuousOutput
    from bofire.data_models.objectives.api import MinimizeObjective
    from bofire.data_models.strategies.api import MoboStrategy

    names = list(space.names)
    inputs = [ContinuousInput(key=n, bounds=(a, b)) for n, a, b in zip(names, space.lower, space.upper, strict=True)]
    outputs = [ContinuousOutput(key=n, objective=MinimizeObjective(w=1.0)) for n in ("a", "b")]
    sums = LinearEqualityConstraint(features=names, coefficients=[1.0] * 5, rhs=1.0)
    domain = Domain(
        inputs=Inputs(features=inputs), outputs=Outputs(features=outputs), constraints=Constraints(constraints=[sums])
    )
    assert seen.reference is not None
    reference = dict(zip(("a", "b"), map(float, seen.reference), strict=True))
    strategy = strategies.map(MoboStrategy(domain=domain, ref_point=reference, seed=seed))
    told = pd.DataFrame(np.hstack([seen.X, seen.Y]), columns=[*names, "a", "b"])
    told["valid_a"] = told["valid_b"] = 1
    strategy.tell(told)
    return strategy.ask(BATCH)[names].to_numpy()


def optuna(space: Space, seen: History, seed: int) -> Array:
    """Optuna's tree-structured Parzen estimator, constant liar within the batch."""
    from optuna.samplers import TPESampler

    number = seed + 1000 * len(seen.X)
    return asked_of_optuna(TPESampler(seed=number, n_startup_trials=10, constant_liar=True), space, seen)


def gpsampler(space: Space, seen: History, seed: int) -> Array:
    """Optuna's Gaussian processes (log expected hypervolume improvement, running trials imputed), its defaults."""
    from optuna.samplers import GPSampler

    return asked_of_optuna(GPSampler(seed=seed + 1000 * len(seen.X)), space, seen)


def asked_of_optuna(sampler: Any, space: Space, seen: History) -> Array:
    """What a sampler of Optuna's asks for."""
    import optuna as library

    library.logging.set_verbosity(library.logging.ERROR)
    warnings.simplefilter("ignore")
    study = library.create_study(directions=["minimize", "minimize"], sampler=sampler)
    ranges = {
        n: library.distributions.FloatDistribution(float(a), float(b))
        for n, a, b in zip(space.names, space.lower, space.upper, strict=True)
    }
    for x, y in zip(seen.X, seen.Y, strict=True):
        values = {n: float(np.clip(v, r.low, r.high)) for (n, r), v in zip(ranges.items(), x, strict=True)}
        study.add_trial(library.trial.create_trial(params=values, distributions=ranges, values=[float(v) for v in y]))
    trials = [study.ask(ranges) for _ in range(BATCH)]
    return composition(space, np.array([[trial.params[n] for n in space.names] for trial in trials]))


def pymoo(space: Space, seen: History, seed: int) -> Array:
    """NSGA-II with 12 parents, 4 offspring: survivors of what was measured and one mating."""
    from pymoo.algorithms.moo.nsga2 import NSGA2, RankAndCrowdingSurvival
    from pymoo.core.evaluator import Evaluator
    from pymoo.core.population import Population
    from pymoo.core.problem import Problem
    from pymoo.problems.static import StaticProblem

    problem = Problem(n_var=5, n_obj=2, xl=space.lower, xu=space.upper)
    population = Evaluator().eval(StaticProblem(problem, F=seen.Y), Population.new("X", seen.X))
    population = RankAndCrowdingSurvival().do(
        problem, population, n_survive=12, random_state=np.random.default_rng(seed)
    )
    algorithm = NSGA2(pop_size=12, n_offsprings=BATCH, sampling=population)
    algorithm.setup(problem, termination=("n_gen", 1000), seed=seed + 1000 * len(seen.X))
    algorithm.tell(infills=population)
    return composition(space, algorithm.ask().get("X"))
