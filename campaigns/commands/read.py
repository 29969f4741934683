"""This file is the commands that read a campaign's record: status, pareto, report, export, sync, ui."""

import json
import os
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from eutectic.campaigns.analysis.status import status_json, status_lines
from eutectic.campaigns.commands.arguments import Folder
from eutectic.campaigns.commands.printing import pareto_text
from eutectic.campaigns.exports.export import FORMATS
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.report.page import write_report
from eutectic.campaigns.tracking import follower
from eutectic.campaigns.tracking.mlflow_store import ui_command


def status(
    folder: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say how a campaign stands, also while it runs."""
    ledger, now = read_ledger(folder), time.time()
    typer.echo(json.dumps(status_json(ledger, now), indent=2) if as_json else "\n".join(status_lines(ledger, now)))


def pareto(
    folder: Folder,
    format: Annotated[Literal["table", "csv", "json"], typer.Option(help="How to print it.")] = "table",
) -> None:
    """Print the Pareto front found so far."""
    typer.echo(pareto_text(read_ledger(folder), format), nl=False)


def report(folder: Folder) -> None:
    """Write the report again and print its path."""
    typer.echo(write_report(read_ledger(folder), folder / "report.html"))


def export(
    folder: Folder,
    format: Annotated[Literal["csv", "json", "cif", "pwd"], typer.Option(help="csv has a row an evaluation.")] = "csv",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A file; standard output by default.")] = None,
) -> None:
    """Write out every evaluation, or structures.

    csv: a row an evaluation; json: everything recorded; cif: the structures; pwd: a Python Workflow Definition that
    evaluates the front again.
    """
    try:
        text = FORMATS[format](read_ledger(folder))
    except ValueError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
    if output is None:
        typer.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8")
    typer.echo(f"wrote {output}", err=True)


def sync(folder: Folder) -> None:
    """Bring MLflow up to date with the campaign's record."""
    typer.echo(follower.sync(folder))


def ui(folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="A campaign's folder.")] = None) -> None:
    """Open the MLflow UI on the campaign's store."""
    page, command = ui_command(folder)
    typer.echo(f"MLflow: {page} (Ctrl-C ends it)", err=True)
    os.execvp(command[0], command)
