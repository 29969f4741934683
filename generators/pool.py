"""This file is the pool generator: the rows of a CSV are all the candidates there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from eutectic.generators.amounts import TOTAL, Unit, element_column, moles
from eutectic.generators.hints import hint
from eutectic.generators.pool_rows import (
    Feature,
    alike_categories,
    distinct,
    merged,
    only_row,
    row_key,
    telling_apart,
)
from eutectic.generators.representations import crystals
from eutectic.generators.representations.chemical_formulas import STATISTICS, are_formulas, fractions, statistics
from eutectic.optimizers.base import Array, Kind, Space
from eutectic.oracles.base import Candidate, Value
from eutectic.oracles.structures.doubts import DoubtKind
from eutectic.oracles.tables.sheet import Sheet, objection, read, refuse_dialect

BESIDE = 0.01
"""Share of the whole by which the amounts of a row may miss it."""
EQUAL = 1e-6
"""Share of a column's range below which two values are one."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A finite list of candidates from a file; rows with equal features and matching structures are one candidate."""

    file: str
    """The CSV, relative to the campaign file; UTF-8, a header row first unless `columns` is given."""
    features: tuple[str, ...] | None = None
    """Columns that describe a candidate: numbers, chemical formulas, other text (categories). By default the only
    column of formulas; without one they must be named, as a property must not describe."""
    labels: tuple[str, ...] = ()
    """Features that are categories although they read as numbers or formulas."""
    structures: str | None = None
    """A column of structure files (CIF, POSCAR, extended XYZ, ..., also gzipped), their paths relative to `file`;
    candidates then carry structures, and descriptors of these are features. `many.extxyz@0` is the first of several."""
    accept: tuple[DoubtKind, ...] = ()
    """Doubts about structure files that are put aside: `symmetry`, `formula`, `symbols`, `distances`, `density`."""
    disordered: Literal["refuse", "keep"] = "refuse"
    """Structures whose sites are partly filled: refused, or kept as they are for oracles to order (`mlip` and `dft`,
    by their option `order`)."""
    unit: Unit | None = None
    """Unit of the features called like elements (`C`, `Mn`, `Fe`), `fraction`, `at.%`, `wt.%` or `mole_ratio`, of which
    candidates then have their composition."""
    columns: tuple[str, ...] | None = None
    """Column names of a file that has no header row."""
    separator: str = ","
    """What stands between two cells; a blank means any white space."""
    decimal: str = "."
    """What stands before the decimals of a number: a full stop or a comma."""

    def __post_init__(self) -> None:
        features = self.features or ()
        if self.features is not None and not self.features:
            raise ValueError("features: name at least one column")
        twice = [f for f in features if features.count(f) > 1]
        if twice:
            raise ValueError(f"features: {twice[0]!r} is named twice")
        if self.structures in features:
            raise ValueError(f"structures: {self.structures!r} is also among the features; leave it out there")
        stray = [label for label in self.labels if label not in features]
        if stray:
            raise ValueError(f"labels: {stray[0]!r} is not among the features{hint(stray[0], features)}")
        refuse_dialect(self.separator, self.decimal)

    def located(self, folder: str) -> "Pool":
        """The same pool with its file taken from `folder`."""
        return replace(self, file=str(Path(folder) / self.file))

    @property
    def space(self) -> Space:
        """One column a number or category, twelve a formula (constant ones left out); ValueError on a bad file."""
        return self._listed().space

    def generate(self, X: Array, rng: np.random.Generator) -> list[Candidate]:  # noqa: ARG002 (nothing is random here)
        """Candidates with the cells of the rows of X (n, d); ValueError when a row is not in the pool."""
        listed = self._listed()
        return [listed.candidates[place] for place in listed.find(X)]

    def coordinates(self, variables: Mapping[str, Value]) -> Array:
        """Row of the space (d,) of the candidate with these variables, so many as tell it from the others.

        ValueError when the pool has none, or several.
        """
        listed = self._listed()
        assert listed.space.table is not None
        return np.array(listed.space.table[listed.place(variables)])

    @property
    def materials(self) -> tuple[Candidate, ...]:
        """The candidates, in the order of the space's table."""
        return self._listed().candidates

    @property
    def uncomposed(self) -> str:
        """Why candidates have no composition and how they get one; "" where they have."""
        if self._listed().candidates[0].composition is not None:
            return ""
        named = [name for name in self.features or () if element_column(name)[0]]
        if len(named) > 1:
            unit = next((own for name in named if (own := element_column(name)[1])), "wt.%")
            return f"{', '.join(named)} are called like elements: say their unit, such as `unit: {unit}`"
        return self._listed().ambiguous or "no feature is a column of formulas, or is called like an element"

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said of the file before a run: which rows are one candidate."""
        return self._listed().remarks

    def _listed(self) -> "Listed":
        try:
            state = Path(self.file).stat()
        except OSError as error:
            wanted = self.columns or self.features
            told = f"; it is to have the columns {', '.join(wanted)}" if wanted else ""
            raise ValueError(f"file: {self.file} cannot be read ({error.strerror}){told}") from None
        return _list(self, state.st_mtime_ns, state.st_size)


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """A pool as read: row i of the space's table is candidate i."""

    space: Space
    candidates: tuple[Candidate, ...]
    remarks: tuple[str, ...] = ()
    ambiguous: str = ""
    """Why candidates have no composition although columns read as formulas."""
    places: Mapping[tuple[object, ...], int] = field(default_factory=dict)
    """Numbers of the rows by what their variables are."""

    def place(self, variables: Mapping[str, Value]) -> int:
        """Number of the only row with these variables, numbers compared to nine digits; ValueError without one."""
        titles = tuple(self.candidates[0].variables)
        exact = self.places.get(row_key(variables, titles))
        return exact if exact is not None else only_row(self.places, titles, variables)

    def find(self, X: Array) -> list[int]:
        """Numbers of the rows equal to those of X (n, d), to a millionth of each column's range; ValueError if none."""
        table = self.space.table
        assert table is not None
        width = np.maximum(self.space.upper - self.space.lower, 1e-300)
        weights = np.sqrt(np.arange(2.0, 2.0 + len(width)))
        # Equal rows lie beside each other along any direction: only those near a row there are compared with it.
        along = ((table - self.space.lower) / width) @ weights
        order = np.argsort(along, kind="stable")
        own, near = ((X - self.space.lower) / width) @ weights, EQUAL * weights.sum()
        first = np.searchsorted(along, own - near, "left", order)
        last = np.searchsorted(along, own + near, "right", order)
        found = []
        for x, some in zip(X, map(slice, first, last), strict=True):
            rows = np.sort(order[some])
            gaps = (np.abs(table[rows] - x) / width).max(1)
            if not len(rows) or not gaps.min() < EQUAL:
                raise ValueError(f"the pool has no row {x.tolist()}")
            found.append(int(rows[gaps.argmin()]))
        return found


