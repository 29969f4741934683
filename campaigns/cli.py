"""This file is the `campaign` command: its verbs, and what becomes of their errors."""

import sys
from typing import Annotated

import typer

from eutectic.campaigns.commands import read, run, setup

VERBS = (
    run.run,
    run.resume,
    read.status,
    run.stop,
    read.pareto,
    read.report,
    read.explain,
    read.export,
    run.suggest,
    run.tell,
    setup.init,
    setup.validate,
    setup.schema,
    setup.plugins,
    setup.doctor,
    read.sync,
    read.ui,
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
    from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
    from eutectic.oracles.base import EngineMissing

    if isinstance(error, CampaignFileError | CampaignFolderError):
        return 2
    return 1 if isinstance(error, EngineMissing) else None


if __name__ == "__main__":
    main()
