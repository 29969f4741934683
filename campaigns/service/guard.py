"""This file is the guard: one ASGI layer in front of everything, which refuses whatever it was not told to let in."""

import re
import time
import uuid
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

from eutectic.campaigns.record.attachments import MOST_BYTES as MOST_FILE_BYTES
from eutectic.campaigns.service.access import Access, Keyring, Scope
from eutectic.campaigns.service.problems import problem
from eutectic.campaigns.service.signin import PAGE

COOKIE = "eutectic"
MOST_BYTES = 2_000_000
"""Largest body, bytes; a campaign file has at most half of that."""
READING = ("GET", "HEAD", "OPTIONS")
TELLING = re.compile(r"/v1/campaigns/[^/]+/(suggestions|observations|notes|explanation|report)(/[^/]*)?")
"""What may be written with the scope `tell`."""
FILES = re.compile(r"/v1/campaigns/[^/]+/observations/[^/]+/files/[^/]+")
"""Files to be kept with a candidate, which may be larger than what is said of it."""
AGENTS = "/mcp"
"""Every call there is a POST; each tool asks for its own scope."""
CAMPAIGN = re.compile(r"/(?:v1/)?campaigns/([^/]+)")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""No script but the service's own files; plotly.js sets styles."""
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Seen = Callable[[Message, int, float], None]
"""Hears of every answer: the request's scope, status, seconds."""


class Refused(Exception):
    """The answer in place of the one that was asked for."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class Guard:
    """Who asks, from where, for what, with how much: all is checked here, and routes only say what they need."""

    def __init__(self, app: App, keyring: Keyring, hosts: Collection[str], seen: Seen, root: str = "") -> None:
        self._app, self._keyring, self._seen = app, keyring, seen
        self._hosts, self._root = frozenset(host.lower() for host in hosts), root

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *self._added(scope, message["headers"])]
            await send(message)

        try:
            if scope["type"] != "http":
                raise Refused(problem(403, "only HTTP is spoken here"))
            self._admit(scope)
            await self._app(scope, receive, answer)
        except Refused as refused:
            await refused.response(scope, receive, answer)
        finally:
            self._seen(scope, status, time.perf_counter() - start)

    def _admit(self, scope: Message) -> None:
        """Write who asks and the request's number into its state; Refused otherwise."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        scope.setdefault("state", {})["request"] = _number(headers.get("x-request-id", ""))
        scope["path"] = self._once(scope["path"])
        scope["state"]["path"] = path = scope["path"].removeprefix(self._root) or "/"
        self._require_near(headers)
        _require_bounded(headers, MOST_FILE_BYTES if FILES.fullmatch(path) else MOST_BYTES)
        text, how = _shown(scope, headers)
        access = self._keyring.access(text) if text else None
        if access is None:
            raise Refused(self._unknown(headers, text))
        if how == "query":
            raise Refused(self._signed_in(scope, headers, text))
        scope["state"]["access"] = access
        _require_allowed(access, scope["method"], path)
        if how == "cookie" and scope["method"] not in READING and "origin" not in headers:
            raise Refused(problem(403, "a browser says where a request comes from; this one does not"))

    def _once(self, path: str) -> str:
        """A path with our root in front of it once, whether a proxy took it away (the server puts it back) or not."""
        twice = self._root and path.startswith(f"{self._root}{self._root}/")
        return path.removeprefix(self._root) if twice else path

    def _require_near(self, headers: dict[str, str]) -> None:
        """Refused for another Host than ours (DNS rebinding) and another Origin than that Host (other pages)."""
        host = headers.get("host", "").lower()
        if _bare(host) not in self._hosts:
            raise Refused(
                problem(403, f"this service is not called '{host[:100]}'; its operator names hosts: --host-name")
            )
        origin = headers.get("origin")
        if origin is not None:
            there = urlsplit(origin)
            if there.scheme not in ("http", "https") or there.netloc.lower() != host:
                raise Refused(problem(403, f"requests from pages of '{origin[:100]}' are not taken"))

    def _unknown(self, headers: dict[str, str], text: str) -> Response:
        """401; with a form to enter a token where a browser asks."""
        said = "this token is unknown, removed or expired" if text else "a token is wanted"
        if "text/html" in headers.get("accept", ""):
            return HTMLResponse(PAGE.format(said=said), 401)
        answer = problem(401, f"{said}: Authorization: Bearer TOKEN; one is made by `campaign token add NAME`")
        answer.headers["www-authenticate"] = "Bearer"
        return answer

    def _signed_in(self, scope: Message, headers: dict[str, str], text: str) -> Response:
        """The same page without the token in its address, which stands in a cookie from now on."""
        secure = scope.get("scheme") == "https" or headers.get("x-forwarded-proto") == "https"
        answer = RedirectResponse(scope["path"], 303)
        answer.set_cookie(COOKIE, text, httponly=True, samesite="strict", secure=secure, path=self._root or "/")
        return answer

    def _added(self, scope: Message, present: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        names = {name.lower() for name, _ in present}
        own = {**HEADERS, "x-request-id": scope.get("state", {}).get("request", "")}
        if not scope.get("state", {}).get("path", "").startswith("/static/"):
            own["cache-control"] = "no-store"
        return [(n.encode(), v.encode("latin-1")) for n, v in own.items() if n.encode() not in names]


def needed(method: str, path: str) -> Scope:
    """The scope that a request wants; whatever is not listed wants the most."""
    if method in READING or path == AGENTS or path.startswith(f"{AGENTS}/"):
        return "read"
    return "tell" if TELLING.fullmatch(path) or FILES.fullmatch(path) else "operate"


def _require_allowed(access: Access, method: str, path: str) -> None:
    """Refused for what goes beyond the token's scope, and for campaigns that it is not for."""
    scope = needed(method, path)
    if not access.may(scope):
        raise Refused(problem(403, f"'{access.name}' may {access.scope}; this wants `{scope}`"))
    named = CAMPAIGN.match(path)
    if named and not access.sees(named[1]):
        raise Refused(problem(403, f"'{access.name}' is for campaigns called {access.pattern}"))
    if path == "/metrics" and access.pattern != "*":
        raise Refused(problem(403, f"'{access.name}' is for campaigns called {access.pattern}, and this is about all"))


def _shown(scope: Message, headers: dict[str, str]) -> tuple[str, str]:
    """The token a request shows, and how: header, cookie or (to come in) query; "" where it shows none."""
    word, _, bearer = headers.get("authorization", "").partition(" ")
    if word.lower() == "bearer" and bearer.strip():
        return bearer.strip(), "header"
    if scope["method"] == "GET":
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token")
        if asked:
            return asked[0], "query"
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        cookie = None
    return (cookie.value, "cookie") if cookie else ("", "")


def _require_bounded(headers: dict[str, str], most: int) -> None:
    """Refused for a body that is too large, or does not say how large it is (the server holds it to that)."""
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers:
        raise Refused(problem(411, "a body says its length: Content-Length"))
    if not length.isdecimal() or int(length) > most:
        raise Refused(problem(413, f"the body is larger than {most:,} bytes"))


def _bare(host: str) -> str:
    """A host without its port."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host


def _number(given: str) -> str:
    """The request's number: the asker's own, or a new one."""
    return given if re.fullmatch(r"[\w.-]{1,64}", given) else uuid.uuid4().hex[:16]
