"""This file is crystal structures read from files with care: what would be misread is refused, by file and reason.

CIF, POSCAR, pymatgen's JSON and what else pymatgen reads, extended XYZ through ASE, gzipped or not. Of a file that
holds several structures one is named by its place: `many.extxyz@0` is the first.
"""

import io
import json
import re
import warnings
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eutectic.oracles.structures import cif_files, poscar_files
from eutectic.oracles.structures.doubts import Doubt, DoubtKind

if TYPE_CHECKING:
    from pymatgen.core import Structure

PLACE = re.compile(r"^(?P<path>.+)@(?P<place>\d+)$")
XYZ, THROUGH_ASE = (".extxyz", ".xyz"), (".extxyz", ".xyz", ".traj")
"""Endings of files that ASE reads."""
COLUMNS = re.compile(
    r"^(?P<count>.*)\n.*\bProperties\s*=\s*\"?(?P<columns>[^\s\"]+).*\n(?=(?P<row>.*)$)", re.MULTILINE | re.IGNORECASE
)
"""The count of atoms, the comment line of extended XYZ that says what the columns are, and the row below it."""
PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ": "lzma"}
"""First bytes of compressed files, whatever they are called, and the module that reads them."""
NEAREST_OVER_RADII = 0.6
"""Atoms nearer than so much of the sum of their covalent radii are upon each other (H2: 1.2, N2: 0.77)."""
NEAREST_ANGSTROM = 0.5
"""Nearest that two atoms may be, whatever their radii, angstrom; the bond of H2, the shortest there is, has 0.74."""
LONGEST_ANGSTROM = 2000.0
"""Edge of a cell."""
FARTHEST_CELLS = 3.0
"""How far outside its cell an atom may stay."""
DENSITY_G_PER_CM3 = (0.02, 45.0)
"""Between aerogels and iridium in the Earth's core."""
IN_A_BOX: tuple[DoubtKind, ...] = ("density",)
"""What is put aside of a file that may hold a molecule in a large cell."""


def read(path: str, accept: Collection[DoubtKind] = ()) -> "Structure":
    """The structure in a file, or the one at a place of it (`FILE@0`); ValueError says what is wrong with the file.

    `accept` puts kinds of doubt aside.
    """
    at = PLACE.match(path)
    file = at["path"] if at and not _is_file(path) else path
    structures = read_all(file, accept, int(at["place"]) if at and file != path else None)
    if len(structures) > 1:
        last = len(structures) - 1
        raise ValueError(f"{file} holds {len(structures)} structures: name one, as {Path(file).name}@0 (up to @{last})")
    return structures[0]


def read_all(path: str, accept: Collection[DoubtKind] = (), place: int | None = None) -> "list[Structure]":
    """All structures in a file, or the one at `place` alone; ValueError as `read`."""
    if not _is_file(path):
        raise ValueError(f"no such file: {path[:200]}")
    return _examined(path, lambda: _held(path), accept, place)


def as_cif(structure: "Structure") -> str:
    """A structure as a CIF; each site is called anew, as those of one orbit are all called alike where it was read."""
    plain = structure.copy()
    for site in plain:
        site.label = None
    return str(plain.to(fmt="cif"))


def _is_file(path: str) -> bool:
    """Is there such a file? There is none where a text, say, is too long to be a name."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def of_text(text: str, accept: Collection[DoubtKind] = ()) -> "Structure":
    """The one structure in the text of a CIF, of pymatgen's JSON or of a POSCAR; ValueError as `read`."""
    structures = _examined("the text", lambda: _of_text(text), accept, None)
    if len(structures) > 1:
        raise ValueError(f"the text holds {len(structures)} structures, not one")
    return structures[0]


