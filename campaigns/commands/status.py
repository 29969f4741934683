"""This file is `campaign status`."""

import json
import time
from typing import Annotated

import typer

from eutectic.campaigns.analysis.status import status_json, status_lines
from eutectic.campaigns.commands.arguments import Folder
from eutectic.campaigns.record.ledger import read_ledger


def status(
    folder: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say how a campaign stands, also while it runs."""
    ledger, now = read_ledger(folder), time.time()
    typer.echo(json.dumps(status_json(ledger, now), indent=2) if as_json else "\n".join(status_lines(ledger, now)))
