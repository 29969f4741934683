"""This file is the commands around a campaign: init, validate, schema, plugins."""

import json
import textwrap
from pathlib import Path
from typing import Annotated

import typer

from eutectic.campaigns.commands.arguments import campaign_file
from eutectic.campaigns.commands.printing import size
from eutectic.campaigns.errors import CampaignFileError, Complaint, unknown
from eutectic.campaigns.file import examples, plugins, schema, spec, templates
from eutectic.campaigns.loop.prior_data import warnings_of
from eutectic.campaigns.problem import build

INDENT = " " * 6
"""Before the help of an option."""


def init(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The example; without it they are listed.")] = None,
    folder: Annotated[Path, typer.Option("--dir", help="Where to write it.")] = Path(),
) -> None:
    """Write a bundled example here for editing.

    Its schema comes along for your editor; nothing is overwritten.
    """
    if name is None:
        for known in examples.names():
            typer.echo(f"{known:28}{examples.summary(known)}")
        return
    if examples.bundled(name) is None:
        raise examples.nothing_called(name)
    folder.mkdir(parents=True, exist_ok=True)
    written = examples.write(name, folder)
    for path in written:
        typer.echo(path)
    _write_schema(folder / examples.SCHEMA)
    for file, columns in examples.lacking(written[0]).items():
        typer.echo(f"Yours to supply: {folder / file}, with the columns {', '.join(columns)}", err=True)
    typer.echo(f"Next: campaign {'suggest' if examples.by_hand(written[0]) else 'run'} {written[0]}", err=True)


def validate(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A campaign file.")],
    overrides: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one value.")] = None,
) -> None:
    """Check a campaign file without running it."""
    path = campaign_file(file)
    checked = spec.CampaignSpec.from_file(path, overrides or ())
    built = build.build(checked, path.parent, engines=False)
    notes = warnings_of(built)
    typer.echo(f"{path}: valid; {size(built)}")
    for note in notes:
        typer.echo(f"note: {note}", err=True)


def print_schema() -> None:
    """Print the campaign file's JSON Schema, for editors."""
    typer.echo(json.dumps(schema.schema(), indent=2))


def list_parts(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A part; its options are shown. With --new: of the package.")
    ] = None,
    new: Annotated[
        str | None, typer.Option(metavar="KIND", help="Write a package with a part of this kind: oracle, optimizer ...")
    ] = None,
) -> None:
    """List the parts a campaign file can use, show one of them, or write the package of a new one."""
    if new is not None:
        _begin(new, name)
        return
    if name is None:
        for kind in plugins.KINDS:
            _list(kind)
        return
    kinds = [kind for kind in plugins.KINDS if name in plugins.names(kind)]
    told = [] if kinds else schema.places_of(name)
    for line in told:
        typer.echo(f"No part: {line} (docs/campaign-file.md)")
    if not kinds and not told:
        known = sorted({part for kind in plugins.KINDS for part in plugins.names(kind)})
        raise CampaignFileError([Complaint((), unknown("part", name, known))])
    for kind in kinds:
        typer.echo(f"{name} ({kind}): {plugins.summary(kind, name)}")
        if kind == "oracles":
            _list_properties(name)
        for option in plugins.manual(kind, name):
            default = f"= {option.default}" if option.default else "(required)"
            typer.echo(f"  {option.name}: {option.type} {default}")
            typer.echo(
                textwrap.fill(" ".join(option.help.split()), 100, initial_indent=INDENT, subsequent_indent=INDENT)
            )


def _begin(kind: str, package: str | None) -> None:
    """Write a package for a new part here."""
    if package is None:
        raise CampaignFileError([Complaint((), f"name the package, too: campaign plugins --new {kind} my_package")])
    for path in templates.write(kind, package, Path()):
        typer.echo(path)
    typer.echo(f"Next: pip install -e {package} && pytest {package}", err=True)


def _list(kind: str) -> None:
    """A line a part of one kind: its name and the first line of its manual, or why it cannot be loaded."""
    typer.echo(kind)
    for name in plugins.names(kind):
        try:
            line = plugins.summary(kind, name).partition("\n")[0]
        except CampaignFileError as error:
            line = f"cannot be used: {error}"
        typer.echo(f"  {name:22} {line}")


def _list_properties(name: str) -> None:
    """What an oracle with its defaults returns, where it needs no options to say so."""
    properties = plugins.returned(name)
    text = f"returns: {', '.join(properties)}" if properties else "returns: what its options, or its answers, say"
    typer.echo(textwrap.fill(text, 100, initial_indent="  ", subsequent_indent=INDENT, break_long_words=False))


def _write_schema(path: Path) -> None:
    """The JSON Schema beside the example, unless one is there."""
    if not path.exists():
        path.write_text(json.dumps(schema.schema(), indent=2) + "\n", encoding="utf-8")
        typer.echo(path)