@lru_cache(maxsize=16)
def _list(pool: Pool, mtime_ns: int, size: int) -> Listed:
    """The pool in its file; mtime_ns and size only tell one state of the file from the next."""
    del mtime_ns, size
    sheet = read(pool.file, pool.columns, pool.separator, pool.decimal)
    titles = pool.features or _only_formula(sheet, pool.structures is not None)
    features = [_feature(sheet, name, name in pool.labels) for name in titles]
    if pool.structures is not None:
        features.append(_structures(sheet, pool))
        titles = (*titles, pool.structures)
    of = distinct(features)
    first = np.unique(of)
    features += telling_apart(features, first)
    X = np.hstack([feature.values for feature in features])
    kinds: list[Kind] = []
    for feature in features:
        kinds += ["categorical" if feature.categories else "continuous"] * len(feature.names)
    rows = np.asarray(X[first], dtype=float)
    space = Space(
        names=tuple(name for feature in features for name in feature.names),
        kinds=tuple(kinds),
        lower=rows.min(0),
        upper=rows.max(0),
        categories=tuple(feature.categories for feature in features for _ in feature.names),
        table=rows,
    )
    composed = _compositions(sheet, features[: len(titles)], pool.unit) if pool.unit is not None else None
    divided = f"{sheet.name}: {composed.divided}" if composed is not None and composed.divided else ""
    candidates = tuple(
        _candidate(titles, features[: len(titles)], int(i), composed.rows if composed else None) for i in first
    )
    said = merged(
        sheet.name, of, [" ".join(map(str, c)) for c in zip(*(f.cells for f in features[: len(titles)]), strict=True)]
    )
    ambiguous = _ambiguous(features[: len(titles)])
    alike = [alike_categories(sheet.name, f.title, f.categories) for f in features if f.categories]
    remarks = tuple(note for note in (said, divided, ambiguous, *alike) if note)
    places = {row_key(c.variables, titles): i for i, c in reversed(list(enumerate(candidates)))}
    return Listed(space, candidates, remarks, ambiguous, places)


