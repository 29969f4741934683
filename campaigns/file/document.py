"""This file is a campaign file as plain values with a place for every path, read from disk with `--set` on top.

YAML 1.2 words, safe tags, no bombs.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from eutectic.campaigns.errors import CampaignFileError, Complaint, KeyPath, shortened

MAX_BYTES = 1_000_000
"""Largest file read, bytes."""
MAX_DEPTH = 40
"""Deepest nesting read, levels."""
MAX_NODES = 100_000
"""Most values read, aliases written out (a few lines of aliases can stand for billions)."""

_CORE = "tag:yaml.org,2002:"
_WORDS = (
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
)


class _Loader(yaml.SafeLoader):
    """Safe YAML with the words of YAML 1.2's core schema: `No`, `Y` and `On` are text, `1e-3` is a number."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own shape
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose one node; ComposerError when nested deeper than MAX_DEPTH."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, f"nested deeper than {MAX_DEPTH} levels", mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


for _tag, _pattern, _first in _WORDS:
    _Loader.add_implicit_resolver(_CORE + _tag, re.compile(f"^(?:{_pattern})$"), [c.strip("\0") for c in _first])


@dataclass(frozen=True, slots=True)
class Document:
    """A campaign file as read; where it came from does not count when two are compared."""

    content: object = field(compare=False)
    """Mappings, lists, text, numbers, booleans and None."""
    places: Mapping[KeyPath, str] = field(compare=False)
    """`FILE:LINE` (or the `--set`) of every path."""
    complaints: tuple[Complaint, ...] = field(compare=False, default=())
    """What was wrong although it could be read: duplicate keys, infinities, odd tags."""

    def placed(self, complaint: Complaint) -> Complaint:
        """The complaint with the place of its path, or of the nearest path around it."""
        if complaint.place:
            return complaint
        around = (complaint.path[:k] for k in range(len(complaint.path), -1, -1))
        place = next((self.places[path] for path in around if path in self.places), "")
        return replace(complaint, place=place)

    def refuse(self, complaints: Sequence[Complaint]) -> CampaignFileError:
        """The error that says all of these, each with its place, in the order of the file and none twice."""
        placed = dict.fromkeys(self.placed(complaint) for complaint in complaints)
        return CampaignFileError(sorted(placed, key=_line))


def parse(text: str, file: str, line: bool = True) -> Document:
    """Read YAML text; `file` (and with `line` the line) names the places. CampaignFileError when it is not YAML."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        open_ended = "<stream end>" in (error.problem or "")
        mark = (error.context_mark if open_ended else None) or error.problem_mark or error.context_mark
        place = f"{file}:{mark.line + 1}" if mark and line else file
        raise CampaignFileError([Complaint((), _syntax(error), place)]) from None
    except yaml.reader.ReaderError as error:
        at = f"{file}:{text.count(chr(10), 0, error.position) + 1}" if line else file
        message = f"character {error.character!r} is not allowed in a YAML file"
        raise CampaignFileError([Complaint((), message, at)]) from None
    reader = _Reader(file, line)
    content = None if node is None else reader.value(node, ())
    reader.places.setdefault((), f"{file}:1" if line else file)
    return Document(content, reader.places, tuple(reader.complaints))


def _syntax(error: yaml.MarkedYAMLError) -> str:
    """PyYAML's complaint, with the cure of the common ones."""
    problem = error.problem or error.context or "not YAML"
    if r"\t" in problem:
        return "a tab stands where spaces are wanted; indent with spaces"
    if "<stream end>" in problem and error.context_mark:
        return "not YAML: what opens here is never closed"
    cure = "; quote text that holds ': '" if "mapping values are not allowed" in problem else ""
    return f"not YAML: {problem}{cure}"


def _line(complaint: Complaint) -> tuple[bool, int]:
    """Sort key: lines in order, overrides last."""
    _, _, line = complaint.place.rpartition(":")
    return (not line.isdigit(), int(line) if line.isdigit() else 0)


@dataclass(slots=True)
class _Reader:
    """Turns nodes into plain values, noting places and complaints."""

    file: str
    line: bool
    places: dict[KeyPath, str] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    nodes: int = 0

    def value(self, node: yaml.Node, path: KeyPath) -> object:
        """The plain value of a node; CampaignFileError when aliases make it endless."""
        self.nodes += 1
        self.places.setdefault(path, self._place(node))
        if self.nodes > MAX_NODES or len(path) > MAX_DEPTH:
            message = f"aliases make this larger than {MAX_NODES} values or deeper than {MAX_DEPTH} levels"
            raise CampaignFileError([Complaint((), message, self._place(node))])
        if isinstance(node, yaml.MappingNode) and node.tag == _CORE + "map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == _CORE + "seq":
            return [self.value(child, (*path, k)) for k, child in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, object]:
        content: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key, str) or not _encodable(key):
                self._complain(path, "a key must be plain text", key_node)
            elif key in content:
                first = self.places[(*path, key)].rpartition(":")[2]
                where = f", first on line {first}" if self.line else ""
                self._complain((*path, key), f"duplicate key '{shortened(key)}'{where}", key_node)
            else:
                self.places[(*path, key)] = self._place(key_node)
                content[key] = self.value(value_node, (*path, key))
        return content

    def _scalar(self, node: yaml.Node, path: KeyPath) -> object:
        kind = node.tag.removeprefix(_CORE) if isinstance(node, yaml.ScalarNode) else node.tag
        try:
            return _plain(kind, str(node.value))
        except ValueError as error:
            self._complain(path, str(error), node)
            return None

    def _complain(self, path: KeyPath, message: str, node: yaml.Node) -> None:
        self.complaints.append(Complaint(path, message, self._place(node)))

    def _place(self, node: yaml.Node) -> str:
        return f"{self.file}:{node.start_mark.line + 1}" if self.line else self.file


def _plain(kind: str, text: str) -> object:
    """The value of a scalar of YAML kind `kind`; ValueError says what is wrong with it."""
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return _integer(text)
    if kind == "float":
        value = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        if value - value != 0:
            raise ValueError(f"a number must be finite, not {shortened(text)}; leave the key out for no limit")
        return value
    if kind != "str":
        raise ValueError(f"the tag {shortened(kind)} is not allowed in a campaign file")
    if not _encodable(text):
        raise ValueError("text with half a character (a lone surrogate)")
    return text


def _integer(text: str) -> int:
    """Decimal, 0o octal or 0x hexadecimal; ValueError when it has more than 18 digits."""
    if len(text) > 20:
        raise ValueError(f"the number {shortened(text, 24)} has too many digits")
    digits = text.lstrip("+-")
    return int(text, 0) if digits[:2] in ("0x", "0o") else int(text)


def _encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def load(path: str | Path, overrides: Sequence[str] = ()) -> Document:
    """Read a campaign file and set `key=value` overrides; CampaignFileError when it cannot be read at all."""
    document = parse(_text(Path(path)), str(path))
    for override in overrides:
        document = overridden(document, override)
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


def overridden(document: Document, override: str) -> Document:
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
    message = f"'{key}' names no single entry of the list; known: {', '.join([f'0 to {len(entries) - 1}', *known])}"
    raise CampaignFileError([Complaint((), message, place)])
