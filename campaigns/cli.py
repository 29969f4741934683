"""This file is the `campaign` command: the table of its verbs, and what becomes of their errors."""

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.record.facts import installed

VERBS = {
    "run": ("commands.run:run", "Run a campaign from its file."),
    "resume": ("commands.run:resume", "Go on with an interrupted or stopped campaign."),
    "status": ("commands.status:status", "Say how a campaign stands, also while it runs."),
    "stop": ("commands.run:stop", "Ask a running campaign to end after what it evaluates now."),
    "pareto": ("commands.read:pareto", "Print the Pareto front found so far."),
    "report": ("commands.report:report", "Write the report again and print its path."),
    "explain": (
        "commands.explain:explain_campaign",
        "Say what the properties depend on, and what would make a candidate better.",
    ),
    "export": ("commands.read:export", "Write out every evaluation, or structures."),
    "suggest": ("commands.laboratory:suggest", "Propose candidates to evaluate by hand."),
    "tell": ("commands.laboratory:tell", "Tell a campaign what came out."),
    "change": ("commands.laboratory:change", "Change a campaign while its data are kept."),
    "predict": ("commands.laboratory:predict", "Say what is expected of any candidate."),
    "return": ("commands.laboratory:give_back", "Say that a candidate is not made."),
    "serve": ("commands.service:serve", "Lead campaigns over HTTP: for people in a browser, instruments and agents."),
    "mcp": (
        "commands.service:agent",
        "Offer campaigns to a language model's agent: the Model Context Protocol on standard input and output.",
    ),
    "token": ("commands.service:token", "Make a token for the service, list them, or make one worthless."),
    "init": ("commands.setup:init", "Write a bundled example here for editing."),
    "validate": ("commands.setup:validate", "Check a campaign file without running it."),
    "schema": ("commands.setup:print_schema", "Print the campaign file's JSON Schema, for editors."),
    "plugins": (
        "commands.setup:list_parts",
        "List the parts a campaign file can use, show one of them, or write the package of a new one.",
    ),
    "doctor": (
        "commands.doctor:doctor",
        "Say which engines are here and how to get others; of one campaign, whether its parts work here.",
    ),
    "generator": ("commands.generator:app", "Draw crystals, judge them, train and describe engines."),
    "sync": ("commands.tracking:sync", "Bring MLflow up to date with the campaign's record."),
    "ui": (
        "commands.tracking:ui",
        "Open the MLflow UI on a campaign's run, or on the store that a campaign begun here would use.",
    ),
}
"""Verb -> its function, imported when the verb is called, and its line of `campaign --help`, in that order."""


def command(verb: str) -> Any:
    """The command of a verb, with its module imported."""
    module, _, name = VERBS[verb][0].partition(":")
    found = getattr(import_module(f"eutectic.campaigns.{module}"), name)
    if isinstance(found, typer.Typer):  # a verb with verbs of its own
        return typer.main.get_command(found)
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    single.command(verb)(found)
    return typer.main.get_command(single)


class Verbs(TyperGroup):
    """The verbs: listed from the table, and imported one at a time when they are called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The verb, its command and the words that are left; a usage error with the nearest verb for another word."""
        verb, _, rest = super().resolve_command(ctx, args)
        return verb, command(verb) if verb else None, rest


app = typer.Typer(
    cls=Verbs,
    help="Active-learning campaigns for the inverse design of inorganic materials.",
    epilog="Start here: campaign init multi_principal_alloy, then campaign run multi_principal_alloy.yaml",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)


def _listed() -> None:
    """What stands in the list of verbs for each of them; `Verbs` calls the verb itself."""
    raise AssertionError


for _verb, (_, _line) in VERBS.items():
    app.command(_verb, help=_line)(_listed)


def _print_version(wanted: bool) -> None:
    """Print the version and exit, before a verb is asked for."""
    if wanted:
        typer.echo(f"eutectic {installed('eutectic') or '(not installed: a checkout)'}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Active-learning campaigns for the inverse design of inorganic materials."""
    del version  # its callback has done it


def main() -> None:
    """Run the command line; a user's error is said in lines and an exit code, a mistake of ours keeps its traceback."""
    try:
        app()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise
        print(_said(error), file=sys.stderr)
        raise SystemExit(code) from None


def _said(error: Exception) -> str:
    """What an error says; of the system's, which file or folder it is about, and why."""
    return f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)


def exit_code(error: Exception) -> int | None:
    """2 for a file or folder that cannot be used, 1 for a missing engine, None for a mistake of ours."""
    from eutectic.oracles.base import EngineMissing

    if isinstance(error, CampaignFileError | CampaignFolderError) or (isinstance(error, OSError) and error.filename):
        return 2
    return 1 if isinstance(error, EngineMissing) else None


if __name__ == "__main__":
    main()
