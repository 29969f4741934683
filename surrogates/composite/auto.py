"""This file is the recipe of the automatic choice: its options, and `fit` (the choosing is in auto_choice)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from eutectic.surrogates.base import Array, Domain, State, Surrogate

if TYPE_CHECKING:
    from eutectic.surrogates.composite.auto_choice import Chosen


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
    built: tuple[Surrogate, ...] = field(default=(), init=False, repr=False)
    """The recipes of `among`."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        if len(self.among) < 2:
            raise ValueError("among: name two surrogates or more, such as {use: gp}")
        for entry in self.among:
            if not isinstance(entry.get("use"), str):
                raise ValueError(f"among: {entry} names no surrogate; write {{use: NAME, ...}}")
            if entry["use"] == "auto":
                raise ValueError("among: auto cannot choose itself")
        for name, value, least in (("every", self.every, 1), ("folds", self.folds, 2), ("margin", self.margin, 0)):
            if not value >= least:
                raise ValueError(f"{name} must be at least {least}, not {value}")

    def nested(self) -> dict[str, tuple[dict[str, Any], ...]]:
        """Option -> mappings of surrogates within it, for whoever builds parts from a campaign file."""
        return {"among": self.among}

    def holding(self, parts: Sequence[Surrogate]) -> "Auto":
        """The same with these recipes, built, in the order of the option."""
        other = replace(self)
        object.__setattr__(other, "built", tuple(parts))
        return other

    def with_units(self, units: Sequence[str]) -> "Auto":
        """The same, with the unit of each input told to those who ask."""
        told: list[Any] = list(self.recipes)
        return self.holding([part.with_units(units) if hasattr(part, "with_units") else part for part in told])

    def refuse(self, names: Sequence[str], domain: Domain) -> str | None:
        """Why one of the list cannot learn from d inputs of these names in this domain, or None."""
        told: list[Any] = list(self.recipes)
        for label, part in zip(self.labels, told, strict=True):
            reason = part.refuse(names, domain) if hasattr(part, "refuse") else None
            if reason is not None:
                return f"among: {label}: {reason}"
        return None

    @property
    def recipes(self) -> tuple[Surrogate, ...]:
        """The recipes of `among`, built if they are not yet; ValueError for a name or option that is unknown."""
        from eutectic.surrogates.composite.registry import recipe

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
        from eutectic.surrogates.composite.auto_choice import fit

        return fit(self, X, Y, tuple(names), variance=variance, domain=domain, start=start, tune=tune)
