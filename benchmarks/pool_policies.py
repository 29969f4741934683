"""This file is who chooses from a pool in benchmarks/pools.py: ours, plain models, and peers where installed."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from eutectic.optimizers.base import Array, History, Space


@dataclass(slots=True)
class Seen:
    """What a policy is told."""

    X: Array
    """All designs (N, d)."""
    rows: list[int]
    """Designs measured, in order."""
    y: Array
    """Their losses, minimised."""
    state: Mapping[str, object] = field(default_factory=dict)
    """What `bayesian` keeps from one suggestion to the next."""

    @property
    def unit(self) -> Array:
        """All designs scaled to 0..1."""
        width = np.ptp(self.X, axis=0)
        out: Array = (self.X - self.X.min(0)) / np.where(width > 0, width, 1.0)
        return out

    def best(self, score: Array, n: int) -> list[int]:
        """The n unmeasured designs of largest score (N,)."""
        score = score.astype(float)
        score[self.rows] = -np.inf
        return [int(i) for i in np.argsort(-score, kind="stable")[:n]]


Policy = Callable[[Seen, int, np.random.Generator], list[int]]
"""What was seen, how many are wanted, randomness -> rows of the pool."""


def random(seen: Seen, n: int, rng: np.random.Generator) -> list[int]:
    """Any of the designs left."""
    return seen.best(rng.random(len(seen.X)), n)


def bayesian(seen: Seen, n: int, rng: np.random.Generator) -> list[int]:
    """Ours, with its defaults."""
    from eutectic.optimizers.bayesian.bayesian import Bayesian

    d = seen.X.shape[1]
    names = tuple(f"x{j}" for j in range(d))
    space = Space(names, ("continuous",) * d, seen.X.min(0), seen.X.max(0), table=seen.X)
    history = replace(History.observed(seen.X[seen.rows], seen.y[:, None]), state=seen.state)
    batch = Bayesian().propose(space, history, n, rng)
    seen.state = batch.state
    return [int(np.abs(seen.X - x).sum(1).argmin()) for x in batch.X]


def gp_ei(seen: Seen, n: int, rng: np.random.Generator) -> list[int]:
    """Plain expected improvement over scikit-learn's Gaussian process, one length scale an input; no batches."""
    from scipy.stats import norm
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    del rng
    kernel = ConstantKernel(1.0) * Matern(np.full(seen.X.shape[1], 0.5), nu=2.5) + WhiteKernel(1e-2)
    model = GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parameters at their bounds
        mean, std = model.fit(seen.unit[seen.rows], seen.y).predict(seen.unit, return_std=True)
    z = (seen.y.min() - mean) / np.maximum(std, 1e-12)
    return seen.best(std * (z * norm.cdf(z) + norm.pdf(z)), n)


def forest_ucb(seen: Seen, n: int, rng: np.random.Generator) -> list[int]:
    """Mean plus two deviations of the trees of scikit-learn's random forest; a batch takes the n best."""
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(100, random_state=int(rng.integers(2**31))).fit(seen.X[seen.rows], seen.y)
    trees = np.stack([tree.predict(seen.X) for tree in forest.estimators_])
    return seen.best(2 * trees.std(0) - trees.mean(0), n)


def botorch(seen: Seen, n: int, rng: np.random.Generator) -> list[int]:
    """BoTorch's `SingleTaskGP` with its defaults and qLogEI, greedy over the pool (`optimize_acqf_discrete`)."""
    import torch
    from botorch.acquisition.logei import qLogExpectedImprovement
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.optim import optimize_acqf_discrete
    from botorch.sampling import SobolQMCNormalSampler
    from gpytorch.mlls import ExactMarginalLogLikelihood

    U, y = torch.tensor(seen.unit), -torch.tensor(seen.y)[:, None]
    model = SingleTaskGP(U[seen.rows], y[: len(seen.rows)])
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    sampler = SobolQMCNormalSampler(torch.Size([128]), seed=int(rng.integers(2**31)))
    value = qLogExpectedImprovement(model, best_f=y.max(), sampler=sampler)
    left = np.setdiff1d(np.arange(len(U)), seen.rows)
    chosen, _ = optimize_acqf_discrete(value, q=n, choices=U[left], unique=True)
    return [int(left[(U[left] - x).abs().sum(1).argmin()]) for x in chosen]


def baybe(seen: Seen, n: int, rng: np.random.Generator) -> list[int]:
    """BayBE's default recommender over a discrete search space of the scaled designs."""
    import pandas as pd
    from baybe import Campaign
    from baybe.objectives import SingleTargetObjective
    from baybe.parameters import NumericalDiscreteParameter
    from baybe.searchspace import SearchSpace
    from baybe.targets import NumericalTarget

    del rng
    table = pd.DataFrame(seen.unit, columns=[f"x{j}" for j in range(seen.X.shape[1])])
    parameters = [NumericalDiscreteParameter(c, sorted(set(table[c])), tolerance=0) for c in table]
    space = SearchSpace.from_dataframe(table, parameters)
    goal = SingleTargetObjective(NumericalTarget("y", minimize=True))
    campaign = Campaign(space, goal, allow_recommending_already_measured=False)
    campaign.add_measurements(table.iloc[seen.rows].assign(y=seen.y))
    return [int(i) for i in campaign.recommend(n).index]


POLICIES: dict[str, Policy] = {
    "bayesian": bayesian,
    "GP-EI": gp_ei,
    "forest UCB": forest_ucb,
    "random": random,
    "BoTorch": botorch,
    "BayBE": baybe,
}
