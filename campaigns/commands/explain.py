"""This file is `campaign explain`: what the properties depend on, printed, written, and brought to MLflow."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from eutectic.campaigns.commands.arguments import Folder
from eutectic.campaigns.explain.explain import Wanted, explain
from eutectic.campaigns.explain.files import FOLDER, write_explanation
from eutectic.campaigns.explain.text import explanation_json, explanation_text
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.report.page import write_report
from eutectic.campaigns.tracking import follower


def explain_campaign(
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
    ledger = read_ledger(folder)
    wanted = Wanted(property, candidate, dict(_pair(text) for text in threshold or ()))
    explanation = explain(ledger, wanted, lambda text: typer.echo(f"explaining: {text}", err=True))
    typer.echo(explanation_json(explanation) if format == "json" else explanation_text(explanation))
    if wanted.whole and explanation.properties:
        typer.echo("explaining: figures, tables and report", err=True)
        write_explanation(explanation, folder)
        report = write_report(ledger, folder / "report.html")
        typer.echo(f"figures and tables: {folder / FOLDER}; report: {report}", err=True)
        _track(folder)


def _track(folder: Path) -> None:
    """Bring MLflow up to date, unless tracking is off or a running campaign does it; a failure is a note."""
    ledger = read_ledger(folder)
    if not ledger.spec.tracking.enabled or ledger.state == "running":
        return
    try:
        typer.echo(follower.sync(folder), err=True)
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
