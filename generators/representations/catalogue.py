"""This file is the representations: what a surrogate may see instead of a space's own columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from eutectic.generators.representations.blocks import Block, Features
from eutectic.generators.representations.columns import (
    decoration_block,
    encoding_block,
    gates,
    ion_block,
    ion_columns,
    plain_blocks,
    site_block,
    structure_block,
)
from eutectic.generators.representations.compositions import (
    element_columns,
    fraction_block,
    log_ratio_block,
    source,
    statistics_block,
)
from eutectic.generators.representations.crystals import DESCRIPTORS, require_known
from eutectic.generators.representations.elements import COMMON, resolved
from eutectic.optimizers.base import Space
from eutectic.oracles.base import Candidate

Statistic = Literal["mean", "deviation", "minimum", "maximum", "range"]


@dataclass(frozen=True, slots=True)
class Columns:
    """The space's own columns, a category's labels as mere names whatever is known of them."""

    def of(self, space: Space, materials: Sequence[Candidate] = ()) -> Features:
        """The representation of a space; every space has one."""
        del materials
        return Features(tuple(plain_blocks(space, range(space.d))))


@dataclass(frozen=True, slots=True)
class Fractions:
    """Atomic fractions of the elements, whatever the space's own columns are."""

    def of(self, space: Space, materials: Sequence[Candidate] = ()) -> Features:
        """The representation of a space; ValueError when it has no compositions."""
        where = source(space, materials)
        return beside(space, fraction_block(where), where.used)


