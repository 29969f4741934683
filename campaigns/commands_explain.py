"""This file is the command that says why: explain."""

from pathlib import Path
from typing import Annotated, Literal

import typer

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The campaign's folder.")]


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
    from campaigns.explaining import Wanted
    from campaigns.explaining import explain as explained
    from campaigns.explanation_text import explanation_json, explanation_text
    from campaigns.ledger import read_ledger

    ledger = read_ledger(folder)
    wanted = Wanted(property, candidate, dict(_pair(text) for text in threshold or ()))
    found = explained(ledger, wanted)
    typer.echo(explanation_json(found) if format == "json" else explanation_text(found))
    if wanted.whole and found.properties:
        from campaigns.explanation_files import FOLDER, write_explanation
        from campaigns.report import write_report

        write_explanation(found, folder)
        report = write_report(ledger, folder / "report.html")
        typer.echo(f"figures and tables: {folder / FOLDER}; report: {report}", err=True)
        _track(folder)


def _track(folder: Path) -> None:
    """Bring MLflow up to date, unless tracking is off or a running campaign does it; a failure is a note."""
    from campaigns.ledger import read_ledger

    ledger = read_ledger(folder)
    if not ledger.spec.tracking.enabled or ledger.state == "running":
        return
    from campaigns.following import sync

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
