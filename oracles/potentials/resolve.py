"""This file is how a potential's name or path becomes a checked potential file."""

import functools
from dataclasses import replace
from pathlib import Path

from eutectic.oracles.potentials import eam, nist
from eutectic.oracles.potentials.files import PotentialFile, describe, is_record
from eutectic.oracles.user_cache import cache_folder
from eutectic.oracles.whole_files import write_whole


@functools.cache
def resolve(potential: str, sha256: str = "") -> PotentialFile:
    """Find `builtin`, a path, or a NIST record id.

    ValueError for what cannot be read or has another checksum than the one given, EngineMissing when offline.
    """
    found = _find(potential, sha256)
    if sha256 and sha256 != found.sha256:
        raise ValueError(f"potential {potential!r}: the checksum is {found.sha256}, wanted is {sha256}")
    return found


def _find(potential: str, sha256: str) -> PotentialFile:
    if potential == "builtin":
        path, digest = builtin()
        return replace(describe("builtin", path), sha256=digest)
    if is_record(potential) and not Path(potential).exists():
        path, style = nist.fetch(potential, cache_folder(), sha256)
        return replace(describe(potential, path), style=style)
    path = Path(potential).expanduser()
    if not path.is_file():
        raise ValueError(
            f"potential {potential!r} is no file; known are 'builtin', the path of a setfl file (eam/alloy or eam/fs), "
            "and a NIST record id such as '2018--Farkas-D--Fe-Ni-Cr-Co-Cu--LAMMPS--ipr2'"
        )
    return describe(potential, path.resolve())


@functools.cache
def builtin() -> tuple[Path, str]:
    """The built-in potential's setfl file (written on first use) and the checksum of its parameters."""
    potential = eam.load()
    grid = f"{eam.RADII}x{eam.DENSITIES}"
    path = cache_folder() / f"eutectic_fenicrcocu-{potential.sha256[:12]}-{grid}.eam.alloy"
    if not path.exists():
        write_whole(path, eam.setfl(potential).encode())
    return path, potential.sha256
