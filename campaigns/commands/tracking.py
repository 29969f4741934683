"""This file is the commands around MLflow: sync, ui."""

import os
from pathlib import Path
from typing import Annotated

import typer

from eutectic.campaigns.commands.arguments import Folder
from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.record.journal import Journal
from eutectic.campaigns.tracking import follower
from eutectic.campaigns.tracking.mlflow_store import ui_command


def sync(folder: Folder) -> None:
    """Bring MLflow up to date with the campaign's record."""
    typer.echo(follower.sync(folder))


def ui(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="A campaign's folder.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Of this machine; without it a free one.")] = None,
) -> None:
    """Open the MLflow UI on a campaign's run, or on the store that a campaign begun here would use."""
    if folder is not None:
        Journal.open(folder).close()
    try:
        page, command = ui_command(folder, port)
    except ValueError as error:
        raise CampaignFolderError(str(error)) from error
    typer.echo(f"MLflow: {page} (Ctrl-C ends it)", err=True)
    os.execvp(command[0], command)
