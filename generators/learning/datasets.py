"""This file is sets of crystals that generators are trained on: folders of CIF, extended XYZ, CSV.

What cannot be read is left out and said (which, why), never a reason to stop unless nothing remains.
"""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from eutectic.oracles import user_cache
from eutectic.oracles.structures import files
from eutectic.oracles.tables.rows import titled
from eutectic.oracles.whole_files import write_whole

if TYPE_CHECKING:
    from pymatgen.core import Structure

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

READER = "1"
"""Raised whenever the same files are read otherwise; part of the cache's names."""
XYZ = (".extxyz", ".xyz")
STRUCTURE_COLUMNS = ("cif", "structure", "poscar")
ID_COLUMNS = ("material_id", "id", "name")
RENAMED = {
    "formation_energy_per_atom": "formation_energy_ev_per_atom",
    "e_above_hull": "energy_above_hull_ev_per_atom",
    "energy_above_hull": "energy_above_hull_ev_per_atom",
    "band_gap": "band_gap_ev",
}
"""Columns of the Materials Project under names that carry their units."""


@dataclass(frozen=True, slots=True, eq=False)
class Structures:
    """n ordered crystals, as arrays."""

    ids: tuple[str, ...]
    lattices: Array
    """(n, 3, 3) rows are vectors, angstrom."""
    starts: Index
    """(n + 1,) crystal i has the atoms `starts[i]` to `starts[i + 1]`."""
    fractional: Array
    """(atoms, 3)."""
    numbers: Index
    """(atoms,)."""
    properties: Mapping[str, Array]
    """Name -> (n,), NaN where it is not given."""
    sources: Mapping[str, str]
    """File's name -> sha256 of its bytes."""
    left_out: tuple[str, ...] = ()
    """What was not read, and why."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def sizes(self) -> Index:
        """(n,) atoms of each."""
        return np.diff(self.starts)

    def crystal(self, i: int) -> tuple[Array, Array, Index]:
        """Lattice (3, 3), fractional coordinates (m, 3) and atomic numbers (m,) of the i-th."""
        inside = slice(int(self.starts[i]), int(self.starts[i + 1]))
        return self.lattices[i], self.fractional[inside], self.numbers[inside]

    def take(self, rows: Iterable[int]) -> "Structures":
        """Those crystals, in that order."""
        chosen = np.array(list(rows), dtype=np.int64)
        atoms = [np.arange(self.starts[i], self.starts[i + 1]) for i in chosen]
        flat = np.concatenate(atoms) if atoms else np.zeros(0, dtype=np.int64)
        return Structures(
            ids=tuple(self.ids[i] for i in chosen),
            lattices=self.lattices[chosen],
            starts=np.concatenate([[0], np.cumsum([len(a) for a in atoms])]).astype(np.int64),
            fractional=self.fractional[flat],
            numbers=self.numbers[flat],
            properties={name: values[chosen] for name, values in self.properties.items()},
            sources=self.sources,
            left_out=self.left_out,
        )


def load(paths: Sequence[str | Path], progress: Callable[[int], None] | None = None) -> Structures:
    """The crystals of files and folders, those of one file only once read (then from the user's cache).

    `progress` is called with how many are read. ValueError when a path does not exist, is of no kind that is read, or
    when nothing could be read.
    """
    parts = [_cached(Path(path), progress) for path in _files(paths)]
    joined = _joined(parts)
    if not len(joined):
        why = f": {joined.left_out[0]}" if joined.left_out else ""
        raise ValueError(f"no crystal in {', '.join(str(p) for p in paths)}{why}")
    return joined


def _files(paths: Sequence[str | Path]) -> Iterator[Path]:
    """Files to read; those of a folder by name."""
    for given in paths:
        path = Path(given)
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if _kind(p))
            if not inside:
                raise ValueError(f"{path} holds no .cif, .extxyz, .xyz, .csv or .csv.gz")
            yield from inside
        elif not path.exists():
            raise ValueError(f"no such file or folder: {path}")
        elif not _kind(path):
            raise ValueError(f"{path} is not a folder, .cif, .extxyz, .xyz, .csv or .csv.gz")
        else:
            yield path


def _kind(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".csv"):
        return "csv"
    return "cif" if name.endswith(".cif") else "xyz" if name.endswith(XYZ) else ""


def _cached(path: Path, progress: Callable[[int], None] | None) -> Structures:
    """One file's crystals."""
    content = path.read_bytes()
    sha = hashlib.sha256(content).hexdigest()
    cache = user_cache.cache_folder("structures") / f"{sha[:32]}-{READER}.npz"
    if cache.exists():
        return _restored(cache, {path.name: sha})
    if _kind(path) == "csv":
        rows: Iterable[tuple[str, Structure | str, Mapping[str, float]]] = _table_rows(path)
    else:
        rows = _file_rows(path)
    read = _collected(rows, {path.name: sha}, progress)
    stream = io.BytesIO()
    properties: dict[str, Any] = {f"property:{name}": values for name, values in read.properties.items()}
    np.savez_compressed(
        stream,
        ids=np.array(read.ids, dtype=str),
        left_out=np.array(read.left_out, dtype=str),
        lattices=read.lattices,
        starts=read.starts,
        fractional=read.fractional,
        numbers=read.numbers,
        **properties,
    )
    write_whole(cache, stream.getvalue())
    return read


def _restored(cache: Path, sources: Mapping[str, str]) -> Structures:
    with np.load(cache, allow_pickle=False) as kept:
        return Structures(
            ids=tuple(str(k) for k in kept["ids"]),
            lattices=kept["lattices"],
            starts=kept["starts"],
            fractional=kept["fractional"],
            numbers=kept["numbers"],
            properties={name[9:]: kept[name] for name in kept.files if name.startswith("property:")},
            sources=sources,
            left_out=tuple(str(k) for k in kept["left_out"]),
        )


def _file_rows(path: Path) -> "Iterator[tuple[str, Structure | str, Mapping[str, float]]]":
    """Identity, crystal or why there is none, and properties, of a file's structures."""
    try:
        structures = files.read_all(str(path))
    except ValueError as error:
        yield path.name, str(error), {}
        return
    for k, structure in enumerate(structures):
        given = {**getattr(structure, "properties", {})}
        values = {RENAMED.get(k, k): float(v) for k, v in given.items() if isinstance(v, int | float)}
        yield path.stem if len(structures) == 1 else f"{path.stem}@{k}", structure, values


def _table_rows(path: Path) -> "Iterator[tuple[str, Structure | str, Mapping[str, float]]]":
    """The same of a table's rows."""
    name = path.name
    columns, rows = titled(str(path))
    column = next((c for wanted in STRUCTURE_COLUMNS for c in columns if c.lower() == wanted), None)
    if column is None:
        raise ValueError(
            f"{name} has no column {' or '.join(STRUCTURE_COLUMNS)}; it has {', '.join(columns) or 'none'}"
        )
    label = next((c for wanted in ID_COLUMNS for c in columns if c.lower() == wanted), None)
    for k, row in enumerate(rows):
        identity = (row[label] if label else "") or f"{name}:{k + 2}"
        values = {RENAMED.get(c, c): v for c in columns if c and (v := _number(row[c])) is not None and c != label}
        try:
            yield identity, _parsed(row[column]), values
        except ValueError as error:
            yield identity, str(error), {}


def _number(text: object) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None


def _parsed(text: str) -> "Structure":
    """A crystal from CIF, pymatgen's JSON or POSCAR text (line breaks may be written as backslash and n)."""
    return files.of_text(text.replace("\\n", "\n"), accept=("distances", "density"))


def _collected(
    rows: "Iterable[tuple[str, Structure | str, Mapping[str, float]]]",
    sources: Mapping[str, str],
    progress: Callable[[int], None] | None,
) -> Structures:
    """Arrays of those that are ordered crystals."""
    ids, crystals, values, left_out = [], [], [], []
    for k, (identity, structure, given) in enumerate(rows):
        if isinstance(structure, str):
            left_out.append(f"{identity}: {structure}")
        elif not structure.is_ordered:
            left_out.append(f"{identity}: sites are shared by several elements")
        else:
            ids.append(identity)
            crystals.append(_arrays(structure))
            values.append(given)
        if progress is not None:
            progress(k + 1)
    sizes = [len(numbers) for _, _, numbers in crystals]
    names = sorted({name for given in values for name in given})
    return Structures(
        ids=tuple(ids),
        lattices=np.array([lattice for lattice, _, _ in crystals]).reshape(-1, 3, 3),
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        fractional=np.concatenate([f for _, f, _ in crystals] or [np.zeros((0, 3))]),
        numbers=np.concatenate([z for _, _, z in crystals] or [np.zeros(0, dtype=np.int64)]),
        properties={name: np.array([given.get(name, np.nan) for given in values]) for name in names},
        sources=sources,
        left_out=tuple(left_out),
    )


def _arrays(structure: Any) -> tuple[Array, Array, Index]:
    numbers = np.array([site.specie.Z for site in structure], dtype=np.int64)
    return np.array(structure.lattice.matrix), np.array(structure.frac_coords), numbers


def _joined(parts: Sequence[Structures]) -> Structures:
    """One set of several; a crystal whose id was there before is left out silently, for it is the same."""
    seen: set[str] = set()
    kept = []
    for part in parts:
        rows = [k for k, identity in enumerate(part.ids) if identity not in seen]
        seen |= set(part.ids)
        kept.append(part.take(rows))
    names = sorted({name for part in kept for name in part.properties})
    sizes = np.concatenate([part.sizes for part in kept] or [np.zeros(0, dtype=np.int64)])
    return Structures(
        ids=tuple(identity for part in kept for identity in part.ids),
        lattices=np.concatenate([part.lattices for part in kept]),
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        fractional=np.concatenate([part.fractional for part in kept]),
        numbers=np.concatenate([part.numbers for part in kept]),
        properties={
            n: np.concatenate([part.properties.get(n, np.full(len(part), np.nan)) for part in kept]) for n in names
        },
        sources={name: sha for part in kept for name, sha in part.sources.items()},
        left_out=tuple(text for part in kept for text in part.left_out),
    )
