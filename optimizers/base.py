"""This file is what every optimizer sees: the space, the history and the shape of an answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from eutectic.surrogates.base import Replicas
from eutectic.surrogates.frames import coded, column_names, framed, numbers

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]
Known = Callable[[Array], Array]
Kind = Literal["continuous", "integer", "categorical", "fraction"]


@dataclass(frozen=True, slots=True)
class Mixture:
    """Fractions that sum to one; symmetric in its members."""

    members: tuple[int, ...]
    """Columns of the space that belong to the group."""
    or_zero: tuple[bool, ...]
    """For each member: may it be absent (0) although its lower bound is above 0?"""
    divisions: int | None = None
    """Fractions are exact multiples of 1/divisions; None: continuous."""
    min_present: int = 1
    """Least number of members above 0."""
    max_present: int | None = None
    """Largest number of members above 0; None: all."""


@dataclass(frozen=True, slots=True)
class Linear:
    """One linear constraint, `sum_i coefficients[i] * x[i] <= bound`, in natural units."""

    coefficients: tuple[float, ...]
    bound: float
    text: str
    """As the user wrote it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A column that is active only where another one takes certain values; several of one column must all hold."""

    column: int
    parent: int
    """A categorical or integer column."""
    values: tuple[float, ...]
    """Values of the parent at which the column is active; the parent must be active, too."""
    pin: float
    """What the column is where it is not active, a value it can take: so rows that mean the same are equal."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Columns that candidates made together have in common."""

    columns: tuple[int, ...]
    size: int | None = None
    """So many candidates in a row share them; None: all of a batch."""


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """How much of what a row consists of: `y @ matrix + constant`, y being the columns or ten to their power."""

    labels: tuple[str, ...]
    """What it consists of (e)."""
    columns: tuple[int, ...]
    """Columns (c) that say how much."""
    powers: tuple[bool, ...]
    """For each of them: is it a decadic logarithm?"""
    matrix: Array
    """(c, e)."""
    constant: Array
    """(e,)."""

    def of(self, X: Array) -> Array:
        """(n, e) how much rows X (n, d) hold of each label."""
        Y = X[:, list(self.columns)]
        Y = np.where(self.powers, 10.0 ** np.where(self.powers, Y, 0.0), Y)
        return np.asarray(Y @ self.matrix + self.constant)


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """What is known of the categories of a column that stand for the rows of a list."""

    column: int
    names: tuple[str, ...]
    """Of the features (f)."""
    values: Array
    """(k, f) features of each category; codes of a text."""
    categories: tuple[int, ...]
    """For each feature its number of categories, 0 for a number."""


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """The region candidates come from; row X (d,) in natural units, a category as its index.

    What a generator calls a variable may be another number than the column: the logarithm of it, the place of an
    ordered choice, a fraction of one where it speaks of per cent. Optimizers and surrogates only know the columns.
    """

    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    lower: Array
    """(d,); 0 for a category."""
    upper: Array
    """(d,); number of categories - 1 for a category."""
    categories: tuple[tuple[str, ...], ...] = ()
    """For each variable its category labels, () when it has none; () stands for no categories at all."""
    steps: tuple[float | None, ...] = ()
    """For each continuous variable its increment from `lower`, or None; () stands for no increments."""
    mixtures: tuple[Mixture, ...] = ()
    linear: tuple[Linear, ...] = ()
    table: Array | None = None
    """When given (N, d), the space is exactly these rows (all different)."""
    known: Known | None = None
    """Known cheap constraints: X (n, d) -> (n, k), feasible where <= 0 (deterministic, vectorised)."""
    conditions: tuple[Condition, ...] = ()
    """Columns that are not always active. No mixture and no linear constraint holds any of them."""
    held: tuple[tuple[int, float], ...] = ()
    """Columns that are held at a value while the others are asked for."""
    shared: tuple[Shared, ...] = ()
    """Columns that candidates made together have in common; see optimizers/sharing.py."""
    context: tuple[int, ...] = ()
    """Columns that are measured and not chosen: whoever asks holds them."""
    amounts: Amounts | None = None
    """What rows consist of, where the columns themselves do not say so."""
    described: tuple[Described, ...] = ()
    """Columns of categories of which more is known than that they differ."""
    nuisance: tuple[int, ...] = ()
    """Columns that tell apart what is otherwise alike (a random draw): histories have them at `lower`, so that nobody
    searches them and nobody learns from them."""

    @property
    def d(self) -> int:
        """Number of variables."""
        return len(self.names)

    def coded(self, table: Any) -> Array:
        """Rows (n, d) of a DataFrame with a column a variable, category labels as codes; ValueError for others."""
        return coded(table, self.names, self.categories)

    def frame(self, X: Array) -> "pd.DataFrame":
        """Rows X (n, d) as a DataFrame with a column a variable, codes of categories as their labels."""
        return framed(X, self.names, self.categories)

    def __repr__(self) -> str:
        """One line: its variables, or their number."""
        shown = ", ".join(self.names) if self.d <= 8 else f"{', '.join(self.names[:6])}, ... ({self.d} variables)"
        rows = "" if self.table is None else f"; one of {len(self.table)} rows"
        return f"<Space: {shown}{rows}>"


