"""This file is the SISSO recipe: its options, and `fit` (the mathematics is in the files beside it)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from eutectic.surrogates.base import Array, Domain, State
from eutectic.surrogates.calibration import Method
from eutectic.surrogates.frames import near
from eutectic.surrogates.options import strict
from eutectic.surrogates.sisso.formulas import name_and_unit
from eutectic.surrogates.sisso.model import FittedSISSO, fit
from eutectic.surrogates.sisso.operators import OPERATORS
from eutectic.surrogates.sisso.primary_features import Columns
from eutectic.surrogates.validation import checked, known_variance


@strict
@dataclass(frozen=True, slots=True)
class SISSO:
    """Sure-independence screening and sparsifying operator: short formulas found among all that operators can form."""

    rungs: int = 2
    """How often operators are applied to features, 0 to 3; rung 2 of 14 features and + - * / has 466,000 features."""
    deepening: int = 0
    """Steps beyond the rungs, for classification by one term: in each, every part of the best formulas is replaced by
    an operator on it, alone or with a feature of rung 1. `screened` formulas of each complexity are kept."""
    terms: int = 2
    """Terms of the formula (at most, when `folds` chooses), dimensionless number."""
    operators: tuple[str, ...] = ("+", "-", "*", "/")
    """Among + - |-| * / inv sq cube sqrt cbrt log exp exp(-x) abs sin cos; |-| is the absolute difference."""
    units: dict[str, str] | tuple[str, ...] | Literal["names"] | None = None
    """Unit of each input: a mapping by name (missing: dimensionless), one text an input, or `names` to read them from
    names such as `IP (eV)`. Only equal units are added; log, exp, sin, cos take dimensionless arguments only."""
    target_unit: str = ""
    """Unit of the output, for the units of the fitted coefficients."""
    screened: int = 50
    """Features screened for each term."""
    residuals: int = 10
    """Best models whose residuals the next screening aims at."""
    max_complexity: int = 20
    """Most operators in one term."""
    beam: int = 200
    """First features tried at each level of the search over combinations; with as many as there are it is exact."""
    bank: int = 3000
    """Most features kept of the rungs below the last: simplest first, then the best correlated."""
    memory_mb: float = 1000.0
    """Most memory (MB) a fit may take beside its data."""
    members: int = 10
    """Models in the ensemble behind the uncertainty; 0: leave-one-out errors of the formula alone."""
    dropout: float = 0.2
    """Share of primary features left out of each member, 0 to below 1."""
    calibration: Method = "scaled"
    """`scaled`: variance = scale * spread of the members + floor, likeliest for errors at rows left out; `conformal`:
    these times the factor that makes 95 % intervals hold 95 % of them; `none`: the plain spread of the members."""
    folds: int = 0
    """With 2 or more, rungs and terms (in classification: operators) are chosen up to the given ones by
    cross-validation; 0: as given."""
    task: str | None = None
    """Input that tells tasks apart: the terms are shared, slopes and intercepts are each task's own."""
    kind: Literal["regression", "classification"] = "regression"
    """`classification` separates two values of the output by a line in one or two terms."""
    criterion: Literal["threshold", "overlap"] = "threshold"
    """What classification terms are chosen by: errors of the best threshold, or points in the classes' overlap."""
    seed: int = 0
    """Seed of the ensemble and the folds; equal seeds give equal fits."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        for name in self.operators:
            if name not in OPERATORS:
                raise ValueError(f"operators: {name!r} is unknown{near(name, OPERATORS)}")
        for name, value, least in self._whole():
            if value < least:
                raise ValueError(f"{name} must be at least {least}, not {value}")
        if not 0 <= self.rungs <= 3:
            raise ValueError(f"rungs must be 0, 1, 2 or 3, not {self.rungs}")
        if self.folds == 1:
            raise ValueError("folds must be 0 (no cross-validation) or at least 2, not 1")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, not {self.dropout}")
        if self.calibration == "none" and not self.members:
            raise ValueError("calibration: none leaves no uncertainty without members")
        if not self.memory_mb > 0:
            raise ValueError(f"memory_mb must be positive, not {self.memory_mb}")
        if self.kind == "classification" and (self.terms > 2 or self.task is not None):
            raise ValueError("kind: classification takes one or two terms and no task")
        if self.kind == "classification" and self.folds and self.terms > 1:
            raise ValueError("kind: classification takes folds with one term only")
        if self.deepening and (self.kind != "classification" or self.terms > 1):
            raise ValueError("deepening needs kind: classification and terms: 1")

    def _whole(self) -> tuple[tuple[str, int, int], ...]:
        """Whole-number options: name, value, least value."""
        return (
            ("deepening", self.deepening, 0),
            ("terms", self.terms, 1),
            ("screened", self.screened, 1),
            ("residuals", self.residuals, 1),
            ("max_complexity", self.max_complexity, 0),
            ("beam", self.beam, 1),
            ("bank", self.bank, 16),
            ("members", self.members, 0),
            ("folds", self.folds, 0),
        )

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
    ) -> FittedSISSO:
        """Learn Y (n, m) or (n,) from X (n, d); see `surrogates.base.Surrogate.fit`.

        Categories of the domain are left out, but for the task. With tune=False the expressions are those of `start`;
        slopes always come from X and Y.
        """
        X, Y, names = checked("SISSO", X, Y, names, domain)
        variance = None if variance is None else known_variance(variance, Y)
        columns = self._columns(names)
        return fit(self, columns, X, Y, variance=variance, domain=domain, start=start, tune=tune)

    def refuse(self, names: Sequence[str], domain: Domain) -> str | None:
        """Why units or task do not fit d inputs of these names in this domain, or no number is among them; or None."""
        try:
            columns = self._columns(names)
            columns.dimensions()
            columns.primary(domain)
        except ValueError as error:
            return str(error)
        return None

    def _columns(self, names: Sequence[str]) -> Columns:
        """The inputs as the options describe them; ValueError for units that do not match the names."""
        units = None if self.units is None else tuple(self.units_of(names))
        return Columns(tuple(names), units, self.target_unit, self.task, self.kind == "classification")

    def with_units(self, units: Sequence[str]) -> "SISSO":
        """The same with the unit of each input, unless units are given already."""
        return self if self.units is not None else replace(self, units=tuple(units))

    def units_of(self, names: Sequence[str]) -> list[str]:
        """The unit text of each input; ValueError when units do not match the names."""
        if self.units is None:
            return [""] * len(names)
        if self.units == "names":
            return [name_and_unit(name)[1] for name in names]
        if isinstance(self.units, Mapping):
            unknown = sorted(set(self.units) - set(names))
            if unknown:
                raise ValueError(f"units: no input is called {unknown[0]!r}{near(unknown[0], names)}")
            return [self.units.get(name, "") for name in names]
        if len(self.units) != len(names):
            raise ValueError(f"units: {len(self.units)} given for {len(names)} inputs ({', '.join(names)})")
        return list(self.units)
