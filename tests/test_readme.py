"""The README's campaigns and Python code, run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from eutectic.campaigns.file import examples

ROOT = Path(__file__).parent.parent
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", (ROOT / "README.md").read_text(), flags=re.S | re.M)
CAMPAIGNS = [text for language, text in BLOCKS if language == "yaml"]
CODE = [text for language, text in BLOCKS if language == "python"]
SHORTER = {
    "multi_principal_alloy": [
        "budget.evaluations=2", "budget.batch=1", "optimizers.0.evaluations=1",
        "oracles.md.cells=3", "oracles.md.decorations=1", "oracles.md.fault_decorations=1",
    ],
}  # fmt: skip
"""What is changed so that a test takes seconds; the first campaign whole is the README's own first command."""


def python(folder: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_first_campaign_is_the_bundled_example() -> None:
    bundled = (examples.folder() / "multi_principal_alloy.yaml").read_text()
    assert yaml.safe_load(CAMPAIGNS[0]) == yaml.safe_load(bundled)


def test_commands_of_the_first_screen_are_in_the_first_screen() -> None:
    start = (ROOT / "README.md").read_text().split("## ")[0]
    assert "pip install -c constraints.txt . && campaign run multi_principal_alloy.yaml" in start
    assert 'pip install -c constraints.txt ".[test]" && pytest' in start
    assert "docs/images/pareto.png" in start


@pytest.mark.parametrize("text", CAMPAIGNS, ids=lambda text: yaml.safe_load(text)["name"])
def test_campaign_of_the_readme_runs(text: str, tmp_path: Path) -> None:
    name = yaml.safe_load(text)["name"]
    (tmp_path / "campaign.yaml").write_text(text)
    (tmp_path / "my_model.py").write_text(next(code for code in CODE if "def hardness" in code))
    changes = [*SHORTER.get(name, []), "tracking.enabled=false"]
    words = [word for change in changes for word in ("--set", change)]
    told = python(tmp_path, "-m", "eutectic", "run", "campaign.yaml", *words)
    assert "report:" in told
    assert (tmp_path / f"runs/{name}/report.html").exists()


@pytest.mark.parametrize("code", CODE, ids=lambda code: code.strip().splitlines()[0][:40])
def test_code_of_the_readme_runs(code: str, tmp_path: Path) -> None:
    examples.write("catalyst_pool", tmp_path)
    (tmp_path / "code.py").write_text(code)
    python(tmp_path, "-W", "error::DeprecationWarning:__main__", "code.py")


def test_every_file_that_the_architecture_page_names_exists():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:campaigns|optimizers|surrogates|oracles|generators|tests)/[a-z_/]+(?:\.py)?)`", text))
    assert len(named) > 40
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


def test_the_architecture_page_names_every_folder():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = {
        path.parent.name
        for package in ("surrogates", "optimizers", "generators", "oracles", "campaigns")
        for path in (ROOT / package).glob("*/__init__.py")
    }
    assert sorted(folder for folder in folders if f"`{folder}`" not in text) == []
