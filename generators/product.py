"""This file is the product generator: compositions, parameters, lists and sequences together, as people vary them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from eutectic.generators import abilities
from eutectic.generators.abilities import Offering, Renamable
from eutectic.generators.amounts import ranges
from eutectic.generators.base import Generator
from eutectic.generators.constraints import checked, constrained, saying
from eutectic.generators.hints import hint
from eutectic.generators.product_space import Piece, piece, shared_size, side_by_side
from eutectic.generators.prototype import BUILT_IN, Prototype
from eutectic.generators.site_formula import SiteFormula, read
from eutectic.generators.terms import Term, extent
from eutectic.optimizers.base import Amounts, Array, Space
from eutectic.oracles.abilities import Located
from eutectic.oracles.base import Candidate, Value

RENAMED = ("composition", "sequence")
"""Parts whose variables nobody can call otherwise: where they clash, they are called `part.variable`."""


@dataclass(frozen=True, slots=True)
class Product:
    """Several spaces at once: alloys and their heat treatment, sublattices, an additive from a list and its amount."""

    parts: Mapping[str, Mapping[str, Any]]
    """Name -> {use: composition, parameters, pool or sequence, and its options}; with `per: batch` or `per: [melt, 8]`
    candidates made together have the whole part in common."""
    constraints: tuple[str, ...] = ()
    """Constraints between variables of any parts as text, such as "A.Sr <= B.Fe" or "temperature_k * time_h <= 80"."""
    formula: str | None = None
    """How parts make up the material, in brackets: "(A)(B)O3"; needed where several parts have compositions."""
    prototype: str | Prototype | None = None
    """The crystal whose sites the parts fill: `perovskite` or another built-in one, or {structure, sites,
    lattice_constant_angstrom}; candidates then carry it for oracles of crystals. Needs `formula`."""
    made: tuple[Generator, ...] = field(default=(), metadata={"option": False})
    """The parts, built, in their order."""

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("parts: a product needs at least one part")
        for name in self.parts:
            if "." in name or not name.strip():
                raise ValueError(f"parts: {name!r} is no name: a point stands between a part and its variable")
            if "when" in self.parts[name]:
                raise ValueError(
                    f"parts: {name}: when: a whole part cannot depend on a choice, as its sums and rows have no middle "
                    "to stand at; give `when` to the variables of a part with `use: parameters`, such as its amount"
                )
            shared_size(self.parts[name].get("per"), f"parts: {name}")

    def __hash__(self) -> int:
        return hash(repr(self))

    @classmethod
    def of(
        cls,
        parts: Mapping[str, Generator],
        constraints: Sequence[str] = (),
        formula: str | None = None,
        prototype: str | Prototype | None = None,
    ) -> "Product":
        """A product of generators; ValueError when they do not go together."""
        return cls({name: {} for name in parts}, tuple(constraints), formula, prototype).holding(list(parts.values()))

    def nested(self) -> dict[str, Mapping[str, Mapping[str, Any]]]:
        """The options that name parts."""
        own = {name: {k: v for k, v in part.items() if k != "per"} for name, part in self.parts.items()}
        return {"parts": own}

    def holding(self, made: Sequence[Generator]) -> "Product":
        """The same product with its parts built; ValueError when they do not go together."""
        for name, part in zip(self.parts, made, strict=True):
            if isinstance(part, Offering):
                raise ValueError(
                    f"parts: {name}: crystals are drawn afresh for each asking, and no optimizer can search them "
                    "beside other variables; let a crystal be the whole space, and fix the others in the oracles"
                )
        other = replace(self, made=tuple(made))
        ready = self.crystal is None or self.crystal.structure in BUILT_IN
        if ready and not any(isinstance(part, Located) for part in made):  # files are found later
            other.check()
        return other

    def located(self, folder: str) -> "Product":
        """The same product with its parts' files taken from `folder`; ValueError when parts do not go together."""
        made = [part.located(folder) if isinstance(part, Located) else part for part in self.made]
        crystal = self.crystal
        other = replace(self, prototype=None if crystal is None else crystal.located(folder), made=tuple(made))
        other.check()
        return other

    def check(self) -> None:
        """ValueError when names clash, a constraint cannot be read or the formula does not say what the material is."""
        named, crystal = self.site_formula, self.crystal
        checked(self.saying, self.terms)
        if crystal is None:
            return
        if named is None:
            raise ValueError('prototype: it needs `formula`, which says what stands on its sites, such as "(A)(B)O3"')
        crystal.check(named, {part.name: tuple(part.elements) for part in self.pieces if part.composed})

    @property
    def crystal(self) -> Prototype | None:
        """The prototype in its long form."""
        return Prototype(self.prototype) if isinstance(self.prototype, str) else self.prototype

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The parts and where they stand."""
        return _pieces(self, tuple(part.space for part in self.made))

    @property
    def space(self) -> Space:
        """The parts' columns side by side; the same object whenever the options are equal."""
        return _space(self, tuple(part.space for part in self.made))

    @property
    def names(self) -> tuple[str, ...]:
        """What the variables are called: as in their part where nothing else is called so."""
        return tuple(name for part in self.pieces for name in part.names.values())

    @property
    def optional(self) -> frozenset[str]:
        """Variables that a candidate may lack, or that may be left out of a table."""
        found = [(part, name) for part in self.pieces for name in abilities.optional(part.generator)]
        return frozenset(part.names[name] for part, name in found)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader should know of the parts, such as rows of a list that are one candidate."""
        return tuple(text for part in self.pieces for text in abilities.remarks(part.generator))

    @property
    def contexts(self) -> tuple[str, ...]:
        """The variables that are measured and not chosen."""
        return tuple(part.names[name] for part in self.pieces for name in abilities.contexts(part.generator))

    @property
    def defaults(self) -> dict[str, Value]:
        """What given variables are where nobody says."""
        found = [(part, pair) for part in self.pieces for pair in abilities.defaults(part.generator).items()]
        return {part.names[name]: value for part, (name, value) in found}

    @property
    def terms(self) -> dict[str, Term]:
        """The variables that are numbers, as functions of the columns."""
        return {name: term for part in self.pieces for name, term in part.variables.items()}

    @property
    def saying(self) -> tuple[str, ...]:
        """Those of the constraints that say something: no part rules out a variable of theirs."""
        absent = {part.names[name] for part in self.pieces for name in abilities.absent(part.generator)}
        return saying(self.constraints, self.names, absent)

    @property
    def site_formula(self) -> SiteFormula | None:
        """How parts make up the material; None where one alone has a composition, or none."""
        composed = [part.name for part in self.pieces if part.composed]
        if self.formula is None:
            if len(composed) > 1:
                raise ValueError(
                    f"formula: the parts {', '.join(composed)} have compositions: say how they make up the material, "
                    f'such as "({composed[0]})({composed[1]})O3", or which one is it, "({composed[0]})"'
                )
            return None
        try:
            return read(self.formula, composed)
        except ValueError as error:
            raise ValueError(f"formula: {error}") from None

    @property
    def amounts(self) -> Amounts | None:
        """How much of each element the material holds, as a function of the columns; None where they do not say."""
        own = {part.name: part.amounts for part in self.pieces if part.composed}
        stated = {name: amounts for name, amounts in own.items() if amounts is not None}
        named = self.site_formula
        if named is None or (len(named.parts) == 1 and not named.elements):
            return stated.get(next(iter(own), "") if named is None else named.parts[0][0])
        return named.amounts(stated) if {name for name, _ in named.parts} <= stated.keys() else None

    def element_fractions(self) -> dict[str, tuple[float, float]]:
        """Element -> least and largest atomic fraction, 0 to 1; of lists and sequences within a formula, 0 and 1."""
        amounts = self.amounts
        if amounts is not None:
            return dict(zip(amounts.labels, ranges(self.space, amounts), strict=True))
        composed = [part for part in self.pieces if part.composed]
        named = self.site_formula
        used = composed if named is None else [part for part in composed if part.name in dict(named.parts)]
        found: dict[str, tuple[float, float]] = {}
        for part in used:
            symbols = [e for material in part.materials for e in material.composition or ()]
            own = part.generator.element_fractions() if not part.materials else dict.fromkeys(symbols, (0.0, 1.0))
            found |= own if len(used) == 1 and not (named and named.elements) else dict.fromkeys(own, (0.0, 1.0))
        return {**found, **dict.fromkeys((e for e, _ in (named.elements if named else ())), (0.0, 1.0))}

    def situation(self, values: Mapping[str, Value]) -> dict[int, float]:
        """Column -> coordinate of everything that is measured and not chosen.

        ValueError when one is missing and has no default, out of its range, or no such variable.
        """
        found: dict[int, float] = {}
        given = [part for part in self.pieces if part.space.context]
        for name in values:
            if name not in self.contexts:
                raise ValueError(f"{name!r} is no variable with `context: true`{hint(name, self.contexts)}")
        for part in given:
            inner = {name: values[outer] for name, outer in part.names.items() if outer in values}
            own: dict[int, float] = part.generator.situation(inner)
            found |= {part.columns[j]: value for j, value in own.items()}
        return found

    def numbers(self) -> dict[str, tuple[float, float]]:
        """Variable -> least and largest number it can be."""
        return {name: extent(term, self.space) for name, term in self.terms.items()}

    def generate(self, X: Array, rng: np.random.Generator) -> list[Candidate]:
        """Candidates of rows X (n, d): the variables of all parts, and what the parts make up."""
        own = {part.name: part.rows(X, rng) for part in self.pieces}
        return [self._candidate({name: rows[i] for name, rows in own.items()}) for i in range(len(X))]

    def coordinates(self, variables: Mapping[str, Value]) -> Array:
        """Row (d,) of these variables; ValueError when a part has no such candidate."""
        return np.concatenate([part.coordinates(dict(variables)) for part in self.pieces])

    def _candidate(self, own: Mapping[str, Candidate]) -> Candidate:
        """One candidate of each part's."""
        variables = {
            part.names[name]: value for part in self.pieces for name, value in own[part.name].variables.items()
        }
        sites = {part.name: own[part.name].composition or {} for part in self.pieces if part.composed}
        named = self.site_formula
        structures = [candidate.structure for candidate in own.values() if candidate.structure is not None]
        composition = named.composition(sites) if named is not None else next(iter(sites.values()), None)
        crystal = self.crystal
        if crystal is not None and named is not None:
            return Candidate(variables, composition, crystal.filled(named, sites))
        return Candidate(variables, composition, structures[0] if len(structures) == 1 else None)


