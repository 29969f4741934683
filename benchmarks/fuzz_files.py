"""Mutated campaign files and tables: none may end in a traceback, take over 5 s or over 1 GB.

Each bundled example and a few files of every section are changed at random (numbers, words, keys, lines, bytes) and
built as `campaign validate` builds them; tables are changed likewise and read as a pool, a table and a history, and so
are structure files (CIF, POSCAR, extended XYZ, JSON; gzipped, in a pool, in a column of a table, in a folder). The time
of each file is its own CPU time.

python -m benchmarks.fuzz_files --files 50000 --tables 10000 --structures 10000 --seed 1
"""

import argparse
import csv
import gzip
import json
import random
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.file.examples import bundled, names
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.loop.prior_data import warnings_of
from eutectic.campaigns.problem import build
from eutectic.generators.structures.sources import known_crystals
from eutectic.optimizers.spaces import region
from eutectic.oracles.base import EngineMissing

SLOW_S = 5.0
"""CPU seconds of one file that count as a fault."""
MEMORY_BYTES = 1 << 30
"""Memory beyond what the libraries take, that counts as a fault."""
WORDS = (
    "0", "-1", "1e-300", "1e300", "1e12", ".inf", ".nan", "null", "true", "''", "[]", "{}", "[1]", "{a: 1}", "9" * 30,
    "1_000", "0x10", "2020-01-01", "!!python/none", "&a", "*a", "Fe", "Xx", "é", "\\0", "'1,5'", "0.1", "1/3", "<<",
)  # fmt: skip
CELLS = (
    "", "nan", "inf", "-inf", "1,5", "12±2", "<1E-10", "1e999", "x" * 5000, '"',
    "Fe2O3", "CuSO4.5H2O", "NaN", "#N/A", "é",
    "0x1", "1_0", "−3", "1e-320", "Fe" * 300, "((((", "Fe2O3)1e9", "C60.5H2O", "\t", ";",
)  # fmt: skip
TABLE = "alloy,t,gas,x,y\n" + "".join(
    f"{a},{t},{g},{t / 7:.3g},{t % 13}\n"
    for a, t, g in [("Fe2O3", 300, "air"), ("NaCl", 450, "argon"), ("Cu2O", 500, "air"), ("MgO", 610, "none")] * 4
)
POOL = """name: p
space: {use: pool, file: t.csv, features: [alloy, t, gas]}
objectives: {y: minimize}
oracles: [{use: table, file: t.csv, properties: [y]}]
history: {file: h.csv, strange: pass_over}
optimizers: [{use: sobol}]
budget: {evaluations: 3}
"""
CELL = "".join(f"_cell_length_{axis} 5.64(2)\n" for axis in "abc") + "".join(
    f"_cell_angle_{angle} 90\n" for angle in ("alpha", "beta", "gamma")
)
SITES = "_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"
CRYSTALS = {
    "x.cif": f"""data_salt
_symmetry_space_group_name_H-M 'F m -3 m'
_symmetry_Int_Tables_number 225
_chemical_formula_sum 'Na Cl'
_cell_volume 179.4
{CELL}loop_
{SITES}_atom_site_occupancy
Na1 Na+ 0 0 0 1.0
Cl1 Cl- 0.5 0.5 0.5 0.9
Br1 Br- 0.5 0.5 0.5 0.1
data_second
{CELL}loop_
_symmetry_equiv_pos_as_xyz
'x,y,z'
'-x,-y,-z'
loop_
{SITES}Cs1 Cs 0 0 0
Cl1 Cl 0.5 0.5 0.5
""",
    "POSCAR": "salt\n1.0\n5.64 0 0\n0 5.64 0\n0 0 5.64\nNa Cl\n2 2\nSelective dynamics\nDirect\n0 0 0 T T F\n"
    "0 .5 .5 T T T\n.5 .5 .5 T T T\n.5 0 0 T T T\n\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n",
    "x.extxyz": '2\nLattice="4.12 0 0 0 4.12 0 0 0 4.12" Properties=species:S:1:pos:R:3:magmoms:R:1 pbc="T T T"\n'
    'Cs 0 0 0 0.5\nCl 2.06 2.06 2.06 -0.5\n1\nLattice="2.87 0 0 0 2.87 0 0 0 2.87" Properties=species:S:1:pos:R:3\n'
    "Po 0.0 0.0 0.0\n",
    "x.json": json.dumps(
        {
            "lattice": {"matrix": [[4.12, 0, 0], [0, 4.12, 0], [0, 0, 4.12]], "pbc": [True, True, True]},
            "sites": [
                {"species": [{"element": "Cs", "occu": 1}], "abc": [0, 0, 0], "properties": {}},
                {"species": [{"element": "Cl", "occu": 0.5}], "abc": [0.5, 0.5, 0.5], "properties": {}},
            ],
        }
    ),
}
"""Structure files to begin from."""
SYMBOLS = (
    "0", "nan", "inf", "-1", "1e300", "1e-300", "?", ".", "Va", "D", "7Li", "X", "999999", "é", "'", ";", "loop_",
    "data_", "0.333", "Fe,Ni", "NH4", "1e9", "-0.0", "()", "_atom_site_occupancy", "{}", "null", "[]",
)  # fmt: skip
STRUCTURES = """name: p
space: {use: pool, file: s.csv, structures: file, disordered: keep}
objectives: {y: minimize}
oracles: [{use: table, file: s.csv, keys: [file], properties: [y]}]
optimizers: [{use: sobol}]
budget: {evaluations: 2}
"""
SPACES = (
    "{use: parameters, variables: {a: [0, 1], b: {low: 1, high: 9, integer: true}, c: [x, y], d: {low: 0, high: 5, "
    "step: 0.5}}, linear: ['a + d <= 3']}",
    "{use: composition, elements: {Fe: [0, 0.9], Ni: [0.1, 0.5], Cr: [0, 1]}, step: 0.05, max_elements: 3}",
    "{use: composition, elements: {Fe: [0, 90], Ni: [1, 50], Cr: [0, 100]}, unit: wt.%}",
    "{use: sequence, elements: [Li, O, Fe], steps: 3, counts: [1, 3]}",
)
REST = """
objectives: {y: minimize}
oracles: [{use: person, properties: [y]}]
optimizers: [{use: sobol, evaluations: 3}, {use: bayesian}]
budget: {evaluations: 9, batch: 2}
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One file that did what none may do."""

    kind: str
    """traceback, slow or memory."""
    said: str
    text: str


