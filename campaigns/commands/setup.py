"""This file is the commands around a campaign: init, validate, schema, plugins, doctor."""

import json
import textwrap
from pathlib import Path
from typing import Annotated

import typer

INDENT = " " * 6
"""Before the help of an option."""


def init(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The example; without it they are listed.")] = None,
    folder: Annotated[Path, typer.Option("--dir", help="Where to write it.")] = Path(),
) -> None:
    """Write a bundled example here for editing.

    Its schema comes along for your editor; nothing is overwritten.
    """
    from eutectic.campaigns.file import examples

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
    typer.echo(f"Next: campaign run {written[0]}", err=True)


def validate(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A campaign file.")],
    overrides: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one value.")] = None,
) -> None:
    """Check a campaign file without running it."""
    from eutectic.campaigns.commands.printing import size
    from eutectic.campaigns.commands.run import campaign_file
    from eutectic.campaigns.file import spec
    from eutectic.campaigns.loop.prior_data import forewarnings
    from eutectic.campaigns.problem import build

    path = campaign_file(file)
    checked = spec.CampaignSpec.from_file(path, overrides or ())
    built = build.build(checked, path.parent, engines=False)
    notes = forewarnings(built)
    typer.echo(f"{path}: valid; {size(built.space)}")
    for note in notes:
        typer.echo(f"note: {note}", err=True)


def schema() -> None:
    """Print the campaign file's JSON Schema, for editors."""
    from eutectic.campaigns.file.schema import schema as written

    typer.echo(json.dumps(written(), indent=2))


def plugins(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A part; its options are shown.")] = None,
) -> None:
    """List the parts a campaign file can use."""
    from eutectic.campaigns.errors import CampaignFileError, Complaint, unknown
    from eutectic.campaigns.file import plugins as parts
    from eutectic.campaigns.file.schema import told as sections_called

    if name is None:
        for kind in parts.KINDS:
            typer.echo(f"{kind:12} {', '.join(parts.names(kind))}")
        return
    kinds = [kind for kind in parts.KINDS if name in parts.names(kind)]
    told = [] if kinds else sections_called(name)
    for line in told:
        typer.echo(f"No part: {line} (docs/campaign-file.md)")
    if not kinds and not told:
        known = sorted({part for kind in parts.KINDS for part in parts.names(kind)})
        raise CampaignFileError([Complaint((), unknown("part", name, known))])
    for kind in kinds:
        typer.echo(f"{name} ({kind}): {parts.summary(kind, name)}")
        for option in parts.manual(kind, name):
            default = f"= {option.default}" if option.default else "(required)"
            typer.echo(f"  {option.name}: {option.type} {default}")
            typer.echo(
                textwrap.fill(" ".join(option.help.split()), 100, initial_indent=INDENT, subsequent_indent=INDENT)
            )


def doctor() -> None:
    """Say which engines are here and how to get others."""
    from eutectic.campaigns.commands import doctor as checks

    findings = checks.examine()
    for finding in findings:
        typer.echo(finding.line)
    if any(finding.broken for finding in findings):
        raise typer.Exit(1)


def _write_schema(path: Path) -> None:
    """The JSON Schema beside the example, unless one is there."""
    from eutectic.campaigns.file import schema as schemas

    if not path.exists():
        path.write_text(json.dumps(schemas.schema(), indent=2) + "\n", encoding="utf-8")
        typer.echo(path)
