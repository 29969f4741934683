"""This file is the BoTorch model of outputs that know their mean and covariance: a joint normal posterior."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from botorch.models.model import Model
from botorch.posteriors import GPyTorchPosterior
from gpytorch.distributions import MultitaskMultivariateNormal, MultivariateNormal
from linear_operator import to_linear_operator
from torch import Tensor

from eutectic.surrogates.base import Output


class MomentsModel(Model):  # type: ignore[misc]
    """Raw inputs (..., q, d) -> joint normal posterior (..., q, m), outputs independent."""

    def __init__(self, outputs: Sequence[Output]) -> None:
        super().__init__()
        self.outputs = tuple(outputs)

    @property
    def num_outputs(self) -> int:
        """Number of outputs, m."""
        return len(self.outputs)

    @property
    def batch_shape(self) -> torch.Size:
        """Empty: there is one model."""
        return torch.Size([])

    def posterior(
        self,
        X: Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: Callable[[Any], Any] | None = None,
    ) -> Any:
        """BoTorch posterior at X (..., q, d); `observation_noise=True` adds each output's noise variance."""
        chosen = self.outputs if output_indices is None else [self.outputs[j] for j in output_indices]
        normals = [normal(output, X.to(torch.float64), observation_noise is True) for output in chosen]
        if len(normals) == 1:
            made = GPyTorchPosterior(normals[0])
        else:
            made = GPyTorchPosterior(MultitaskMultivariateNormal.from_independent_mvns(normals))
        return made if posterior_transform is None else posterior_transform(made)


def normal(output: Output, X: Tensor, noisy: bool) -> MultivariateNormal:
    """Joint normal (..., q) of one output at X (..., q, d).

    A few terms, trees or networks span a covariance of low rank, and equal rows a singular one: as a linear operator
    its Cholesky factor gets the jitter that it takes, which a plain tensor's does not.
    """
    E = output.embed(X)
    variance = output.variance(E)
    covariance = output.covariance(E, E)
    exact = torch.diag_embed(variance - covariance.diagonal(dim1=-2, dim2=-1) + (output.noise if noisy else 0.0))
    symmetric = 0.5 * (covariance + covariance.transpose(-1, -2)) + exact
    return MultivariateNormal(output.mean(E), to_linear_operator(symmetric))


def model(outputs: Sequence[Output]) -> MomentsModel:
    """The BoTorch model of fitted outputs."""
    made = MomentsModel(outputs)
    made.eval()
    return made
