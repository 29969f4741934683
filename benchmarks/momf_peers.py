"""This file is BoTorch's multi-fidelity acquisitions for benchmarks/momf.py, as BoTorch's tutorial has them."""

from typing import Any

import torch

from eutectic.optimizers.base import Array


def momf(function: Any, X: Array, state: dict[str, object], seed: int, number: int) -> tuple[Array, dict[str, object]]:
    """BoTorch's MOMF: the fidelity is an objective as well, and what is expected is divided by the cost."""
    from botorch.acquisition.multi_objective.multi_fidelity import MOMF
    from botorch.optim import optimize_acqf
    from botorch.sampling import SobolQMCNormalSampler
    from botorch.utils.multi_objective.box_decompositions.non_dominated import FastNondominatedPartitioning

    torch.manual_seed(1000 * seed + number)
    rows, worst = torch.tensor(X), torch.zeros(function.num_objectives + 1, dtype=torch.float64)
    Y = torch.cat([-function(rows), rows[:, -1:]], -1)
    acquisition = MOMF(
        model=model(rows, Y),
        ref_point=worst,
        partitioning=FastNondominatedPartitioning(ref_point=worst, Y=Y),
        sampler=SobolQMCNormalSampler(torch.Size([128])),
        cost_call=lambda Z: torch.exp(4.8 * Z[..., -1:]),
    )
    options = {"batch_limit": 5, "maxiter": 200, "nonnegative": True}
    found, value = optimize_acqf(acquisition, function.bounds, 1, num_restarts=10, raw_samples=512, options=options)
    return at_least(found, value), state


def hvkg(function: Any, X: Array, state: dict[str, object], seed: int, number: int) -> tuple[Array, dict[str, object]]:
    """BoTorch's multi-fidelity hypervolume knowledge gradient."""
    from botorch.acquisition.cost_aware import InverseCostWeightedUtility
    from botorch.acquisition.fixed_feature import FixedFeatureAcquisitionFunction
    from botorch.acquisition.multi_objective import hypervolume_knowledge_gradient as gradient
    from botorch.acquisition.utils import project_to_target_fidelity
    from botorch.models.deterministic import GenericDeterministicModel
    from botorch.optim import optimize_acqf
    from botorch.sampling import SobolQMCNormalSampler

    torch.manual_seed(1000 * seed + number)
    rows, d = torch.tensor(X), function.dim - 1
    fitted, worst = model(rows, -function(rows)), torch.zeros(function.num_objectives, dtype=torch.float64)
    sampler = SobolQMCNormalSampler(torch.Size([32]))
    now = gradient._get_hv_value_function(fitted, worst, sampler=sampler, use_posterior_mean=True)
    top = FixedFeatureAcquisitionFunction(now, d=d + 1, columns=[d], values=[1.0])
    positive = {"nonnegative": True}
    _, current = optimize_acqf(top, function.bounds[:, :d], 10, num_restarts=1, raw_samples=1024, options=positive)
    acquisition = gradient.qMultiFidelityHypervolumeKnowledgeGradient(
        model=fitted,
        ref_point=worst,
        num_fantasies=8,
        num_pareto=10,
        current_value=current,
        cost_aware_utility=InverseCostWeightedUtility(
            GenericDeterministicModel(lambda Z: torch.exp(4.8 * Z[..., -1:]))
        ),
        target_fidelities={d: 1.0},
        project=lambda Z: project_to_target_fidelity(Z, target_fidelities={d: 1.0}, d=d + 1),
    )
    options = {"batch_limit": 5}
    found, value = optimize_acqf(acquisition, function.bounds, 1, num_restarts=1, raw_samples=512, options=options)
    return at_least(found, value), state


def at_least(found: torch.Tensor, value: torch.Tensor) -> Array:
    """The row (1, d + 1) to ask; at the lowest fidelity where nothing is expected, as in the tutorial."""
    row: Array = found.detach().numpy().copy()
    if float(value) == 0.0:
        row[:, -1] = 0.0
    return row


def model(X: torch.Tensor, Y: torch.Tensor) -> Any:
    """The tutorial's SingleTaskGP an output, fitted."""
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import ModelListGP, SingleTaskGP
    from botorch.models.transforms import Standardize
    from gpytorch.kernels import MaternKernel, ScaleKernel
    from gpytorch.mlls import SumMarginalLogLikelihood
    from gpytorch.priors import GammaPrior

    parts = []
    for y in Y.T:
        shape = MaternKernel(nu=2.5, ard_num_dims=X.shape[1], lengthscale_prior=GammaPrior(2.0, 2.0))
        kernel = ScaleKernel(shape, outputscale_prior=GammaPrior(2.0, 0.15))
        noise = torch.full_like(y[:, None], 1e-6)
        part = SingleTaskGP(X, y[:, None], noise, covar_module=kernel, outcome_transform=Standardize(1))
        parts.append(part)
    found = ModelListGP(*parts)
    fit_gpytorch_mll(SumMarginalLogLikelihood(found.likelihood, found))
    return found