@dataclass(frozen=True, slots=True)
class Composed:
    """Compositions of columns of elements."""

    rows: Sequence[Mapping[str, float]]
    """(n,) atomic fractions."""
    divided: str
    """What is to be said of rows that were divided by their sum."""


def _compositions(sheet: Sheet, features: Sequence[Feature], unit: Unit) -> Composed:
    """Atomic fractions (n,) of the features called like elements; ValueError at a row that sums to something else."""
    own = [feature for feature in features if element_column(feature.title)[0]]
    if not own:
        raise ValueError(f"unit: no feature of {sheet.name} is called like an element")
    for feature in own:
        other = element_column(feature.title)[1]
        if feature.categories:
            raise ValueError(f"{sheet.place(0, feature.title)}: {objection(str(feature.cells[0]), sheet.decimal)}")
        if other is not None and (other, unit) not in ((other, other), ("at.%", "fraction"), ("at.%", "mole_ratio")):
            raise ValueError(f"unit: {unit}, but the column {feature.title!r} is in {other}")
    elements = [element_column(feature.title)[0] for feature in own]
    if len(set(elements)) < len(elements):
        raise ValueError(f"unit: two of the features {', '.join(f.title for f in own)} are of one element")
    amounts = np.hstack([feature.values for feature in own])
    total, wanted = amounts.sum(1), TOTAL.get(unit)
    for i in range(len(amounts)):
        what = ", ".join(feature.title for feature in own)
        if amounts[i].min() < 0 or not total[i] > 0:
            raise ValueError(f"{sheet.place(i, own[0].title)}: the amounts of {what} are not positive")
        if wanted is not None and abs(total[i] / wanted - 1) > BESIDE:
            raise ValueError(
                f"{sheet.place(i, own[0].title)}: {what} sum to {total[i]:g} {unit}, not to {wanted}; is an element "
                "left out of the features, or the unit another one?"
            )
    found = amounts * np.array([moles(element, unit) for element in elements])
    found = found / found.sum(1, keepdims=True)
    rows = [{element: float(x) for element, x in zip(elements, row, strict=True) if x > 0} for row in found]
    beside = 0 if wanted is None else int((np.abs(total / wanted - 1) > 1e-9).sum())
    said = f"{beside} of {len(rows)} rows have amounts that do not quite sum to {wanted}, and were divided by their sum"
    return Composed(rows, said if beside else "")


def _candidate(
    titles: tuple[str, ...], features: list[Feature], row: int, composed: Sequence[Mapping[str, float]] | None
) -> Candidate:
    """The candidate of a row; its composition is its structure's, its columns of elements', or its formula's."""
    variables = {title: feature.cells[row] for title, feature in zip(titles, features, strict=True)}
    crystals = [feature for feature in features if feature.structures]
    formulas = crystals or [feature for feature in features if feature.compositions]
    return Candidate(
        variables,
        composition=_composition(crystals, formulas, row, composed),
        structure=crystals[0].structures[row] if crystals else None,
    )


def _composition(
    crystals: Sequence[Feature], formulas: Sequence[Feature], row: int, composed: Sequence[Mapping[str, float]] | None
) -> Mapping[str, float] | None:
    if composed is not None and not crystals:
        return composed[row]
    return formulas[0].compositions[row] if len(formulas) == 1 else None


