"""This file is campaigns as tools for language models: the Model Context Protocol, over stdio or in the service.

Tools are the verbs there are; none takes a file that runs code, and complaints come back in the command line's words.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations

from eutectic.campaigns.analysis.status import status_json
from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError
from eutectic.campaigns.exports.candidates import fate
from eutectic.campaigns.exports.export import pareto_json
from eutectic.campaigns.file import plugins, schema
from eutectic.campaigns.service.access import Access, Scope
from eutectic.campaigns.service.bodies import Observation, Wanted
from eutectic.campaigns.service.files import create
from eutectic.campaigns.service.laboratory import observed, taken
from eutectic.campaigns.service.listing import rehearsed
from eutectic.campaigns.service.reading import explained
from eutectic.campaigns.service.state import Service, signed
from eutectic.oracles.base import EngineMissing

T = TypeVar("T")
LOOKING = ToolAnnotations(read_only_hint=True, idempotent_hint=True, destructive_hint=False, open_world_hint=False)
WRITING = ToolAnnotations(read_only_hint=False, idempotent_hint=True, destructive_hint=False, open_world_hint=False)
INSTRUCTIONS = (
    "Campaigns search for materials. `campaigns` lists them; `suggest` hands out samples to make or compute, each to "
    "one holder; `tell` says what came out (or that it failed, and why). Asking and telling twice is safe. `pareto` "
    "has the best so far, `explain` what the properties depend on."
)
LOCAL = Access("agent", "operate")
"""Who asks over stdio: whoever started it."""
Asking = Context[Any, Any]
Who = Callable[[Asking], Access]


def server(service: Service, who: Who | None = None) -> MCPServer[Any]:
    """The tools over a service; `who` finds out who asks."""
    mcp: MCPServer[Any] = MCPServer("eutectic", instructions=INSTRUCTIONS, version="1")
    _look(mcp, service, who or (lambda _: LOCAL))
    _act(mcp, service, who or (lambda _: LOCAL))
    return mcp


def unguarded() -> TransportSecuritySettings:
    """Host and Origin are for the service's guard to check."""
    return TransportSecuritySettings(enable_dns_rebinding_protection=False)


def in_request(context: Asking) -> Access:
    """Who asks over HTTP, as the guard has seen."""
    request = context.request_context.request
    assert request is not None
    access: Access = request.state.access
    return access


def _look(mcp: MCPServer[Any], service: Service, who: Who) -> None:
    """The tools that only look."""

    @mcp.tool(annotations=LOOKING)
    def campaigns(context: Asking) -> list[dict[str, Any]]:
        """The campaigns there are, with their states."""
        access = who(context)
        return [_status(service, name) for name in service.shelf.names() if access.sees(name)]

    @mcp.tool(annotations=LOOKING)
    def status(name: str, context: Asking) -> dict[str, Any]:
        """How a campaign stands."""
        return _said(lambda: _status(service, _allowed(who(context), "read", name)))

    @mcp.tool(annotations=LOOKING)
    def pareto(name: str, context: Asking) -> dict[str, Any]:
        """The Pareto front: the best candidates so far with variables and values."""
        return _said(lambda: _json(pareto_json(service.shelf.ledger(_allowed(who(context), "read", name)))))

    @mcp.tool(annotations=LOOKING)
    def validate(file: str) -> dict[str, Any]:
        """Check a campaign file (YAML): everything wrong with it, or what a dry run of it forecasts."""
        return _said(lambda: rehearsed(service, file))

    @mcp.tool(annotations=LOOKING)
    def parts(name: str = "") -> dict[str, Any]:
        """The parts that a campaign file can use, or the options of one of them."""
        if not name:
            return {kind: list(plugins.names(kind)) for kind in plugins.KINDS}
        kinds = [kind for kind in plugins.KINDS if name in plugins.names(kind)]
        return {kind: _manual(kind, name) for kind in kinds}

    @mcp.tool(annotations=LOOKING)
    def file_schema() -> dict[str, Any]:
        """The campaign file's JSON Schema."""
        return schema.schema()

    @mcp.tool(annotations=LOOKING)
    def explain(name: str, context: Asking) -> dict[str, Any]:
        """What a campaign's properties depend on, and what would make candidates better; takes a while."""
        return _said(lambda: _json(explained(service, _allowed(who(context), "tell", name))))


def _act(mcp: MCPServer[Any], service: Service, who: Who) -> None:
    """The tools that write something down."""

    @mcp.tool(annotations=WRITING)
    def begin(file: str, context: Asking, start: bool = False) -> dict[str, Any]:
        """Begin the campaign of a file (YAML); the same again is the same. Files that run code are refused."""

        def begun() -> dict[str, Any]:
            access = who(context)
            _allowed(access, "operate")
            name, new = create(service.shelf, service.child, file, service.allowed, access)
            if start:
                service.processes.start(name, signed(access))
            return {"name": name, "new": new}

        return _said(begun)

    @mcp.tool(annotations=WRITING)
    def suggest(name: str, context: Asking, n: int = 1, holder: str = "") -> dict[str, Any]:
        """Take n samples to make or compute: those held already first. `id` names each when telling."""

        def handed() -> dict[str, Any]:
            access = who(context)
            wanted = Wanted(n=n, holder=holder or None)
            found = taken(service, _allowed(access, "tell", name), wanted, signed(access), holder or access.name)
            return found.model_dump(mode="json")

        return _said(handed)

    @mcp.tool(annotations=WRITING)
    def tell(name: str, observation: Observation, context: Asking) -> dict[str, Any]:
        """Tell what came out of a sample: values, or failed with the reason; repeat and correct where that is meant."""

        def heard() -> dict[str, Any]:
            access = who(context)
            with service.shelf.use(_allowed(access, "tell", name)) as held:
                return fate(observed(held.campaign, observation, signed(access, observation.by), ""))

        return _said(heard)

    @mcp.tool(annotations=WRITING)
    def stop(name: str, context: Asking) -> dict[str, Any]:
        """Have a computed campaign stop after what it evaluates now."""

        def asked() -> dict[str, Any]:
            access = who(context)
            return {"asked": service.processes.stop(_allowed(access, "operate", name), signed(access))}

        return _said(asked)


def _said(act: Callable[[], T]) -> T:
    """What a verb gives, its complaints as the tool's error."""
    try:
        return act()
    except (CampaignFileError, CampaignFolderError, EngineMissing, PermissionError) as error:
        raise ToolError(str(error)) from None


def _allowed(access: Access, scope: Scope, name: str = "") -> str:
    """The campaign's name; PermissionError when it is not for who asks."""
    if not access.may(scope):
        raise PermissionError(f"'{access.name}' may {access.scope}; this wants `{scope}`")
    if name and not access.sees(name):
        raise PermissionError(f"'{access.name}' is for campaigns called {access.pattern}")
    return name


def _status(service: Service, name: str) -> dict[str, Any]:
    content = status_json(service.shelf.ledger(name), time.time())
    return {"id": name, **content, "process": service.processes.state(name)}


def _manual(kind: str, name: str) -> list[Mapping[str, str]]:
    """The options of a part."""
    return [
        {"name": option.name, "type": option.type, "default": option.default, "help": option.help}
        for option in plugins.manual(kind, name)
    ]


def _json(text: str | bytes) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(text)
    return content
