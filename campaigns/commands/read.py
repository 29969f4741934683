"""This file is the commands that print what a campaign recorded: pareto, export."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from eutectic.campaigns.commands.arguments import Folder
from eutectic.campaigns.commands.printing import pareto_text
from eutectic.campaigns.exports.export import FORMATS
from eutectic.campaigns.record.ledger import read_ledger


def pareto(
    folder: Folder,
    format: Annotated[Literal["table", "csv", "json"], typer.Option(help="How to print it.")] = "table",
) -> None:
    """Print the Pareto front found so far."""
    typer.echo(pareto_text(read_ledger(folder), format), nl=False)


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
