"""This file is the download of a potential from the NIST Interatomic Potentials Repository, once, into the cache."""

import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from eutectic.oracles.base import EngineMissing
from eutectic.oracles.whole_files import write_whole

RECORDS = "https://raw.githubusercontent.com/lmhale99/potentials-library/master/potential_LAMMPS/{record}.json"
"""The repository's records as its maintainers publish them; the files themselves come from NIST."""
TIMEOUT_S = 60.0
"""Seconds to wait for the server."""
STYLES = ("eam/alloy", "eam/fs")
PINNED = {
    "2018--Farkas-D--Fe-Ni-Cr-Co-Cu--LAMMPS--ipr2": "5e6799423277ae38aeb0e51ccb68c9d1c97ffc05b79580eec6d869d56b988430",
}
"""Checksums (sha256) of files that were compared with published results here."""


def fetch(record: str, folder: Path, sha256: str = "") -> tuple[Path, str]:
    """The record's table in the cache folder, and its LAMMPS pair style.

    Downloaded at the first call; its checksum is kept beside it and must hold at every later one. EngineMissing when
    it cannot be had, ValueError when the record is no single eam/alloy or eam/fs file or the checksum is another.
    """
    note = folder / f"{record}.json"
    if not note.exists():
        _download(record, folder, note, sha256)
    kept = json.loads(note.read_text())
    path = folder / str(kept["file"])
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"
    if digest != kept["sha256"]:
        raise ValueError(f"{path}: the checksum is {digest}, at its download it was {kept['sha256']}; remove {note}")
    return path, str(kept["style"])


def _download(record: str, folder: Path, note: Path, sha256: str) -> None:
    style, url = _described(record, _read(RECORDS.format(record=record), record))
    content = _read(url, record)
    digest = hashlib.sha256(content).hexdigest()
    wanted = sha256 or PINNED.get(record, digest)
    if digest != wanted:
        raise ValueError(f"{url}: the checksum is {digest}, wanted is {wanted}")
    name = f"{record}{'.eam.fs' if style == 'eam/fs' else '.eam.alloy'}"
    write_whole(folder / name, content)
    write_whole(note, json.dumps({"file": name, "style": style, "url": url, "sha256": digest}).encode())


def _described(record: str, content: bytes) -> tuple[str, str]:
    """Pair style and address of the table in a record; ValueError when it has none that we can use."""
    try:
        described = json.loads(content)["potential-LAMMPS"]
        style = str(described["pair_style"]["type"])
        artifacts = described["artifact"]
        listed = [artifacts] if isinstance(artifacts, Mapping) else list(artifacts)
        addresses = [str(artifact["web-link"]["URL"]) for artifact in listed]
    except (ValueError, KeyError, TypeError) as problem:
        raise ValueError(f"NIST record {record!r} cannot be read: {problem!r}") from problem
    if style not in STYLES or len(addresses) != 1:
        raise ValueError(f"NIST record {record!r} is {style} in {len(addresses)} files; known is one file of eam/alloy")
    return style, addresses[0]


def _read(url: str, record: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as problem:
        if problem.code == 404:
            raise ValueError(f"NIST record {record!r} is not known: {url} does not exist") from problem
        raise EngineMissing(_offline(url, problem)) from problem
    except (urllib.error.URLError, TimeoutError, OSError) as problem:
        raise EngineMissing(_offline(url, problem)) from problem


def _offline(url: str, problem: Exception) -> str:
    return f"{url} cannot be reached ({problem}); cure: download it by hand and give `potential:` its path"
