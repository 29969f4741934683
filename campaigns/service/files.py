"""This file is campaign files that come over HTTP: what they may not do there, and how one becomes a campaign.

A file may name what is built in and read what lies in the data folder. What runs code, reads elsewhere or belongs to a
plug-in is refused unless the operator of the service named it (`campaign serve --allow NAME`).
"""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from eutectic.campaigns.errors import CampaignFileError, Complaint, KeyPath
from eutectic.campaigns.file import plugins
from eutectic.campaigns.file.document import MAX_BYTES, Document, parse
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.journal import Journal, holds_campaign
from eutectic.campaigns.service.access import Access
from eutectic.campaigns.service.child import Child
from eutectic.campaigns.service.shelf import DATA, NAME, Shelf

CALLED = "campaign.yaml"
CODE_PARTS = ("python", "call", "command", "program")
"""Parts that run what the file names."""
CODE_OPTIONS = ("codec", "python", "program", "mpi", "run", "trust_model")
"""Options of other parts that do."""
FREE_TEXT = ("instructions", "linear", "constraints", "when", "formula")
"""Options whose text is no path."""
LONGEST = 1000
"""Characters of what may be a path."""


def create(shelf: Shelf, child: Child, text: str, allowed: Collection[str], access: Access) -> tuple[str, bool]:
    """Begin the campaign of a file; its name, and whether it is new: the same file again is the same campaign.

    CampaignFileError with everything wrong with it, also (conflict) where another campaign has its name;
    PermissionError for a name that is not for who asks.
    """
    document = checked(text, shelf.data, allowed)
    content = document.content
    assert isinstance(content, Mapping)
    name = str(content["name"])
    if not access.sees(name):
        raise PermissionError(f"'{access.name}' is for campaigns called {access.pattern}")
    home = shelf.folder / name
    if name == DATA:
        raise document.refuse([Complaint(("name",), f"'{DATA}' is the folder of the campaigns' data")])
    if home.is_dir() and holds_campaign(home):
        _require_same(home, content, document)
        return name, False
    shelf.data.mkdir(parents=True, exist_ok=True)
    home.mkdir(exist_ok=True)
    (home / CALLED).write_text(text, encoding="utf-8")
    try:
        child.call({"do": "begin", "folder": str(home), "source": str(shelf.data), "by": access.name})
    except CampaignFileError as error:
        if not holds_campaign(home):  # nobody else began it meanwhile
            _clear(home)
        raise relative(error, shelf.folder / name, shelf.data) from None
    except BaseException:
        if not holds_campaign(home):
            _clear(home)
        raise
    return name, True


def checked(text: str, data: Path, allowed: Collection[str]) -> Document:
    """The file as read; CampaignFileError when it is none, or does what is not allowed here."""
    if len(text.encode()) > MAX_BYTES:
        raise CampaignFileError([Complaint((), f"larger than {MAX_BYTES:,} bytes", CALLED)])
    document = parse(text, CALLED)
    content = document.content
    if not isinstance(content, Mapping) or not isinstance(content.get("name"), str):
        raise document.refuse([*document.complaints, Complaint((), "a campaign file is a mapping with a name")])
    if not NAME.fullmatch(content["name"]):
        raise document.refuse([Complaint(("name",), "letters, digits, '.', '_' and '-', at most 100")])
    refused = [*refusals(content, data, allowed)]
    if refused:
        raise document.refuse([*document.complaints, *refused])
    return document


def refusals(content: object, data: Path, allowed: Collection[str]) -> Iterator[Complaint]:
    """What in a file's content is not taken over HTTP, each with its path."""
    for path, key, value in _values(content, ()):
        if key in ("use", "representation") and isinstance(value, str):
            yield from _part(path, value, allowed)
        elif key in CODE_OPTIONS and value not in (None, False, "", []) and key not in allowed:
            yield Complaint(path, f"`{key}` can run code, which is not taken over HTTP; {_cure(key)}")
        elif path[:2] == ("tracking", "uri") and str(value) not in allowed:
            yield Complaint(path, f"where a campaign is tracked is the service's to say; {_cure(str(value))}")
        elif isinstance(value, str) and not set(path) & {*FREE_TEXT}:
            yield from _path(path, value, data)


def _part(path: KeyPath, name: str, allowed: Collection[str]) -> Iterator[Complaint]:
    """A part that runs code, or comes from a plug-in, or runs evaluations elsewhere."""
    if name in allowed:
        return
    if name in CODE_PARTS:
        yield Complaint(path, f"'{name}' runs code that the file names, which is not taken over HTTP; {_cure(name)}")
    elif path[0] == "executor" and name != "local":
        yield Complaint(path, f"'{name}' runs evaluations elsewhere, which is the service's to say; {_cure(name)}")
    elif path[0] != "executor" and name in _of_plugins():
        yield Complaint(path, f"'{name}' is of a plug-in, which is not taken over HTTP; {_cure(name)}")


def _of_plugins() -> set[str]:
    """The parts that are installed and not built in."""
    return {name for kind, table in plugins.KINDS.items() for name in plugins.names(kind) if name not in table}


def _cure(name: str) -> str:
    return f"its operator may allow it: campaign serve --allow {name}"


def _path(path: KeyPath, text: str, data: Path) -> Iterator[Complaint]:
    """Text that, taken as a path, would lead out of the data folder, or to another machine."""
    near = "\0" not in text and len(text) < LONGEST
    if urlsplit(text).scheme and "://" in text:
        yield Complaint(path, f"'{text[:60]}' leads to another place than the service's data folder")
    elif (
        text.startswith(("/", "~", "\\"))
        or ".." in text.replace("\\", "/").split("/")
        or (near and "/" in text and not (data / text).resolve().is_relative_to(data.resolve()))
    ):
        yield Complaint(path, f"'{text[:60]}' leads out of the service's data folder; paths start there")


def _values(content: object, path: KeyPath) -> Iterator[tuple[KeyPath, str, Any]]:
    """Path, nearest key and value of everything that is no mapping and no list; lists also whole."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            if isinstance(value, list):
                yield (*path, key), str(key), value
            yield from _values(value, (*path, key))
    elif isinstance(content, list):
        for place, value in enumerate(content):
            yield from _values(value, (*path, place))
    else:
        yield path, str(next((part for part in reversed(path) if isinstance(part, str)), "")), content


def _require_same(home: Path, content: Mapping[str, object], document: Document) -> None:
    """CampaignFileError (conflict) when the campaign in a folder began with another file."""
    journal = Journal.open(home)
    try:
        begun = journal.of_kind("begun")[0].body["spec"]
    finally:
        journal.close()
    spec = CampaignSpec.from_content(json.loads(json.dumps(content)))
    if spec.dump() != CampaignSpec.from_content(begun).dump():  # type: ignore[arg-type]
        message = "another campaign has this name; take another, or change that one: `campaign change`"
        raise document.refuse([Complaint(("name",), message, kind="conflict")])


def relative(error: CampaignFileError, *folders: Path) -> CampaignFileError:
    """The same error, which says nothing of where the service keeps its folders."""
    complaints = []
    for complaint in error.complaints:
        message, place = complaint.message, complaint.place
        for folder in folders:
            message, place = message.replace(f"{folder}/", ""), place.replace(f"{folder}/", "")
        complaints.append(Complaint(complaint.path, message, place, complaint.kind))
    return CampaignFileError(complaints)


def _clear(home: Path) -> None:
    """Take away what was written of a campaign that did not begin."""
    for path in home.iterdir():
        if path.is_file():
            path.unlink()
    home.rmdir()
