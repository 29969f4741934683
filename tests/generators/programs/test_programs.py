"""Other people's generators, by a stand-in that writes what they write."""

import json
import sys
from pathlib import Path

import pytest

from eutectic.generators.programs import running
from eutectic.generators.programs.mattergen import MatterGen
from eutectic.generators.programs.program import Program
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure, Refusal
from eutectic.oracles.base import EngineMissing

STAND_IN = str(Path(__file__).with_name("stand_in.py"))
WANTED = Conditions(elements=("Cs", "Cl"))


def program(tmp_path, mode, **options):
    run = (sys.executable, STAND_IN, mode, "{output}", "{n}", "{seed}")
    return Program(run, **{"keep": str(tmp_path), "together": 4, "timeout_s": 30.0, **options})


def draw(engine, draws=range(4), conditions=WANTED):
    return engine.draw([conditions] * len(draws), list(draws))


def test_a_block_of_draws_is_one_call_and_is_kept(tmp_path):
    engine = program(tmp_path, "writes")
    first = draw(engine)
    assert all(isinstance(answer, GeneratedStructure) for answer in first)
    assert len(list(tmp_path.rglob("part*"))) == 1
    assert len({answer.lattice[0, 0] for answer in first}) == 4
    later = draw(engine, [2])[0]
    assert later.structure() == first[2].structure()
    assert len(list(tmp_path.rglob("part*"))) == 1
    draw(engine, [4])
    assert len(list(tmp_path.rglob("part*"))) == 2


@pytest.mark.parametrize(
    ("mode", "options", "said"),
    [
        ("fails", {}, "the program wrote no crystal; it ended with exit code 1; it said last: starting no GPU"),
        ("nothing", {}, "the program wrote no crystal"),
        ("hangs", {"timeout_s": 1.0}, "the program wrote no crystal; it was ended after 1 s; it said last: starting"),
        ("hangs", {"silent_s": 1.0}, "it had neither said nor written anything for 1 s"),
    ],
)
def test_a_program_that_fails_hangs_or_writes_nothing_is_told_with_the_cause(tmp_path, mode, options, said):
    answers = draw(program(tmp_path, mode, **options))
    assert all(isinstance(answer, Refusal) for answer in answers)
    assert said in answers[0].reason


def test_half_a_file_gives_its_whole_crystals_and_the_program_is_asked_for_the_rest(tmp_path):
    answers = draw(program(tmp_path, "half"))
    made = [isinstance(answer, GeneratedStructure) for answer in answers]
    assert made == [True, True, True, False]  # a whole crystal in each of three calls
    assert "the program wrote 3 of 4 crystals" in answers[3].reason
    assert "holds no structure that can be read" in answers[3].reason


def test_what_an_interrupted_call_left_is_completed(tmp_path):
    answers = draw(program(tmp_path, "some"))
    assert all(isinstance(answer, GeneratedStructure) for answer in answers)
    parts = sorted(path.name for path in tmp_path.rglob("part*"))
    assert parts == ["part0", "part1"]


def test_what_a_program_writes_after_it_was_counted_moves_no_draw(tmp_path):
    first = draw(program(tmp_path, "some"))
    (file,) = (path for path in tmp_path.rglob("*.extxyz") if path.parent.name == "part0")
    file.write_text(file.read_text() * 3)  # as by a program that outlived the process which had started it
    later = draw(program(tmp_path, "some"))
    assert [a.structure() for a in later] == [a.structure() for a in first]


def test_an_interrupted_call_keeps_what_it_left_when_it_is_taken_up(tmp_path):
    whole = draw(program(tmp_path / "whole", "writes"))
    draw(program(tmp_path, "some"), [0])
    (part,) = (path for path in tmp_path.glob("*/*/*/part1"))
    for path in part.iterdir():
        path.unlink()
    part.rmdir()
    (part.with_name("part0") / "count.json").unlink()  # the process died while its program ran
    answers = draw(program(tmp_path, "some"))
    assert all(isinstance(answer, GeneratedStructure) for answer in answers)
    assert answers[0].structure() == whole[0].structure()


