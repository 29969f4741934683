"""This file is the BoTorch model of fitted co-kriging: same data, same hyperparameters, same posterior."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from botorch.models.model import Model
from botorch.posteriors.gpytorch import GPyTorchPosterior
from gpytorch.distributions import MultivariateNormal
from linear_operator import to_linear_operator
from torch import Tensor

if TYPE_CHECKING:
    from eutectic.surrogates.cokriging.model import FittedCoKriging


class LadderModel(Model):  # type: ignore[misc]
    """Raw inputs (..., q, d + 1), the rung last, or (..., q, d) on one fixed rung -> posterior (..., q, 1)."""

    def __init__(self, fitted: "FittedCoKriging", rung: int | None = None) -> None:
        super().__init__()
        self._fitted, self._rung = fitted, rung

    @property
    def num_outputs(self) -> int:
        """One."""
        return 1

    @property
    def batch_shape(self) -> torch.Size:
        """None."""
        return torch.Size()

    def posterior(
        self,
        X: Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: Callable[[Any], Any] | None = None,
    ) -> Any:
        """BoTorch posterior of the noise-free output; `observation_noise=True` adds each rung's noise variance."""
        del output_indices
        if self._rung is None:
            X, rung = X[..., :-1], X[..., -1].round().to(torch.int64)
        else:
            rung = torch.full(X.shape[:-1], self._rung, dtype=torch.int64)
        mean, _ = self._fitted.moments(X, rung)
        covariance = self._fitted.covariance(X, rung, X, rung)
        covariance = 0.5 * (covariance + covariance.transpose(-1, -2))
        extra = torch.full(mean.shape, 1e-9 * self._fitted.scale**2, dtype=torch.float64)
        if observation_noise is True:
            extra = extra + torch.tensor(self._fitted.noise)[rung]
        joint = to_linear_operator(covariance + torch.diag_embed(extra))  # factorised with jitter where it takes some
        posterior = GPyTorchPosterior(MultivariateNormal(mean, joint))
        return posterior if posterior_transform is None else posterior_transform(posterior)
