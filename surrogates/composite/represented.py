"""This file is any surrogate over a representation: it is told the features of coordinates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from eutectic.surrogates.abilities import Choosy, Coupled, Spelling, UnitAware, compares, refusal, stretched
from eutectic.surrogates.base import Array, Domain, Replicas, Representation, State, Surrogate
from eutectic.surrogates.validation import checked

if TYPE_CHECKING:
    from eutectic.surrogates.composite.represented_model import FittedRepresented


ALIKE = "it does not learn which labels are alike (similarity: true): take gp, or leave similarity out"


@dataclass(frozen=True, slots=True)
class Represented:
    """A recipe that sees a representation instead of the coordinates."""

    recipe: Surrogate
    representation: Representation
    reach: Callable[[], Array] | None = None
    """Rows (k, d) spread over the space: features are scaled by their range there, and constant ones left out. None:
    the rows learned from."""
    known_replicas: Mapping[bytes, tuple[Replicas, ...]] = field(default_factory=dict)
    """Row (its bytes) -> what its values are means of, one an observation; see `with_replicas`."""

    def with_replicas(self, X: Array, replicas: Sequence[Replicas | None]) -> "Represented":
        """The same, told what an output's values at rows X (n, d) are means of, if it reads sequences."""
        if not isinstance(self.representation, Spelling) or not self.representation.labels:
            return self
        labels = self.representation.labels
        known: dict[bytes, tuple[Replicas, ...]] = {}
        for x, own in zip(X, replicas, strict=True):
            if own is not None:
                known[x.tobytes()] = (*known.get(x.tobytes(), ()), recoded(own, labels))
        return replace(self, known_replicas=known)

    def replicas(self, X: Array) -> list[Replicas | None]:
        """What was told of each row of X (n, d); equal rows in the order in which it was told."""
        left = {key: list(own) for key, own in self.known_replicas.items()}
        return [left[key].pop(0) if left.get(key := x.tobytes()) else None for x in X]

    @property
    def coupling(self) -> str:
        """The recipe's: outputs that are learned together are so over their features, too."""
        return self.recipe.coupling if isinstance(self.recipe, Coupled) else "none"

    def stretched(self) -> "Represented":
        """The same with a recipe that is `stretched`, where it can be."""
        return replace(self, recipe=stretched(self.recipe))

    def refuse(self, names: Sequence[str], domain: Domain) -> str | None:
        """Why the recipe cannot learn from the features, whatever the coordinates; None too where no reach is known."""
        del names, domain
        if self.reach is None:
            return None
        whole = self.representation.domain(self.reach())
        if whole.descriptors and not compares(self.recipe):
            return ALIKE
        if not isinstance(self.recipe, Choosy):
            return None
        kept = varying(whole)
        return refusal(self._recipe(kept), self._labels(kept), restricted(whole, kept))

    def _labels(self, kept: tuple[int, ...]) -> tuple[str, ...]:
        """Names of some features."""
        return tuple(self.representation.names[j] for j in kept)

    def _recipe(self, kept: tuple[int, ...]) -> Any:
        """The recipe, told the units of these features if it asks for them."""
        if not isinstance(self.recipe, UnitAware):
            return self.recipe
        return self.recipe.with_units(tuple(self.representation.units[j] for j in kept))

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
    ) -> "FittedRepresented":
        """Learn Y (n, m) or (n,) from the features of X (n, d); see `surrogates.base.Surrogate.fit`."""
        from eutectic.surrogates.composite.represented_model import FittedRepresented, View

        del domain  # of the coordinates
        X, Y, names = checked("a surrogate", X, Y, names)
        whole = self.representation.domain(X if self.reach is None else self.reach())
        if whole.descriptors and not compares(self.recipe):
            raise ValueError(ALIKE)
        kept = varying(whole)
        labels, recipe, box = self._labels(kept), self._recipe(kept), restricted(whole, kept)
        view = View(self.representation, kept)
        fit = partial(recipe.fit, replicas=self.replicas(X)) if self.known_replicas else recipe.fit
        inner = fit(view.features(X), Y, labels, variance=variance, domain=box, start=start, tune=tune)
        return FittedRepresented(inner, view, names)


def recoded(replicas: Replicas, labels: Sequence[str]) -> Replicas:
    """The same in codes of other labels, which must hold all that stand on its sites."""
    place = np.array([labels.index(label) if label in labels else len(labels) for label in replicas.labels])
    codes = place[replicas.codes]
    assert codes.max(initial=0) < len(labels), f"{replicas.labels} are not all among {labels}"
    return Replicas(tuple(labels), codes.astype(np.uint8), replicas.values)


def varying(domain: Domain) -> tuple[int, ...]:
    """The features that vary over a domain, whole sequences always; the first where none does."""
    if domain.sequence is not None:
        return tuple(range(len(domain.lower)))
    size = np.maximum(np.abs(domain.lower), np.abs(domain.upper))
    return tuple(int(j) for j in np.flatnonzero(domain.upper - domain.lower > 1e-9 * size)) or (0,)


def restricted(domain: Domain, kept: tuple[int, ...]) -> Domain:
    """The domain of some of its columns."""
    codes = tuple(kept.index(j) for j in domain.categorical if j in kept)
    groups = (tuple(kept.index(j) for j in group if j in kept) for group in domain.mixtures)
    mixtures = tuple(group for group in groups if len(group) > 1)
    conditional = tuple(kept.index(j) for j in domain.conditional if j in kept)
    known = {kept.index(j): values for j, values in domain.descriptors.items() if j in kept}
    low, high = domain.lower[list(kept)], domain.upper[list(kept)]
    return Domain(low, high, codes, domain.sequence, mixtures, conditional, known)
