"""This file is the commands that read a campaign's record: status, pareto, report, export, sync, ui."""

import json
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The campaign's folder.")]


def status(
    folder: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say how a campaign stands, also while it runs."""
    from eutectic.campaigns.analysis.status import status_json, status_lines
    from eutectic.campaigns.record.ledger import read_ledger

    ledger, now = read_ledger(folder), time.time()
    typer.echo(json.dumps(status_json(ledger, now), indent=2) if as_json else "\n".join(status_lines(ledger, now)))


def pareto(
    folder: Folder,
    format: Annotated[Literal["table", "csv", "json"], typer.Option(help="How to print it.")] = "table",
) -> None:
    """Print the Pareto front found so far."""
    from eutectic.campaigns.commands.printing import pareto_text
    from eutectic.campaigns.record.ledger import read_ledger

    typer.echo(pareto_text(read_ledger(folder), format), nl=False)


def report(folder: Folder) -> None:
    """Write the report again and print its path."""
    from eutectic.campaigns.record.ledger import read_ledger
    from eutectic.campaigns.report.page import write_report

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
    from eutectic.campaigns.exports.export import FORMATS
    from eutectic.campaigns.record.ledger import read_ledger

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
    from eutectic.campaigns.tracking.mlflow_store import sync as catch_up

    typer.echo(catch_up(folder))


def ui(folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="A campaign's folder.")] = None) -> None:
    """Open the MLflow UI on the campaign's store."""
    import os

    from eutectic.campaigns.tracking.mlflow_store import ui_command

    page, command = ui_command(folder)
    typer.echo(f"MLflow: {page} (Ctrl-C ends it)", err=True)
    os.execvp(command[0], command)


def explain(
    folder: Folder,
    property: Annotated[str | None, typer.Option("--property", help="This property alone.")] = None,
    candidate: Annotated[
        str | None, typer.Option("--candidate", metavar="ID", help="This candidate alone, by number or id.")
    ] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(
            "--threshold", metavar="PROPERTY=VALUE", help="What counterfactuals are to reach; again and again."
        ),
    ] = None,
    format: Annotated[Literal["text", "json"], typer.Option(help="How to print it.")] = "text",
) -> None:
    """Say what the properties depend on, and what would make a candidate better.

    Also while the campaign runs. The whole explanation goes to DIR/explanation, into the report and to MLflow; of one
    property or candidate alone it is only printed.
    """
    from eutectic.campaigns.explain.explain import Wanted
    from eutectic.campaigns.explain.explain import explain as explained
    from eutectic.campaigns.explain.text import explanation_json, explanation_text
    from eutectic.campaigns.record.ledger import read_ledger

    ledger = read_ledger(folder)
    wanted = Wanted(property, candidate, dict(_pair(text) for text in threshold or ()))
    found = explained(ledger, wanted)
    typer.echo(explanation_json(found) if format == "json" else explanation_text(found))
    if wanted.whole and found.properties:
        from eutectic.campaigns.explain.files import FOLDER, write_explanation
        from eutectic.campaigns.report.page import write_report

        write_explanation(found, folder)
        report = write_report(ledger, folder / "report.html")
        typer.echo(f"figures and tables: {folder / FOLDER}; report: {report}", err=True)
        _track(folder)


def _track(folder: Path) -> None:
    """Bring MLflow up to date, unless tracking is off or a running campaign does it; a failure is a note."""
    from eutectic.campaigns.record.ledger import read_ledger

    ledger = read_ledger(folder)
    if not ledger.spec.tracking.enabled or ledger.state == "running":
        return
    from eutectic.campaigns.tracking.follower import sync

    try:
        typer.echo(sync(folder), err=True)
    except Exception as error:  # whatever it is, the explanation is there
        typer.echo(f"note: {type(error).__name__}: {error}", err=True)


def _pair(text: str) -> tuple[str, float]:
    """Property and value of PROPERTY=VALUE."""
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise typer.BadParameter(
            f"'{text}' is not PROPERTY=VALUE with a number, such as {name or 'strength_mpa'}=300"
        ) from None
