"""This file is the pool generator: the rows of a CSV are all the candidates there are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from eutectic.generators.pool_rows import Feature, distinct, merged, telling_apart
from eutectic.generators.representations import crystals
from eutectic.generators.representations.chemical_formulas import STATISTICS, fractions, statistics
from eutectic.generators.sheet import Sheet, hint, read
from eutectic.optimizers.base import Array, Kind, Space
from eutectic.oracles.base import Candidate, Value
from eutectic.oracles.structures.cif_files import DoubtKind


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
    columns: tuple[str, ...] | None = None
    """Column names of a file that has no header row."""
    separator: str = ","
    """What stands between two cells; a blank means any white space."""

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
        if len(self.separator) != 1:
            raise ValueError(f"separator: {self.separator!r} is not one character")

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
        return [listed.candidates[listed.find(x)] for x in X]

    def coordinates(self, variables: Mapping[str, Value]) -> Array:
        """Row of the space (d,) whose candidate has these variables; ValueError when the pool has none."""
        listed = self._listed()
        assert listed.space.table is not None
        for row, candidate in zip(listed.space.table, listed.candidates, strict=True):
            if all(_same(value, variables.get(name)) for name, value in candidate.variables.items()):
                return np.array(row)
        raise ValueError(f"the pool has no row with {', '.join(f'{k} = {v}' for k, v in variables.items())}")

    @property
    def materials(self) -> tuple[Candidate, ...]:
        """The candidates, in the order of the space's table."""
        return self._listed().candidates

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

    def find(self, x: Array) -> int:
        """Number of the row equal to x (d,)."""
        assert self.space.table is not None
        width = np.maximum(self.space.upper - self.space.lower, 1e-300)
        gap = (np.abs(self.space.table - x) / width).max(1)
        if not gap.min() < 1e-6:
            raise ValueError(f"the pool has no row {x.tolist()}")
        return int(gap.argmin())


@lru_cache(maxsize=16)
def _list(pool: Pool, mtime_ns: int, size: int) -> Listed:
    """The pool in its file; mtime_ns and size only tell one state of the file from the next."""
    del mtime_ns, size
    sheet = read(pool.file, pool.columns, pool.separator)
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
    candidates = tuple(_candidate(titles, features[: len(titles)], int(i)) for i in first)
    said = merged(
        sheet.name, of, [" ".join(map(str, c)) for c in zip(*(f.cells for f in features[: len(titles)]), strict=True)]
    )
    return Listed(space, candidates, (said,) if said else ())


def _candidate(titles: tuple[str, ...], features: list[Feature], row: int) -> Candidate:
    """The candidate of a row; its composition is its structure's, else its only formula's."""
    variables = {title: feature.cells[row] for title, feature in zip(titles, features, strict=True)}
    crystals = [feature for feature in features if feature.structures]
    formulas = crystals or [feature for feature in features if feature.compositions]
    return Candidate(
        variables,
        composition=formulas[0].compositions[row] if len(formulas) == 1 else None,
        structure=crystals[0].structures[row] if crystals else None,
    )


def _structures(sheet: Sheet, pool: Pool) -> Feature:
    """A column of structure files as descriptors; ValueError naming the cell whose file cannot be read."""
    name, folder = str(pool.structures), Path(pool.file).parent
    cells, found, rows = sheet.cells(name), [], []
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
    if name in sheet.columns and not label and (numbers := sheet.numbers(name)) is not None:
        return Feature(name, (name,), np.array(numbers)[:, None], tuple(numbers))
    cells = sheet.cells(name)
    found = _formulas(sheet, name, cells) if not label else None
    if found is not None:
        values = statistics(found)
        varying = _varying(values)
        names = tuple(f"{name} {STATISTICS[i]}" for i in varying)
        return Feature(name, names, values[:, varying], tuple(cells), compositions=found)
    categories = tuple(sorted(set(cells)))
    place = {category: float(i) for i, category in enumerate(categories)}
    return Feature(name, (name,), np.array([[place[cell]] for cell in cells]), tuple(cells), categories)


def _formulas(sheet: Sheet, name: str, cells: list[str]) -> tuple[Mapping[str, float], ...] | None:
    """Compositions (n,) when at least nine cells of ten are formulas; ValueError at one that is not."""
    found = [fractions(cell) for cell in cells]
    if 10 * sum(f is not None for f in found) < 9 * len(found):
        return None
    for i, (composition, cell) in enumerate(zip(found, cells, strict=True)):
        if composition is None:
            raise ValueError(f"{sheet.place(i, name)}: {cell!r} is no chemical formula, the other cells are")
    return tuple(f for f in found if f is not None)


def _only_formula(sheet: Sheet, optional: bool) -> tuple[str, ...]:
    """The one column of formulas; none where it is optional and there is no such."""
    text = [name for i, name in enumerate(sheet.columns) if sheet.rows and _is_formula([r[i] for r in sheet.rows])]
    if len(text) != 1 and optional:
        return ()
    if len(text) != 1:
        found = f"{len(text)} columns of formulas ({', '.join(text)})" if text else "no column of formulas"
        raise ValueError(f"features: {sheet.name} has {found}: name the features, of: {', '.join(sheet.columns)}")
    return (text[0],)


def _is_formula(cells: list[str]) -> bool:
    return sum(fractions(cell) is not None for cell in cells) * 10 >= 9 * len(cells)


def _same(value: Value, given: Value | None) -> bool:
    """Equal texts, or numbers equal to nine digits."""
    if given is None or isinstance(value, str):
        return given is not None and str(given) == value
    try:
        return abs(float(given) - value) <= 1e-9 * max(abs(value), 1.0)
    except ValueError:
        return False