def seeds() -> list[str]:
    """Campaign files to begin from."""
    paths = [path for name in names() if (path := bundled(name)) is not None]
    texts = [Path(str(path)).read_text(encoding="utf-8") for path in paths]
    return [*texts, *(f"name: s\nspace: {space}{REST}" for space in SPACES), POOL]


def mutated(text: str, words: tuple[str, ...], rng: random.Random) -> str:
    """The text with one to four changes."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        text = rng.choice((_number, _word, _line, _byte))(text, words, rng)
    return text


def _spans(text: str, inside: Callable[[str], bool]) -> list[tuple[int, int]]:
    """Where runs of such characters begin and end."""
    found, start = [], None
    for i, mark in enumerate(text + "\0"):
        if inside(mark) and start is None:
            start = i
        elif not inside(mark) and start is not None:
            found.append((start, i))
            start = None
    return found


def _number(text: str, words: tuple[str, ...], rng: random.Random) -> str:
    spans = _spans(text, lambda mark: mark.isdigit() or mark == ".")
    if not spans:
        return text
    start, end = rng.choice(spans)
    other = rng.choice((*words, f"{text[start:end]}{'0' * rng.randint(1, 12)}", f"-{text[start:end]}"))
    return text[:start] + other + text[end:]


def _word(text: str, words: tuple[str, ...], rng: random.Random) -> str:
    spans = _spans(text, lambda mark: mark.isalnum() or mark == "_")
    if not spans:
        return text
    start, end = rng.choice(spans)
    other = rng.choice((*words, text[start:end][::-1], "", text[slice(*rng.choice(spans))]))
    return text[:start] + other + text[end:]


def _line(text: str, words: tuple[str, ...], rng: random.Random) -> str:
    del words
    lines = text.splitlines(keepends=True)
    if not lines:
        return text
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    if rng.random() < 0.3:
        del lines[i]
    elif rng.random() < 0.5:
        lines.insert(j, lines[i])
    else:
        lines[i] = " " * rng.randint(0, 4) + lines[i].lstrip()
    return "".join(lines)


def _byte(text: str, words: tuple[str, ...], rng: random.Random) -> str:
    del words
    i = rng.randrange(len(text) + 1)
    return text[:i] + rng.choice("{}[],:#&*!|>'\"%@`\t\n\\-0 ") + text[i + rng.randint(0, 2) :]


def checked(folder: Path, text: str) -> None:
    """What `campaign validate` does; an error a person is told of counts as right."""
    (folder / "c.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
    try:
        spec = CampaignSpec.from_file(folder / "c.yaml")
        problem = build.build(spec, folder, engines=False)
        region.count(problem.space)
        warnings_of(problem)
    except (CampaignFileError, CampaignFolderError, EngineMissing):
        return


def fault(folder: Path, text: str) -> Fault | None:
    """What is wrong with how one file is treated, None where nothing is."""
    return watched(lambda: checked(folder, text), text)


def watched(act: Callable[[], None], text: str) -> Fault | None:
    """What is wrong with what an act does, None where nothing is."""
    start, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        act()
    except MemoryError:
        return Fault("memory", "MemoryError", text)
    except Exception as error:
        return Fault("traceback", "".join(traceback.format_exception(error)[-3:]), text)
    spent, more = time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if spent > SLOW_S:
        return Fault("slow", f"{spent:.1f} s", text)
    return Fault("memory", f"{more / 1024:.0f} MB", text) if more * 1024 > MEMORY_BYTES else None


def faults(files: int, tables: int, seed: int) -> Iterator[Fault]:
    """What is wrong with so many mutated campaign files and tables."""
    rng, texts = random.Random(seed), seeds()
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        for name in ("t.csv", "h.csv"):
            (folder / name).write_text(TABLE, encoding="utf-8")
        checked(folder, POOL)
        for _ in range(files):
            found = fault(folder, mutated(rng.choice(texts), WORDS, rng))
            if found is not None:
                yield found
        for _ in range(tables):
            name, text = rng.choice(("t.csv", "h.csv")), mutated(TABLE, CELLS, rng)
            (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
            found = fault(folder, POOL)
            if found is not None:
                yield Fault(found.kind, found.said, text)
            (folder / name).write_text(TABLE, encoding="utf-8")


def crystal_faults(count: int, seed: int) -> Iterator[Fault]:
    """What is wrong with so many mutated structure files, in a pool, in a column of a table and in a folder."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        crystal(folder, "x.cif", CRYSTALS["x.cif"].encode())
        for _ in range(count):
            name = rng.choice(tuple(CRYSTALS))
            text = mutated(CRYSTALS[name], SYMBOLS, rng)
            raw = text.encode("utf-8", "surrogateescape")
            if rng.random() < 0.2:
                packed = bytearray(gzip.compress(raw, mtime=0))
                packed[rng.randrange(len(packed))] = rng.randrange(256)
                name, raw = (
                    f"{name}.gz",
                    bytes(packed) if rng.random() < 0.5 else gzip.compress(raw)[: -rng.randint(1, 40)],
                )
            found = crystal(folder, name, raw)
            if found is not None:
                yield Fault(found.kind, f"{name}: {found.said}", text)


