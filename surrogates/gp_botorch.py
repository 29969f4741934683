"""This file is the BoTorch model of fitted Gaussian processes: same data, same hyperparameters, same posterior."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from botorch.models import ModelListGP, SingleTaskGP
from botorch.models.transforms.input import Normalize
from botorch.models.transforms.outcome import Standardize
from gpytorch.kernels import Kernel as GPyTorchKernel
from gpytorch.kernels import MaternKernel, RBFKernel
from gpytorch.means import ConstantMean
from torch import Tensor

if TYPE_CHECKING:
    from botorch.models.model import Model

    from surrogates.gp_kernel import Kernel
    from surrogates.gp_process import Process


class CategoryKernel(GPyTorchKernel):  # type: ignore[misc]
    """exp(-sum of mismatches / length) over category codes."""

    has_lengthscale = True

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, last_dim_is_batch: bool = False) -> Tensor:
        """Covariance (..., a, b) of x1 (..., a, d) and x2 (..., b, d)."""
        del last_dim_is_batch
        differs = (x1.unsqueeze(-2) - x2.unsqueeze(-3)).abs() > 1e-6
        value = torch.exp(-(differs / self.lengthscale.unsqueeze(-2)).sum(-1))
        return value.diagonal(dim1=-1, dim2=-2) if diag else value


def model(processes: Sequence["Process"]) -> "Model":
    """A BoTorch model over raw inputs; one `SingleTaskGP` an output."""
    models = [single(process) for process in processes]
    return models[0] if len(models) == 1 else ModelListGP(*models)


def single(process: "Process") -> "Model":
    """One output."""
    bounds = torch.stack([process.lower, process.lower + process.width])
    d = len(process.lengths)
    values = process.shift + process.scale * (process.residual + process.hyper.constant)
    standardize = Standardize(m=1)
    standardize.means.fill_(process.shift)
    standardize.stdvs.fill_(process.scale)
    standardize._stdvs_sq.fill_(process.scale**2)
    standardize._is_trained.fill_(True)
    standardize.eval()
    mean = ConstantMean()
    gp = SingleTaskGP(
        process.rows * process.width + process.lower,
        values[:, None],
        train_Yvar=((process.noise + process.jitter) * process.scale**2)[:, None],
        mean_module=mean,
        covar_module=kernel(process.kernel, process.lengths),
        input_transform=Normalize(d, bounds=bounds),
        outcome_transform=standardize,
    )
    gp.mean_module.initialize(constant=process.hyper.constant)
    return gp.to(torch.float64).eval()


def kernel(recipe: "Kernel", lengths: Tensor) -> GPyTorchKernel:
    """The GPyTorch kernel with these length scales (d,)."""
    parts = []
    if recipe.numeric:
        dims = recipe.numeric
        options = {"matern52": 2.5, "matern32": 1.5}
        part = (
            RBFKernel(ard_num_dims=len(dims), active_dims=dims)
            if recipe.name == "rbf"
            else MaternKernel(nu=options[recipe.name], ard_num_dims=len(dims), active_dims=dims)
        )
        parts.append((part, dims))
    if recipe.categorical:
        dims = recipe.categorical
        parts.append((CategoryKernel(ard_num_dims=len(dims), active_dims=dims), dims))
    for part, dims in parts:
        part.to(torch.float64)
        part.lengthscale = lengths[list(dims)]
    return parts[0][0] if len(parts) == 1 else parts[0][0] * parts[1][0]
