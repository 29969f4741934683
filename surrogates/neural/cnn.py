"""This file is the convolutional recipe: its options, and `fit` (the mathematics is in neural/model.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from eutectic.surrogates.base import Array, Domain, Replicas, State
from eutectic.surrogates.calibration import Method
from eutectic.surrogates.options import strict

if TYPE_CHECKING:
    from eutectic.surrogates.posteriors.ensemble import EnsembleOutput
    from eutectic.surrogates.posteriors.outputs import FittedOutputs


@strict
@dataclass(frozen=True, slots=True)
class CNN:
    """One-dimensional convolutional networks over a sequence of elements, or over the inputs in their order.

    After the network of Wang et al. 2025 (doi 10.1038/s41524-025-01600-x) over the atoms of a simulation cell.
    """

    sequential: ClassVar[bool] = True

    members: int = 5
    """Networks; each is trained without its fold of the rows, which says how wrong it is."""
    channels: int = 8
    """Channels of the embedding and of the convolution."""
    kernel: int = 3
    """Sites a convolution sees, an odd number."""
    depth: int = 3
    """How often the one convolution is applied; a sequence is halved each time by max pooling."""
    steps: int = 400
    """Training steps."""
    batch: int = 64
    """Rows of a step, drawn with replacement; of each one decoration."""
    rate: float = 0.01
    """Largest learning rate of the steps."""
    decay: float = 1e-3
    """Weight decay."""
    calibration: Method = "scaled"
    """How variances are set right by the errors of rows left out: `scaled`, `conformal` or `none`."""
    seed: int = 0
    """Seed of weights, folds and batches; equal seeds and data give equal networks."""

    embeds: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        for name, value, least in (
            ("members", self.members, 2),
            ("channels", self.channels, 1),
            ("kernel", self.kernel, 1),
            ("depth", self.depth, 1),
            ("steps", self.steps, 1),
            ("batch", self.batch, 1),
            ("seed", self.seed, 0),
        ):
            if value < least:
                raise ValueError(f"{name} must be at least {least}, not {value}")
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, not {self.kernel}")
        if not self.rate > 0 or not self.decay >= 0:
            raise ValueError(f"rate must be above 0 and decay not below, not {self.rate} and {self.decay}")

    def fit(
        self,
        X: Array,
        Y: Array,
        names: Sequence[str] = (),
        *,
        variance: Array | None = None,
        domain: Domain | None = None,
        start: State | None = None,
        tune: bool = True,
        replicas: Sequence[Replicas | None] = (),
    ) -> "FittedOutputs[EnsembleOutput]":
        """Learn Y (n, m) or (n,) from X (n, d); see `surrogates.base.Surrogate.fit`.

        Where `domain.sequence` says so, a row is so many sequences of category codes, and what is learned is the mean
        over them. `replicas` (n, or none at all) tells of each row what its value is the mean of, in codes of the same
        categories: that is learned then, and what is predicted stays the mean over the sequences of a row. Networks are
        always trained anew; with tune=False the calibration is that of `start`.
        """
        from eutectic.surrogates.neural.model import fit

        if replicas and np.ndim(Y) == 2 and np.shape(Y)[1] != 1:
            raise ValueError(f"replicas are of one output, and Y has {np.shape(Y)[1]}")
        return fit(self, replicas, X, Y, names, variance=variance, domain=domain, start=start, tune=tune)
