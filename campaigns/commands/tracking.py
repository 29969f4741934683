"""This file is the commands around MLflow: sync, ui."""

import os
from pathlib import Path
from typing import Annotated

import typer

from eutectic.campaigns.commands.arguments import Folder
from eutectic.campaigns.tracking import follower
from eutectic.campaigns.tracking.mlflow_store import ui_command


def sync(folder: Folder) -> None:
    """Bring MLflow up to date with the campaign's record."""
    typer.echo(follower.sync(folder))


def ui(folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="A campaign's folder.")] = None) -> None:
    """Open the MLflow UI on the campaign's store."""
    page, command = ui_command(folder)
    typer.echo(f"MLflow: {page} (Ctrl-C ends it)", err=True)
    os.execvp(command[0], command)
