"""This file is where a campaign is tracked and how far MLflow has followed it.

Where: from its file, the environment, what was used last, or beside the user. How far: `tracking.json` beside the
journal, a place for each store.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from eutectic.campaigns.file.secrets import hidden
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.oracles.whole_files import write_whole

NAME = "tracking.json"
"""The file, in the campaign's folder."""
VARIABLE = "MLFLOW_TRACKING_URI"
"""MLflow's own environment variable for the store."""
FILE = "mlflow.db"
"""The store where none is named, in the working directory."""


@dataclass(slots=True)
class Position:
    """What one store has been told; changed by the tracking thread alone."""

    run: str = ""
    """Id of the campaign's run."""
    parameters: bool = False
    """They are written once."""
    rounds: dict[str, str] = field(default_factory=dict)
    """Round -> id of its run, when everything in it is logged."""
    evaluations: dict[str, str] = field(default_factory=dict)
    """Outcome number -> id of its run."""
    hypervolumes: int = 0
    """Rounds whose hypervolume is logged."""
    models: dict[str, str] = field(default_factory=dict)
    """Property -> fingerprint of the data its logged model has learned from."""
    first: int = 1
    """What the first round is called; 0 in a store that was told of rounds when they were counted from 0."""
    concluded: str = ""
    """Fingerprint of the ledger whose report, figures and state are logged."""


@dataclass(slots=True)
class Positions:
    """The file: the store used last, and a position for each store."""

    path: Path
    uri: str = ""
    stores: dict[str, Position] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "Positions":
        """Read the file; an unreadable one counts as none, for runs are found again by their tags."""
        path = folder / NAME
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            stores = {uri: Position(**({"first": 0} | told)) for uri, told in content["stores"].items()}
            return cls(path, content["uri"], stores)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls(path)

    def stamp(self) -> tuple[int, int, int] | None:
        """Changes whenever the file is written anew; None without one."""
        try:
            seen = self.path.stat()
        except FileNotFoundError:
            return None
        return seen.st_ino, seen.st_mtime_ns, seen.st_size

    def write(self) -> None:
        """Replace the file in one step."""
        content = {"uri": self.uri, "stores": {uri: asdict(position) for uri, position in self.stores.items()}}
        write_whole(self.path, json.dumps(content, indent=1).encode())


def tracking_uri(spec: CampaignSpec, cwd: Path, source: Path | None = None, last: str = "") -> str:
    """The store of a campaign: its file's `tracking.uri`, MLFLOW_TRACKING_URI, the last one used, cwd/mlflow.db.

    source: folder of the campaign file, from which its relative paths are taken (cwd when not given).
    """
    if spec.tracking.uri:
        return absolute(spec.tracking.uri, source or cwd)
    given = os.environ.get(VARIABLE, "")
    return absolute(given, cwd) if given else _reachable(last) or absolute(f"sqlite:///{FILE}", cwd)


def absolute(uri: str, folder: Path) -> str:
    """The same store with a relative SQLite path taken from folder."""
    path = uri.removeprefix("sqlite:///")
    if path == uri or path.startswith("/"):
        return uri
    home = str(folder.absolute())
    for mark in "%?#":  # which mean something in an address
        home = home.replace(mark, f"%{ord(mark):02X}")
    return f"sqlite:///{home}/{path}"


def address(folder: Path | None) -> str:
    """The store a campaign's folder was tracked in; without a folder, the one a new campaign would use here."""
    given = absolute(os.environ.get(VARIABLE, "") or f"sqlite:///{FILE}", Path.cwd())
    return (_reachable(Positions.read(folder).uri) if folder else "") or given


def _reachable(uri: str) -> str:
    """The address as it was kept; "" when its password was not, so that the environment has to say it again."""
    return "" if hidden(uri) else uri
