"""This file is the `campaign` command: its verbs, and what becomes of their errors."""

import sys
from typing import Annotated

import typer

from campaigns import commands_explain, commands_read, commands_run, commands_setup

VERBS = (
    commands_run.run,
    commands_run.resume,
    commands_read.status,
    commands_run.stop,
    commands_read.pareto,
    commands_read.report,
    commands_explain.explain,
    commands_read.export,
    commands_run.suggest,
    commands_run.tell,
    commands_setup.init,
    commands_setup.validate,
    commands_setup.schema,
    commands_setup.plugins,
    commands_setup.doctor,
    commands_read.sync,
    commands_read.ui,
)
"""In the order `campaign --help` lists them."""

app = typer.Typer(
    help="Active-learning campaigns for the inverse design of inorganic materials.",
    epilog="Start here: campaign init multi_principal_alloy, then campaign run multi_principal_alloy.yaml",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)
for _verb in VERBS:
    app.command()(_verb)


def _print_version(wanted: bool) -> None:
    """Print the version and exit, before a verb is asked for."""
    if wanted:
        from importlib.metadata import version

        typer.echo(f"eutectic {version('eutectic')}")
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
        print(error, file=sys.stderr)
        raise SystemExit(code) from None


def exit_code(error: Exception) -> int | None:
    """2 for a file or folder that cannot be used, 1 for a missing engine, None for a mistake of ours."""
    from campaigns.errors import CampaignFileError, CampaignFolderError
    from oracles.base import EngineMissing

    if isinstance(error, CampaignFileError | CampaignFolderError):
        return 2
    return 1 if isinstance(error, EngineMissing) else None


if __name__ == "__main__":
    main()
