"""This file is `campaign report`."""

import typer

from eutectic.campaigns.commands.arguments import Folder
from eutectic.campaigns.record.ledger import read_ledger
from eutectic.campaigns.report.page import write_report


def report(folder: Folder) -> None:
    """Write the report again and print its path."""
    typer.echo(write_report(read_ledger(folder), folder / "report.html"))
