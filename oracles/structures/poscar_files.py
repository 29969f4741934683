"""This file is POSCAR files checked before they are read: names, counts and lines must be of one another."""

import re
from itertools import repeat


def check(text: str) -> None:
    """ValueError where a reader would pass over what a POSCAR says, or end without saying why."""
    lines = _first_part(text)
    if len(lines) < 8:
        raise ValueError(f"a POSCAR of {len(lines)} lines is cut off")
    if len(lines[1].split()) != 1:
        raise ValueError(f"line 2: {lines[1].strip()!r} is not one scaling factor; multiply the cell by them")
    names, counts, place = _names_and_counts(lines)
    if names and len(names) != len(counts):
        raise ValueError(f"{len(names)} names ({' '.join(names)}) stand above {len(counts)} counts")
    strange = next((name for name in names if not _element(name)), None)
    if strange is not None:
        raise ValueError(f"line 6: {strange!r} is no element{_spelling(strange)}")
    selective = place < len(lines) and lines[place].strip()[:1] in ("s", "S")
    rows = lines[place + 1 + selective :]
    _check_rows(rows, names, counts, 6 if selective else 3)


def _first_part(text: str) -> list[str]:
    """The lines up to the first blank one, where velocities begin; the comment may be blank."""
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines) if i and not line.strip()), len(lines))
    return lines[:end]


def _names_and_counts(lines: list[str]) -> tuple[list[str], list[int], int]:
    """Names (none in files of VASP 4), counts, and the place of the line behind them."""
    words: list[str] = []
    numbers: list[int] = []
    place = 5
    while place < len(lines) and not numbers and not _integers(lines[place]):
        words += [re.split("[/_]", word)[0] for word in lines[place].split()]
        place += 1
    while place < len(lines) and (own := _integers(lines[place])):
        numbers += own
        place += 1
    if not numbers:
        raise ValueError("a POSCAR without counts of its atoms")
    return words, numbers, place


def _integers(line: str) -> list[int]:
    """The whole numbers of a line of nothing else, before a comment; none elsewhere."""
    words = re.split("[!#]", line)[0].split()
    return [int(word) for word in words] if words and all(word.isdigit() for word in words) else []


def _check_rows(rows: list[str], names: list[str], counts: list[int], after: int) -> None:
    """ValueError where there are more or fewer rows than atoms, or one is labelled as another element."""
    total = sum(counts)
    lattice = len(rows) > total and rows[total].strip().lower().startswith("l")  # lattice velocities
    if len(rows) < total or (len(rows) > total and not lattice):
        raise ValueError(f"its counts are of {total} atoms, and {len(rows)} lines follow")
    meant = [name for name, count in zip(names, counts, strict=True) for name in repeat(name, count)] if names else []
    for row, name in zip(rows, meant, strict=False):
        label = (row.split()[after:] or [""])[0]
        if label != name and _element(label) and not (after == 3 and label == "F"):
            raise ValueError(f"the line {row.strip()!r} says {label}, the counts {name}")


def _spelling(name: str) -> str:
    """The element that a name in other letters is."""
    return f"; did you mean {name.title()!r}?" if _element(name.title()) else ""


def _element(name: str) -> bool:
    """Is this an element's symbol, deuterium's and tritium's among them?"""
    from pymatgen.core import Element

    return bool(Element.is_valid_symbol(name))