@dataclass(frozen=True, slots=True)
class LogRatios:
    """Isometric log-ratios of the fractions (Egozcue et al. 2003, doi 10.1023/A:1023818214614).

    Each element is set against the geometric mean of the elements after it: one feature fewer than elements.
    """

    zero: float = 0.005
    """Fractions below it, zeros among them, are raised to it before the logarithm, and the row is closed to 1 again."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        if not 0 < self.zero < 0.5:
            raise ValueError(f"zero: {self.zero} is not above 0 and below 0.5")

    def of(self, space: Space, materials: Sequence[Candidate] = ()) -> Features:
        """The representation of a space; ValueError when it has no compositions of two elements or more."""
        where = source(space, materials)
        if len(where.elements) < 2:
            raise ValueError(f"{where.elements[0]} is its only element: there is no ratio")
        return beside(space, log_ratio_block(where, self.zero), where.used)


@dataclass(frozen=True, slots=True)
class ElementStatistics:
    """Element properties over the composition, weighted by its fractions (Ward et al. 2016).

    doi 10.1038/npjcompumats.2016.28; the property table is Magpie's as shipped with matminer.
    """

    properties: tuple[str, ...] = COMMON
    """Properties by name, the unit left out or not, such as `electronegativity`; `magpie` stands for all 22."""
    statistics: tuple[Statistic, ...] = ("mean", "deviation")
    """Weighted mean, weighted mean absolute deviation; minimum, maximum and range over the elements present."""

    def __post_init__(self) -> None:
        """Raise ValueError for a property that is not known, or none at all."""
        if not resolved(self.properties):
            raise ValueError("properties: name at least one")
        if not self.statistics or len(set(self.statistics)) < len(self.statistics):
            raise ValueError(f"statistics: name at least one, each once, not {list(self.statistics)}")

    def of(self, space: Space, materials: Sequence[Candidate] = ()) -> Features:
        """The representation of a space; ValueError when it has no compositions."""
        where = source(space, materials)
        block = statistics_block(where, resolved(self.properties), tuple(self.statistics))
        return beside(space, block, where.used)


@dataclass(frozen=True, slots=True)
class ElementEncoding:
    """Every category that is an element as its properties and, if wanted, one indicator an element."""

    properties: tuple[str, ...] = COMMON
    """Properties by name, the unit left out or not; `magpie` stands for all 22."""
    one_hot: bool = True
    """Indicators beside the properties: elements alike in all of them stay apart."""

    def __post_init__(self) -> None:
        """Raise ValueError for a property that is not known, or nothing to encode by."""
        if not resolved(self.properties) and not self.one_hot:
            raise ValueError("properties: name at least one, or keep one_hot")

    def of(self, space: Space, materials: Sequence[Candidate] = ()) -> Features:
        """The representation of a space; ValueError when no category of it is an element."""
        del materials
        columns = element_columns(space)
        if not columns:
            raise ValueError("no category of it is an element")
        blocks = [encoding_block(space, j, resolved(self.properties), self.one_hot) for j in columns]
        return beside(space, blocks, columns)


@dataclass(frozen=True, slots=True)
class IonEncoding:
    """Every category that is an element or an ion (Pb, Pb2+, MA, formamidinium) as charge, radius and make-up.

    Sources: `ions.py`. Names in a column that are no ions make it a plain category.
    """

    identity: bool = True
    """Which label it is beside the descriptors, as a category: ions alike in all of them stay apart."""
    similarity: bool = False
    """Columns stay categories, and the descriptors tell which of their labels are alike; how far that counts is
    learned, two numbers a column in place of a length a descriptor. For few rows, and for the `gp` surrogate alone."""

    def __post_init__(self) -> None:
        """Raise ValueError when options exclude each other."""
        if self.similarity and not self.identity:
            raise ValueError("similarity: which label it is always counts then, so identity cannot be false")

    def of(self, space: Space, materials: Sequence[Candidate] = ()) -> Features:
        """The representation of a space; ValueError when no category of it consists of elements and ions."""
        del materials
        columns = ion_columns(space)
        if not columns:
            raise ValueError("no category of it consists of elements and ions that are known")
        return beside(space, [ion_block(space, j, self.identity, self.similarity) for j in columns], columns)


@dataclass(frozen=True, slots=True)
class StructureDescriptors:
    """Descriptors of crystals: density, volume, packing, bonds, coordination, symmetry."""

    descriptors: tuple[str, ...] | None = None
    """Descriptors by name; all when not given."""
    composition: bool = True
    """Mean and deviation of the common element properties beside them."""

    def __post_init__(self) -> None:
        """Raise ValueError for a descriptor that is not known."""
        require_known(self.descriptors or ())

    def of(self, space: Space, materials: Sequence[Candidate] = ()) -> Features:
        """The representation of a space; ValueError when its candidates have no structures."""
        block = structure_block(space, materials, self.descriptors or tuple(DESCRIPTORS))
        where = source(space, materials)
        found = [block, statistics_block(where, COMMON, ("mean", "deviation"))] if self.composition else [block]
        return beside(space, found, where.used)


@dataclass(frozen=True, slots=True)
class ElementSequence:
    """The elements site by site, as the `cnn` surrogate reads them.

    Sites come from the candidate's structure or, where only its composition is known, from random decorations of a
    lattice line; these are the same for every candidate, so that like compositions are decorated alike. Where an
    oracle tells which element stood on which site of the crystals it has measured, that is what is learned from.
    """

    length: int = 32
    """Sites of a sequence; shorter structures are repeated."""
    decorations: int = 8
    """Decorations of a composition; a structure is one."""
    seed: int = 0
    """Seed of the decorations."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        for name, value, least in (("length", self.length, 2), ("decorations", self.decorations, 1)):
            if value < least:
                raise ValueError(f"{name} must be at least {least}, not {value}")
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, not {self.seed}")

    def of(self, space: Space, materials: Sequence[Candidate] = ()) -> Features:
        """The representation of a space; ValueError when it has no compositions, or variables beside them."""
        where = source(space, materials)
        others = [name for j, name in enumerate(space.names) if j not in where.used]
        if others:
            raise ValueError(f"a sequence of elements cannot hold {', '.join(others)}")
        if materials and all(m.structure is not None for m in materials):
            return Features(
                (site_block(space, materials, where.elements, self.length),), (1, self.length), where.elements
            )
        block = decoration_block(where, self.decorations, self.length, self.seed)
        return Features((block,), (self.decorations, self.length), where.elements)


def beside(space: Space, blocks: Block | Sequence[Block], used: Sequence[int]) -> Features:
    """Blocks, then the columns of the space that they have not used."""
    found = (blocks,) if isinstance(blocks, Block) else tuple(blocks)
    rest = tuple(j for j in range(space.d) if j not in used)
    return Features((*found, *plain_blocks(space, rest)) if rest else found)


def described(space: Space, *, alike: bool = False) -> Features | None:
    """The space's own columns with what is known of some beside their values; None where nothing is.

    alike: what is known of elements and ions says which labels of a category are alike; see `IonEncoding.similarity`.
    """
    if alike and (columns := ion_columns(space)):
        return beside(space, [ion_block(space, j, identity=True, similarity=True) for j in columns], columns)
    return Features(tuple(plain_blocks(space, range(space.d)))) if space.described or gates(space) else None
