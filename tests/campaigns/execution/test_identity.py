"""Whose code runs: the package of the process that started a worker, and the user's own modules beside it."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import eutectic
import eutectic.__main__
from eutectic.campaigns import cli
from eutectic.campaigns.execution.base import Setting
from eutectic.campaigns.execution.local import LocalExecutor
from eutectic.campaigns.record.ledger import read_ledger

ROOT = Path(__file__).parents[3]
WHERE = """\
def home():
    import eutectic
    from eutectic.campaigns.execution import job
    return [eutectic.__file__, job.__file__]
"""
CAMPAIGN = """\
name: own
space: {use: parameters, variables: {x: [0, 1]}}
objectives: {strength_mpa: maximize}
oracles: [{name: model, use: python, function: "oracles:f"}]
optimizers: [{use: sobol}]
budget: {evaluations: 2}
tracking: {enabled: false}
"""


def stranger(folder: Path, name: str) -> Path:
    """Another distribution's package of that name."""
    package = folder / "elsewhere" / name
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("ELSEWHERE = True\n")
    return package.parent


@pytest.mark.parametrize("way", ["PYTHONPATH", "path"])
def test_a_worker_runs_the_package_of_the_process_that_started_it(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = str(stranger(tmp_path, "eutectic"))
    (tmp_path / "where.py").write_text(WHERE)
    if way == "PYTHONPATH":  # it stands before site-packages
        monkeypatch.setenv("PYTHONPATH", other)
    path = (str(tmp_path), other) if way == "path" else (str(tmp_path),)
    executor = LocalExecutor(Setting(path=path, log=str(tmp_path / "worker.log")))
    try:
        homes = executor.submit("where:home").result(timeout=60)
    finally:
        executor.shutdown(cancel_futures=True)
    assert homes[0] == eutectic.__file__
    assert Path(homes[1]).resolve() == ROOT / "campaigns" / "execution" / "job.py"


def test_the_folder_of_the_package_does_not_shadow_modules_of_the_users(tmp_path: Path) -> None:
    (tmp_path / "generators.py").write_text("def mine():\n    return __file__\n")
    executor = LocalExecutor(Setting(path=(str(tmp_path),)))
    try:
        assert executor.submit("generators:mine").result(timeout=60) == str(tmp_path / "generators.py")
    finally:
        executor.shutdown(cancel_futures=True)


def run(folder: Path, *words: str, path: str = str(ROOT)) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("beside", [True, False], ids=["where the command is typed", "in another folder"])
def test_a_users_own_oracles_module_is_the_one_that_evaluates(beside: bool, tmp_path: Path) -> None:
    home = tmp_path / "lab"
    home.mkdir()
    (home / "own.yaml").write_text(CAMPAIGN)
    (home / "oracles.py").write_text("def f(values):\n    return {'strength_mpa': 100 + values['x']}\n")
    file = "own.yaml" if beside else "lab/own.yaml"
    done = run(home if beside else tmp_path, "-m", "eutectic", "run", file, "--dir", "here", "--quiet")
    assert done.returncode == 0, done.stderr
    outcomes = read_ledger((home if beside else tmp_path) / "here").finished
    assert len(outcomes) == 2
    assert all(o.values["strength_mpa"] == 100 + o.variables["x"] for o in outcomes)


@pytest.mark.parametrize("name", ["generators", "oracles", "campaigns", "optimizers", "surrogates"])
def test_another_distribution_of_a_folders_name_does_not_matter(name: str, tmp_path: Path) -> None:
    other = stranger(tmp_path, name)
    public = "[getattr(eutectic, name) for name in ('Composition', 'Table', 'CampaignSpec', 'Sobol', 'Domain')]"
    code = f"import {name}, eutectic; {public}; print({name}.ELSEWHERE)"
    done = run(tmp_path, "-c", code, path=os.pathsep.join([str(other), str(ROOT)]))
    assert done.stdout == "True\n", done.stderr


def test_python_m_eutectic_is_the_command(tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"campaign": f"{cli.main.__module__}:{cli.main.__name__}"}
    assert eutectic.__main__.main is cli.main
    assert run(tmp_path, "-m", "eutectic", "--version").stdout == f"eutectic {project['version']}\n"
