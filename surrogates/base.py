"""This file is what a surrogate is: arrays in, a posterior out, no chemistry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from botorch.models.model import Model
    from torch import Tensor


Array = NDArray[np.float64]
State = Mapping[str, object]
"""What a fit may start from next time; holds JSON values only, so that it can be recorded."""


@dataclass(frozen=True, slots=True, eq=False)
class Domain:
    """Where inputs can lie, so that scaling does not depend on the data seen so far."""

    lower: Array
    """Lower bounds (d,), natural units."""
    upper: Array
    """Upper bounds (d,), natural units."""
    categorical: tuple[int, ...] = ()
    """Columns whose values are category codes 0, 1, ..., upper."""
    sequence: tuple[int, int] | None = None
    """Number and length of the sequences that a row spells out, one after the other; None: a row is no sequence."""
    mixtures: tuple[tuple[int, ...], ...] = ()
    """Groups of columns that are fractions of a whole: none below 0, their sum 1."""
    conditional: tuple[int, ...] = ()
    """Columns that mean something in some rows only; in the others they stand at one value, their column's middle."""
    descriptors: Mapping[int, Array] = field(default_factory=dict)
    """Category column -> (labels, k) what is known of each of its labels, any units: what tells which are alike."""


@dataclass(frozen=True, slots=True, eq=False)
class Replicas:
    """What one output of a row is the mean of: the same coordinates made several times, each a sequence of labels."""

    labels: tuple[str, ...]
    codes: NDArray[np.uint8]
    """(r, s) place of each of the s sites in `labels`."""
    values: Array
    """(r,) what each of them gave, in the output's unit."""


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """What is believed of m outputs at n inputs, in the units of the outputs."""

    mean: Array
    """Mean (n, m)."""
    variance: Array
    """Marginal variance of the noise-free output (n, m), square of the output's unit."""
    samples: Array | None = None
    """Joint draws (s, n, m), when the surrogate is an ensemble."""

    def __repr__(self) -> str:
        """One line: of how many rows and outputs; a single one with its value."""
        rows, outputs = self.mean.shape
        if self.mean.size == 1:
            return f"<Posterior: {self.mean.item():.6g} ± {self.std.item():.2g}>"
        return f"<Posterior: {rows} rows, {outputs} output{'s' if outputs != 1 else ''}>"

    @property
    def std(self) -> Array:
        """Standard deviation (n, m)."""
        std: Array = np.sqrt(self.variance)
        return std


class FittedSurrogate(Protocol):
    """A surrogate that has seen data.

    What else it may have, and is then asked for, stands in `abilities.py`, a `Protocol` an ability: `leave_one_out`,
    `noise`, `joint_moments`, `sketched`, `differentiable` and others.
    """

    @property
    def state(self) -> State:
        """Fitted hyperparameters, JSON values only; `fit(..., start=state, tune=False)` restores the model."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What a reader should know of the fit (jitter added, constant output, ...)."""
        ...

    @property
    def model(self) -> "Model":
        """A BoTorch model over raw inputs (..., q, d) float64 -> posterior (..., q, m)."""
        ...

    def posterior(self, X: Array) -> Posterior:
        """Predict the m outputs at X (n, d)."""
        ...


class Surrogate(Protocol):
    """A recipe: options in, `fit` gives a predictor.

    What else it may have stands in `abilities.py`, too: `refuse`, `with_units`, `stretched`, `coupling` and others.
    """

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
    ) -> FittedSurrogate:
        """Learn Y (n, m) from X (n, d); both finite.

        names: d input names. variance: known noise variance (n, m), NaN where unknown.
        start: the `state` of an earlier fit, to begin from. tune: with False, `start` is taken as it is.
        """
        ...


class Representation(Protocol):
    """Coordinates -> named features with units, for a surrogate to learn from."""

    @property
    def names(self) -> Sequence[str]:
        """Feature names (f), each with its unit in the name."""
        ...

    @property
    def units(self) -> Sequence[str]:
        """Unit of each feature (f), "" where dimensionless."""
        ...

    @property
    def differentiable(self) -> bool:
        """Does its gradient lead anywhere?"""
        ...

    def domain(self, X: Array) -> Domain:
        """Where the features of rows X (n, d) lie; categories have all their codes."""
        ...

    def __call__(self, X: "Tensor") -> "Tensor":
        """Features (..., f) of coordinates X (..., d), float64."""
        ...


@dataclass(frozen=True, slots=True)
class Formula:
    """A closed-form model an interpretable surrogate found."""

    text: str
    """Infix text over the feature names."""
    latex: str = ""
    """The same for print."""
    rmse: float = float("nan")
    """Training root mean square error, unit of the output."""
    parameters: Mapping[str, float] = field(default_factory=dict)
    """Fitted coefficients by name."""


class Output(Protocol):
    """One output of a fitted surrogate; points are torch float64 rows in natural units."""

    @property
    def differentiable(self) -> bool:
        """Does the mean have a useful gradient?"""
        ...

    @property
    def noise(self) -> float:
        """Variance of an observation's noise that `variance` leaves out, output's unit squared; 0 where it is in."""
        ...

    @property
    def unseen(self) -> Posterior:
        """Each training row predicted without it (n, 1), noise included."""
        ...

    @property
    def notes(self) -> "tuple[str, ...]":
        """What a reader should know of the fit."""
        ...

    @property
    def state(self) -> Mapping[str, object]:
        """Hyperparameters, JSON values only."""
        ...

    def embed(self, X: "Tensor") -> "Tensor":
        """Embedding (..., k) of X (..., d)."""
        ...

    def mean(self, E: "Tensor") -> "Tensor":
        """Mean (...,) at embedded points (..., k)."""
        ...

    def variance(self, E: "Tensor") -> "Tensor":
        """Variance (...,) of the noise-free output at embedded points (..., k)."""
        ...

    def covariance(self, A: "Tensor", B: "Tensor") -> "Tensor":
        """Covariance (..., a, b) of the noise-free output between embedded A (..., a, k) and B (..., b, k)."""
        ...