NO_OPTION = {"option": False}
"""Metadata of a part's field that a campaign file does not offer: what others build and hand over."""


def veiled(space: Space, X: Array) -> Array:
    """Rows X (n, d) with what is a nuisance at its lower bound."""
    if not space.nuisance:
        return X
    seen = np.array(X, dtype=float)
    seen[:, list(space.nuisance)] = space.lower[list(space.nuisance)]
    return seen


def active(space: Space, X: Array) -> Mask:
    """(n, d) which columns of X (n, d) are active."""
    mask = np.ones(X.shape, dtype=bool)
    for condition in ordered(space):
        met = np.isin(np.round(X[:, condition.parent]), condition.values)
        mask[:, condition.column] &= met & mask[:, condition.parent]
    return mask


@lru_cache(maxsize=64)
def ordered(space: Space) -> tuple[Condition, ...]:
    """The conditions, those of a parent before those of its children; ValueError where they go in a circle."""
    left: list[Condition] = list(space.conditions)
    done: list[Condition] = []
    while left:
        waiting = {condition.column for condition in left}
        ready = [condition for condition in left if condition.parent not in waiting]
        if not ready:
            names = ", ".join(space.names[column] for column in sorted(waiting))
            raise ValueError(f"the conditions of {names} go in a circle")
        done += ready
        left = [condition for condition in left if condition not in ready]
    return tuple(done)


