"""This file is what a generator may be able to do beside its contract, and is asked for where it can.

Each ability is a `Protocol`; a generator has it by having its members, and declares nothing else. What every generator
has stands in `base.py`; what engines of crystals may have, in `structures/generated.py`.
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any, Protocol, runtime_checkable

import numpy as np

from eutectic.generators.base import Accept, Generator, Offer
from eutectic.generators.terms import Term
from eutectic.optimizers.base import Amounts, Array
from eutectic.oracles.base import Candidate, Value


@runtime_checkable
class Offering(Protocol):
    """A generator whose rows cannot be searched, but are drawn afresh for each asking; it is `Named`, too."""

    def offer(
        self, n: int, rng: np.random.Generator, near: Array, known: Sequence[Mapping[str, object]], accept: Accept
    ) -> Offer:
        """Rows to choose n from. near: rows (b, d) of the best; known: structures that need not be made again."""
        ...


@runtime_checkable
class Named(Protocol):
    """A generator that can say what its candidates' variables are called without making any."""

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, in the order in which they are shown."""
        ...


@runtime_checkable
class Renamable(Protocol):
    """A generator whose variables the user has named, and can name otherwise where they clash in a product."""

    @property
    def variables(self) -> Mapping[str, Any]:
        """By the user's names."""
        ...


@runtime_checkable
class Sparing(Protocol):
    """A generator of candidates that may lack variables."""

    @property
    def optional(self) -> Set[str]:
        """Variables that a candidate may lack, or that may be left out of a table."""
        ...


@runtime_checkable
class Ruling(Protocol):
    """A generator some of whose variables no candidate has."""

    @property
    def absent(self) -> Set[str]:
        """Variables that belong to other values of what is fixed."""
        ...


@runtime_checkable
class Remarking(Protocol):
    """A generator with something to say before the run."""

    @property
    def remarks(self) -> Sequence[str]:
        """What a reader should know, such as rows of a list that are one candidate."""
        ...


@runtime_checkable
class Situated(Protocol):
    """A generator some of whose variables may be measured and not chosen."""

    @property
    def contexts(self) -> tuple[str, ...]:
        """These variables."""
        ...

    @property
    def defaults(self) -> Mapping[str, Value]:
        """What they are where nobody says."""
        ...

    def situation(self, values: Mapping[str, Value]) -> dict[int, float]:
        """Column -> coordinate of each; ValueError for one that is missing, out of its range or no such variable."""
        ...


@runtime_checkable
class Composed(Protocol):
    """A generator of candidates with compositions."""

    def element_fractions(self) -> Mapping[str, tuple[float, float]]:
        """Element -> least and largest atomic fraction, 0 to 1."""
        ...


@runtime_checkable
class Amounted(Protocol):
    """A generator whose columns may say how much of each element a candidate holds."""

    @property
    def amounts(self) -> Amounts | None:
        """Moles of each element as a function of the columns; None where they do not say."""
        ...


@runtime_checkable
class FormulaRead(Protocol):
    """A generator some of whose variables are amounts of elements, which a formula in a table may stand for."""

    @property
    def formula_variables(self) -> tuple[str, ...]:
        """These variables, called like the elements."""
        ...


@runtime_checkable
class Numbered(Protocol):
    """A generator whose variables are other numbers than its columns (a logarithm, per cent)."""

    def numbers(self) -> Mapping[str, tuple[float, float]]:
        """Variable -> least and largest number it can be; elements' fractions need not be among them."""
        ...


@runtime_checkable
class Termed(Protocol):
    """The same, for constraints between variables of several spaces."""

    @property
    def terms(self) -> Mapping[str, Term]:
        """Variable -> its number as a function of the columns."""
        ...


@runtime_checkable
class Listing(Protocol):
    """A generator of a finite list (`Space.table`)."""

    @property
    def materials(self) -> tuple[Candidate, ...]:
        """Its candidates, in the order of the table's rows."""
        ...


@runtime_checkable
class Uncomposed(Protocol):
    """A generator whose candidates may lack a composition for a reason that the user can cure."""

    @property
    def uncomposed(self) -> str:
        """Why they have none and how they get one; "" where they have."""
        ...


@runtime_checkable
class Decoding(Protocol):
    """A generator whose coordinates mean nothing without something that was learned."""

    @property
    def origin(self) -> str:
        """What candidates say made them: `kind:hash`. A record of another of that kind is not gone on with."""
        ...


def names(generator: object) -> tuple[str, ...] | None:
    """What variables are called, where that is known without a candidate."""
    return generator.names if isinstance(generator, Named) else None


def optional(generator: object) -> frozenset[str]:
    """Variables that a candidate may lack."""
    return frozenset(generator.optional) if isinstance(generator, Sparing) else frozenset()


def absent(generator: object) -> frozenset[str]:
    """Variables that no candidate has."""
    return frozenset(generator.absent) if isinstance(generator, Ruling) else frozenset()


def remarks(generator: object) -> tuple[str, ...]:
    """What is to be said before the run."""
    return tuple(generator.remarks) if isinstance(generator, Remarking) else ()


def contexts(generator: object) -> tuple[str, ...]:
    """Variables that are measured and not chosen."""
    return generator.contexts if isinstance(generator, Situated) else ()


def defaults(generator: object) -> Mapping[str, Value]:
    """What these are where nobody says."""
    return generator.defaults if isinstance(generator, Situated) else {}


def amounts(generator: object) -> Amounts | None:
    """Moles of each element as a function of the columns, where they say so."""
    return generator.amounts if isinstance(generator, Amounted) else None


def materials(generator: object) -> tuple[Candidate, ...]:
    """The candidates of a list; () of a generator that has none."""
    return generator.materials if isinstance(generator, Listing) else ()


def variable_count(generator: Generator) -> int:
    """How many variables are chosen: of a list those that its rows have, else the columns of the space."""
    listed = materials(generator)
    return len(listed[0].variables) if listed else generator.space.d


def formula_variables(generator: object) -> tuple[str, ...]:
    """Variables that a formula may stand for."""
    return generator.formula_variables if isinstance(generator, FormulaRead) else ()


def uncomposed(generator: object) -> str:
    """Why candidates have no composition, and the cure; "" where nothing is known of that."""
    return generator.uncomposed if isinstance(generator, Uncomposed) else ""


def origin(generator: object) -> str:
    """What candidates say decoded them; "" of coordinates that mean something by themselves."""
    return generator.origin if isinstance(generator, Decoding) else ""
