import json
import sys
from pathlib import Path

import numpy as np
import pytest

from eutectic.oracles.base import Candidate, EngineMissing, Evaluation
from eutectic.oracles.user.command import Command

CANDIDATE = Candidate({"x": 3.0, "kind": "a"}, {"Ni": 1.0}, known={"e": 2.0})


def asked(folder: Path, body: str, properties=None, seed: int = 0, arguments: tuple[str, ...] = ()) -> Evaluation:
    """The evaluation by a fresh Python program."""
    program = folder / "simulate"
    program.write_text(f"#!{sys.executable}\nimport json, os, sys\n{body}\n", encoding="utf-8")
    program.chmod(0o755)
    oracle = Command(("./simulate", *arguments), properties).located(str(folder))
    oracle.check()
    return oracle.evaluate([CANDIDATE], np.random.default_rng(seed))[0]


def test_a_program_reads_the_candidate_and_writes_the_properties(tmp_path: Path):
    body = (
        "c = json.load(sys.stdin)\n"
        "y = c['variables']['x'] + c['composition']['Ni'] + c['known']['e'] + len(sys.argv)\n"
        "print(json.dumps({'y': y, 'y_std': 0.5}))"
    )
    seen = asked(tmp_path, body, arguments=("--fast",))
    assert (seen.status, dict(seen.values), dict(seen.errors)) == ("finished", {"y": 8.0}, {"y": 0.5})
    assert seen.provenance["command"] == "./simulate --fast"
    assert seen.candidate_id == CANDIDATE.id


def test_the_seed_comes_from_the_campaign(tmp_path: Path):
    body = "print(json.dumps({'y': json.load(sys.stdin)['seed']}))"
    first, again, other = (asked(tmp_path, body, seed=s) for s in (1, 1, 2))
    assert first.values == again.values != other.values
    assert first.values["y"] == first.provenance["seed"]


def test_a_program_runs_in_its_folder_and_need_not_listen(tmp_path: Path):
    assert asked(tmp_path, "print(json.dumps({'y': len(os.listdir('.'))}))").values == {"y": 1.0}


def test_a_log_before_the_answer_is_skipped(tmp_path: Path):
    assert asked(tmp_path, "print('step 1')\nprint('step 2')\nprint(json.dumps({'y': 1}))").values == {"y": 1.0}


def test_an_answer_over_several_lines_is_read(tmp_path: Path):
    assert asked(tmp_path, "print(json.dumps({'y': 1, 'z': 2}, indent=2))").values == {"y": 1.0, "z": 2.0}


def test_non_finite_values_are_left_to_the_campaigns_gate(tmp_path: Path):
    seen = asked(tmp_path, 'print(\'{"y": NaN, "z": Infinity}\')')
    assert seen.status == "finished"
    assert not np.isfinite(list(seen.values.values())).any()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("print('hello')", "did not write JSON"),
        ("pass", "wrote nothing"),
        ("print('[' * 100000)", "did not write JSON"),
        ("print([1, 2])", "returned list"),
        ("print(json.dumps({'y': 'high'}))", "returned str 'high' for 'y'"),
        ("print(json.dumps({'yy': 1}))", "no property 'y'; did you mean 'yy'"),
        ("os.write(1, bytes(range(128, 256)))", "did not write JSON"),
        ("sys.exit('no convergence')", "exit status 1\nno convergence"),
        ("print('explained here')\nsys.exit(7)", "exit status 7\nexplained here"),
    ],
)
def test_a_bad_answer_is_a_failed_evaluation_that_says_so(tmp_path: Path, body: str, reason: str):
    seen = asked(tmp_path, body, properties=("y",))
    assert (seen.status, seen.failure) == ("failed", "error")
    assert reason in seen.error
    assert len(seen.error) < 5000


def test_a_killed_program_is_a_crash(tmp_path: Path):
    seen = asked(tmp_path, "os.kill(os.getpid(), 11)")
    assert seen.failure == "crash"
    assert "SIGSEGV" in seen.error


def test_megabytes_of_complaints_do_no_harm(tmp_path: Path):
    body = "sys.stderr.write('x' * 30_000_000 + 'the end')\nprint(json.dumps({'y': 1}))"
    seen = asked(tmp_path, body)
    assert seen.values == {"y": 1.0}
    assert seen.artifacts["standard_error"].endswith("the end")
    assert len(seen.artifacts["standard_error"]) < 4200


def test_endless_output_ends_the_program(tmp_path: Path):
    seen = asked(tmp_path, "while True: print('x' * 100000)")
    assert seen.failure == "error"
    assert "bytes on standard output" in seen.error


def test_a_large_candidate_reaches_a_program_that_answers_first(tmp_path: Path):
    program = tmp_path / "simulate"
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\nprint(json.dumps({{'y': 1}}), flush=True)\nn = len(sys.stdin.read())\n"
    )
    program.chmod(0o755)
    candidate = Candidate({"x": 1.0}, structure={"sites": [0.123456789] * 100_000})
    seen = Command(("./simulate",)).located(str(tmp_path)).evaluate([candidate], np.random.default_rng(0))
    assert seen[0].values == {"y": 1.0}


def test_a_missing_program_stops_the_run_with_its_cure(tmp_path: Path):
    (tmp_path / "plain").write_text("#!/bin/sh\n", encoding="utf-8")
    cases = {
        "./absent": "there is no program",
        "./plain": r"chmod \+x",
        "plain": r"write \./plain",
        "no-such-p": "PATH",
    }
    for name, reason in cases.items():
        with pytest.raises(EngineMissing, match=reason):
            Command((name,)).located(str(tmp_path)).check()


def test_a_program_that_is_none_stops_the_run(tmp_path: Path):
    (tmp_path / "noise").write_bytes(bytes(range(64)))
    (tmp_path / "noise").chmod(0o755)
    with pytest.raises(EngineMissing, match="cannot be started"):
        Command(("./noise",)).located(str(tmp_path)).evaluate([CANDIDATE], np.random.default_rng(0))


def test_bad_options_are_refused(tmp_path: Path):
    for run in ((), ("",)):
        with pytest.raises(ValueError, match="name a program"):
            Command(run)
    with pytest.raises(ValueError, match="twice"):
        Command(("true",), ("y", "y"))
    with pytest.raises(ValueError, match="no folder"):
        Command(("true",), folder="absent").located(str(tmp_path)).check()


def test_the_whole_batch_is_answered_in_order():
    program = "import json,sys; print(json.dumps({'y': json.load(sys.stdin)['variables']['x']}))"
    oracle = Command((sys.executable, "-c", program))
    batch = [Candidate({"x": float(i)}) for i in range(3)]
    seen = oracle.evaluate(batch, np.random.default_rng(0))
    assert [e.values["y"] for e in seen] == [0.0, 1.0, 2.0]
    assert json.loads(json.dumps(seen[0].to_json()))["candidate_id"] == batch[0].id
