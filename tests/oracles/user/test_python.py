import os
import subprocess
import sys
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from eutectic.oracles.base import Candidate, EngineMissing, Evaluation
from eutectic.oracles.user.python import Python

NUMBER = count()


def called(folder: Path, body: str, name: str = "f", properties=None, candidate=None, seed: int = 0) -> Evaluation:
    """The evaluation by a function of a fresh module."""
    module = f"user_module_{next(NUMBER)}"
    (folder / f"{module}.py").write_text(body, encoding="utf-8")
    oracle = Python(f"{module}:{name}", properties).located(str(folder))
    oracle.check()
    return oracle.evaluate([candidate or Candidate({"x": 2.0, "kind": "a"})], np.random.default_rng(seed))[0]


@pytest.fixture(autouse=True)
def own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


def test_a_function_gets_the_variables_and_gives_the_properties(tmp_path: Path):
    seen = called(tmp_path, "def f(v):\n    return {'y': v['x'] ** 2, 'y_std': 0.5, 'n': len(v['kind'])}\n")
    assert (seen.status, dict(seen.values), dict(seen.errors)) == ("finished", {"y": 4.0, "n": 1.0}, {"y": 0.5})
    assert len(str(seen.provenance["source_sha256"])) == 16


def test_only_the_listed_properties_are_kept(tmp_path: Path):
    body = "def f(v):\n    return {'y': 1, 'y_std': 2, 'z': 3}\n"
    assert called(tmp_path, body, properties=("y",)).values == {"y": 1.0}
    seen = called(tmp_path, body, properties=("y_std", "z"))
    assert (dict(seen.values), dict(seen.errors)) == ({"y_std": 2.0, "z": 3.0}, {})


def test_numpy_numbers_are_numbers(tmp_path: Path):
    body = "import numpy as np\ndef f(v):\n    return {'a': np.float32(1), 'b': np.int64(2), 'c': np.array(3.0)}\n"
    assert called(tmp_path, body).values == {"a": 1.0, "b": 2.0, "c": 3.0}


@pytest.mark.parametrize("number", ["float('nan')", "float('inf')", "-float('inf')"])
def test_non_finite_values_are_left_to_the_campaigns_gate(tmp_path: Path, number: str):
    seen = called(tmp_path, f"def f(v):\n    return {{'y': {number}}}\n")
    assert seen.status == "finished"
    assert not np.isfinite(seen.values["y"])


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        ("None", "returned None, not a mapping"),
        ("3.0", "returned float 3.0, not a mapping"),
        ("{'y': 'high'}", "returned str 'high' for 'y'"),
        ("{'y': None}", "returned None for 'y'"),
        ("{'y': True}", "returned bool True for 'y'"),
        ("{'y': [1.0]}", r"returned list \[1.0\] for 'y'"),
        ("{'y': 1j}", "returned complex 1j for 'y'"),
        ("{1: 1.0}", "for 1"),
        ("{}", "returned no property 'y'"),
        ("{'yy': 1.0}", "no property 'y'; did you mean 'yy'"),
        ("{'y': 1.0, 'y_std': -1.0}", "negative deviation"),
    ],
)
def test_a_wrong_type_is_a_failed_evaluation_that_says_so(tmp_path: Path, returned: str, reason: str):
    seen = called(tmp_path, f"def f(v):\n    return {returned}\n", properties=("y",))
    assert (seen.status, seen.failure) == ("failed", "error")
    with pytest.raises(ValueError, match=reason):
        raise ValueError(seen.error)


def test_an_unknown_deviation_is_no_deviation(tmp_path: Path):
    seen = called(tmp_path, "def f(v):\n    return {'y': 1.0, 'y_std': float('nan')}\n")
    assert (dict(seen.values), dict(seen.errors)) == ({"y": 1.0}, {})


@pytest.mark.parametrize("line", ["raise RuntimeError('no convergence')", "1 / 0", "import sys; sys.exit(3)"])
def test_an_exception_is_a_failed_evaluation_with_its_place(tmp_path: Path, line: str):
    seen = called(tmp_path, f"def f(v):\n    {line}\n")
    assert (seen.status, seen.failure) == ("failed", "error")
    assert "line 2, in f" in seen.error


def test_running_out_of_memory_is_told_apart(tmp_path: Path):
    assert called(tmp_path, "def f(v):\n    raise MemoryError\n").failure == "memory"


def test_an_endless_message_is_cut(tmp_path: Path):
    assert len(called(tmp_path, "def f(v):\n    raise ValueError('x' * 10**6)\n").error) < 5000


