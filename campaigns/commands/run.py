"""This file is the commands that move a campaign on: run, resume, stop, suggest, tell."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from eutectic.campaigns.analysis.summary import counted
from eutectic.campaigns.campaign import Campaign, request_stop
from eutectic.campaigns.commands.arguments import Folder, Overrides, Quiet, campaign_file
from eutectic.campaigns.commands.printing import suggestions, suggestions_json
from eutectic.campaigns.commands.watch import watch
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.loop import dry_run
from eutectic.campaigns.loop.context import context_of
from eutectic.campaigns.problem import build
from eutectic.campaigns.telling import described, from_csv, from_words, new_to, suggested


def run(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A campaign file, or the name of a bundled example.")],
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Where to keep the campaign; runs/NAME by default.")
    ] = None,
    overrides: Overrides = None,
    quiet: Quiet = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything and forecast time and cost; no run.")
    ] = False,
) -> None:
    """Run a campaign from its file.

    Exit codes: 0 done, 1 failed, 2 bad file, 130 interrupted (what is recorded is kept).
    """
    path = campaign_file(file)
    if dry_run:
        raise typer.Exit(check_only(path, overrides or ()))

    raise typer.Exit(watch(Campaign.from_yaml(path, folder, overrides or ()), quiet))


def check_only(path: Path, overrides: Sequence[str]) -> int:
    """Print what a dry run finds; 0 when the campaign could run, 1 when not."""
    built = build.build(CampaignSpec.from_file(path, overrides), path.absolute().parent, engines=False)
    found = dry_run.check_and_forecast(built)
    typer.echo("\n".join(found.lines()))
    return 0 if found.ok else 1


def resume(folder: Folder, quiet: Quiet = False) -> None:
    """Go on with an interrupted or stopped campaign."""
    raise typer.Exit(watch(Campaign.open(folder), quiet))


def stop(folder: Folder) -> None:
    """Ask a running campaign to end after what it evaluates now."""
    if not request_stop(folder):
        typer.echo(f"no process runs {folder}; nothing to stop", err=True)
        raise typer.Exit(1)
    typer.echo(f"asked {folder} to stop; what is being evaluated is finished first", err=True)


def suggest(
    folder: Folder,
    n: Annotated[int, typer.Option("-n", min=1, help="How many candidates.")] = 1,
    format: Annotated[Literal["table", "json"], typer.Option(help="How to print them.")] = "table",
    context: Annotated[
        list[str] | None,
        typer.Option("--context", metavar="VARIABLE=VALUE", help="What is measured and not chosen; again and again."),
    ] = None,
) -> None:
    """Propose candidates to evaluate by hand.

    Those proposed before and not evaluated yet come first, so that asking twice shows the same; a larger -n proposes
    more. Tell the campaign what came out with `campaign tell`; what is not told is evaluated by the next `resume`.
    """
    campaign = Campaign.open(folder)
    try:
        show = suggestions_json if format == "json" else suggestions
        outcomes, note = suggested(campaign, n, context_of(context or ()))
        typer.echo(show(outcomes, campaign.problem.spec))
        if note:
            typer.echo(note, err=True)
    finally:
        campaign.close()


def tell(
    folder: Folder,
    values: Annotated[list[str] | None, typer.Argument(metavar="PROPERTY=VALUE", help="Measured values.")] = None,
    id: Annotated[str | None, typer.Option("--id", help="The candidate, as `campaign suggest` named it.")] = None,
    csv: Annotated[Path | None, typer.Option(help="A table: a column id, a column a property.")] = None,
) -> None:
    """Tell a campaign what was measured.

    PROPERTY=VALUE, and PROPERTY_std=VALUE for its standard error; or a table with a column id.
    """
    if (id is None) == (csv is None):
        raise typer.BadParameter("give either --id ID property=value... or --csv FILE")
    campaign = Campaign.open(folder)
    try:
        ledger = campaign.ledger
        answers = [from_words(id or "", values or [])] if csv is None else from_csv(csv, described(ledger))
        news = new_to(ledger, answers)
        for answer in news:
            campaign.tell(answer.id, answer.values, answer.errors)
    finally:
        campaign.close()
    known = len(answers) - len(news)
    typer.echo(f"told {folder} about {counted(len(news), 'candidate')}{f'; {known} known before' if known else ''}")
