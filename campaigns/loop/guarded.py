"""This file is a stranger's optimizer, held to what was agreed: rows of the right shape, inside the space."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from eutectic.campaigns.errors import CampaignFileError, Complaint
from eutectic.optimizers.abilities import propose
from eutectic.optimizers.base import History, Proposals, Space
from eutectic.optimizers.spaces import region


@dataclass(frozen=True, slots=True)
class Guarded:
    """An optimizer whose every answer is looked at."""

    optimizer: Any
    name: str
    """What the campaign file calls it."""

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """Its proposals; CampaignFileError, naming it, when they are not rows of the space."""
        try:
            proposals = propose(self.optimizer, self.name, space, history, n, rng)
            X = np.asarray(proposals.X, dtype=float)
        except (TypeError, ValueError) as error:
            raise self._refusal(f"raises {type(error).__name__}: {error}") from error
        if X.ndim != 2 or X.shape[1] != space.d or len(X) > n:
            raise self._refusal(f"answers an array of shape {X.shape} where up to {(n, space.d)} was asked for")
        outside = np.flatnonzero(~region.contains(space, X))
        if len(outside):
            row = ", ".join(f"{name} = {x:g}" for name, x in zip(space.names, X[outside[0]], strict=True))
            raise self._refusal(f"leaves the space: {row}")
        return proposals

    def _refusal(self, what: str) -> CampaignFileError:
        home = f"{type(self.optimizer).__module__}.{type(self.optimizer).__qualname__}"
        message = f"the optimizer '{self.name}' ({home}) {what}; its own tests can find this: eutectic.testing"
        return CampaignFileError([Complaint(("optimizers",), message)])


def guarded(optimizer: Any, name: str) -> Any:
    """The optimizer itself when it is ours and tested, guarded when it is a stranger's."""
    return optimizer if type(optimizer).__module__.startswith("eutectic.") else Guarded(optimizer, name)
