"""This file is the BoTorch model of fitted Gaussian processes: same data, same hyperparameters, same posterior."""

from collections.abc import Sequence

import torch
from botorch.models import ModelListGP, SingleTaskGP
from botorch.models.model import Model
from botorch.models.transforms.input import Normalize
from botorch.models.transforms.outcome import Standardize
from gpytorch.kernels import Kernel as GPyTorchKernel
from gpytorch.means import ConstantMean
from torch import Tensor

from eutectic.surrogates.gp.kernels import Kernel
from eutectic.surrogates.gp.process import Process, ProcessOutput
from eutectic.surrogates.posteriors.botorch_model import model as moments_model


class FixedKernel(GPyTorchKernel):  # type: ignore[misc]
    """One of our covariances at fixed parameters, times a factor."""

    def __init__(self, recipe: Kernel, parameters: Tensor, factor: float) -> None:
        super().__init__()
        self.recipe, self.factor = recipe, factor
        self.register_buffer("parameters_", parameters)

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, last_dim_is_batch: bool = False) -> Tensor:
        """Covariance (..., a, b) of x1 (..., a, d) and x2 (..., b, d)."""
        del last_dim_is_batch
        if diag:
            return self.factor * self.recipe.variance(x1, self.parameters_)
        return self.factor * self.recipe(x1, x2, self.parameters_)


def model(processes: Sequence[Process]) -> Model:
    """A BoTorch model over raw inputs: one `SingleTaskGP` an output, or the marginals of coupled outputs."""
    if any(process.kernel.outputs > 1 or process.far for process in processes):
        return moments_model([ProcessOutput(process) for process in processes])
    models = [single(process) for process in processes]
    return models[0] if len(models) == 1 else ModelListGP(*models)


def single(process: Process) -> Model:
    """One output."""
    bounds = torch.stack([process.lower, process.lower + process.width])
    values = process.shift + process.scale * (process.residual + process.hyper.constant)
    standardize = Standardize(m=1)
    standardize.means.fill_(process.shift)
    standardize.stdvs.fill_(process.scale)
    standardize._stdvs_sq.fill_(process.scale**2)
    standardize._is_trained.fill_(True)
    standardize.eval()
    gp = SingleTaskGP(
        process.rows * process.width + process.lower,
        values[:, None],
        train_Yvar=((process.noise + process.jitter) * process.unit_variance)[:, None],
        mean_module=ConstantMean(),
        covar_module=FixedKernel(process.kernel, process.lengths, process.widening),
        input_transform=Normalize(len(process.lower), bounds=bounds),
        outcome_transform=standardize,
    )
    gp.mean_module.initialize(constant=process.hyper.constant)
    return gp.to(torch.float64).eval()