def _examined(
    name: str,
    held_by: "Callable[[], list[tuple[Structure, list[Doubt]]]]",
    accept: Collection[DoubtKind],
    place: int | None,
) -> "list[Structure]":
    """What a reader gives, once nothing speaks against it."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            held = held_by()
    except ModuleNotFoundError as error:  # of a reader that is not installed, which is how pymatgen asks for it
        raise ValueError(f"{name} holds no structure: its format is not known") from error
    except Exception as error:  # each format's reader raises what it likes
        raise ValueError(f"{name} holds no structure that can be read: {_reason(error)}") from error
    if not held:
        raise ValueError(f"{name} holds no structure")
    for text in (str(warning.message) for warning in caught):
        if "cannot be determined" in text or "false names" in text:
            raise ValueError(f"{name} has no element names: write them on a line of their own above the counts")
        if "Not all sites have property" in text:
            raise ValueError(f"{name}: {text.partition('.')[0].lower()}")
    if place is not None and place >= len(held):
        raise ValueError(f"{name} holds {len(held)} structures, the last is @{len(held) - 1}")
    wanted = range(len(held)) if place is None else [place]
    for k in wanted:
        structure, doubts = held[k]
        called = f"{name}@{k}" if len(held) > 1 else name
        try:
            every = [*doubts, *_of_crystal(structure, accept)]
        except ValueError as error:
            raise ValueError(f"{called}: {error}") from None
        for doubt in every:
            if doubt.kind not in accept:
                raise ValueError(f"{called}: {doubt.text}; if it is as it should be, accept: [{doubt.kind}]")
    return [held[k][0] for k in wanted]


def _reason(error: Exception) -> str:
    """What a reader says, in one line; a key that it has not found is named as such."""
    said = " ".join(str(error).split())[:300].replace("No structure parsed for section 1 in CIF. ", "")
    if isinstance(error, KeyError):
        return f"{said} is not known, or not there"
    if "at least 1 site" in said:
        return "it has no atoms"
    if "Singular matrix" in said or "below threshold" in said:
        return "its cell has no volume"
    if "Unrecognized extension" in said:
        return "its format is not known"
    return said if said and not isinstance(error, IndexError) else f"it is cut off, or not of its format ({said})"


def _held(path: str) -> "list[tuple[Structure, list[Doubt]]]":
    from pymatgen.core import Structure

    name = Path(path).name.lower().removesuffix(".gz").removesuffix(".bz2").removesuffix(".xz")
    if name.endswith((".cif", ".mcif")):
        return cif_files.read(_text(path))
    if name.endswith(".traj"):
        return list(_through_ase(path, None))
    if name.endswith(XYZ):
        text = _text(path)
        _check_columns(text)
        return list(_through_ase(io.StringIO(text), "extxyz"))
    if name.endswith(".json"):
        return [(structure, []) for structure in _of_json(_text(path))]
    if "poscar" in name or "contcar" in name or name.endswith(".vasp"):
        return [(_of_poscar(_text(path)), [])]
    return [(Structure.from_file(path), [])]


def _text(path: str) -> str:
    """The text of a file, unpacked where its first bytes say that it is packed."""
    import importlib

    raw = Path(path).read_bytes()
    for start, module in PACKED.items():
        if raw.startswith(start):
            raw = importlib.import_module(module).decompress(raw)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16")
    return raw.decode("utf-8-sig", errors="replace")


def _of_text(text: str) -> "list[tuple[Structure, list[Doubt]]]":
    if "_cell_length_a" in text:
        return cif_files.read(text)
    if text.lstrip().startswith(("{", "[")):
        return [(structure, []) for structure in _of_json(text)]
    try:
        return [(_of_poscar(text), [])]
    except ValueError as error:
        raise ValueError(f"neither a CIF nor a POSCAR: {error}") from None


def _of_poscar(text: str) -> "Structure":
    from pymatgen.core import Structure

    poscar_files.check(text)
    return Structure.from_str(text, fmt="poscar")


def _of_json(text: str) -> "Iterator[Structure]":
    """Structures as pymatgen writes them, also in a list, or as the `structure` of an entry."""
    from pymatgen.core import Structure

    content = json.loads(text)
    parts = content if isinstance(content, list) else [content]
    for k, part in enumerate(parts):
        own = part.get("structure", part) if isinstance(part, dict) else part
        which = f"@{k}" if len(parts) > 1 else "it"
        if not isinstance(own, dict) or "lattice" not in own or "sites" not in own:
            raise ValueError(f"{which} is no structure of pymatgen, with its lattice and sites")
        if not own["sites"]:
            raise ValueError(f"{which} has no atoms")
        yield Structure.from_dict(own)


def _check_columns(text: str) -> None:
    """ValueError where an extended XYZ's `Properties` are of more columns than its rows; ASE makes room for all."""
    for header in COLUMNS.finditer(text):
        if header["count"].strip() == "0":  # the row below begins another frame
            continue
        wanted = sum(int(number) for number in header["columns"].split(":")[2::3] if number.isdecimal())
        found = len(header["row"].split())
        if wanted > found:
            raise ValueError(
                f"its Properties are of {wanted} columns, and the row {header['row'].strip()[:60]!r} has {found}"
            )


