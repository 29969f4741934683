"""Mutated campaign files and tables: refused with a sentence or read, never a traceback, quick and small."""

import random
from pathlib import Path

import pytest

from benchmarks.fuzz_files import CRYSTALS, POOL, TABLE, crystal, crystal_faults, fault, faults, seeds


def test_the_files_that_mutations_begin_from_have_no_fault(tmp_path: Path) -> None:
    for name in ("t.csv", "h.csv"):
        (tmp_path / name).write_text(TABLE)
    assert [fault(tmp_path, text) for text in seeds()] == [None] * len(seeds())
    assert len(seeds()) > 8
    assert random.Random(1).choice(seeds())


def test_mutated_files_and_tables_end_in_no_traceback() -> None:
    assert list(faults(300, 150, seed=7)) == []


def test_mutated_structure_files_end_in_no_traceback(tmp_path: Path) -> None:
    assert [crystal(tmp_path, name, text.encode()) for name, text in CRYSTALS.items()] == [None] * len(CRYSTALS)
    assert list(crystal_faults(30, seed=7)) == []


@pytest.mark.parametrize(
    "space",
    [
        "{use: parameters, variables: {a: {low: 1, high: 1000000000000, integer: true}}}",
        "{use: parameters, variables: {a: {low: 0, high: 1, step: 1.0e-12}, b: [0, 1]}}",
        "{use: parameters, variables: {a: {low: 0, high: 1, step: 1.0e-12}, b: [0, 1]}, linear: ['a + b <= 1']}",
        "{use: parameters, variables: {a: {low: 0, high: 1.0e300, integer: true}}}",
        "{use: composition, elements: {Fe: [0, 1], Ni: [0, 1], Cr: [0, 1]}, step: 1.0e-9}",
        "{use: composition, elements: {Fe: [0, 1], Ni: [0, 1], Cr: [0, 1]}, step: 1.0e-4}",
    ],
)
def test_fine_steps_and_wide_ranges_are_searched_or_refused_without_being_listed(tmp_path: Path, space: str) -> None:
    text = POOL.replace("{use: pool, file: t.csv, features: [alloy, t, gas]}", space)
    assert fault(tmp_path, text.replace("history: {file: h.csv, strange: pass_over}\n", "")) is None
