"""This file is how far MLflow has followed a campaign: `tracking.json` beside the journal, a place for each store."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

NAME = "tracking.json"


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
            stores = {uri: Position(**position) for uri, position in content["stores"].items()}
            return cls(path, content["uri"], stores)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls(path)

    def write(self) -> None:
        """Replace the file in one step."""
        content = {"uri": self.uri, "stores": {uri: asdict(position) for uri, position in self.stores.items()}}
        part = self.path.with_name(self.path.name + ".part")
        part.write_text(json.dumps(content, indent=1), encoding="utf-8")
        part.replace(self.path)
