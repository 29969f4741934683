"""The list of planted faults still fits the code: each text stands once in its file, and its tests are there."""

import ast
from collections import Counter

import pytest

from benchmarks.mutants import ROOT, Mutant, chosen, mutants, score, table

EVERY = mutants()


@pytest.mark.parametrize("mutant", EVERY, ids=[mutant.name for mutant in EVERY])
def test_a_planted_faults_text_stands_once_in_its_file_and_becomes_other_code(mutant: Mutant) -> None:
    content = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert ast.dump(ast.parse(mutant.planted(content))) != ast.dump(ast.parse(content))
    assert mutant.why
    assert all((ROOT / test).is_file() for test in mutant.tests)


def test_names_of_planted_faults_are_different() -> None:
    assert max(Counter(mutant.name for mutant in EVERY).values()) == 1


def test_a_text_that_no_longer_stands_there_is_named() -> None:
    mutant = Mutant("sign", "a.py", "x + y", "x - y", "sums", ())
    assert mutant.planted("z = x + y\n") == "z = x - y\n"
    with pytest.raises(ValueError, match=r"sign: its text stands 2 times in a\.py"):
        mutant.planted("z = x + y\nt = x + y\n")
    with pytest.raises(ValueError, match="stands 0 times"):
        mutant.planted("z = x * y\n")


def test_mutants_are_chosen_by_name_or_file_and_counted_without_the_equivalent() -> None:
    one = Mutant("one", "a/b.py", "x", "y", "why", ())
    two, same = Mutant("two", "a/c.py", "x", "y", "why", ()), Mutant("same", "a/c.py", "z", "y", "why", (), "alike")
    assert chosen([one, two], ["two"], []) == [two]
    assert chosen([one, two], [], ["a/b"]) == [one]
    with pytest.raises(SystemExit, match="no such mutant: three; known: one, two"):
        chosen([one, two], ["three"], [])
    verdicts = ["caught", "no test ran", "survived"]
    assert score([one, two, same], verdicts) == (1, 2)
    assert table([one, two, same], verdicts).splitlines()[2:] == [
        "| a/b.py | 1 | - | - |",
        "| a/c.py | 0 | two | same |",
    ]
