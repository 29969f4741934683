"""This file is where a campaign is tracked: from its file, the environment, what was used last, or beside the user."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from campaigns.position import Positions

if TYPE_CHECKING:
    from campaigns.spec import CampaignSpec

VARIABLE = "MLFLOW_TRACKING_URI"
FILE = "mlflow.db"


def tracking_uri(spec: "CampaignSpec", cwd: Path, source: Path | None = None, last: str = "") -> str:
    """The store of a campaign: its file's `tracking.uri`, MLFLOW_TRACKING_URI, the last one used, cwd/mlflow.db.

    source: folder of the campaign file, from which its relative paths are taken (cwd when not given).
    """
    if spec.tracking.uri:
        return absolute(spec.tracking.uri, source or cwd)
    given = os.environ.get(VARIABLE, "")
    return absolute(given, cwd) if given else last or absolute(f"sqlite:///{FILE}", cwd)


def absolute(uri: str, folder: Path) -> str:
    """The same store with a relative SQLite path taken from folder."""
    path = uri.removeprefix("sqlite:///")
    return f"sqlite:///{(folder / path).absolute()}" if path != uri else uri


def address(folder: Path | None) -> str:
    """The store a campaign's folder was tracked in; without a folder, the one a new campaign would use here."""
    given = absolute(os.environ.get(VARIABLE, "") or f"sqlite:///{FILE}", Path.cwd())
    return (Positions.read(folder).uri if folder else "") or given