@lru_cache(maxsize=64)
def _pieces(product: Product, spaces: tuple[Space, ...]) -> tuple[Piece, ...]:
    found: list[Piece] = []
    for name, generator, _ in zip(product.parts, product.made, spaces, strict=True):
        found.append(piece(name, generator, found[-1].columns[-1] + 1 if found else 0))
    count = Counter(variable for part in found for variable in part.names)
    for part in found:
        for variable in part.names:
            if count[variable] > 1 and not _renamed(product, part):
                others = [other.name for other in found if variable in other.names and other is not part]
                free = f"{variable}_{part.name}"
                raise ValueError(
                    f"parts: {part.name!r} and {others[0]!r} both have a variable {variable!r}: call one otherwise, "
                    f"such as {free!r}; the variables are {', '.join(sorted(count))}"
                )
    for part in found:
        given = product.parts[part.name].get("per")
        if given is not None and part.space.shared:
            raise ValueError(f"parts: {part.name}: per: its variables have `per` of their own; say it once")
    return tuple(
        replace(
            part,
            per=product.parts[part.name].get("per"),
            names={v: f"{part.name}.{v}" if count[v] > 1 else v for v in part.names},
        )
        for part in found
    )


def _renamed(product: Product, part: Piece) -> bool:
    """May its variables be called `part.variable`?"""
    use = product.parts[part.name].get("use")
    return use in RENAMED if use else not isinstance(part.generator, Renamable)


@lru_cache(maxsize=64)
def _space(product: Product, spaces: tuple[Space, ...]) -> Space:
    pieces = _pieces(product, spaces)
    whole = side_by_side(pieces, sum(part.composed for part in pieces) > 1)
    return replace(constrained(whole, product.saying, product.terms), amounts=product.amounts)
