"""`campaign plugins`: what it lists, and the packages that it writes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eutectic.campaigns import cli
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file import templates


def installed(package: Path) -> None:
    """As after `pip install -e`: its metadata beside it."""
    metadata = package / f"{package.name}-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package.name}\nVersion: 0.1.0\n")
    project = (package / "pyproject.toml").read_text()
    group, line = project.partition('entry-points."')[2].split('"]\n')[:2]
    name, _, target = line.splitlines()[0].partition(" = ")
    (metadata / "entry_points.txt").write_text(f"[{group}]\n{name} = {target.strip(chr(34))}\n")


BOTH = """
import sys, pytest
from eutectic.campaigns import cli
pytest.main(["-q", "-p", "no:cacheprovider", sys.argv.pop()])
cli.main()
"""
"""The tests of a file, and then a verb: in one process, for to import everything takes seconds."""


def called(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder), str(Path.cwd())])
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", templates.KINDS)
def test_a_new_part_works_and_its_own_tests_pass(kind: str, tmp_path: Path) -> None:
    files = templates.write(kind, f"my_{kind}", tmp_path)
    assert [path.name for path in files] == ["pyproject.toml", f"my_{kind}.py", f"test_my_{kind}.py"]
    installed(tmp_path / f"my_{kind}")
    done = called(tmp_path / f"my_{kind}", "-c", BOTH, "plugins", f"my_{kind}", str(files[-1]))
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    assert f"my_{kind} ({templates.KINDS[kind][0]}):" in done.stdout


def test_a_broken_part_is_named_and_the_others_are_listed(tmp_path: Path) -> None:
    templates.write("oracle", "broken", tmp_path)
    package = tmp_path / "broken"
    installed(package)
    (package / "broken.py").write_text("import a_module_that_is_not_there\n")
    listed = called(package, "-m", "eutectic", "plugins")
    assert listed.returncode == 0
    assert "cannot be used: 'broken' of broken cannot be imported" in listed.stdout
    assert "  nsga2 " in listed.stdout
    schema = called(package, "-m", "eutectic", "schema")
    assert schema.returncode == 0, schema.stderr
    assert '"nsga2"' in schema.stdout


@pytest.mark.parametrize(
    ("kind", "package", "said"),
    [
        ("oracel", "mine", "did you mean 'oracle'"),
        ("oracle", "my-part", "no name that Python can import"),
        ("oracle", "class", "no name that Python can import"),
    ],
)
def test_a_part_that_cannot_be_written_is_refused(kind: str, package: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(CampaignFileError, match=said):
        templates.write(kind, package, tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten_by_a_new_part(tmp_path: Path) -> None:
    templates.write("oracle", "mine", tmp_path)
    with pytest.raises(CampaignFileError, match="nothing is overwritten"):
        templates.write("oracle", "mine", tmp_path)


def test_parts_are_listed_a_line_each_with_what_an_oracle_returns() -> None:
    run = CliRunner().invoke(cli.app, ["plugins"])
    assert "  gp                     Gaussian process;" in run.output
    shown = CliRunner().invoke(cli.app, ["plugins", "hull"])
    assert "returns: energy_above_hull_ev_per_atom, stability_class" in shown.output