def _structures(sheet: Sheet, pool: Pool) -> Feature:
    """A column of structure files as descriptors; ValueError naming the cell whose file cannot be read."""
    name, folder = str(pool.structures), Path(pool.file).parent
    cells, found, rows = sheet.filled(name), [], []
    wrong: list[tuple[int, str]] = []
    for i, cell in enumerate(cells):
        try:
            found.append(crystals.read(str(folder / cell), pool.accept, pool.disordered == "keep"))
            rows.append(crystals.described(found[-1]))
        except ValueError as error:
            wrong.append((i, f"{sheet.place(i, name)}: {error}"))
    if wrong:
        others = ", ".join(str(i + 1) for i, _ in wrong[1:21])
        more = f" (and {len(wrong) - 1} more rows are refused, such as {others})" if others else ""
        raise ValueError(wrong[0][1] + more)
    values = np.array(rows)
    varying = _varying(values)
    names = tuple(f"{name} {list(crystals.DESCRIPTORS)[i]}" for i in varying)
    compositions = tuple(crystals.composition(structure) for structure in found)
    return Feature(name, names, values[:, varying], tuple(cells), compositions=compositions, structures=tuple(found))


def _varying(values: Array) -> list[int]:
    """The columns of values (n, k) that vary; the first where none does."""
    return [int(i) for i in np.flatnonzero(np.ptp(values, axis=0) > 0)] or [0]


def _feature(sheet: Sheet, name: str, label: bool) -> Feature:
    """A column of the file as numbers, as element-property statistics or as a category."""
    if not label and (numbers := sheet.numbers(name)) is not None:
        return Feature(name, (name,), np.array(numbers)[:, None], numbers)
    cells = sheet.filled(name)
    found = _formulas(sheet, name, cells) if not label else None
    if found is not None:
        values = statistics(found)
        varying = _varying(values)
        names = tuple(f"{name} {STATISTICS[i]}" for i in varying)
        return Feature(name, names, values[:, varying], tuple(cells), compositions=found)
    if not label and (doubt := sheet.nearly_numbers(name)):
        raise ValueError(f"{doubt}; where these cells are names, say `labels: [{name}]`")
    categories = tuple(sorted(set(cells)))
    place = {category: float(i) for i, category in enumerate(categories)}
    return Feature(name, (name,), np.array([[place[cell]] for cell in cells]), tuple(cells), categories)


def _formulas(sheet: Sheet, name: str, cells: list[str]) -> tuple[Mapping[str, float], ...] | None:
    """Compositions (n,) where most cells are formulas; ValueError at one that is not."""
    if not are_formulas(cells):
        return None
    found = [fractions(cell) for cell in cells]
    for i, (composition, cell) in enumerate(zip(found, cells, strict=True)):
        if composition is None:
            others = sum(f is None for f in found) - 1
            more = f" ({others} more cells are none either)" if others else ""
            raise ValueError(
                f"{sheet.place(i, name)}: {cell!r} is no chemical formula, most cells are{more}; write it as one or "
                f"leave out the row; where the cells are names, say `labels: [{name}]`"
            )
    return tuple(f for f in found if f is not None)


def _only_formula(sheet: Sheet, optional: bool) -> tuple[str, ...]:
    """The one column of formulas; none where it is optional and there is no such."""
    text = [name for name in sheet.columns if are_formulas(sheet.text(name))]
    if len(text) != 1 and optional:
        return ()
    if len(text) != 1:
        found = f"{len(text)} columns of formulas ({', '.join(text)})" if text else "no column of formulas"
        raise ValueError(f"features: {sheet.name} has {found}: name the features, of: {', '.join(sheet.columns)}")
    return (text[0],)


def _ambiguous(features: Sequence[Feature]) -> str:
    """What is to be said where two columns of formulas leave a candidate without a composition; "" elsewhere."""
    formulas = [feature.title for feature in features if feature.compositions and not feature.structures]
    if len(formulas) < 2 or any(feature.structures for feature in features):
        return ""
    return (
        f"{len(formulas)} columns are read as chemical formulas ({', '.join(formulas)}), so that candidates have no "
        f"composition of their own; where one of them holds names, say so: `labels: [{formulas[-1]}]`"
    )
