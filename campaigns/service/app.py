"""This file is the service as one ASGI application: routes, errors, logs, and the guard around all of it."""

import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, nullcontext
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anyio
from fastapi import FastAPI
from fastapi.routing import APIRoute

from eutectic.campaigns.record.facts import installed
from eutectic.campaigns.service import events, laboratory, listing, pages, problems, reading
from eutectic.campaigns.service.access import Keyring
from eutectic.campaigns.service.bodies import Said
from eutectic.campaigns.service.guard import CAMPAIGN, Guard, Message
from eutectic.campaigns.service.shelf import MOST_OPEN
from eutectic.campaigns.service.state import Service, goes_on

THREADS = 256
"""Requests that may wait at the same time, most of them for proposals."""
NEAR = ("localhost", "127.0.0.1", "[::1]")
"""What this machine is called by itself."""
log = logging.getLogger("eutectic.service")


def application(
    folder: Path,
    passing: str = "",
    hosts: Collection[str] = (),
    most: int = 1,
    allowed: Collection[str] = (),
    root: str = "",
    over: Callable[[], bool] = goes_on,
    most_open: int = MOST_OPEN,
) -> Guard:
    """The service of a folder.

    passing: a token that lives as long as this process; hosts: names it goes by, beside this machine's own; most:
    campaigns run at once; allowed: what campaign files may name beyond what is safe; root: path behind a proxy; over:
    is it asked to end; most_open: campaigns whose record stays in memory.
    """
    service = Service.of(folder, most, allowed, over, most_open)
    app = routes(service)
    return Guard(app, Keyring(service.shelf.folder, passing), {*NEAR, *hosts}, _heard(service), root)


def routes(service: Service) -> FastAPI:
    """The routes, with nobody in front of them; agents' among them where `mcp` is installed."""
    agents, unguarded = _agents(service)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        await anyio.to_thread.run_sync(service.open)
        async with agents.session_manager.run() if agents else nullcontext():
            yield
        await anyio.to_thread.run_sync(service.close)

    app = FastAPI(
        title="Eutectic",
        summary="Campaigns for the inverse design of inorganic materials.",
        version=installed("eutectic") or "checkout",
        docs_url=None,
        redoc_url=None,
        lifespan=life,
        generate_unique_id_function=_called,
    )
    app.state.service = service
    for router in (listing.router, laboratory.router, events.router, reading.router, reading.health, pages.router):
        app.include_router(router)
    problems.install(app)
    _describe(app)
    if agents:  # last, since it answers whatever nobody else does
        app.mount(
            "", agents.streamable_http_app(stateless_http=True, json_response=True, transport_security=unguarded())
        )
    return app


def _agents(service: Service) -> tuple[Any, Any]:
    """The tools for agents, and the setting that leaves Host and Origin to the guard; None without `mcp`."""
    if find_spec("mcp") is None:
        return None, None
    tools = import_module("eutectic.campaigns.service.agents")
    return tools.server(service, tools.in_request), tools.unguarded


def _called(route: APIRoute) -> str:
    return route.name


def _describe(app: FastAPI) -> None:
    """Add to the OpenAPI what no route names: the form of a complaint, and the token."""
    made = app.openapi

    def described() -> dict[str, object]:
        content = made()
        parts = content.setdefault("components", {})
        parts.setdefault("schemas", {})["Said"] = Said.model_json_schema()
        parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        content["security"] = [{"token": []}]
        return content

    app.openapi = described  # type: ignore[method-assign]


def _heard(service: Service) -> Callable[[Message, int, float], None]:
    """What is noted of every answer."""

    def heard(scope: Message, status: int, seconds: float) -> None:
        state, route = scope.get("state", {}), scope.get("route")
        path, access = state.get("path", ""), state.get("access")
        named = CAMPAIGN.match(path)
        service.metrics.answered(scope.get("method", ""), getattr(route, "path", "") or "other", status, seconds)
        extra = {
            "request": state.get("request", ""),
            "campaign": named[1] if named else "",
            "evaluation": state.get("evaluation") or scope.get("path_params", {}).get("id", ""),
            "by": access.name if access else "",
            "method": scope.get("method", ""),
            "path": path,
            "status": status,
            "ms": round(1000 * seconds, 1),
        }
        log.log(logging.INFO if status < 500 else logging.ERROR, "answered", extra=extra)

    return heard