def _through_ase(source: "str | io.StringIO", form: str | None) -> "Iterator[tuple[Structure, list[Doubt]]]":
    from ase.io import read as ase_read
    from pymatgen.io.ase import AseAtomsAdaptor

    frames: Any = ase_read(source, index=":", format=form)
    for k, atoms in enumerate(frames):
        which = f"@{k}" if len(frames) > 1 else "it"
        if not len(atoms):
            raise ValueError(f"{which} has no atoms")
        if not atoms.cell.rank == 3:
            raise ValueError(f"{which} has no cell: a molecule, not a crystal")
        open_ = [axis for axis, repeats in zip("abc", atoms.pbc, strict=True) if not repeats]
        said = f"it does not repeat along {' and '.join(open_)}: a slab or a wire, not a crystal"
        atoms.pbc = True
        # a file that says of no axis that it repeats was written without a thought for it
        yield AseAtomsAdaptor.get_structure(atoms), [Doubt("periodicity", said)] if len(open_) in (1, 2) else []


def _of_crystal(structure: "Structure", accept: Collection[DoubtKind] = ()) -> Iterator[Doubt]:
    """What cannot be of any crystal, however it was written; ValueError where there is no crystal.

    Distances are not looked at where they are accepted.
    """
    from pymatgen.core import DummySpecies

    numbers = [*structure.lattice.matrix.ravel(), *structure.frac_coords.ravel()]
    if not np.all(np.isfinite(numbers)):
        raise ValueError("its cell or a coordinate is no finite number")
    longest = float(np.abs(structure.lattice.matrix).max())
    if longest > LONGEST_ANGSTROM:  # before anything is squared
        raise ValueError(f"its cell is none: {longest:.4g} angstrom long")
    if not structure.volume > 1e-3 * len(structure):
        raise ValueError(f"its cell is none: a volume of {structure.volume:g} angstrom^3 for {len(structure)} atoms")
    apart = 1.0 / np.linalg.norm(structure.lattice.inv_matrix, axis=0)  # of the planes of the lattice
    if apart.min() < NEAREST_ANGSTROM:
        raise ValueError(f"its cell is none: planes {apart.min():.2g} angstrom apart")
    empty = next((k for k, site in enumerate(structure, start=1) if not site.species.num_atoms > 0), None)
    if empty is not None:
        raise ValueError(f"its site {empty} is empty: nothing on it has an occupancy above 0; take it out")
    strange = [str(element) for element in structure.composition.elements if isinstance(element, DummySpecies)]
    if strange:
        raise ValueError(f"its atom {strange[0].rstrip('0+-')!r} is no element")
    if np.abs(structure.frac_coords).max() > FARTHEST_CELLS:  # a trajectory, say; neighbours are searched for in boxes
        for site in structure:
            site.to_unit_cell(in_place=True)
    low, high = DENSITY_G_PER_CM3
    if not low <= structure.density <= high:
        yield Doubt("density", f"its density is {structure.density:.3g} g/cm3")
    elif "distances" not in accept and structure.is_ordered and (pair := _upon_each_other(structure)):
        yield Doubt("distances", pair)


def _upon_each_other(structure: "Structure") -> str:
    """The two atoms that are nearer than any are, as a sentence; empty when there are none."""
    from ase.data import atomic_numbers, covalent_radii

    radii = np.array([covalent_radii[atomic_numbers[site.specie.symbol]] for site in structure])
    first, second, _, distance = structure.get_neighbor_list(max(NEAREST_ANGSTROM, 1.2 * float(radii.max())))
    limit = np.maximum(NEAREST_ANGSTROM, NEAREST_OVER_RADII * (radii[first] + radii[second]))
    close = distance < limit
    if not close.any():
        return ""
    worst = int(np.argmin(np.where(close, distance / limit, np.inf)))
    one, other = sorted(structure[int(i)].specie.symbol for i in (first[worst], second[worst]))
    return f"{one} and {other} are {distance[worst]:.2f} angstrom apart"