def crystal(folder: Path, name: str, raw: bytes) -> Fault | None:
    """What is wrong with how one structure file is treated, None where nothing is."""
    (folder / "files").mkdir(exist_ok=True)
    path = folder / "files" / name
    path.write_bytes(raw)
    (folder / "s.csv").write_text(f"file,y\nfiles/{name}@0,1\nfiles/{name},2\n", encoding="utf-8")
    with (folder / "known.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "cif"], ["1", raw.decode("utf-8", "replace")]])
    try:
        return watched(lambda: _read_everywhere(folder), name)
    finally:
        path.unlink()


def _read_everywhere(folder: Path) -> None:
    checked(folder, STRUCTURES)
    for source in (folder / "files", folder / "known.csv"):
        try:
            known_crystals(str(source))
        except ValueError:
            continue


def main() -> None:
    """Run it and say what was found; exit code 1 where anything was."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--structures", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    start, counts = time.process_time(), Counter[str]()
    every = chain(faults(given.files, given.tables, given.seed), crystal_faults(given.structures, given.seed))
    for found in every:
        counts[found.kind] += 1
        print(f"--- {found.kind}: {found.said}\n{found.text[:2000]}", flush=True)
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "no fault"
    spent = time.process_time() - start
    what = f"{given.files} files, {given.tables} tables and {given.structures} structure files"
    print(f"{what}, seed {given.seed}: {said}; {spent:.0f} CPU s")
    sys.exit(bool(counts))


if __name__ == "__main__":
    main()