PER_ROW = ("X", "Y", "signed", "noise", "C", "C_noise", "failed", "fidelity", "cost", "round")
"""Arrays of a history with one row a finished candidate."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """All that is known when an optimizer is asked; n finished candidates, p unfinished ones."""

    X: Array
    """(n, d) natural units."""
    Y: Array
    """(n, m) minimised losses, NaN where failed; a target objective's loss is max(0, |signed| - tolerance)."""
    signed: Array
    """(n, m) what a surrogate should learn: equals Y, but `value - target` in the columns of target objectives."""
    noise: Array
    """(n, m) standard error of `signed`; NaN where unknown."""
    C: Array
    """(n, c) outcome constraints, feasible where <= 0, NaN where failed; c may be 0."""
    C_noise: Array
    """(n, c) standard error of C; NaN where unknown."""
    failed: NDArray[np.bool_]
    """(n,) True where the evaluation itself failed for good: learn it as infeasible."""
    fidelity: Array
    """(n,) rung index, 0 cheapest."""
    cost: Array
    """(n,) seconds."""
    round: NDArray[np.int64]
    """(n,) batch index, -1 for what was known before the start."""
    pending: Array
    """(p, d) proposed, not finished."""
    tolerance: Array
    """(m,) half-width within which a target objective is met; NaN for a plain minimised objective."""
    reference: Array | None = None
    """(m,) reference point of the hypervolume in Y's units; None until fixed."""
    state: Mapping[str, object] = field(default_factory=dict)
    """`Proposals.state` of the last batch: what a fit may start from; JSON values only."""
    origin: Sequence[str] = ()
    """(n,) `Reason.proposer` of each row; () where nobody said."""
    replicas: tuple[tuple[Replicas | None, ...], ...] = ()
    """(n, m + c) what each output of a row is the mean of, for surrogates that read sequences; () where nobody said."""
    curves: Mapping[int, Array] = field(default_factory=dict)
    """Objective (its number) -> the curves (n, p) of which its values are distances, NaN where a row has none."""
    prices: tuple[float, ...] = ()
    """Cost of one evaluation on each rung of a ladder of oracles, rung 0 first; () where there is none. With prices the
    history has a row for each rung of a candidate that answered."""
    pending_rung: NDArray[np.int64] | None = None
    """(p,) rung on which each of `pending` is asked; None without a ladder."""
    names: tuple[str, ...] = ()
    """Of the columns of X (d); () where they are in the order of the space."""
    kept: list[Any] | None = field(default=None, repr=False)
    """What was learned from it, for whoever asks more than once (`models/kept.py`); None: nothing is kept."""

    @classmethod
    def empty(cls, d: int, m: int = 1, c: int = 0) -> "History":
        """A history of nothing, for d variables, m objectives and c outcome constraints."""
        return cls.observed(np.empty((0, d)), np.empty((0, m)), np.empty((0, c)))

    @classmethod
    def observed(cls, X: Any, Y: Any, C: Any = None) -> "History":
        """Plain noiseless-or-unknown-noise minimisation data X (n, d), Y (n, m) or (n,), C (n, c) or (n,).

        Arrays, DataFrames or Series. An optimizer matches the columns of a frame X with the space by their names;
        `Space.coded` makes numbers of categories. ValueError for text and for lengths that differ.
        """
        names = column_names("X", X) if hasattr(X, "columns") else ()
        C = np.empty((len(Y), 0)) if C is None else C
        X, Y, C = (numbers(what, table) for what, table in (("X", X), ("Y", Y), ("C", C)))
        Y, C = (values[:, None] if values.ndim == 1 else values for values in (Y, C))
        n, m = Y.shape
        if X.ndim != 2 or not len(X) == len(C) == n:
            raise ValueError(f"X (n, d), Y (n, m) and C (n, c) need the same n, got {X.shape}, {Y.shape} and {C.shape}")
        return cls(
            X=X,
            Y=Y,
            signed=Y,
            noise=np.full((n, m), np.nan),
            C=C,
            C_noise=np.full(C.shape, np.nan),
            failed=np.asarray(~np.isfinite(Y).all(1)),
            fidelity=np.zeros(n),
            cost=np.zeros(n),
            round=np.zeros(n, dtype=np.int64),
            pending=np.empty((0, X.shape[1])),
            tolerance=np.full(m, np.nan),
            names=names,
        )

    def __repr__(self) -> str:
        """One line: how much is known of how many."""
        (n, d), m, c = self.X.shape, self.Y.shape[1], self.C.shape[1]
        return f"<History: {n} rows of {d} variables, {m} objectives, {c} constraints; {len(self.pending)} pending>"

    def with_pending(self, pending: Array) -> "History":
        """The same history with pending (p, d)."""
        return replace(self, pending=pending)

    def rows(self, index: NDArray[np.int64]) -> "History":
        """The history of some rows (k,) alone; what is pending, wanted and recorded stays."""
        values = {name: getattr(self, name)[index] for name in PER_ROW}
        origin = tuple(self.origin[i] for i in index) if self.origin else ()
        replicas = tuple(self.replicas[i] for i in index) if self.replicas else ()
        curves = {j: points[index] for j, points in self.curves.items()}
        return replace(self, **values, origin=origin, replicas=replicas, curves=curves)

    @property
    def finished(self) -> NDArray[np.bool_]:
        """(n,) True where every objective and constraint is finite."""
        return np.asarray(np.isfinite(self.Y).all(1) & np.isfinite(self.C).all(1))

    @property
    def feasible(self) -> NDArray[np.bool_]:
        """(n,) True where finished and every constraint holds."""
        return np.asarray(self.finished & (np.nan_to_num(self.C, nan=np.inf) <= 0).all(1))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one candidate was proposed; None where an optimizer has no such number."""

    proposer: str
    acquisition: float | None = None
    """Acquisition value when chosen (its own unit; compare only within a batch)."""
    mean: tuple[float, ...] | None = None
    """Predicted `signed` outputs (m,)."""
    std: tuple[float, ...] | None = None
    """Predicted standard deviations (m,)."""
    feasibility: float | None = None
    """Probability, 0 to 1, that constraints hold and the evaluation succeeds."""


@dataclass(frozen=True, slots=True, eq=False)
class Proposals:
    """A batch with its reasons."""

    X: Array
    """(n, d); every row lies in the space."""
    reasons: tuple[Reason, ...]
    """n reasons, row by row."""
    state: Mapping[str, object] = field(default_factory=dict)
    """What the next fit may start from; recorded with the batch and given back as `History.state`."""
    notes: tuple[str, ...] = ()
    """What a reader should know (jitter, a space used up, ...)."""
    rungs: NDArray[np.int64] | None = None
    """(n,) the one rung of the ladder on which each row is to be asked; None: from the lowest, through the gates."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """Of a portfolio: arm -> its share of this batch, 0 to 1."""


class Optimizer(Protocol):
    """Asks for the next batch; a pure function of the history.

    What else it may have, and is then asked for, stands in `abilities.py`, a `Protocol` an ability: `propose`, `using`,
    `refuse`, `for_ladder`, `sees_rungs`, `judging`, `at_once`.
    """

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n rows (<= n, d) of the space, fewer only when a finite space is used up."""
        ...


def nearest(X: Array, seen: Array, space: Space) -> tuple[Sequence[int], Array]:
    """Index of and distance (dimensionless, bounds scaled to 1, root mean square) to each row's nearest in `seen`.

    Of several as near the first. Products of matrices find the few that may be it, which are then compared exactly.
    """
    width = np.where(space.upper > space.lower, space.upper - space.lower, 1.0)
    rows, others = (X - space.lower) / width, (seen - space.lower) / width
    own = np.einsum("nd,nd->n", others, others)
    index, squares = np.empty(len(X), dtype=np.int64), np.empty(len(X))
    for place, row in enumerate(rows):  # one after the other: no array of all pairs
        about = own - others @ (2 * row)
        size = float(row @ row)
        near = np.flatnonzero(about <= about.min() + 1e-9 * (1 + size + abs(size + about.min())))
        gaps = seen[near] / width - X[place] / width
        exact = np.einsum("nd,nd->n", gaps, gaps)
        best = int(exact.argmin())
        index[place], squares[place] = near[best], exact[best]
    return index.tolist(), np.sqrt(squares / X.shape[1])
