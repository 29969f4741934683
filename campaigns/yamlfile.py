"""This file is the reading of campaign files from disk, with `--set` on top."""

from collections.abc import Sequence
from pathlib import Path

from campaigns.document import Document, parse
from campaigns.errors import CampaignFileError, Complaint, KeyPath, shortened

MAX_BYTES = 1_000_000
"""Largest file read, bytes."""


def load(path: str | Path, overrides: Sequence[str] = ()) -> Document:
    """Read a campaign file and set `key=value` overrides; CampaignFileError when it cannot be read at all."""
    document = parse(_text(Path(path)), str(path))
    for override in overrides:
        document = _overridden(document, override)
    return document


def _text(path: Path) -> str:
    """The file's text; CampaignFileError when it is missing, unreadable, too large or not UTF-8."""
    try:
        raw = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as error:
        reason = {FileNotFoundError: "no such file", IsADirectoryError: "this is a folder, not a campaign file"}
        message = reason.get(type(error), f"cannot be read: {error.strerror}")
        raise CampaignFileError([Complaint((), message, str(path))]) from None
    if raw is None:
        raise CampaignFileError([Complaint((), f"larger than {MAX_BYTES} bytes, no campaign file", str(path))])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"not UTF-8 text (byte {error.start} is 0x{raw[error.start]:02x}); save the file as UTF-8"
        raise CampaignFileError([Complaint((), message, f"{path}:{line}")]) from None


def _overridden(document: Document, override: str) -> Document:
    """The document with one `a.b.c=value` set; CampaignFileError when it names no place."""
    key, equals, text = override.partition("=")
    place = f"--set {shortened(override)}"
    if not equals or not all(part.strip() for part in key.split(".")):
        raise CampaignFileError([Complaint((), "write KEY=VALUE, with dots between nested keys", place)])
    value = parse(text, place, line=False)
    path, content = _set(document.content, key.strip().split("."), value.content, place)
    kept = {p: where for p, where in document.places.items() if p[: len(path)] != path}
    added = {(*path, *p): place for p in [(), *value.places]}
    complaints = [c for c in document.complaints if c.path[: len(path)] != path]
    complaints += [complaint.under(path) for complaint in value.complaints]
    return Document(content, {**kept, **added}, tuple(complaints))


def _set(content: object, keys: Sequence[str], value: object, place: str) -> tuple[KeyPath, object]:
    """The path the keys lead to, and the content with the value there; a list's entry goes by position or name."""
    if not keys:
        return (), value
    if isinstance(content, list):
        at = _position(content, keys[0], place)
        path, entry = _set(content[at], keys[1:], value, place)
        return (at, *path), [*content[:at], entry, *content[at + 1 :]]
    if content is not None and not isinstance(content, dict):
        raise CampaignFileError([Complaint((), f"'{keys[0]}' is set inside {content!r}, which is no mapping", place)])
    fields = content or {}
    path, entry = _set(fields.get(keys[0]), keys[1:], value, place)
    return (keys[0], *path), {**fields, keys[0]: entry}


def _position(entries: list[object], key: str, place: str) -> int:
    """Index of the entry called `key`, or at position `key`; CampaignFileError when there is none or several."""
    if key.isdecimal() and len(key) < 7 and int(key) < len(entries):
        return int(key)
    names = [[entry.get("name"), entry.get("use")] if isinstance(entry, dict) else [] for entry in entries]
    for column in (0, 1):
        found = [k for k, pair in enumerate(names) if pair and pair[column] == key]
        if len(found) == 1:
            return found[0]
    known = sorted({str(name) for pair in names for name in pair if name})
    message = f"'{key}' names no single entry of the list; known: 0 to {len(entries) - 1}, {', '.join(known)}"
    raise CampaignFileError([Complaint((), message, place)])