def test_files_that_come_and_go_while_a_program_is_watched_break_nothing(tmp_path, monkeypatch):
    (tmp_path / "here").write_text("x")
    listed = [tmp_path / "here", tmp_path / "gone"]
    monkeypatch.setattr(Path, "rglob", lambda *_: iter(listed))
    assert running._state(tmp_path) == (1, 1)


def test_crystals_that_break_a_condition_are_refused_with_it(tmp_path):
    engine = program(tmp_path, "writes")
    assert draw(engine, [0], Conditions(elements=("Cs", "Br")))[0].reason == "it has Cl, which is not allowed"
    assert draw(engine, [0], Conditions(formula="NaCl"))[0].reason == "it is CsCl, not NaCl"
    assert draw(engine, [0], Conditions(atoms=(3, 9)))[0].reason == "its cell has 2 atoms, not 3 to 9"
    assert draw(engine, [0], Conditions(required=("O",)))[0].reason == "it lacks O, which is required"


def test_a_program_is_told_its_conditions_in_words_and_as_json(tmp_path):
    engine = Program(("make", "--out={output}", "--f={formula}", "--x={target:band_gap_ev}", "{conditions}"))
    wanted = Conditions(formula="CsCl", targets={"band_gap_ev": 2.5})
    words = engine.command(wanted, 3, 7, tmp_path)
    assert words[1:4] == [f"--out={tmp_path}", "--f=CsCl", "--x=2.5"]
    assert json.loads(Path(words[4]).read_text())["formula"] == "CsCl"


def test_a_program_that_is_missing_is_said_with_the_cure(tmp_path):
    engine = Program(("no-such-generator", "{output}"), keep=str(tmp_path))
    with pytest.raises(EngineMissing, match="there is no program 'no-such-generator': install it"):
        engine.check()
    with pytest.raises(EngineMissing, match="no-such-generator cannot be started"):
        draw(engine)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"run": ()}, "run: name the program"),
        ({"run": ("make",)}, "run: nothing says where to write"),
        ({"run": ("make", "{output}"), "together": 0}, "together: 0"),
        ({"run": ("make", "{output}"), "timeout_s": 0.0}, "timeout_s: 0"),
    ],
)
def test_commands_that_cannot_work_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        Program(**options)


def test_mattergen_is_asked_in_its_own_words(tmp_path):
    engine = MatterGen(model="chemical_system_energy_above_hull")
    wanted = Conditions(elements=("Li", "O"), targets={"energy_above_hull_ev_per_atom": 0.05}, guidance=2.0)
    assert engine.understands() >= {"elements", "energy_above_hull_ev_per_atom", "guidance"}
    words = engine.command(wanted, 8, 1, tmp_path)
    assert words[:5] == [
        "mattergen-generate", str(tmp_path), "--pretrained-name=chemical_system_energy_above_hull", "--batch_size=8",
        "--num_batches=1",
    ]  # fmt: skip
    asked = json.loads(words[6].removeprefix("--properties_to_condition_on="))
    assert asked == {"energy_above_hull": 0.05, "chemical_system": "Li-O"}
    assert words[7] == "--diffusion_guidance_factor=2.0"
    with pytest.raises(ValueError, match="silent_s: 0 is no positive number of seconds"):
        MatterGen(silent_s=0.0)
    with pytest.raises(ValueError, match="no pretrained model 'mattergen_bse'"):
        MatterGen(model="mattergen_bse")


def test_mattergens_files_are_read_from_its_extxyz(tmp_path):
    command = tmp_path / "mattergen-generate"
    command.write_text(f'#!/bin/sh\nn=${{3#--batch_size=}}\nexec {sys.executable} {STAND_IN} writes "$1" "$n" 3\n')
    command.chmod(0o755)
    engine = MatterGen(program=str(command), keep=str(tmp_path / "kept"), together=2)
    engine.check()
    answers = draw(engine, [0, 1])
    assert all(isinstance(answer, GeneratedStructure) for answer in answers)
    assert [len(answer.numbers) for answer in answers] == [2, 2]
