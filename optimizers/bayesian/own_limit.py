"""This file is an objective that has a limit of its own, such as the strongest below 0.8: it is sought as a target.

Objective and limit are then one number. Learned as two outputs they are drawn apart, and what is hoped for is a value
beyond the best in one draw and within the limit in another: most proposals break it. Measured from the limit, the loss
of whatever satisfies it is its distance from it, and there is nothing to be won beyond.
"""

from dataclasses import dataclass, replace

import numpy as np

from eutectic.optimizers.base import Array, History, Proposals
from eutectic.optimizers.models.complement import total


@dataclass(frozen=True, slots=True, eq=False)
class FromLimits:
    """A history whose objectives are measured from their own limits."""

    history: History
    limit: Array
    """(m,) limit of each objective as a loss, 0 where it has none."""

    def restored(self, proposals: Proposals) -> Proposals:
        """What was proposed, with predictions in the objectives' own terms."""
        if not self.limit.any():
            return proposals
        reasons = tuple(
            r if r.mean is None else replace(r, mean=tuple(v + b for v, b in zip(r.mean, self.limit, strict=True)))
            for r in proposals.reasons
        )
        return replace(proposals, reasons=reasons)


def from_limits(history: History) -> FromLimits:
    """Plain objectives that a constraint keeps from falling below a value, as targets at that value.

    A constraint is an objective's own where both add up to one number in every row: what exceeds it is what the loss
    lacks. Losses move by a constant, and the reference point with them, so that no volume changes.
    """
    limit = np.array([own_limit(history, j) for j in range(history.Y.shape[1])])
    aimed = np.isfinite(limit)
    shift = np.where(aimed, limit, 0.0)
    if not aimed.any():
        return FromLimits(history, shift)
    signed, reference = history.signed - shift, history.reference
    if reference is not None:
        reference = np.where(aimed, np.maximum(reference - shift, 0.0), reference)
    moved = replace(
        history,
        signed=signed,
        Y=np.where(aimed, np.abs(signed), history.Y),
        tolerance=np.where(aimed, 0.0, history.tolerance),
        reference=reference,
    )
    return FromLimits(moved, shift)


def own_limit(history: History, j: int) -> float:
    """The loss below which an objective breaks a limit of its own; NaN where it has none, or is a target."""
    if not np.isnan(history.tolerance[j]) or j in history.curves:
        return np.nan
    totals = (total(history.signed[:, j], excess) for excess in history.C.T)
    return next((found for found in totals if found is not None), np.nan)
