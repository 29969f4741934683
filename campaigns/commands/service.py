"""This file is the commands of the service: serve, token."""

import re
import time
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.service import access
from eutectic.oracles.base import EngineMissing

Shelf = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of campaign folders.")]
LOOPBACK = ("127.0.0.1", "localhost", "::1")
UNITS = {"h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
"""Letter -> seconds."""
ROOM = "eutectic.campaigns.service"
CLOSING_S = 3
"""Seconds that streams have to end."""


def serve(
    folder: Shelf = Path("runs"),
    host: Annotated[str, typer.Option(help="Address to listen at; any but this machine's own demands tokens.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8765,
    most: Annotated[int, typer.Option("--at-once", min=1, help="Computed campaigns run at the same time.")] = 1,
    most_open: Annotated[
        int, typer.Option("--open", min=1, help="Campaigns kept in memory; the one unused for longest makes room.")
    ] = 64,
    host_names: Annotated[
        list[str] | None, typer.Option("--host-name", metavar="NAME", help="A name it is reached by; again and again.")
    ] = None,
    allowed: Annotated[
        list[str] | None,
        typer.Option(
            "--allow", metavar="NAME", help="What files over HTTP may name: python, command ...; again and again."
        ),
    ] = None,
    root: Annotated[str, typer.Option("--root-path", metavar="PATH", help="Where a proxy has put it.")] = "",
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], typer.Option(help="Least that is logged.")] = (
        "INFO"
    ),
) -> None:
    """Lead campaigns over HTTP: for people in a browser, instruments and agents.

    A token is printed with the address unless some were made with `campaign token add`. Ending this ends no campaign.
    """
    app, logs, uvicorn = _parts()
    folder.mkdir(parents=True, exist_ok=True)
    tokens = access.read(folder / access.NAME)
    if host not in LOOPBACK and not tokens:
        raise CampaignFolderError(
            f"anybody who can reach {host} would find it without tokens; make one first: "
            f"campaign token add NAME {folder} --scope operate"
        )
    passing = "" if tokens else access.new()
    names = {*(host_names or ()), *(() if host in ("0.0.0.0", "::") else (f"[{host}]" if ":" in host else host,))}
    root = f"/{root.strip('/')}" if root.strip("/") else ""
    server: Any = None  # made of what asks it whether it is to end
    guarded = app.application(folder, passing, names, most, allowed or (), root, lambda: server.should_exit, most_open)
    logs.configure(log_level)
    settings = uvicorn.Config(
        guarded, host=host, port=port, log_config=None, access_log=False, root_path=root, server_header=False,
        timeout_graceful_shutdown=CLOSING_S,
    )  # fmt: skip
    server = uvicorn.Server(settings)
    socket = settings.bind_socket()
    shown = f"http://{f'[{host}]' if ':' in host else host}:{socket.getsockname()[1]}{root}/"
    print(f"{shown}?token={passing}" if passing else shown, flush=True)
    server.run(sockets=[socket])


def agent(
    folder: Shelf = Path("runs"),
    allowed: Annotated[
        list[str] | None, typer.Option("--allow", metavar="NAME", help="What files may name: python, command ...")
    ] = None,
) -> None:
    """Offer campaigns to a language model's agent: the Model Context Protocol on standard input and output.

    The same tools are at /mcp of `campaign serve`.
    """
    try:
        agents, state = import_module(f"{ROOM}.agents"), import_module(f"{ROOM}.state")
    except ImportError as error:
        raise EngineMissing(f"this needs {error.name}: pip install 'eutectic[agents,service]'") from None
    service = state.Service.of(folder, 1, allowed or ())
    service.open()
    try:
        agents.server(service).run("stdio")
    finally:
        service.close()


def token(
    action: Annotated[Literal["add", "list", "remove"], typer.Argument(metavar="add|list|remove")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is.")] = "",
    folder: Annotated[Path, typer.Option("--dir", metavar="FOLDER", help="The service's folder.")] = Path("runs"),
    scope: Annotated[
        Literal["read", "tell", "operate"],
        typer.Option(help="read: look; tell: take samples and tell; operate: begin, start and stop."),
    ] = "tell",
    pattern: Annotated[
        str, typer.Option("--for", metavar="PATTERN", help="Campaigns it is for, as a shell matches names.")
    ] = "*",
    expires: Annotated[str, typer.Option(metavar="TIME", help="After so long, such as 12h, 30d or 8w.")] = "",
) -> None:
    """Make a token for the service, list them, or make one worthless.

    A new one is printed once; what is kept cannot be turned back into it. A service that runs sees it at once.
    """
    if action == "list":
        for one in access.read(folder / access.NAME):
            end = "never" if one.expires is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(one.expires))
            typer.echo(f"{one.name:20} {one.first}...  {one.scope:8} {one.pattern:12} expires {end}")
        return
    if not name:
        raise typer.BadParameter(f"say which: campaign token {action} NAME")
    if action == "remove":
        access.remove(folder, name)
        typer.echo(f"'{name}' opens nothing any more", err=True)
        return
    print(access.add(folder, name, scope, pattern, _until(expires)), flush=True)
    typer.echo(f"'{name}' may {scope}, campaigns {pattern}; shown this once", err=True)


def _until(text: str) -> float | None:
    """Unix time, s, of `12h`, `30d` or `8w` from now; None for ""."""
    if not text:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([hdw])", text)
    if match is None:
        raise typer.BadParameter(f"--expires {text}: a number and h, d or w, such as 30d")
    return time.time() + float(match[1]) * UNITS[match[2]]


def _parts() -> tuple[Any, Any, Any]:
    """The application, its log and the server; EngineMissing when they are not installed."""
    try:
        return import_module(f"{ROOM}.app"), import_module(f"{ROOM}.logs"), import_module("uvicorn")
    except ImportError as error:
        raise EngineMissing(f"the service needs {error.name}: pip install 'eutectic[service]'") from None
