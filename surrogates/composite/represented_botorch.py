"""This file is the BoTorch model of a surrogate over a representation."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from botorch.models.model import Model
from torch import Tensor

if TYPE_CHECKING:
    from eutectic.surrogates.composite.represented import View


class RepresentedModel(Model):  # type: ignore[misc]
    """Coordinates (..., q, d) -> posterior (..., q, m) of the inner model at their features."""

    def __init__(self, inner: Model, view: "View") -> None:
        super().__init__()
        self.inner = inner
        self.view = view
        self.eval()

    @property
    def num_outputs(self) -> int:
        """Number of outputs, m."""
        return int(self.inner.num_outputs)

    @property
    def batch_shape(self) -> torch.Size:
        """The inner model's."""
        return torch.Size(self.inner.batch_shape)

    def posterior(
        self,
        X: Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: Callable[[Any], Any] | None = None,
    ) -> Any:
        """BoTorch posterior at X (..., q, d)."""
        return self.inner.posterior(
            self.view(X),
            output_indices=output_indices,
            observation_noise=observation_noise,
            posterior_transform=posterior_transform,
        )
