"""This file is the commands that run a campaign: run, resume, stop."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.commands.arguments import Folder, Overrides, Quiet, campaign_file
from eutectic.campaigns.commands.watch import watch
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.hand.changing import edited
from eutectic.campaigns.loop import dry_run
from eutectic.campaigns.problem import build
from eutectic.campaigns.sharing import request_stop


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

    raise typer.Exit(watch(Campaign.from_yaml(path, folder, overrides or (), by_itself=True), quiet))


def check_only(path: Path, overrides: Sequence[str]) -> int:
    """Print what a dry run finds; 0 when the campaign could run, 1 when not."""
    built = build.build(CampaignSpec.from_file(path, overrides), path.absolute().parent, engines=False)
    found = dry_run.check_and_forecast(built)
    typer.echo("\n".join(found.lines()))
    return 0 if found.ok else 1


def resume(
    folder: Folder, quiet: Quiet = False, heard: Annotated[int | None, typer.Option(hidden=True)] = None
) -> None:
    """Go on with an interrupted or stopped campaign."""
    campaign = Campaign.open(folder)
    if differences := edited(folder):
        said = f"{folder / 'campaign.yaml'} was edited ({'; '.join(differences)}), which changes nothing"
        typer.echo(f"note: {said}; to change the campaign: campaign change {folder} --set KEY=VALUE", err=True)
    raise typer.Exit(watch(campaign, quiet, heard))


def stop(folder: Folder) -> None:
    """Ask a running campaign to end after what it evaluates now."""
    if not request_stop(folder):
        typer.echo(f"no process runs {folder}; nothing to stop", err=True)
        raise typer.Exit(1)
    typer.echo(f"asked {folder} to stop; what is being evaluated is finished first", err=True)