def test_printing_megabytes_does_no_harm(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    seen = called(tmp_path, "def f(v):\n    for i in range(200000): print(i, 'x' * 20)\n    return {'y': 1}\n")
    assert seen.values == {"y": 1.0}
    assert len(seen.artifacts["output"]) < 4200
    assert "199999" in seen.artifacts["output"]
    assert "were dropped" in seen.artifacts["output"]
    assert capsys.readouterr() == ("", "")


def test_randomness_comes_from_the_campaign_if_the_function_takes_it(tmp_path: Path):
    for parameter, draw in (("rng", "rng.random()"), ("seed", "seed"), ("*, seed=None", "seed")):
        body = f"def f(v, {parameter}):\n    return {{'y': {draw}}}\n"
        first, again, other = (called(tmp_path, body, seed=s) for s in (1, 1, 2))
        assert first.values == again.values != other.values
        assert first.provenance["seed"] == again.provenance["seed"]


def test_the_whole_candidate_is_given_on_request(tmp_path: Path):
    body = "def f(v, candidate, known):\n    return {'y': candidate['composition']['Ni'] + known['e']}\n"
    candidate = Candidate({"Ni": 0.25, "Fe": 0.75}, {"Ni": 0.25, "Fe": 0.75}, known={"e": 1.0})
    assert called(tmp_path, body, candidate=candidate).values == {"y": 1.25}


def test_the_function_cannot_change_the_candidate(tmp_path: Path):
    candidate = Candidate({"x": 1.0})
    called(tmp_path, "def f(v):\n    v['x'] = 5\n    return {'y': 1}\n", candidate=candidate)
    assert candidate.variables == {"x": 1.0}


def test_methods_classes_and_neighbouring_modules_are_found(tmp_path: Path):
    (tmp_path / "near_by_module.py").write_text("OFFSET = 10\n", encoding="utf-8")
    body = (
        "class Model:\n  @staticmethod\n  def f(v):\n    from near_by_module import OFFSET\n    return {'y': OFFSET}\n"
    )
    assert called(tmp_path, body, name="Model.f").values == {"y": 10.0}


def test_a_forked_child_does_not_go_on_as_the_oracle(tmp_path: Path):
    (tmp_path / "forks.py").write_text(
        "import os\ndef f(v):\n    child = os.fork()\n    if child: os.waitpid(child, 0)\n    return {'y': 1}\n"
    )
    script = (
        "import numpy as np\nfrom eutectic import Candidate, Python\n"
        f"seen = Python('forks:f', folder={str(tmp_path)!r}).evaluate([Candidate({{}})], np.random.default_rng(0))\n"
        "print(seen[0].status)\n"
    )
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert done.stdout == "finished\n"


def test_a_bad_name_is_refused_with_the_nearest(tmp_path: Path):
    (tmp_path / "simulation.py").write_text("def evaluate(v):\n    return {}\n", encoding="utf-8")
    cases = {
        "simulation": "my_module:my_function",
        "simulation.py:evaluate": "write simulation:evaluate",
        "simulaton:evaluate": r"did you mean 'simulation'\?",
        "simulation:evalute": r"did you mean 'evaluate'\?",
    }
    for function, reason in cases.items():
        with pytest.raises(ValueError, match=reason):
            Python(function).located(str(tmp_path)).check()
    with pytest.raises(ValueError, match="twice"):
        Python("a:b", ("y", "y"))
    with pytest.raises(ValueError, match="empty"):
        Python("a:b", ())


def test_checking_does_not_run_the_module(tmp_path: Path):
    (tmp_path / "killer.py").write_text("import os\nos.kill(os.getpid(), 9)\ndef f(v): ...\n", encoding="utf-8")
    Python("killer:f").located(str(tmp_path)).check()


def test_checking_says_nothing_of_what_python_says_when_it_imports_the_module(tmp_path: Path):
    (tmp_path / "user_doubtful.py").write_text("def f(x):\n    return {'y': 1or x, 'pattern': '\\d'}\n")
    Python("user_doubtful:f").located(str(tmp_path)).check()


def test_preparing_imports_the_module_once(tmp_path: Path):
    (tmp_path / "prepared_module.py").write_text("def f(v): return {'y': 1}\n", encoding="utf-8")
    oracle = Python("prepared_module:f").located(str(tmp_path))
    assert "prepared_module" not in sys.modules
    oracle.prepare()
    assert "prepared_module" in sys.modules


def test_a_syntax_error_is_refused_before_the_run(tmp_path: Path):
    (tmp_path / "broken_module.py").write_text("def f(v:\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"broken_module.py: cannot be read as Python"):
        Python("broken_module:f").located(str(tmp_path)).check()


def test_a_module_that_cannot_be_imported_stops_the_run_with_its_cure(tmp_path: Path):
    (tmp_path / "needs_much.py").write_text("import no_such_library_here\ndef f(v): ...\n", encoding="utf-8")
    (tmp_path / "raises_early.py").write_text("raise OSError('no licence')\ndef f(v): ...\n", encoding="utf-8")
    for module, reason in (("needs_much", "pip install no_such_library_here"), ("raises_early", "no licence")):
        with pytest.raises(EngineMissing, match=reason):
            Python(f"{module}:f").located(str(tmp_path)).evaluate([Candidate({})], np.random.default_rng(0))


def test_a_module_hidden_by_an_imported_one_is_not_taken_for_it(tmp_path: Path):
    (tmp_path / "json.py").write_text("def loads(v): return {'y': 1}\n", encoding="utf-8")
    with pytest.raises(EngineMissing, match="the name 'json' is taken"):
        Python("json:loads").located(str(tmp_path)).evaluate([Candidate({})], np.random.default_rng(0))


def test_installed_functions_can_be_named():
    Python("json:loads").check()
    Python("math:sqrt").check()
    Python("importlib.util:find_spec").check()
