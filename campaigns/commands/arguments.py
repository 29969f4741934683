"""This file is what the commands share: the arguments several of them take, and the campaign file they name."""

from pathlib import Path
from typing import Annotated

import typer

from eutectic.campaigns.file import examples

Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change one value of the file, dots between nested keys; again and again."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The campaign's folder.")]


def campaign_file(file: str) -> Path:
    """The file itself, or the bundled example of that name, saying so on standard error."""
    if Path(file).exists():
        return Path(file)
    path = examples.bundled(file)
    if path is None:
        raise examples.nothing_called(file)
    typer.echo(f"no {file} here: taking the bundled example; to edit it: campaign init {path.stem}", err=True)
    return path
