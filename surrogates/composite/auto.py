"""This file is the automatic choice among surrogates: log predictive densities from the same folds, and a calm rule.

The score is the mean log predictive density of rows left out, a proper score of mean and interval together (Gneiting
and Raftery 2007, doi 10.1198/016214506000001437). Whoever is in charge stays until another's is higher by more than
`margin` standard errors of the differences row by row, as differences within one standard error are taken for noise
where a simpler model is preferred (Breiman, Friedman, Olshen and Stone 1984, Classification and Regression Trees,
section 3.4.3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from eutectic.surrogates.abilities import UnitAware, refusal
from eutectic.surrogates.base import Array, Domain, FittedSurrogate, Posterior, State, Surrogate
from eutectic.surrogates.composite.registry import recipe
from eutectic.surrogates.crossvalidation import folds, log_density, predict
from eutectic.surrogates.options import strict
from eutectic.surrogates.showing import Shown
from eutectic.surrogates.validation import checked, known_variance

if TYPE_CHECKING:
    from botorch.models.model import Model


@strict
@dataclass(frozen=True, slots=True)
class Auto:
    """Whichever of several surrogates predicts best what it has not seen, examined anew as rows come in."""

    among: tuple[dict[str, Any], ...] = ({"use": "gp"}, {"use": "polynomial"}, {"use": "forest"})
    """`{use: NAME, ...options}` each; the first is in charge until another has proved better."""
    every: int = 10
    """New rows after which the choice is examined again."""
    folds: int = 5
    """Folds of the cross-validation, the same for all; the first is in charge below twice as many rows."""
    margin: float = 1.0
    """Standard errors by which the log predictive density of another must be higher to take over."""
    built: tuple[Surrogate, ...] = field(default=(), repr=False, metadata={"option": False})
    """The recipes of `among`, one each or none yet."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        if len(self.among) < 2:
            raise ValueError("among: name two surrogates or more, such as {use: gp}")
        for entry in self.among:
            if not isinstance(entry.get("use"), str):
                raise ValueError(f"among: {entry} names no surrogate; write {{use: NAME, ...}}")
            if entry["use"] == "auto":
                raise ValueError("among: auto cannot choose itself")
        if self.built and len(self.built) != len(self.among):
            raise ValueError(f"{len(self.built)} recipes are built for {len(self.among)} of among")
        for name, value, least in (("every", self.every, 1), ("folds", self.folds, 2), ("margin", self.margin, 0)):
            if not value >= least:
                raise ValueError(f"{name} must be at least {least}, not {value}")

    def nested(self) -> dict[str, tuple[dict[str, Any], ...]]:
        """Option -> mappings of surrogates within it, for whoever builds parts from a campaign file."""
        return {"among": self.among}

    def holding(self, parts: Sequence[Surrogate]) -> "Auto":
        """The same with these recipes, built, in the order of the option."""
        return replace(self, built=tuple(parts))

    def with_units(self, units: Sequence[str]) -> "Auto":
        """The same, with the unit of each input told to those who ask."""
        parts = self.recipes
        return self.holding([part.with_units(units) if isinstance(part, UnitAware) else part for part in parts])

    def refuse(self, names: Sequence[str], domain: Domain) -> str | None:
        """Why one of the list cannot learn from d inputs of these names in this domain, or None."""
        for label, part in zip(self.labels, self.recipes, strict=True):
            reason = refusal(part, names, domain)
            if reason is not None:
                return f"among: {label}: {reason}"
        return None

    @property
    def recipes(self) -> tuple[Surrogate, ...]:
        """The recipes of `among`, built if they are not yet; ValueError for a name or option that is unknown."""
        return self.built or tuple(recipe(entry) for entry in self.among)

    @property
    def labels(self) -> tuple[str, ...]:
        """What each of `among` is called: its name, numbered from the second of a name on."""
        uses = [str(entry["use"]) for entry in self.among]
        return tuple(use if uses.index(use) == k else f"{use} {uses[: k + 1].count(use)}" for k, use in enumerate(uses))

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
    ) -> "Chosen":
        """Learn Y (n, m) or (n,) from X (n, d) with the best of the list; see `surrogates.base.Surrogate.fit`.

        The choice of `start` is kept unless enough rows have come since; with tune=False it is kept in any case.
        """
        return fit(self, X, Y, tuple(names), variance=variance, domain=domain, start=start, tune=tune)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who is in charge, and why."""

    choice: str
    """Label of the one in charge."""
    examined: int = 0
    """Rows at the last examination; 0 before the first."""
    scores: Mapping[str, float | None] | None = None
    """Label -> mean log predictive density of a row left out, nats; None for one that could not learn the rows."""
    before: str = ""
    """Who was in charge before that examination, empty when it changed nothing."""

    @property
    def note(self) -> str:
        """The verdict in a line."""
        if not self.scores:
            return f"{self.choice} in charge: too few rows to compare"
        told = ", ".join(f"{k} {'failed' if v is None else f'{v:.3g}'}" for k, v in self.scores.items())
        change = f", before it {self.before}" if self.before else ""
        return f"{self.choice} in charge{change}; log predictive density at {self.examined} rows: {told}"


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """The surrogate in charge, fitted; what that can do beyond the contract is asked of it (`abilities.StandIn`)."""

    in_charge: FittedSurrogate
    verdict: Verdict

    def __repr__(self) -> str:
        """One line: who is in charge."""
        return f"<Chosen: {self.verdict.choice}, {self.in_charge!r}>"

    def _repr_html_(self) -> str:
        """The same in a notebook: the one in charge, under the verdict."""
        inner = self.in_charge._repr_html_() if isinstance(self.in_charge, Shown) else escape(repr(self.in_charge))
        return f"<p>{escape(self.verdict.note)}</p>{inner}"

    @property
    def state(self) -> State:
        """The verdict, and the state of the one in charge."""
        v = self.verdict
        said = {"choice": v.choice, "examined": v.examined, "scores": dict(v.scores or {}), "before": v.before}
        return {**said, "fit": dict(self.in_charge.state)}

    @property
    def notes(self) -> tuple[str, ...]:
        """The verdict, then what the one in charge says."""
        return (self.verdict.note, *self.in_charge.notes)

    @property
    def model(self) -> "Model":
        """The BoTorch model of the one in charge."""
        return self.in_charge.model

    def posterior(self, X: Array) -> Posterior:
        """Predict the m outputs at X (n, d)."""
        return self.in_charge.posterior(X)


def fit(
    auto: Auto,
    X: Array,
    Y: Array,
    names: tuple[str, ...],
    *,
    variance: Array | None,
    domain: Domain | None,
    start: State | None,
    tune: bool,
) -> Chosen:
    """Examine the choice if it is due, and fit the one in charge to all rows."""
    X, Y, names = checked("a choice among surrogates", X, Y, names, domain)
    variance = None if variance is None else known_variance(variance, Y)
    parts, verdict = auto.recipes, earlier(start, auto.labels)
    if not tune and verdict is None:
        raise ValueError(f"tune=False needs the `state` of an earlier choice among {', '.join(auto.labels)} as start")
    verdict = verdict or Verdict(auto.labels[0])
    kept = verdict.choice
    if tune and due(auto, verdict, Y):
        scores = densities(auto, parts, X, Y, names, variance, domain)
        verdict = decided(auto, verdict, scores, len(Y))
    inner = (start or {}).get("fit") if verdict.choice == kept else None
    begin = inner if isinstance(inner, Mapping) else None
    part = parts[auto.labels.index(verdict.choice)]
    return Chosen(part.fit(X, Y, names, variance=variance, domain=domain, start=begin, tune=tune), verdict)


def due(auto: Auto, verdict: Verdict, Y: Array) -> bool:
    """Have enough rows come since the last examination, with something to learn in them?"""
    enough = len(Y) >= max(2 * auto.folds, verdict.examined + auto.every)
    return enough and bool((np.ptp(Y, axis=0) > 0).all())


def densities(
    auto: Auto,
    parts: Sequence[Surrogate],
    X: Array,
    Y: Array,
    names: tuple[str, ...],
    variance: Array | None,
    domain: Domain | None,
) -> dict[str, Array | None]:
    """Label -> log predictive density (n,) of each row left out, None where the rows are refused."""
    fold = folds(X, auto.folds)
    found: dict[str, Array | None] = {}
    for label, part in zip(auto.labels, parts, strict=True):
        try:
            rows = log_density(Y, predict(part, X, Y, fold, names, variance=variance, domain=domain))
        except ValueError:  # what it says it cannot learn from; shown as `failed`
            rows = np.full(len(Y), np.nan)
        found[label] = rows if np.isfinite(rows).all() else None
    return found


def decided(auto: Auto, verdict: Verdict, densities: Mapping[str, Array | None], rows: int) -> Verdict:
    """Who is in charge from now on: the best of those that beat the one in charge by `margin` standard errors."""
    scores = {label: None if rows is None else float(rows.mean()) for label, rows in densities.items()}
    held = densities[verdict.choice]
    able = {label: found for label, found in densities.items() if found is not None}
    better = [label for label, found in able.items() if held is None or beats(found, held, auto.margin)]
    choice = max(better, key=lambda label: float(able[label].mean()), default=verdict.choice)
    return Verdict(choice, rows, scores, verdict.choice if choice != verdict.choice else "")


def beats(challenger: Array, holder: Array, margin: float) -> bool:
    """Is the mean of densities (n,) higher by more than `margin` standard errors of the differences?"""
    gain = challenger - holder
    return bool(gain.mean() > margin * gain.std(ddof=1) / np.sqrt(len(gain)))


def earlier(start: State | None, labels: Sequence[str]) -> Verdict | None:
    """The verdict of a state; None when it holds none about these."""
    state = start or {}
    choice, examined, scores = (state.get(key) for key in ("choice", "examined", "scores"))
    if choice not in labels or not isinstance(examined, int) or not isinstance(scores, Mapping):
        return None
    return Verdict(str(choice), examined, dict(scores), str(state.get("before", "")))
