"""This file is the files people keep with a candidate: in the campaign's folder by their hash, in the journal by name.

A diffraction pattern, a micrograph, an instrument's own file: nothing looks into them, and nothing overwrites them.
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError, Complaint, shortened
from eutectic.oracles.whole_files import write_whole

FOLDER = "files"
"""Of the campaign's folder: one file a content, named by its SHA-256."""
MOST_BYTES = 25_000_000
"""Largest file that is kept, bytes: they are small ones, and larger ones belong where a laboratory keeps its data."""
LONGEST = 200
"""Characters of a name, at most; file systems take 255 bytes."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file that is kept: what it is called, and what is in it."""

    name: str
    sha256: str
    """Of its content, hexadecimal."""
    bytes: int

    def to_json(self) -> dict[str, Any]:
        """As the journal has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Attachment":
        """What `to_json` gave."""
        return cls(str(content["name"]), str(content["sha256"]), int(content["bytes"]))


def keep(folder: Path, name: str, content: object) -> Attachment:
    """Write a content into a campaign's folder, flushed to the disk; the same content is there once.

    CampaignFileError for a name that is none (a path, control characters, too long), for a content that is no bytes and
    for a file that is too large.
    """
    _require_name(name)
    if not isinstance(content, bytes | bytearray):
        cure = "; text as bytes: text.encode()" if isinstance(content, str) else ""
        raise _refusal(f"'{shortened(name)}' is to be kept as bytes, not {type(content).__name__}{cure}")
    if len(content) > MOST_BYTES:
        raise _refusal(f"'{shortened(name)}' has {len(content):,} bytes; at most {MOST_BYTES:,} are kept")
    attachment = Attachment(name, hashlib.sha256(content).hexdigest(), len(content))
    target = folder / FOLDER / attachment.sha256
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        write_whole(target, bytes(content))
    return attachment


def content_of(folder: Path, attachment: Attachment) -> bytes:
    """What was kept; CampaignFolderError where it is gone or is not what it was."""
    path = folder / FOLDER / attachment.sha256
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise CampaignFolderError(f"{path}: '{attachment.name}' was kept here and is gone") from None
    if hashlib.sha256(content).hexdigest() != attachment.sha256:
        raise CampaignFolderError(f"{path}: '{attachment.name}' is not what was kept: its content has changed")
    return content


def _require_name(name: str) -> None:
    """CampaignFileError for what is no plain file name."""
    why = ""
    if not name.strip() or name in (".", ".."):
        why = "is no file name"
    elif any(mark in name for mark in "/\\") or any(unicodedata.category(mark).startswith("C") for mark in name):
        why = "has a slash or a control character; give the name alone"
    elif len(name) > LONGEST:
        why = f"is longer than {LONGEST} characters"
    if why:
        raise _refusal(f"'{shortened(name)}' {why}")


def _refusal(message: str) -> CampaignFileError:
    return CampaignFileError([Complaint((), message)])
