"""This file is the commands that print what a campaign recorded: pareto, export."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from eutectic.campaigns.commands.arguments import Folder
from eutectic.campaigns.commands.printing import pareto_text
from eutectic.campaigns.exports.crate import write_crate
from eutectic.campaigns.exports.export import FORMATS
from eutectic.campaigns.loop.rounds import tested
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.report.page import write_report


def pareto(
    folder: Folder,
    format: Annotated[Literal["table", "csv", "json"], typer.Option(help="How to print it.")] = "table",
) -> None:
    """Print the Pareto front found so far."""
    typer.echo(pareto_text(read_ledger(folder), format), nl=False)


def export(
    folder: Folder,
    format: Annotated[
        Literal["csv", "json", "cif", "pymatgen", "pwd", "crate"], typer.Option(help="csv has a row an evaluation.")
    ] = "csv",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="A file, standard output by default; of a crate its folder, DIR/crate."),
    ] = None,
) -> None:
    """Write out every evaluation, or structures.

    csv: a row an evaluation; json: everything recorded; cif, pymatgen: the structures; pwd: a Python Workflow
    Definition that evaluates the front again; crate: a folder with all of it that describes itself (RO-Crate).
    """
    try:
        if format == "crate":
            ledger = tested(read_ledger(folder))
            made = write_crate(ledger, output or folder / "crate", lambda path: write_report(ledger, path))
            typer.echo(f"wrote {made}", err=True)
            return
        ledger = read_ledger(folder)
        text = FORMATS[format](tested(ledger) if format == "json" else ledger)
    except ValueError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
    if output is None:
        typer.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8")
    typer.echo(f"wrote {output}", err=True)
