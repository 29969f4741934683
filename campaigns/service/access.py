"""This file is who may do what: tokens, of which only the beginning and a hash are kept, and what each one opens."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from eutectic.campaigns.errors import CampaignFolderError, unknown
from eutectic.oracles.whole_files import write_whole

NAME = "tokens.json"
"""In the service's folder, readable for its owner alone."""
FIRST = 8
"""Characters of a token that are kept, so that it can be told from others in a list."""
Scope = Literal["read", "tell", "operate"]
SCOPES: tuple[Scope, ...] = ("read", "tell", "operate")
"""Each may what those before it may: look; take samples and tell; begin, start and stop campaigns."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who asks, and what they may."""

    name: str
    scope: Scope
    pattern: str = "*"
    """Of the campaigns' names, as a shell has it."""

    def may(self, scope: Scope) -> bool:
        """Does it go so far?"""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)

    def sees(self, campaign: str) -> bool:
        """Is it for this campaign?"""
        return fnmatchcase(campaign, self.pattern)


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token."""

    name: str
    first: str
    sha256: str
    scope: Scope
    pattern: str
    expires: float | None
    """Unix time, s; None: never."""

    @property
    def access(self) -> Access:
        """What it opens."""
        return Access(self.name, self.scope, self.pattern)


class Keyring:
    """The tokens of a folder, read again whenever the file changes, and maybe one that lives as long as the process."""

    def __init__(self, folder: Path, passing: str = "") -> None:
        self._path = folder / NAME
        self._own = [_token("start", passing, "operate", "*", None)] if passing else []
        self._stamp: tuple[int, int] | None = None
        self._kept: list[Token] = []

    def access(self, text: str, now: float | None = None) -> Access | None:
        """What a token opens; None for one that nobody gave out, was removed or has expired."""
        digest, now = _digest(text), time.time() if now is None else now
        opened: Access | None = None
        for token in [*self.tokens(), *self._own]:  # all of them, so that the time taken tells nothing
            same = hmac.compare_digest(token.sha256, digest)
            opened = token.access if same and (token.expires is None or token.expires > now) else opened
        return opened

    def tokens(self) -> list[Token]:
        """Those of the file; CampaignFolderError when it cannot be read."""
        try:
            seen = self._path.stat()
        except FileNotFoundError:
            self._kept, self._stamp = [], None
            return []
        stamp = (seen.st_mtime_ns, seen.st_size)
        if stamp != self._stamp:
            self._kept, self._stamp = read(self._path), stamp
        return self._kept


def read(path: Path) -> list[Token]:
    """The tokens in a file, none without one; CampaignFolderError when it cannot be read."""
    if not path.exists():
        return []
    try:
        return [Token(**one) for one in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        raise CampaignFolderError(f"{path}: cannot be read as tokens: {error}") from None


def add(folder: Path, name: str, scope: Scope, pattern: str = "*", expires: float | None = None) -> str:
    """A new token, which is not kept and cannot be shown again; CampaignFolderError when the name is taken."""
    tokens = read(folder / NAME)
    if name in (token.name for token in tokens):
        raise CampaignFolderError(f"a token called '{name}' is there; campaign token remove {name}, or another name")
    text = new()
    _write(folder / NAME, [*tokens, _token(name, text, scope, pattern, expires)])
    return text


def remove(folder: Path, name: str) -> None:
    """Make a token worthless; CampaignFolderError when there is none of that name."""
    tokens = read(folder / NAME)
    if name not in (token.name for token in tokens):
        raise CampaignFolderError(unknown("token", name, [token.name for token in tokens]))
    _write(folder / NAME, [token for token in tokens if token.name != name])


def new() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def _token(name: str, text: str, scope: Scope, pattern: str, expires: float | None) -> Token:
    return Token(name, text[:FIRST], _digest(text), scope, pattern, expires)


def _digest(text: str) -> str:
    """A token has 256 random bits, so one round of SHA-256 is as good as many."""
    return hashlib.sha256(text.encode()).hexdigest()


def _write(path: Path, tokens: Sequence[Token]) -> None:
    """Replace the file in one step; nobody but its owner ever could read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps([asdict(token) for token in tokens], indent=1).encode(), 0o600)
